"""The run of an experiment: train, evaluate, draw, and read it again."""

import os
from dataclasses import dataclass, replace

import torch
from tqdm.auto import tqdm

from svae_lib.datasets import ImageDataset, held_out_images
from svae_lib.errors import InputError
from svae_lib.evaluation import evaluate
from svae_lib.experiment.build import build
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.model_file import read_model, save_model
from svae_lib.experiment.pictures import draw
from svae_lib.experiment.run_folder import RunFolder, is_rank_zero
from svae_lib.memory import peak_memory
from svae_lib.models import VAE
from svae_lib.process import one_interruption
from svae_lib.reading import exists
from svae_lib.training import History, Schedule, fit
from svae_lib.training.checkpoints import load_checkpoint

_OPTIONS_OF_FIT = (
    "epochs", "batch_size", "learning_rate", "burn_in", "look_ahead", "min_improvement", "max_restarts", "clip",
    "radius_learning_rate", "seed", "binarize_once", "validate_every", "save_every",
)  # fmt: skip


def run_experiment(
    experiment: Experiment,
    folder: str | os.PathLike,
    *,
    resume: bool = False,
    progress: bool = False,
    patience: float = 0,
) -> dict:
    """Run an experiment into a folder of its own: train, evaluate, draw.

    The folder appears with the first epoch's work about to start, so bad input leaves nothing. Of several processes,
    that of rank zero writes and evaluates. It holds the run's lock, so a run has one training at a time, however that
    was started.

    Args:
        experiment: The configuration.
        folder: The run's folder.
        resume: Whether a run that is already there resumes from its checkpoint; a finished run is only read.
        progress: Whether to show a progress bar.
        patience: Seconds to wait while another process is at work on the run.

    Returns:
        What metrics.json holds, as a dictionary; {} in a process of another rank than zero.

    Raises:
        Taken: The folder exists and `resume` is False, or another process is at work on the run.
        InputError: The folder is no run's, or another experiment's; and as `build` and `fit`.
        TrainingFailed: As `fit`.
    """
    run = RunFolder(folder)
    if is_rank_zero():
        run.check(experiment, resume)
    if resume and run.finished:
        return run.metrics if is_rank_zero() else {}
    model, data = build(experiment)
    if not is_rank_zero():
        _fit(experiment, run, model, data, resume=resume)
        return {}
    with one_interruption(), run.lock(patience):
        run.check(experiment, resume)  # again: until now another process may have been at work
        if resume and run.finished:
            return run.metrics
        run.create(experiment)
        history = _fit(experiment, run, model, data, resume=resume, progress=progress)
        return finish(run, experiment, model, data, history, progress)


def finish(
    run: RunFolder, experiment: Experiment, model: VAE, data: ImageDataset, history: History, progress: bool = False,
    **more: int,
) -> dict:  # fmt: skip
    """Write what a run's folder has after its training: weights, figures, pictures.

    Args:
        run: The folder, whose lock is held.
        experiment: The configuration.
        model: The trained model.
        data: The data set.
        history: Of the training.
        progress: Whether to show a bar.
        **more: Further entries of metrics.json.

    Returns:
        What metrics.json holds.
    """
    run.row_file.write(history.rows, whole=True)
    save_model(run.weights, model, experiment, epoch=history.best_epoch, data=data.fingerprint)
    metrics = score(experiment, model, data, progress) | {
        "epochs": history.epoch,
        "best_epoch": history.best_epoch,
        "seconds_per_epoch": history.seconds_per_epoch,
        "dataset": data.name,
        "latent_space": str(model.latent_space),
        "seed": experiment.seed,
        "peak_memory_megabytes": round(peak_memory() / 1e6),
        "torch_version": torch.__version__,
    }
    draw(run.path, model, data, history.rows)
    run.write_metrics(metrics | more)  # the last: it says that the run is finished
    return metrics | more


def schedule(experiment: Experiment) -> Schedule:
    """The weight of the KL at each epoch, as the experiment's flags have it."""
    return Schedule(experiment.kl_warmup, experiment.kl_freeze, experiment.beta, experiment.kl_target)


