"""Worker processes of a sweep on this machine: they are spoken to through pipes, so no other user can reach them."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from svae_lib.errors import InputError
from svae_lib.process import SIGNALS, end_with_parent, keep_outputs, raise_on_signals

End = tuple[str, dict | None, str | None]  # of a job: its name, and its result or the reason why it failed
DEATHS = "each worker that took it up died (of too little memory?)"
_TRIES = 4  # of a job whose worker dies
_GRACE = 30  # seconds in which a worker saves its last epoch


def run_here(jobs: Mapping[str, tuple[Callable, tuple]], processes: int) -> Generator[End | None]:
    """Run jobs on processes of this machine; where it is closed early, they save what they are at, and end.

    Args:
        jobs: A function of a module, and its arguments, by name.
        processes: How many are at work at the same time, at most.

    Yields:
        Each job's end, and in between, a few times a second, None.
    """
    left, deaths, workers = list(jobs), Counter(), []
    try:
        while left or any(worker.job for worker in workers):
            idle = [worker for worker in workers if not worker.job]
            while left and (idle or len(workers) < processes):
                if not idle:
                    workers.append(_Worker())
                    idle.append(workers[-1])
                if idle.pop().take(left[0], jobs[left[0]]):
                    del left[0]
            workers = [worker for worker in workers if worker.alive]
            ready = wait([worker.connection for worker in workers if worker.job], timeout=0.3)
            for worker in [worker for worker in workers if worker.connection in ready]:
                name, answer = worker.answer()
                if answer is None:
                    workers.remove(worker)
                    deaths[name] += 1
                    if deaths[name] < _TRIES:
                        left.insert(0, name)
                        continue
                yield name, *(answer or (None, DEATHS))
            yield None
    finally:
        for worker in workers:
            if worker.job:
                worker.process.terminate()
            else:
                worker.connection.close()  # so it ends by itself, and gives back what it holds of the system
        deadline = time.monotonic() + _GRACE
        for worker in workers:
            worker.process.join(max(0, deadline - time.monotonic()))
            worker.process.kill()
            worker.connection.close()


def reason(error: BaseException) -> str:
    """Why a job failed, in one line."""
    return str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"


class _Worker:
    """A process that takes one job after another."""

    def __init__(self):
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.job, self.alive = None, True
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # a terminal's Ctrl-C is the sweep's alone to answer
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def take(self, name: str, job: tuple) -> bool:
        """Whether the process has taken the job: one that died while it had none cannot."""
        try:
            self.connection.send(job)
            self.job = name
        except OSError:
            self.alive = False
        return self.alive

    def answer(self) -> tuple[str, tuple | None]:
        """The job's name, and its result and reason, or None where the process has died."""
        name, self.job = self.job, None
        try:
            return name, self.connection.recv()
        except (EOFError, OSError):
            return name, None


def _serve(connection: Connection) -> None:
    keep_outputs()
    end_with_parent()
    raise_on_signals(silent=True)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, set(SIGNALS) - {signal.SIGINT})
    with suppress(EOFError, OSError, KeyboardInterrupt):  # the sweep has ended, or ends this process
        while True:
            function, arguments = connection.recv()
            try:
                answer = function(*arguments), None
            except Exception as error:
                answer = None, reason(error)
            connection.send(answer)
