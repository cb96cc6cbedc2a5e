"""Many experiments from one file, on Dask: finished runs are skipped, interrupted ones resume."""

import asyncio
import logging
import os
import sys
import threading
import time
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path

from tqdm.auto import tqdm

from svae_lib.errors import InputError, import_optional
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.run_folder import RunFolder
from svae_lib.experiment.sweep_file import read_sweep
from svae_lib.files import atomic_write
from svae_lib.locks import file_lock
from svae_lib.threads import available_cores, choose_threads

_PATIENCE = 100  # seconds until a network's file system releases the files of a worker that died
_TURN = threading.Lock()  # a worker's threads share torch's random state: one experiment at a time


def place(experiments: dict[str, Experiment], folder: Path) -> dict[str, Experiment]:
    """The experiments by the names of their folders: a run that is there already under another name keeps it.

    A name says what varies in the sweep's file, under the flags' names of the version that wrote it.

    Args:
        experiments: By the names that the sweep's file gives them.
        folder: The sweep's folder.

    Returns:
        The same experiments in the same order.
    """
    others = {}
    for run in RunFolder.all_in(folder):
        if run.path.name not in experiments:
            with suppress(InputError):  # what is no run of ours is left alone
                others[run.experiment.without_runtime()] = run.path.name
    return {
        name if RunFolder(folder / name).started else others.pop(each.without_runtime(), name): each
        for name, each in experiments.items()
    }


def unfinished(experiments: dict[str, Experiment], folder: Path, elsewhere: bool = False) -> dict[str, Experiment]:
    """Check a whole sweep before it starts, and leave out the experiments that are finished.

    Args:
        experiments: By the names of their folders.
        folder: The sweep's folder.
        elsewhere: Whether it runs on other machines, whose devices cannot be checked here.

    Returns:
        The experiments that are left.

    Raises:
        InputError: Something would fail: a folder, a data set, a model or a device.
    """
    from svae_lib.datasets import load_dataset
    from svae_lib.experiment.build import describe

    if RunFolder(folder).started:
        raise InputError(f"{folder} is a run's folder: give the sweep another place by -ld LOG_DIR")
    for name, experiment in experiments.items():
        RunFolder(folder / name).check(experiment, resume=True)
    left = {name: each for name, each in experiments.items() if not RunFolder(folder / name).finished}
    for dataset, data_dir in dict.fromkeys((each.dataset, each.data_dir) for each in left.values()):
        load_dataset(dataset, data_dir)
    for each in dict.fromkeys(replace(each, seed=0) for each in left.values()):
        describe(replace(each, device="auto") if elsewhere else each)
    return left


def run_sweep(
    file: str | os.PathLike,
    folder: str | os.PathLike,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: bool = False,
    **runtime,
) -> dict[str, str]:
    """Run the experiments of a sweep's file that are not finished, each in FOLDER/NAME.

    However the sweep is interrupted, another call resumes it from the checkpoints.

    Args:
        file: The sweep's file, as read_sweep takes it.
        folder: The sweep's folder.
        scheduler: The address of a Dask cluster that sees the same folder; None starts one on this machine.
        workers: Single-threaded processes on this machine; None means one per core.
        progress: Whether to show a progress bar.
        **runtime: data_dir, device and threads, which override the file.

    Returns:
        The reason of each experiment that failed, by name.

    Raises:
        InputError: Before anything starts: as read_sweep and `unfinished`, for a scheduler that does not answer, and
            for a folder where another sweep is at work.
    """
    import_optional("distributed", extra="cluster")
    folder = Path(folder).absolute()
    experiments = place(read_sweep(file, **runtime), folder)
    left = unfinished(experiments, folder, elsewhere=scheduler is not None)
    tqdm.write(f"{len(experiments)} experiments, {len(experiments) - len(left)} of them finished already")
    if not left:
        atomic_write(folder / "sweep.toml", Path(file).read_bytes())
        return {}
    processes = workers or max(1, available_cores() // max(each.threads or 1 for each in left.values()))
    with _cluster(scheduler, min(processes, len(left))) as client, file_lock(folder / ".sweep.lock"):
        atomic_write(folder / "sweep.toml", Path(file).read_bytes())
        return _follow(client, left, folder, scheduler is None, progress)


@contextmanager
def _cluster(scheduler: str | None, processes: int):
    """A client of the scheduler, or of a cluster that ends with it and listens on loopback only."""
    from distributed import Client, LocalCluster, rpc

    async def answers() -> bool:
        async with rpc(scheduler, timeout=3) as other:
            return (await other.identity())["type"] == "Scheduler"

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is reported per experiment
    if scheduler is None:
        loopback, no_page = "127.0.0.1", {"dashboard_address": "127.0.0.1:0"}
        cluster = LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            host=loopback,
            memory_limit=0,
            dashboard_address=None,
            scheduler_kwargs=no_page,
            silence_logs=logging.CRITICAL,
        )
        with cluster, Client(cluster) as client:
            yield client
        return
    try:  # first with a limit on the whole of it: Client waits forever where something listens and is silent
        if not asyncio.run(asyncio.wait_for(answers(), timeout=6)):
            raise ValueError("it is no scheduler")
    except (OSError, ValueError) as error:
        reason = str(error) or "nothing came in 6 s"
        raise InputError(f"--scheduler {scheduler!r} does not answer as one: {reason}") from None
    with Client(scheduler, timeout=5) as client:
        if not client.scheduler_info()["workers"]:
            tqdm.write(f"no worker yet at {scheduler}: the sweep waits for the first")
        yield client