def _fit(
    experiment: Experiment, run: RunFolder, model: VAE, data: ImageDataset, *, resume: bool, progress: bool = False
) -> History:
    def on_epoch(history: History) -> None:
        run.row_file.write(history.rows)
        if (not progress or experiment.verbosity > 0) and history.epoch % experiment.print_every == 0:
            tqdm.write(_line(history.rows[-1]))

    try:
        return fit(
            model,
            data,
            **experiment.select(*_OPTIONS_OF_FIT),
            schedule=schedule(experiment),
            validation_samples=experiment.num_importance_samples if experiment.validate_log_likelihood else 0,
            checkpoint=run.checkpoint,
            resume=resume,
            progress=progress,
            on_epoch=on_epoch,
        )
    except KeyboardInterrupt:  # it may come between an epoch's end and its row, and the checkpoint has that epoch
        if is_rank_zero() and run.checkpoint.exists():
            run.row_file.write(load_checkpoint(run.checkpoint)["history"]["rows"], whole=True)
        raise


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder.

    Attributes:
        experiment: Its configuration.
        model: The model with its best weights, in eval mode.
        data: The data set it was trained on.
        metrics: Its test figures.
        rows: One dictionary per epoch.
    """

    experiment: Experiment
    model: VAE
    data: ImageDataset
    metrics: dict
    rows: list[dict]


def load_run(folder: str | os.PathLike, **runtime) -> Run:
    """Read a finished run, its data set included.

    Device and threads are this machine's own, whatever the run had; but a run on the CPU stays on it.

    Args:
        folder: The run's folder.
        **runtime: device and threads; data_dir or dataset where the images are in another place than they were.

    Returns:
        The run.

    Raises:
        InputError: A file is missing, damaged, or of another model, or the images are not those of the training; names
            what differs.
    """
    run = RunFolder(folder)
    if not exists(folder) or not run.path.is_dir():
        raise InputError(f"there is no run folder {folder}")
    stored = run.experiment
    if not run.finished:
        raise InputError(f"the run {folder} is not finished: resume it with svae train --resume")
    metrics, rows = run.metrics, run.rows
    model, words = read_model(run.weights, stored)
    here = {"device": "cpu" if stored.device == "cpu" else "auto", "threads": None}
    if stored.data_dir is not None and not os.path.isdir(stored.data_dir):
        here["data_dir"] = None
    experiment = replace(stored, **(here | runtime))
    if os.sep in experiment.dataset and not exists(experiment.dataset):
        raise InputError(f"the images {experiment.dataset} are not on this machine: name their place here with -d PATH")
    model, data = build(experiment, model)
    data.check_fingerprint(words.get("data"), run.weights)
    return Run(experiment, model, data, metrics, rows)


def score(experiment: Experiment, model: VAE, data: ImageDataset, progress: bool = False) -> dict:
    """The test figures of metrics.json, from a seed of their own, so that they are always the same.

    Args:
        experiment: The configuration; it has the number of importance samples.
        model: The trained model.
        data: The data set.
        progress: Whether to show a bar.

    Returns:
        The figures by name, in nats per image.
    """
    images = held_out_images(data.test, model.likelihood)
    scores = evaluate(model, images, num_importance_samples=experiment.num_importance_samples, progress=progress)
    if scores.num_nan:
        tqdm.write(f"{scores.num_nan} of {scores.num_images} test images have no finite score, and count in the means")
    names = "log_likelihood", "elbo", "reconstruction", "kl"
    figures = {f"test_{name}": getattr(scores, name) for name in names}
    return figures | {"num_importance_samples": experiment.num_importance_samples}


def _line(row: dict) -> str:
    """One epoch in words."""
    line = f"epoch {row['epoch']:3d}  training ELBO {row['train_elbo']:9.2f}"
    if "validation_elbo" in row:
        line += f"  validation ELBO {row['validation_elbo']:9.2f} = {row['validation_reconstruction']:.2f}"
        line += f" - KL {row['validation_kl']:.2f}"
    if "validation_log_likelihood" in row:
        line += f"  log-likelihood {row['validation_log_likelihood']:.2f}"
    return line + f"  {row['seconds']:.2f} s"
