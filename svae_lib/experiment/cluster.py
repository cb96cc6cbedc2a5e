"""A sweep's jobs on a Dask cluster that exists."""

import asyncio
import logging
import time
from collections.abc import Callable, Generator, Mapping

from tqdm.auto import tqdm

from svae_lib.errors import InputError
from svae_lib.experiment.workers import DEATHS, End, reason


def run_on_cluster(jobs: Mapping[str, tuple[Callable, tuple]], scheduler: str) -> Generator[End | None]:
    """Run jobs on a cluster; where it is closed early, the workers that are at one are restarted.

    Args:
        jobs: A function and its arguments, by name.
        scheduler: The address; tls:// takes keys and certificates from Dask's own configuration.

    Returns:
        What gives each job's end, and in between, a few times a second, None.

    Raises:
        InputError: The scheduler does not answer.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is reported per job
    try:  # first with a limit on the whole of it: Client waits forever where something listens and is silent
        if not asyncio.run(asyncio.wait_for(_answers(scheduler), timeout=6)):
            raise ValueError("it is no scheduler")
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        why = str(error) or "nothing came in 6 s"
        raise InputError(f"--scheduler {scheduler!r} does not answer as one: {why}") from None
    closed = "" if scheduler.startswith("tls:") else "; without tls:// so can everyone who can reach it"
    tqdm.write(f"{scheduler} and its workers are trusted: they can run code here, as you{closed}")
    return _ends(jobs, scheduler)


def _ends(jobs: Mapping[str, tuple[Callable, tuple]], scheduler: str) -> Generator[End | None]:
    from distributed import Client

    with Client(scheduler, timeout=5) as client:
        if not client.scheduler_info()["workers"]:
            tqdm.write(f"no worker yet at {scheduler}: the sweep waits for the first")
        futures = {name: client.submit(function, *arguments, key=name)
                   for name, (function, arguments) in jobs.items()}  # fmt: skip
        try:
            while futures:
                time.sleep(0.3)
                for name in [name for name, future in futures.items() if future.done()]:
                    future = futures.pop(name)
                    finished = future.status == "finished"
                    yield name, future.result() if finished else None, None if finished else _reason(future)
                yield None
        finally:
            if futures:
                _take_back(client, futures)


async def _answers(scheduler: str) -> bool:
    from distributed import rpc
    from distributed.security import Security

    async with rpc(scheduler, timeout=3, connection_args=Security().get_connection_args("client")) as other:
        return (await other.identity())["type"] == "Scheduler"


def _reason(future) -> str:
    from distributed.scheduler import KilledWorker

    if future.status != "error":
        return "the connection to the scheduler is lost"
    error = future.exception()
    return DEATHS if isinstance(error, KilledWorker) else reason(error)


def _take_back(client, futures: dict) -> None:
    """End what runs: a task that has begun ends with its process only, which a worker's nanny restarts."""
    busy = [at for at, keys in client.processing().items() if {each.key for each in futures.values()} & set(keys)]
    client.cancel(list(futures.values()), force=True)
    client.restart_workers(busy, timeout=10, raise_for_error=False)
