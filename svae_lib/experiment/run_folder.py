"""The folder of a run: made with its experiment in it, guarded against another one, and read again."""

import json
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path

from svae_lib.datasets import ImageDataset
from svae_lib.errors import InputError
from svae_lib.experiment.build import build
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.model_file import fill
from svae_lib.files import atomic_write
from svae_lib.models import VAE
from svae_lib.training.checkpoints import load_weights


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
    lines = _read(folder / "metrics.jsonl").splitlines()
    return Run(experiment, model, data, metrics, [_parse(line, folder / "metrics.jsonl") for line in lines])


def stored_experiment(folder: Path) -> Experiment:
    """The experiment of a run's folder. Errors: InputError."""
    path = folder / "experiment.json"
    return Experiment.from_json(_read(path), where=str(path))


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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def read_json(path: Path) -> dict:
    return _parse(_read(path), path)


def _parse(text: bytes, path: Path) -> dict:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InputError(f"{path} is damaged: restore a whole copy")
    return value
