"""One array of images in a .npy or .npz file, read piece by piece: no other array, and no pixel twice."""

import math
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from svae_lib.datasets.files import gather_uint8, unreadable
from svae_lib.errors import InputError
from svae_lib.memory import require_memory
from svae_lib.reading import open_file

_PIECE = 2**22  # numbers that are read at once
_BOMB = 2**28, 200  # bytes that an array may unpack to, where that is more than so many times its packed size
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_arrays(path: Path) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Read the images of a .npy or .npz file, and the labels of the second kind.

    What the head of an array says is compared with the size of the file before any of it is read.

    Args:
        path: The file.

    Returns:
        Images, (N, H, W) or (N, 3, H, W), uint8; labels (N,), int64, or None.

    Raises:
        InputError: Names the file, what was found and what was expected.
    """
    with open_file(path) as file:
        try:
            is_zip = file.read(2) == b"PK"
            file.seek(0)
            if is_zip:
                with zipfile.ZipFile(file) as archive:
                    return _read_archive(path, archive)
            size = os.fstat(file.fileno()).st_size
            return _read_images(path, file, size, size), None
        except InputError:
            raise
        except Exception as error:  # zip, zlib and header errors all differ
            raise unreadable(path, "NumPy file", error) from None


def _read_archive(path: Path, archive: zipfile.ZipFile) -> tuple[torch.Tensor, torch.Tensor | None]:
    members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    labels = members.pop("labels", None)
    if "images" not in members and len(members) != 1:
        raise InputError(f"{path}: found arrays {', '.join(members) or 'none'}, expected one called images")
    member = members.get("images", next(iter(members.values())))
    with archive.open(member) as stream:
        images = _read_images(path, stream, member.file_size, member.compress_size)
    if labels is None:
        return images, None
    with archive.open(labels) as stream:
        dtype, shape, _ = _read_header(stream, labels.file_size)
        if shape != images.shape[:1] or dtype.kind not in "iu":
            raise InputError(f"{path}: labels are {dtype} {shape}, expected integers ({len(images)},)")
        return images, torch.from_numpy(np.frombuffer(stream.read(), dtype).astype(np.int64))


def _read_images(path: Path, stream: BinaryIO, size: int, packed: int) -> torch.Tensor:
    dtype, shape, is_fortran = _read_header(stream, size)
    colors_last = len(shape) == 4 and shape[-1] in (1, 3)
    channels = (1 if len(shape) == 3 else shape[-1] if colors_last else shape[1]) if len(shape) in (3, 4) else 0
    if channels not in (1, 3):
        raise InputError(
            f"{path}: images of shape {shape}, expected (N, H, W) for gray, (N, H, W, 3) or (N, 3, H, W) for color"
        )
    if size > max(_BOMB[0], _BOMB[1] * packed):
        raise InputError(f"{path}: {packed:,} bytes that unpack to {size:,}: save the images without packing them")
    pixels = math.prod(shape)
    require_memory(2 * pixels + is_fortran * size, str(path), "resize the images, or take fewer")
    images = gather_uint8(path, dtype, shape, _pieces(stream, dtype, shape, is_fortran))
    if stream.read(1):  # at the end of a packed array its checksum is compared
        raise ValueError("it goes on after its end")
    if len(shape) == 3:
        return torch.from_numpy(images)
    if channels == 1:
        return torch.from_numpy(images.reshape(shape[0], *(shape[1:3] if colors_last else shape[2:])))
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)) if colors_last else images)


def _read_header(stream: BinaryIO, size: int) -> tuple[np.dtype, tuple[int, ...], bool]:
    """Type and shape of an array, and whether its first index runs fastest; its numbers must be what is left of it."""
    shape, is_fortran, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize != size - stream.tell():
        raise ValueError(f"an array of shape {shape} and type {dtype} in {size:,} bytes")
    return dtype, shape, is_fortran


def _pieces(stream: BinaryIO, dtype: np.dtype, shape: tuple[int, ...], is_fortran: bool) -> Iterator[np.ndarray]:
    """The array in consecutive pieces along its first dimension."""
    rows = max(1, _PIECE // max(1, math.prod(shape[1:])))
    whole = np.frombuffer(stream.read(), dtype).reshape(shape, order="F") if is_fortran else None
    for start in range(0, shape[0], rows):
        count = min(rows, shape[0] - start)
        if is_fortran:
            yield whole[start : start + count]
        else:
            data = stream.read(count * math.prod(shape[1:]) * dtype.itemsize)
            yield np.frombuffer(data, dtype).reshape(count, *shape[1:])
