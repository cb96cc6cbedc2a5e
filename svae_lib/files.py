"""Files of a run: written completely or not at all."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from svae_lib.errors import InputError
from svae_lib.reading import DIGEST, weights_digest

if TYPE_CHECKING:  # torch takes a second to import, and the command line writes files before it needs torch
    from torch import Tensor

TEMPORARY = ".svae-"  # begins the name of a file until it is complete
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_APPEND = os.O_WRONLY | os.O_APPEND | NO_FOLLOW


def atomic_write(path: str | os.PathLike, data: bytes) -> None:
    """Write `data` to a temporary file, flush it to the disk, and rename it to `path`.

    If the process is killed or the disk fills up, `path` holds the old content or the new, never a part. The temporary
    name is random and new, and a symbolic link of the name `path` is replaced: nobody who can write into the folder can
    lead the data elsewhere. What a killed process left there is removed an hour later.

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
    temporary = path.with_name(f"{TEMPORARY}{token_hex(8)}.tmp")
    with _named_errors(path):
        remove_unfinished(path.parent, seconds=3600)
        try:
            with open(temporary, "xb") as file:  # x: a new file, no link of that name
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink()  # it is there only where the renaming was not reached


class GrowingLines:
    """A file of JSON lines that grows: each time only what is new is written, in a time that does not grow with it.

    Args:
        path: The file.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from svae_lib.reading import read_json_lines
        >>> with TemporaryDirectory() as folder:
        ...     file = GrowingLines(f"{folder}/rows.jsonl")
        ...     file.write([{"a": 1}])
        ...     file.write([{"a": 1}, {"a": 2}])
        ...     read_json_lines(file.path)
        [{'a': 1}, {'a': 2}]
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._count = 0  # lines that are this object's

    def write(self, rows: Sequence[Mapping[str, Any]], whole: bool = False) -> None:
        """Append the rows that are new. If the process is killed meanwhile, the last line may be cut short.

        Args:
            rows: All rows, of which the first are those of the last call.
            whole: Whether to replace the file by all of them, as atomic_write does; the first call does so anyway.

        Raises:
            InputError: As atomic_write, and for a symbolic link, which is not followed.
        """
        add = self._count > 0 and not whole and os.path.lexists(self.path)
        text = "".join(json.dumps(row) + "\n" for row in rows[self._count if add else 0 :]).encode()
        if not add:
            atomic_write(self.path, text)
        else:
            with _named_errors(self.path), open(os.open(self.path, _APPEND), "ab") as file:
                file.write(text)
        self._count = len(rows)


def remove_unfinished(folder: Path, seconds: float = 0) -> None:
    """Remove what killed processes left of files that they were writing.

    Args:
        folder: The folder.
        seconds: The least age; 0 only where no other process writes.
    """
    for path in folder.glob(f"{TEMPORARY}*.tmp"):
        with suppress(OSError):  # another process may remove it too
            if time.time() - path.lstat().st_mtime >= seconds:
                path.unlink()


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
def _named_errors(path: str | os.PathLike) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; what was saved before is intact") from None
