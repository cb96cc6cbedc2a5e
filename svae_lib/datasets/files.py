"""Finding and reading the files of a data set; nothing here writes."""

import gzip
import io
import os
import zlib
from pathlib import Path

import numpy as np
import torch

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
            if os.path.isfile(path):  # False, not an error, in a folder that may not be entered
                return path
    return None


def expect(path: Path, what: str, found, expected) -> None:
    """Compare what a file holds with what it should.

    Raises:
        InputError: They differ; names the file, what was found and what was expected.
    """
    if found != expected:
        raise InputError(f"{path}: {what} is {found}, expected {expected}")


def unreadable(path: Path, kind: str, error: Exception) -> InputError:
    """The one-line error for a file whose parser gave up."""
    reason = str(error).strip().split("\n")[0] or type(error).__name__
    return InputError(f"{path}: not a complete {kind} ({reason}): damaged, cut short, or still being written")


def read_bytes(path: Path) -> bytes:
    """The content of a file, gunzipped where it is gzip.

    Raises:
        InputError: The file cannot be read, is truncated or still growing.
    """
    try:
        before = path.stat().st_size
        data = path.read_bytes()
        after = path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not before == len(data) == after:
        raise InputError(f"{path}: it grew from {before:,} to {after:,} bytes while read: wait until it is written")
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise unreadable(path, "gzip file", error) from None


def read_mat(path: Path) -> dict[str, np.ndarray]:
    """The named arrays of a MATLAB file (versions 4 to 7)."""
    from scipy.io import loadmat

    data = read_bytes(path)
    try:
        return loadmat(io.BytesIO(data))
    except Exception as error:  # its parser raises whatever a damaged file makes it trip over
        raise unreadable(path, "MATLAB file", error) from None


def take(path: Path, arrays: dict[str, np.ndarray], key: str, shape: tuple[int, ...]) -> np.ndarray:
    """One of a file's arrays, checked for its shape."""
    if key not in arrays:
        names = [name for name in arrays if not name.startswith("__")]
        raise InputError(f"{path}: no array {key!r} in it, found {', '.join(names) or 'none'}")
    expect(path, f"shape of {key!r}", arrays[key].shape, shape)
    return arrays[key]


def to_uint8(path: Path, values: np.ndarray) -> torch.Tensor:
    """Intensities as uint8.

    Args:
        path: The file they are from, for the message.
        values: Any shape: integers 0..255, fractions in [0, 1], or zeros and ones (booleans too).

    Returns:
        The same shape, uint8 from 0 to 255.

    Raises:
        InputError: For other types or values, and for no values at all.

    Example:
        >>> to_uint8(Path("mine.npy"), np.array([0.0, 0.2, 1.0]))
        tensor([  0,  51, 255], dtype=torch.uint8)
    """
    if values.dtype.kind not in "buif":
        raise InputError(f"{path}: numbers of type {values.dtype}, expected integers, fractions or booleans")
    if not values.size:
        raise InputError(f"{path}: found no images, shape {values.shape}")
    minimum, maximum = values.min(), values.max()
    limit = 1 if values.dtype.kind in "bf" else 255
    if not (minimum >= 0 and maximum <= limit):  # so written that a NaN fails too
        raise InputError(f"{path}: values from {minimum:g} to {maximum:g}, expected 0 to {limit} for {values.dtype}")
    scale = 255 if maximum <= 1 else 1
    return torch.from_numpy(np.ascontiguousarray(np.rint(values * np.float32(scale)).astype(np.uint8)))
