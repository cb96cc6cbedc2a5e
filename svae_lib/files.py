"""Files that are written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from svae_lib.errors import InputError


def atomic_write(path: str | os.PathLike, data: bytes) -> None:
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
        raise InputError(f"cannot write {path}: {error.strerror}; what was saved before is whole") from None
