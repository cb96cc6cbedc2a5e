"""Model files: the weights, and the experiment that says how to build the model they fit."""

import json
import os
from pathlib import Path

import torch
from torch import Tensor

from svae_lib.errors import InputError
from svae_lib.experiment.build import build_model
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.run_folder import RunFolder
from svae_lib.files import save_weights
from svae_lib.models import VAE
from svae_lib.reading import load_weights


def save_model(
    path: str | os.PathLike, model: VAE, experiment: Experiment, *, dtype: torch.dtype = torch.float32, **metadata
) -> None:
    """Write a model's weights to a safetensors file, with its experiment.

    Args:
        path: The file to write.
        model: The model.
        experiment: The configuration that builds it.
        dtype: Of the weights on the disk. torch.float16 halves the file; it has three decimal digits, which is enough
            for pictures.
        **metadata: A few more words that describe it; stored as text.

    Raises:
        InputError: The file cannot be written.
    """
    weights = {name: tensor.to(dtype) for name, tensor in model.state_dict().items()}
    save_weights(path, weights, experiment=experiment.to_json(), image_shape=list(model.image_shape), **metadata)


def load_model(path: str | os.PathLike) -> VAE:
    """Read a trained model.

    Args:
        path: A run's folder, its best.safetensors, or a copy of that file anywhere: the file holds its experiment, and
            no data set is needed.

    Returns:
        The model in eval mode, in float32, on the CPU.

    Raises:
        InputError: The file is missing, damaged, or not written by svae_lib.

    Example:
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
        path = RunFolder(path).weights
    weights, metadata = load_weights(path)
    if not {"experiment", "image_shape"} <= metadata.keys():
        raise InputError(f"{path} holds no experiment beside its weights: it was not written by svae_lib")
    experiment = Experiment.from_json(metadata["experiment"], where=str(path))
    model = build_model(experiment, tuple(json.loads(metadata["image_shape"])))
    return load_state(model, weights, path)


def load_state(model: VAE, weights: dict[str, Tensor], path: Path) -> VAE:
    """Put weights into a model.

    Args:
        model: The model that they are for.
        weights: Tensors by parameter name.
        path: The file they are from, for the error.

    Returns:
        The same model, in eval mode.

    Raises:
        InputError: They are another model's.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError:
        raise InputError(f"{path} holds another model's weights: restore an intact copy") from None
    return model.eval()
