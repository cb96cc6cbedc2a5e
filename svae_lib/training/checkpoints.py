"""The files of a run: written whole or not at all, and read without ever running what is in them."""

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from svae_lib.errors import InputError

FORMAT = "svae_lib checkpoint 1"


def write_whole(path: str | os.PathLike, data: bytes) -> None:
    """Write `data` to a temporary name, flush it to the disk, and rename it to `path`.

    Whoever is killed, whatever fills up, `path` holds the old content or the new, never a part.

    Errors: InputError naming the file and the system's reason: disk full, folder removed or not writable.
    """
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    try:
        try:
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink()  # it is there only where the renaming was not reached
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}; what was saved before is whole, and --resume goes on from it"
        ) from None


def save_checkpoint(path: str | os.PathLike, state: Mapping) -> None:
    """Write a training's state, which holds tensors and plain values only. Errors: as write_whole."""
    buffer = io.BytesIO()  # torch.save straight to a full disk would hide the reason
    torch.save({"format": FORMAT, **state}, buffer)
    write_whole(path, buffer.getbuffer())


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
    """Write weights as a safetensors file, with a few words about them. Errors: as write_whole."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    write_whole(path, save(tensors, {name: str(value) for name, value in about.items()}))


def load_weights(path: str | os.PathLike) -> dict[str, Tensor]:
    """Read a safetensors file. Errors: InputError naming the file where it is missing or not whole."""
    try:
        return load_file(path)
    except FileNotFoundError:
        raise InputError(f"there is no {path}: the run has not saved a best epoch yet") from None
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a whole safetensors file: {error}") from None
