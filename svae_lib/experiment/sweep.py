"""Many experiments from one file, here or on a cluster: finished runs are skipped, interrupted ones resume."""

import os
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path

from tqdm.auto import tqdm

from svae_lib.errors import InputError, import_optional
from svae_lib.experiment.cluster import run_on_cluster
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.run_folder import RunFolder
from svae_lib.experiment.sweep_file import read_sweep
from svae_lib.experiment.workers import End, run_here
from svae_lib.files import atomic_write
from svae_lib.locks import file_lock
from svae_lib.memory import release_memory
from svae_lib.process import one_interruption
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


def stacks_of(experiments: dict[str, Experiment], folder: Path) -> list[list[str]]:
    """The folders of the runs that can be trained together. Args: as `unfinished`. Raises: InputError, as `stacks`."""
    from svae_lib.experiment.stacks import stacks  # loads what trains and draws, which a plain sweep leaves to workers

    return stacks({str(folder / name): each for name, each in experiments.items()})


def run_sweep(
    file: str | os.PathLike,
    folder: str | os.PathLike,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    stacked: bool = False,
    progress: bool = False,
    **runtime,
) -> dict[str, str]:
    """Run the experiments of a sweep's file that are not finished, each in FOLDER/NAME.

    However the sweep is interrupted, another call resumes it from the checkpoints. Ctrl-C and SIGTERM let workers on
    this machine save the epoch that they have completed.

    Args:
        file: The sweep's file, as read_sweep takes it.
        folder: The sweep's folder.
        scheduler: The address of a Dask cluster that sees the same folder; None starts processes on this machine.
        workers: Single-threaded processes on this machine; None means one per core, or, with `stacked`, one.
        stacked: Whether experiments that differ in nothing but the seed are trained as one stack of models.
        progress: Whether to show a progress bar.
        **runtime: data_dir, device and threads, which override the file.

    Returns:
        The reason of each experiment that failed, by name.

    Raises:
        InputError: Before anything starts: as read_sweep and `unfinished`, for a scheduler that does not answer, and
            for a folder where another sweep is at work, and as `stacks`.
    """
    if scheduler is not None:
        import_optional("distributed", extra="cluster")
    folder = Path(folder).absolute()
    experiments = place(read_sweep(file, **runtime), folder)
    left = unfinished(experiments, folder, elsewhere=scheduler is not None)
    together = stacks_of(left, folder) if stacked else []
    tqdm.write(f"{len(experiments)} experiments, {len(experiments) - len(left)} of them finished already")
    if not left:
        atomic_write(folder / "sweep.toml", Path(file).read_bytes())
        return {}
    if stacked:
        from svae_lib.experiment.stacks import spread

        texts = {str(folder / name): each.to_json() for name, each in left.items()}
        jobs = {"\n".join(paths): (_work_at_stack, ({path: texts[path] for path in paths},))
                for paths in together}  # fmt: skip
        processes = workers or 1
    else:
        jobs = {str(folder / name): (_work, (each.to_json(), str(folder / name), scheduler is None))
                for name, each in left.items()}  # fmt: skip
        processes = workers or max(1, available_cores() // max(each.threads or 1 for each in left.values()))
    with one_interruption(), file_lock(folder / ".sweep.lock"):
        ends = run_here(jobs, min(processes, len(jobs))) if scheduler is None else run_on_cluster(jobs, scheduler)
        atomic_write(folder / "sweep.toml", Path(file).read_bytes())
        return _follow(spread(ends) if stacked else ends, left, folder, progress)


def _follow(ends: Generator[End | None], left: dict[str, Experiment], folder: Path, progress: bool) -> dict[str, str]:
    """Print how each experiment ends; return why some failed."""
    failed, open_, form = {}, set(left), "{l_bar}{bar}| {n:.0f} of {total:.0f} epochs [{elapsed}<{remaining}{postfix}]"
    total, seen = sum(each.epochs for each in left.values()), sum(RunFolder(folder / name).num_epochs for name in left)
    bar = tqdm(total=total, initial=seen, bar_format=form, desc="sweep", disable=not progress)
    with bar, closing(ends):
        for end in ends:
            if end is not None:
                path, metrics, failure = end
                name = Path(path).name
                open_.remove(name)
                if failure is not None:
                    failed[name] = failure
                how = "failed" if failure is not None else f"log-likelihood {metrics['test_log_likelihood']:.2f}"
                tqdm.write(f"{name}: {how}")
            elif progress:
                done = (RunFolder(folder / name).num_epochs if name in open_ else left[name].epochs for name in left)
                bar.n = sum(done)
                bar.set_postfix_str(f"{len(left) - len(open_)} of {len(left)} experiments, {len(failed)} failed")
    return failed


@contextmanager
def _at_work(quiet: bool) -> Iterator[None]:
    """What a worker does before and after; `quiet` where the terminal is the sweep's own."""
    with _TURN, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere if quiet else sys.stdout):
        choose_threads(1)
        try:
            yield
        finally:
            release_memory()  # a worker has hundreds of experiments


def _work(text: str, folder: str, quiet: bool) -> dict:
    """One experiment, on a worker."""
    from svae_lib.experiment.run import run_experiment

    with _at_work(quiet):
        return run_experiment(Experiment.from_json(text), folder, resume=True, patience=_PATIENCE)


def _work_at_stack(texts: dict[str, str]) -> dict[str, tuple[dict | None, str | None]]:
    """A stack of experiments, on a worker."""
    from svae_lib.experiment.stacks import run_stack

    with _at_work(quiet=True):
        return run_stack({path: Experiment.from_json(text) for path, text in texts.items()}, _PATIENCE)
