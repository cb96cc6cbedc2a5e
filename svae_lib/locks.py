"""Locks that one process holds at a time."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from svae_lib.errors import InputError
from svae_lib.files import NO_FOLLOW


class Taken(InputError):
    """Another process, or another run, has what is asked for."""


@contextmanager
def file_lock(path: str | os.PathLike, patience: float = 0, what: object = None) -> Iterator[None]:
    """A lock that one process can hold at a time; the system releases it however that process ends.

    Args:
        path: The file to lock; it and its folder are created, and removed when the block ends, the folder where it was
            created here and is empty. A symbolic link is refused.
        patience: Seconds to wait while another process holds it.
        what: What is locked, for the error; None is the file's folder.

    Raises:
        Taken: Another process still holds it after that time.
        InputError: The file cannot be made.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, file_lock(f"{folder}/.lock"):
        ...     os.listdir(folder)
        ['.lock']
    """
    path = Path(path)
    made = [folder for folder in path.parents if not folder.exists()]
    deadline = time.monotonic() + patience
    while (descriptor := _try_lock(path)) is None:
        if time.monotonic() > deadline:
            raise Taken(f"another process is at work in {what or path.parent}: wait for it, or end it")
        time.sleep(0.1)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
        with suppress(OSError):
            for folder in made:
                folder.rmdir()


def _try_lock(path: Path) -> int | None:
    """The open file if this process holds its lock now, else None."""
    import fcntl

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path.parent}: {error.strerror}") from None
    try:
        with ExitStack() as closing:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o666)
            closing.callback(os.close, descriptor)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError(f"cannot lock {path}: it is no file; remove it")
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                closing.pop_all()
                return descriptor
    except (BlockingIOError, FileNotFoundError):  # another process holds it, or held it and has removed it since
        return None
    except OSError as error:
        raise InputError(f"cannot lock {path}: {error.strerror}") from None
