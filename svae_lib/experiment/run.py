"""An experiment's run: train, evaluate, draw."""

import io
import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tqdm.auto import tqdm

from svae_lib.datasets import ImageDataset, held_out_images
from svae_lib.errors import InputError
from svae_lib.evaluation import evaluate
from svae_lib.experiment.build import build
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.model_file import load_state, save_model
from svae_lib.experiment.run_folder import RunFolder, is_rank_zero
from svae_lib.files import atomic_write, load_weights
from svae_lib.models import VAE
from svae_lib.training import History, Schedule, fit


def run_experiment(experiment: Experiment, folder: str | os.PathLike, *, resume: bool = False, progress: bool = False):
    """Run an experiment into a folder of its own, and return what its metrics.json holds.

    The folder appears with the first epoch's work about to start, so bad input leaves nothing. With `resume`, a folder
    that is there goes on from its checkpoint, and a finished one is only read. Of several processes, the first one
    writes, evaluates and returns the metrics; the others return {}.

    Errors: InputError for a folder that exists (without `resume`), is no run's, or is another experiment's; and as
    `build` and `fit`. TrainingFailed as `fit`.
    """
    run = RunFolder(folder)
    if is_rank_zero():
        run.check(experiment, resume)
    if resume and run.finished:
        return run.metrics if is_rank_zero() else {}
    model, data = build(experiment)
    if is_rank_zero():
        run.create(experiment)

    def on_epoch(history: History) -> None:
        run.write_rows(history.rows)
        if (not progress or experiment.verbosity > 0) and history.epoch % experiment.pf == 0:
            tqdm.write(_line(history.rows[-1]))

    history = fit(
        model,
        data,
        epochs=experiment.epochs,
        batch_size=experiment.batch_size,
        learning_rate=experiment.lr,
        schedule=Schedule(experiment.kl_warmup, experiment.kl_freeze, experiment.beta, experiment.kl_target),
        burn_in=experiment.burn_in,
        look_ahead=experiment.look_ahead,
        min_improvement=experiment.min_improv,
        max_restarts=experiment.max_restarts,
        clip=experiment.clip,
        seed=experiment.seed,
        binarize_once=experiment.binarize,
        validate_every=experiment.val_f,
        validation_samples=experiment.ll_sample if experiment.val_nll else 0,
        checkpoint=run.checkpoint,
        save_every=experiment.save_f,
        resume=resume,
        progress=progress,
        on_epoch=on_epoch,
    )
    if not is_rank_zero():
        return {}
    save_model(run.weights, model, experiment, epoch=history.best_epoch)
    metrics = score(experiment, model, data) | {
        "epochs": history.epoch,
        "best_epoch": history.best_epoch,
        "seconds_per_epoch": history.seconds_per_epoch,
        "dataset": data.name,
        "latent_space": str(model.latent_space),
        "seed": experiment.seed,
        "torch_version": torch.__version__,
    }
    draw(run.path, model, data, history.rows)
    run.write_metrics(metrics)  # the last: it says that the run is finished
    return metrics


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder.

    Attributes:
        experiment: Its configuration.
        model: The model with its best weights, in eval mode.
        data: The data set it was trained on.
        metrics: Its test figures.
        rows: One dictionary an epoch.
    """

    experiment: Experiment
    model: VAE
    data: ImageDataset
    metrics: dict
    rows: list[dict]


def load_run(folder: str | os.PathLike, **runtime) -> Run:
    """Read a finished run, its data set included.

    Args:
        folder: The run's folder.
        **runtime: Another data_dir, device or threads than the run had.

    Returns:
        The run.

    Raises:
        InputError: A file is missing, damaged, or of another model; names it.
    """
    run = RunFolder(folder)
    if not os.path.isdir(folder):
        raise InputError(f"there is no run folder {folder}")
    experiment = replace(run.experiment, **runtime)
    if not run.finished:
        raise InputError(f"the run {folder} is not finished: go on with svae train --resume")
    metrics, (weights, _) = run.metrics, load_weights(run.weights)
    model, data = build(experiment)
    return Run(experiment, load_state(model, weights, run.weights), data, metrics, run.rows)


def score(experiment: Experiment, model: VAE, data: ImageDataset) -> dict:
    """The test figures of metrics.json, from a seed of their own: asked for again, they are the same."""
    images = held_out_images(data.test, model.likelihood)
    scores = evaluate(model, images, num_importance_samples=experiment.ll_sample)
    if scores.num_nan:
        tqdm.write(f"{scores.num_nan} of {scores.num_images} test images have no finite score, and count in the means")
    names = "log_likelihood", "elbo", "reconstruction", "kl"
    figures = {f"test_{name}": getattr(scores, name) for name in names}
    return figures | {"num_importance_samples": experiment.ll_sample}


def draw(folder: Path, model: VAE, data: ImageDataset, rows: list[dict]) -> list[Path]:
    """Draw the run's pictures into its folder, and return their paths."""
    from svae_lib import plotting

    device = next(model.parameters()).device
    test = data.test[:2000]
    images = held_out_images(test, model.likelihood).to(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        samples = model.sample(100)
    figures = {
        "history": plotting.training_curves(rows),
        "reconstructions": plotting.reconstructions(images[:10], model.reconstruct(images[:10])),
        "samples": plotting.image_grid(samples, "Images decoded from the prior"),
        "latent": plotting.latent_scatter(model, images, test.labels),
    }
    paths = []
    for name, figure in figures.items():
        if figure is not None:
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png")
            paths.append(folder / f"{name}.png")
            atomic_write(paths[-1], buffer.getbuffer())
    return paths


def _line(row: dict) -> str:
    """One epoch in words."""
    line = f"epoch {row['epoch']:3d}  training ELBO {row['train_elbo']:9.2f}"
    if "validation_elbo" in row:
        line += f"  validation ELBO {row['validation_elbo']:9.2f} = {row['validation_reconstruction']:.2f}"
        line += f" - KL {row['validation_kl']:.2f}"
    if "validation_log_likelihood" in row:
        line += f"  log-likelihood {row['validation_log_likelihood']:.2f}"
    return line + f"  {row['seconds']:.2f} s"
