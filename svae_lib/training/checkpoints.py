"""The files of a run: written whole or not at all, and read without ever running what is in them."""

import io
import os
from collections.abc import Mapping

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from svae_lib.errors import InputError
from svae_lib.files import atomic_write

FORMAT = "svae_lib checkpoint 1"


def save_checkpoint(path: str | os.PathLike, state: Mapping) -> None:
    """Write a training's state, which holds tensors and plain values only. Errors: as atomic_write."""
    buffer = io.BytesIO()  # torch.save straight to a full disk would hide the reason
    torch.save({"format": FORMAT, **state}, buffer)
    atomic_write(path, buffer.getbuffer())


def load_checkpoint(path: str | os.PathLike) -> dict:
    """Read what save_checkpoint wrote, to the CPU, with torch's loader of tensors and plain values.

    Errors: InputError naming the file where it is missing, cut short, damaged, or of another program.
    """
    cure = "restore a whole copy, or start anew under another name"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"there is no checkpoint {path}") from None
    except Exception as error:  # a damaged file can raise nearly anything in torch's loader
        raise InputError(f"{path} cannot be read as a checkpoint ({type(error).__name__}): {cure}") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise InputError(f"{path} is not a {FORMAT}: {cure}")
    return state


def save_weights(path: str | os.PathLike, weights: Mapping[str, Tensor], **about: object) -> None:
    """Write weights as a safetensors file, with a few words about them. Errors: as atomic_write."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    atomic_write(path, save(tensors, {name: str(value) for name, value in about.items()}))


def load_weights(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read the weights of a safetensors file, and the words about them.

    Errors: InputError naming the file where it is missing or not whole.
    """
    if not os.path.exists(path):
        raise InputError(f"there are no weights {path}")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a whole safetensors file ({error}): restore a whole copy") from None
