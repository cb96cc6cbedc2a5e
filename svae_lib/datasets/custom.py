"""The reader's own images: a folder of pictures, or one array in a .npy or .npz file."""

import io
import os
from pathlib import Path

import numpy as np
import torch

from svae_lib.datasets.base import ImageDataset, Split, cut, shuffled
from svae_lib.datasets.files import gray_levels, read_bytes, unreadable
from svae_lib.errors import InputError

PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm"}


def load_custom(path: Path) -> ImageDataset:
    """Read a folder of gray images of one size, or an array of images (N, H, W), and split it.

    A fixed shuffle puts a tenth in validation and a tenth in test, at least one image in each. An .npz may hold
    `images` (or one array of any name) and `labels` (N,). Numbers: see gray_levels.
    Errors: InputError naming the file, what was found and what was expected.
    """
    if not os.path.exists(path):  # False, not an error, for a name that no file system takes
        raise InputError(f"{path}: no such file or folder")
    if path.is_dir():
        images, labels = _read_pictures(path), None
    elif path.suffix in (".npy", ".npz"):
        images, labels = _read_arrays(path)
    else:
        raise InputError(f"{path}: expected a folder of images, a .npy or a .npz file")
    if len(images) < 3:
        raise InputError(f"{path}: {len(images)} images, expected at least 3: one each to train, validate and test")
    tenth = max(1, len(images) // 10)
    counts = (len(images) - 2 * tenth, tenth, tenth)
    return ImageDataset(path.resolve().stem, *cut(shuffled(Split(images, labels)), counts))


def _read_pictures(folder: Path) -> torch.Tensor:
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES and not p.name.startswith("."))
    if not paths:
        raise InputError(f"{folder}: no images in it, expected files such as {', '.join(sorted(PICTURES))}")
    images = [_read_picture(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise InputError(
                f"{path}: {_size(image)} pixels, but {paths[0].name} is {_size(images[0])}: all images "
                "must be of one size"
            )
    return torch.from_numpy(np.stack(images))


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"


def _read_picture(path: Path) -> np.ndarray:
    """One picture as uint8 (H, W); colors are refused, never averaged silently."""
    from PIL import Image

    data = read_bytes(path)
    try:
        with Image.open(io.BytesIO(data)) as image:
            mode, color = image.mode, np.asarray(image.convert("RGB"))
    except Exception as error:  # each of its formats has errors of its own
        raise unreadable(path, "image", error) from None
    if mode not in ("1", "L", "LA", "P", "RGB", "RGBA") or (color != color[..., :1]).any():
        raise InputError(f"{path}: an image of mode {mode}, expected 8-bit gray: save it as such first")
    return color[..., 0]


def _read_arrays(path: Path) -> tuple[torch.Tensor, torch.Tensor | None]:
    data = read_bytes(path)
    try:
        loaded = np.load(io.BytesIO(data), allow_pickle=False)
        arrays = {"images": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except Exception as error:  # zip, zlib and header errors all differ
        raise unreadable(path, "NumPy file", error) from None
    labels = arrays.pop("labels", None)
    if "images" not in arrays and len(arrays) != 1:
        raise InputError(f"{path}: found arrays {', '.join(arrays) or 'none'}, expected one called images")
    images = arrays.get("images", next(iter(arrays.values())))
    if images.ndim != 3:
        raise InputError(f"{path}: images of shape {images.shape}, expected (N, H, W), one gray value per pixel")
    if labels is not None and (labels.shape != images.shape[:1] or labels.dtype.kind not in "iu"):
        raise InputError(f"{path}: labels are {labels.dtype} {labels.shape}, expected integers ({len(images)},)")
    return gray_levels(path, images), None if labels is None else torch.from_numpy(labels.astype(np.int64))
