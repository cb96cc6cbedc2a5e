"""Experiments that differ in nothing but the seed, trained as one stack of models."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path

from svae_lib.errors import InputError
from svae_lib.experiment.build import build
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.flags import long_flag
from svae_lib.experiment.run import finish, schedule
from svae_lib.experiment.run_folder import RunFolder
from svae_lib.experiment.workers import End
from svae_lib.reading import exists
from svae_lib.training import History, fit_stacked
from svae_lib.training.checkpoints import load_checkpoint

Ends = dict[str, tuple[dict | None, str | None]]  # of runs, by folder: the figures, or the reason why there are none
_OPTIONS_OF_FIT = "epochs", "batch_size", "learning_rate", "burn_in", "look_ahead", "min_improvement", "save_every"
_ALONE = ("learn_radius", "learn_scale", "clip", "binarize_once", "validate_log_likelihood", "validate_every")


def stacks(experiments: Mapping[str, Experiment]) -> list[list[str]]:
    """Those of the experiments that can be trained together, a list for each stack.

    Args:
        experiments: By their folders.

    Returns:
        Their folders: together are those that differ in nothing but the seed, and whose checkpoints, if they have any,
        are of one epoch.

    Raises:
        InputError: An experiment has a flag that a stack does not know, or a checkpoint cannot be read.

    Example:
        >>> stacks({"a": Experiment(seed=0), "b": Experiment(seed=0, latent="s3"), "c": Experiment(seed=1)})
        [['a', 'c'], ['b']]
    """
    defaults = {spec.name: spec.default for spec in fields(Experiment)}
    found: dict[tuple, list[str]] = {}
    for path, experiment in experiments.items():
        for field in _ALONE:
            if (value := getattr(experiment, field)) != defaults[field]:
                flag = f"{long_flag(field)} {value}"
                raise InputError(f"--stacked does not know {flag}, as {Path(path).name} has it: leave --stacked out")
        checkpoint = RunFolder(path).checkpoint
        epoch = load_checkpoint(checkpoint)["epoch"] if exists(checkpoint) else 0
        found.setdefault((replace(experiment, seed=0), epoch), []).append(path)
    return list(found.values())


def run_stack(experiments: Mapping[str, Experiment], patience: float = 0) -> Ends:
    """Run experiments into folders of their own, as run_experiment would with `resume`, as one stack.

    Args:
        experiments: By their folders, as `stacks` puts them together.
        patience: Seconds to wait while another process is at work on one of the runs.

    Returns:
        By the same folders, what metrics.json holds, with the size of the stack, or why there is nothing.
    """
    runs, first = {path: RunFolder(path) for path in experiments}, next(iter(experiments.values()))
    models, (*_, data) = zip(*map(build, experiments.values()), strict=True)
    with ExitStack() as locks:
        for path, run in runs.items():
            locks.enter_context(run.lock(patience))
            run.check(experiments[path], resume=True)
            run.create(experiments[path])

        def on_epoch(histories: list[History]) -> None:
            for run, history in zip(runs.values(), histories, strict=True):
                run.row_file.write(history.rows)

        ends = fit_stacked(
            models,
            data,
            seeds=[each.seed for each in experiments.values()],
            **first.select(*_OPTIONS_OF_FIT),
            schedule=schedule(first),
            checkpoints=[run.checkpoint for run in runs.values()],
            resume=True,
            progress=False,
            on_epoch=on_epoch,
        )
        return {
            path: (None, f"the loss is not finite at {end}: run it again without --stacked, which restarts the epoch")
            if isinstance(end, str)
            else (finish(run, experiments[path], model, data, end, stack_size=len(runs)), None)
            for (path, run), model, end in zip(runs.items(), models, ends, strict=True)
        }


def spread(ends: Generator[End | None]) -> Generator[End | None]:
    """The ends of runs, from those of stacks that are named by their runs' folders, a line each."""
    for end in ends:
        if end is None:
            yield None
            continue
        paths, found, failure = end
        for path in paths.splitlines():
            yield path, *((None, failure) if found is None else found[path])
