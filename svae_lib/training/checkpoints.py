"""Checkpoints of a training: written completely or not at all, and read without running any code in them."""

import io
import os
from collections.abc import Mapping

import torch

from svae_lib.errors import InputError
from svae_lib.files import atomic_write

FORMAT = "svae_lib checkpoint 1"


def save_checkpoint(path: str | os.PathLike, state: Mapping) -> None:
    """Write a training's state.

    Args:
        path: The file.
        state: Tensors and plain values only, as Trainer.state gives it.

    Raises:
        InputError: The file cannot be written, as atomic_write says.
    """
    buffer = io.BytesIO()  # torch.save straight to a full disk would hide the reason
    torch.save({"format": FORMAT, **state}, buffer)
    atomic_write(path, buffer.getbuffer())


def load_checkpoint(path: str | os.PathLike) -> dict:
    """Read what save_checkpoint wrote, to the CPU, with torch's loader of tensors and plain values.

    Args:
        path: The file.

    Returns:
        The state.

    Raises:
        InputError: The file is missing, cut short, damaged, or another program's; names it.
    """
    cure = "restore an intact copy, or start again under another name"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"there is no checkpoint {path}") from None
    except Exception as error:  # a damaged file can raise nearly anything in torch's loader
        raise InputError(f"{path} cannot be read as a checkpoint ({type(error).__name__}): {cure}") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise InputError(f"{path} is not a {FORMAT}: {cure}")
    return state
