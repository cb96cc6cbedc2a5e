"""The folder of a run: made with its experiment in it, guarded against another one, and read again."""

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path

from svae_lib.datasets import ImageDataset
from svae_lib.errors import InputError
from svae_lib.experiment.build import build
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.model_file import fill
from svae_lib.files import atomic_write, load_weights, read_bytes, read_json, read_json_lines
from svae_lib.models import VAE


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder: the model has its best weights."""

    experiment: Experiment
    model: VAE
    data: ImageDataset
    metrics: dict
    rows: list[dict]


def load_run(folder: str | os.PathLike, **runtime) -> Run:
    """Read a finished run, with another data_dir, device or threads where given.

    Errors: InputError naming the file that is missing, damaged, or of another model.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        raise InputError(f"there is no run folder {folder}")
    experiment = replace(stored_experiment(folder), **runtime)
    if not (folder / "metrics.json").exists():
        raise InputError(f"the run {folder} is not finished: go on with svae train --resume")
    metrics = read_json(folder / "metrics.json")
    weights, _ = load_weights(folder / "best.safetensors")
    model, data = build(experiment)
    fill(model, weights, folder / "best.safetensors")
    return Run(experiment, model, data, metrics, read_json_lines(folder / "metrics.jsonl"))


def stored_experiment(folder: Path) -> Experiment:
    """The experiment of a run's folder. Errors: InputError."""
    path = folder / "experiment.json"
    return Experiment.from_json(read_bytes(path), where=str(path))


def check_folder(folder: Path, experiment: Experiment, resume: bool) -> None:
    """Refuse a folder that a run must not touch. Errors: InputError."""
    if not os.path.exists(folder):  # which calls a name too long for the system absent, not an error
        return
    if not resume:
        raise InputError(f"{folder} exists: take another name, or go on with that run by --resume")
    if folder.is_dir() and not any(folder.iterdir()):
        return
    stored = stored_experiment(folder)
    for spec in fields(Experiment):
        old, new = getattr(stored, spec.name), getattr(experiment, spec.name)
        if old != new and not spec.metadata.get("runtime"):
            raise InputError(
                f"{folder} was started with {spec.metadata['names'][-1]} {old}, not {new}: take another name"
            )


def open_folder(folder: Path, experiment: Experiment) -> None:
    """Make the folder, with experiment.json in it from the first moment on."""
    text = experiment.to_json().encode()
    if os.path.exists(folder):
        return atomic_write(folder / "experiment.json", text)
    unfinished = folder.with_name(f".{folder.name}.new")
    try:
        unfinished.mkdir(parents=True, exist_ok=True)
        atomic_write(unfinished / "experiment.json", text)
        unfinished.rename(folder)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from None
