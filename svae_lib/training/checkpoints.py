"""Checkpoints of a training: written completely or not at all, and read without running any code in them."""

import io
import os
import zipfile
from collections.abc import Mapping
from typing import BinaryIO

import torch

from svae_lib.errors import InputError
from svae_lib.files import atomic_write
from svae_lib.memory import require_memory
from svae_lib.reading import exists, open_file

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
    if not exists(path):
        raise InputError(f"there is no checkpoint {path}")
    try:
        with open_file(path) as file:
            _check_container(file)
            file.seek(0)
            state = torch.load(file, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except Exception as error:  # a damaged file can raise nearly anything in torch's loader
        raise InputError(f"{path} cannot be read as a checkpoint ({type(error).__name__}): {cure}") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise InputError(f"{path} is not a {FORMAT}: {cure}")
    for weights in (state.get("model"), state.get("best")):
        values = weights.values() if isinstance(weights, dict) else ()
        if not all(value.isfinite().all() for value in values if isinstance(value, torch.Tensor)):
            raise InputError(f"{path} holds weights that are not finite: {cure}")
    return state


def _check_container(file: BinaryIO) -> None:
    """Compare each part of a checkpoint with its checksum, which torch's loader does not, and its size with the file's.

    Raises:
        ValueError: A part is damaged, or would unpack to more than torch.save, which packs nothing, has written.
    """
    with zipfile.ZipFile(file) as container:
        parts = container.infolist()
        size = sum(part.file_size for part in parts)
        if any(part.compress_type for part in parts) or size > os.fstat(file.fileno()).st_size:
            raise ValueError("it is packed")
        require_memory(size, f"the checkpoint {file.name}", "use a machine with more memory")
        if container.testzip() is not None:
            raise ValueError("it is damaged")
