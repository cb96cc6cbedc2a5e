"""Finding and reading the files of a data set; nothing here writes."""

import gzip
import io
import math
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from svae_lib.errors import InputError
from svae_lib.reading import full_path, open_file

_LARGEST = 2**28  # bytes of a file, packed or not: more than three times those of the largest of any set


def data_folder(data_dir: str | os.PathLike | None) -> tuple[Path, bool]:
    """The folder to look in, and whether the user named it: data_dir, else SVAE_DATA, else the user's cache."""
    named = data_dir or os.environ.get("SVAE_DATA")
    if named:
        return full_path(named), True
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


def read_bytes(path: Path, at_most: int = _LARGEST) -> bytes:
    """The content of a file, gunzipped where it is gzip.

    Args:
        path: The file.
        at_most: The bytes that it may have, packed and unpacked.

    Raises:
        InputError: The file cannot be read, is larger, truncated or still growing.
    """
    with open_file(path, at_most) as file:
        before = os.fstat(file.fileno()).st_size
        data = file.read(before + 1)  # the buffer is as large as the number, however small the file
        after = os.fstat(file.fileno()).st_size
    if not before == len(data) == after:
        raise InputError(f"{path}: it grew from {before:,} to {after:,} bytes while read: wait until it is written")
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            content = packed.read(at_most + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise unreadable(path, "gzip file", error) from None
    if len(content) > at_most:
        raise InputError(f"{path}: it unpacks to more than {at_most:,} bytes, the most expected: is it the right file?")
    return content


def read_mat(path: Path) -> dict[str, np.ndarray]:
    """The named arrays of a MATLAB file (versions 4 to 7)."""
    from scipy.io import loadmat, whosmat

    data = read_bytes(path)
    try:
        shapes = [shape for _, shape, _ in whosmat(io.BytesIO(data))]  # it reads no more than their heads
        if (size := 8 * sum(math.prod(map(int, shape)) for shape in shapes)) > 4 * _LARGEST:
            raise ValueError(f"its arrays need {size:,} bytes")
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
    rows = max(1, 2**22 // max(1, math.prod(values.shape[1:])))
    pieces = (values[start : start + rows] for start in range(0, len(values), rows))
    return torch.from_numpy(gather_uint8(path, values.dtype, values.shape, pieces))


def gather_uint8(path: Path, dtype: np.dtype, shape: tuple[int, ...], pieces: Iterable[np.ndarray]) -> np.ndarray:
    """The same for an array that comes in consecutive pieces along its first dimension.

    Args:
        path: As to_uint8's.
        dtype: Of the array.
        shape: Of the array.
        pieces: Its parts, in order.

    Returns:
        The whole of `shape`, uint8 from 0 to 255.

    Raises:
        InputError: As to_uint8.
    """
    if dtype.kind not in "buif":
        raise InputError(f"{path}: numbers of type {dtype}, expected integers, fractions or booleans")
    if 0 in shape:
        raise InputError(f"{path}: found no images, shape {shape}")
    limit, gathered, end, highest = 1 if dtype.kind in "bf" else 255, np.empty(shape, np.uint8), 0, 0
    for piece in pieces:
        minimum, maximum = piece.min(), piece.max()
        if not (minimum >= 0 and maximum <= limit):  # so written that a NaN fails too
            raise InputError(f"{path}: values from {minimum:g} to {maximum:g}, expected 0 to {limit} for {dtype}")
        start, end, highest = end, end + len(piece), max(highest, maximum)
        gathered[start:end] = np.rint(piece * np.float32(255)) if dtype.kind == "f" else piece
    if dtype.kind != "f" and highest <= 1:
        gathered *= np.uint8(255)
    return gathered
