"""Finding and reading the files of a data set; nothing here ever writes."""

import gzip
import os
import zlib
from pathlib import Path

from svae_lib.errors import InputError


def data_folder(data_dir: str | os.PathLike | None) -> tuple[Path, bool]:
    """The folder to look in, and whether the user named it: data_dir, else SVAE_DATA, else the user's cache."""
    named = data_dir or os.environ.get("SVAE_DATA")
    if named:
        return Path(named).expanduser(), True
    import pooch

    return Path(pooch.os_cache("svae_lib")), False


def locate(folder: Path, file: str) -> Path | None:
    """Where `file` is under the folder: in its place or bare, plain or gzipped; None where it is not."""
    for place in (folder / file, folder / Path(file).name):
        for path in (place, place.with_name(place.name + ".gz")):
            if path.is_file():
                return path
    return None


def expect(path: Path, what: str, found, expected) -> None:
    """Errors: InputError naming file, what was found and what was expected, unless they are equal."""
    if found != expected:
        raise InputError(f"{path}: {what} is {found}, expected {expected}")


def read_bytes(path: Path) -> bytes:
    """The content of a file, gunzipped where it is gzip. Errors: InputError for a file cut short or still growing."""
    try:
        before = path.stat().st_size
        data = path.read_bytes()
        after = path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not before == len(data) == after:
        raise InputError(f"{path}: found {before:,} bytes, then {after:,}: it is still being written; wait for its end")
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(f"{path}: not a whole gzip file ({str(error).rstrip('.')}): cut short, damaged, or still "
                         "being written") from None
