"""Files that are read: regular ones, of an expected size, and parsed with an error that names them and the reason."""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from svae_lib.errors import InputError

if TYPE_CHECKING:  # torch takes a second to import, and the command line reads JSON before it needs torch
    from torch import Tensor

_TEXT = 2**20  # bytes of an experiment, a sweep or the head of a file of weights: ours have some thousands
LINES = 2**29  # and of a file of lines: 300 bytes for each epoch
DIGEST = "sha256"  # the word of a file of weights that tells a changed bit

Header = Mapping[str, tuple[str, tuple[int, ...]]]  # type and shape of each tensor, as safetensors writes them


def full_path(path: str | os.PathLike) -> Path:
    """The absolute form of a path, with ~ as the user's folder.

    Args:
        path: Any path.

    Returns:
        The same place, however the working folder changes.

    Raises:
        InputError: There is no such user, the user has no folder, or the working folder was deleted.

    Example:
        >>> full_path("/a/../b").as_posix()
        '/a/../b'
    """
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        raise InputError(f"{path}: no home folder is known for ~: set HOME, or write the whole path") from None
    except FileNotFoundError:
        raise InputError(f"{path}: the working folder was deleted: change to one that exists") from None


def reason(error: Exception) -> str:
    """The system's words for what went wrong."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def exists(path: str | os.PathLike) -> bool:
    """Whether there is such a file or folder.

    Raises:
        InputError: The system does not say, because a folder on the way may not be entered; names the reason.
    """
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last for a name with a zero byte
        return False
    except OSError as error:
        if isinstance(error, PermissionError):
            raise InputError(f"cannot read {path}: {reason(error)}") from None
        return False  # a name too long, a loop of links
    return True


def list_folder(path: str | os.PathLike) -> list[Path]:
    """What a folder holds, sorted.

    Raises:
        InputError: It is no folder, or may not be read; names the reason.
    """
    try:
        return sorted(Path(path).iterdir())
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from None


@contextmanager
def open_file(path: str | os.PathLike, at_most: int | None = None) -> Iterator[BinaryIO]:
    """Open a regular file to read: no pipe that waits for a writer, no device without an end.

    Args:
        path: The file, or a link to it.
        at_most: The bytes that it may have.

    Raises:
        InputError: It cannot be opened, is of another kind, or is larger; names it and the reason.
    """
    try:
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {reason(error)}") from None
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"cannot read {path}: it is a pipe or a device, not a file")
        if at_most is not None and status.st_size > at_most:
            raise InputError(f"{path} has {status.st_size:,} bytes, expected at most {at_most:,}: is it the right one?")
        yield file


def read_bytes(path: str | os.PathLike, at_most: int = _TEXT) -> bytes:
    """The content of a file.

    Args:
        path: The file.
        at_most: The bytes that it may have.

    Raises:
        InputError: The file cannot be read, or is larger; names it and the reason.
    """
    with open_file(path, at_most) as file:
        try:
            return file.read(min(at_most, os.fstat(file.fileno()).st_size))  # its buffer is as large as the number
        except OSError as error:
            raise InputError(f"cannot read {path}: {reason(error)}") from None


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text; None where it is damaged, nested too deep, or has a number of thousands of digits.

    Example:
        >>> parse_json('{"epoch": 3}'), parse_json(10**5 * "[")
        ({'epoch': 3}, None)
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_json(path: str | os.PathLike) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        path: The file.

    Returns:
        Its keys and values.

    Raises:
        InputError: The file cannot be read, or holds something else than a JSON object.
    """
    return _json_object(read_bytes(path), path)


def read_json_lines(path: str | os.PathLike) -> list[dict[str, Any]]:
    """The objects in a file of JSON lines, one per line.

    Args:
        path: The file.

    Returns:
        One dictionary per line.

    Raises:
        InputError: The file cannot be read, or a line is not a JSON object.
    """
    return [_json_object(line, path) for line in read_bytes(path, LINES).splitlines()]


def load_weights(
    path: str | os.PathLike, check: Callable[[Header, dict[str, str]], None] | None = None
) -> tuple[dict[str, "Tensor"], dict[str, str]]:
    """The tensors of a safetensors file, on the CPU, and its metadata.

    A file that holds a digest of both is compared with it; one of 0.1.0 holds none.

    Args:
        path: The file.
        check: Called with the type and shape of each tensor and with the metadata, before any tensor is read.

    Returns:
        The tensors by name, and the words that describe them by name.

    Raises:
        InputError: The file is missing, incomplete, or changed since it was written; and what `check` raises.
    """
    from safetensors import SafetensorError, safe_open

    if not exists(path):
        raise InputError(f"there are no weights {path}")
    header, metadata = _weights_header(path)
    written = metadata.pop(DIGEST, None)
    if check is not None:
        check(header, metadata)
    try:
        with safe_open(path, framework="pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a complete safetensors file ({error}): restore an intact copy") from None
    if written not in (None, weights_digest(weights, metadata)):
        raise InputError(f"{path} has changed since it was written: restore an intact copy")
    return weights, metadata


def weights_digest(weights: Mapping[str, "Tensor"], metadata: Mapping[str, str]) -> str:
    """A digest of tensors, with their names, types and shapes, and of the words that describe them.

    Example:
        >>> import torch
        >>> weights_digest({"w": torch.ones(2)}, {}) == weights_digest({"w": torch.ones(2)}, {"epoch": "3"})
        False
    """
    import torch

    digest = hashlib.sha256(repr(sorted(metadata.items())).encode())
    for name, tensor in sorted(weights.items()):
        digest.update(repr((name, str(tensor.dtype), tuple(tensor.shape))).encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _weights_header(path: str | os.PathLike) -> tuple[Header, dict[str, str]]:
    """What a safetensors file says of its tensors, read before the file is given to a parser that trusts its size."""
    with open_file(path) as file:
        length = int.from_bytes(file.read(8), "little")
        header = parse_json(file.read(length)) if length <= _TEXT else None
    header = header if isinstance(header, dict) else {}
    metadata, shapes = header.pop("__metadata__", {}), {}
    for name, entry in header.items():
        shape = entry.get("shape") if isinstance(entry, dict) else None
        if isinstance(shape, list) and all(type(size) is int for size in shape):
            shapes[name] = str(entry.get("dtype")), tuple(shape)
    texts = isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())
    if not texts or not shapes or shapes.keys() != header.keys():
        raise InputError(f"{path} is not a complete safetensors file (its head is damaged): restore an intact copy")
    return shapes, metadata


def _json_object(text: bytes, path: str | os.PathLike) -> dict[str, Any]:
    value = parse_json(text)
    if not isinstance(value, dict):
        raise InputError(f"{path} is damaged: restore an intact copy")
    return value
