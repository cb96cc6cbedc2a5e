"""Model files: the weights, and the experiment that says how to build the model they fit."""

import math
import os
from pathlib import Path

import torch
from torch import Tensor

from svae_lib.errors import InputError
from svae_lib.experiment.build import build_model
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.flags import long_flag
from svae_lib.experiment.run_folder import RunFolder
from svae_lib.files import save_weights
from svae_lib.memory import require_memory
from svae_lib.models import VAE
from svae_lib.models.image_shape import check_image_shape
from svae_lib.reading import Header, load_weights, parse_json

_FLOATS = {"BF16", "F16", "F32", "F64"}  # as safetensors calls them


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
    return read_model(path)[0]


def read_model(path: Path, stored: Experiment | None = None) -> tuple[VAE, dict[str, str]]:
    """Read a model file.

    Args:
        path: Of the file.
        stored: What a run's experiment.json says, which the file's own copy has to agree with.

    Returns:
        The model in eval mode, in float32, on the CPU; the words that describe it.

    Raises:
        InputError: As load_model; and for another experiment, whose first field that differs it names.
    """

    def check(header: Header, metadata: dict[str, str]) -> None:
        trained, image_shape = _experiment(metadata, path)
        if stored and (name := trained.difference(stored, *["dataset"] * ("data" in metadata))):
            old, new = getattr(trained, name), getattr(stored, name)
            raise InputError(
                f"{path} holds another model's weights: they were trained with {long_flag(name)} {old}, "
                f"and experiment.json says {new}: restore an intact copy"
            )
        _check_header(header, trained, image_shape, path)

    weights, metadata = load_weights(path, check)
    return load_state(build_model(*_experiment(metadata, path)), weights, path), metadata


def load_state(model: VAE, weights: dict[str, Tensor], path: Path) -> VAE:
    """Put weights into a model.

    Args:
        model: The model that they are for.
        weights: Tensors by parameter name.
        path: The file they are from, for the error.

    Returns:
        The same model, in eval mode.

    Raises:
        InputError: They are another model's, or not all of them finite.
    """
    _load(model, weights, path)
    for name, tensor in model.state_dict().items():
        if not tensor.isfinite().all():
            raise InputError(f"{path} holds weights that are not finite ({name}): restore an intact copy")
    return model.eval()


def _experiment(metadata: dict[str, str], path: Path) -> tuple[Experiment, tuple[int, ...]]:
    """The experiment and the shape of the images in a model file's metadata."""
    if not {"experiment", "image_shape"} <= metadata.keys():
        raise InputError(f"{path} holds no experiment beside its weights: it was not written by svae_lib")
    shape = parse_json(metadata["image_shape"])
    if not isinstance(shape, list):
        raise InputError(f"{path} holds no image_shape such as [28, 28]: restore an intact copy")
    try:
        return Experiment.from_json(metadata["experiment"], where="its experiment"), check_image_shape(shape)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _check_header(header: Header, experiment: Experiment, image_shape: tuple[int, ...], path: Path) -> None:
    """Compare the types and shapes of weights with those of the model that they are for, before either is in memory."""
    if strange := {kind for kind, _ in header.values()} - _FLOATS:
        raise InputError(f"{path} holds weights of type {min(strange)}, expected {', '.join(sorted(_FLOATS))}")
    with torch.device("meta"):
        _load(build_model(experiment, image_shape), header, path)
    size = 4 * sum(math.prod(shape) for _, shape in header.values())
    require_memory(2 * size, f"the model {path}", "use a machine with more memory")


def _load(model: VAE, weights: dict[str, Tensor] | Header, path: Path) -> None:
    try:
        model.load_state_dict(
            {name: torch.empty(each[1]) if isinstance(each, tuple) else each for name, each in weights.items()}
        )
    except (RuntimeError, OverflowError, TypeError):
        raise InputError(f"{path} holds another model's weights: restore an intact copy") from None