def _follow(client, left: dict[str, Experiment], folder: Path, local: bool, progress: bool) -> dict[str, str]:
    """Submit the experiments and wait for them; return why some failed."""
    futures = {name: client.submit(_work, each.to_json(), str(folder / name), local, key=str(folder / name))
               for name, each in left.items()}  # fmt: skip
    failed, form = {}, "{l_bar}{bar}| {n:.0f} of {total:.0f} epochs [{elapsed}<{remaining}{postfix}]"
    total, seen = sum(each.epochs for each in left.values()), sum(RunFolder(folder / name).num_epochs for name in left)
    with tqdm(total=total, initial=seen, bar_format=form, desc="sweep", disable=not progress) as bar:
        try:
            while futures:
                time.sleep(0.3)
                for name in [name for name, future in futures.items() if future.done()]:
                    future = futures.pop(name)
                    if future.status == "finished":
                        tqdm.write(f"{name}: log-likelihood {future.result()['test_log_likelihood']:.2f}")
                    else:
                        failed[name] = _reason(future)
                        tqdm.write(f"{name}: failed")
                done = (RunFolder(folder / name).num_epochs if name in futures else left[name].epochs for name in left)
                bar.n = sum(done)
                bar.set_postfix_str(f"{len(left) - len(futures)} of {len(left)} experiments, {len(failed)} failed")
        except KeyboardInterrupt:
            if not local:
                _take_back(client, futures)
            raise
    return failed


def _reason(future) -> str:
    from distributed.scheduler import KilledWorker

    if future.status != "error":
        return "the connection to the scheduler is lost"
    error = future.exception()
    if isinstance(error, KilledWorker):
        return "each worker that took it up died (of too little memory?)"
    return str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"


def _take_back(client, futures: dict) -> None:
    """End what runs: a task that has begun ends with its process only, which a worker's nanny restarts."""
    busy = [at for at, keys in client.processing().items() if {each.key for each in futures.values()} & set(keys)]
    client.cancel(list(futures.values()), force=True)
    client.restart_workers(busy, timeout=10, raise_for_error=False)


def _work(text: str, folder: str, quiet: bool) -> dict:
    """One experiment, on a worker; `quiet` where the terminal is the sweep's own."""
    from svae_lib.experiment.run import run_experiment

    lock = Path(folder).with_name(f".{Path(folder).name}.lock")
    with _TURN, file_lock(lock, _PATIENCE), open(os.devnull, "w") as nowhere:
        choose_threads(1)
        with redirect_stdout(nowhere if quiet else sys.stdout):
            return run_experiment(Experiment.from_json(text), folder, resume=True)
