"""A model in one file: its weights, and the experiment that says how to build what they fit."""

import json
import os
from pathlib import Path

import torch
from torch import Tensor

from svae_lib.errors import InputError
from svae_lib.experiment.build import build_model
from svae_lib.experiment.config import Experiment
from svae_lib.files import load_weights, save_weights
from svae_lib.models import VAE


def save_model(
    path: str | os.PathLike, model: VAE, experiment: Experiment, *, dtype: torch.dtype = torch.float32, **about: object
) -> None:
    """Write a model's weights to a safetensors file, with its experiment and a few words about them.

    dtype: of the weights on the disk. torch.float16 halves the file; it has three decimal digits, which a picture does
    not miss. Errors: InputError where the file cannot be written.
    """
    weights = {name: tensor.to(dtype) for name, tensor in model.state_dict().items()}
    save_weights(path, weights, experiment=experiment.to_json(), image_shape=list(model.image_shape), **about)


def load_model(path: str | os.PathLike) -> VAE:
    """Read a trained model, ready to encode and to draw: in eval mode, in float32, on the CPU.

    path: a run's folder, its best.safetensors, or a copy of that file anywhere: it carries its experiment with it, and
    no data set is needed.

    Errors: InputError naming the file where it is missing, damaged, or not written by svae_lib.

    >>> from tempfile import TemporaryDirectory
    >>> from svae_lib import Experiment, build_vae, parse_latent_space
    >>> with TemporaryDirectory() as folder:
    ...     model = build_vae((28, 28), parse_latent_space("2xs1"))
    ...     save_model(f"{folder}/torus.safetensors", model, Experiment(latent="2xs1"))
    ...     str(load_model(f"{folder}/torus.safetensors").latent_space)
    '2xs1'
    """
    path = Path(path)
    if path.is_dir():
        path = path / "best.safetensors"
    weights, about = load_weights(path)
    if not {"experiment", "image_shape"} <= about.keys():
        raise InputError(f"{path} holds no experiment beside its weights: it was not written by svae_lib")
    experiment = Experiment.from_json(about["experiment"], where=str(path))
    model = build_model(experiment, tuple(json.loads(about["image_shape"])))
    return fill(model, weights, path)


def fill(model: VAE, weights: dict[str, Tensor], path: Path) -> VAE:
    """The model with these weights, in eval mode. Errors: InputError where they are another model's."""
    try:
        model.load_state_dict(weights)
    except RuntimeError:
        raise InputError(f"{path} holds another model's weights: restore a whole copy") from None
    return model.eval()
