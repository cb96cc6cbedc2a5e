"""Files of a run: written completely or not at all, and locked by one process."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from svae_lib.errors import InputError
from svae_lib.reading import DIGEST, weights_digest

if TYPE_CHECKING:  # torch takes a second to import, and the command line writes files before it needs torch
    from torch import Tensor


def atomic_write(path: str | os.PathLike, data: bytes) -> None:
    """Write `data` to a temporary name, flush it to the disk, and rename it to `path`.

    If the process is killed or the disk fills up, `path` holds the old content or the new, never a part.

    Args:
        path: The file to write; its folder must exist.
        data: Its whole content.

    Raises:
        InputError: The disk is full, or the folder is gone or not writable; names the file and the system's reason.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     atomic_write(f"{folder}/a.txt", b"whole")
        ...     os.listdir(folder)
        ['a.txt']
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
        raise InputError(f"cannot write {path}: {error.strerror}; what was saved before is intact") from None


def save_weights(path: str | os.PathLike, weights: Mapping[str, "Tensor"], **metadata: object) -> None:
    """Write tensors as a safetensors file, with a digest that load_weights compares.

    Args:
        path: The file to write.
        weights: Tensors by name, on any device.
        **metadata: A few words that describe them; stored as text.

    Raises:
        InputError: As atomic_write.

    Example:
        >>> import torch
        >>> from tempfile import TemporaryDirectory
        >>> from svae_lib.reading import load_weights
        >>> with TemporaryDirectory() as folder:
        ...     save_weights(f"{folder}/w.safetensors", {"w": torch.ones(2)}, epoch=3)
        ...     load_weights(f"{folder}/w.safetensors")
        ({'w': tensor([1., 1.])}, {'epoch': '3'})
    """
    from safetensors.torch import save

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    words = {name: str(value) for name, value in metadata.items()}
    atomic_write(path, save(tensors, words | {DIGEST: weights_digest(tensors, words)}))


@contextmanager
def file_lock(path: str | os.PathLike, patience: float = 0) -> Iterator[None]:
    """A lock that one process can hold at a time; the system releases it however that process ends.

    Args:
        path: The file to lock; it is created, and removed when the block ends.
        patience: Seconds to wait while another process holds it.

    Raises:
        InputError: Another process still holds it after that time, or the file cannot be made.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, file_lock(f"{folder}/.lock"):
        ...     os.listdir(folder)
        ['.lock']
    """
    path = Path(path)
    deadline = time.monotonic() + patience
    while (file := _try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise InputError(f"another process is at work in {path.parent}: wait for it, or end it")
        time.sleep(0.1)
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _try_lock(path: Path) -> TextIO | None:
    """The open file if this process holds its lock now, else None."""
    import fcntl

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as closing:
            file = closing.enter_context(open(path, "w"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                closing.pop_all()
                return file
    except (BlockingIOError, FileNotFoundError):  # another process holds it, or held it and has removed it since
        return None
    except OSError as error:
        raise InputError(f"cannot lock {path}: {error.strerror}") from None
