"""The reader's own images: a folder of pictures, or one array in a .npy or .npz file."""

import io
import os
from pathlib import Path

import numpy as np
import torch

from svae_lib.datasets.base import ImageDataset, Split, shuffled, split_by_counts
from svae_lib.datasets.files import read_bytes, to_uint8, unreadable
from svae_lib.errors import InputError

_GRAY, _COLOR = ("1", "L", "LA"), ("P", "RGB", "RGBA")  # modes of Pillow; what they show may be gray in either
PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm"}


def load_custom(path: Path) -> ImageDataset:
    """Read a folder of images of one size, or an array of images, and split it.

    Nothing is turned gray or resized. A folder whose images show no color, in whatever mode they are saved, is gray;
    else all of them have to be saved in color. An array is gray as (N, H, W), (N, H, W, 1) or (N, 1, H, W), and color
    as (N, H, W, 3) or (N, 3, H, W); where both could be meant, the last dimension is the channels. An .npz may hold
    `images` (or one array of any name) and `labels` (N,). A fixed shuffle puts a tenth in validation and a tenth in
    test, at least one image in each.

    Args:
        path: A folder, a .npy or a .npz file; for its numbers see to_uint8.

    Returns:
        A data set with the file's name.

    Raises:
        InputError: Names the file, what was found and what was expected.
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
    return ImageDataset(path.resolve().stem, *split_by_counts(shuffled(Split(images, labels)), counts))


def _read_pictures(folder: Path) -> torch.Tensor:
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES and not p.name.startswith("."))
    if not paths:
        raise InputError(f"{folder}: no images in it, expected files such as {', '.join(sorted(PICTURES))}")
    modes, images = zip(*map(_read_picture, paths), strict=True)
    for path, image in zip(paths, images, strict=True):
        if image.shape[:2] != images[0].shape[:2]:
            raise InputError(
                f"{path}: {_size(image)} pixels, but {paths[0].name} is {_size(images[0])}: all images "
                "must be of one size"
            )
    color = next((index for index, image in enumerate(images) if image.ndim == 3), None)
    if color is None:
        return torch.from_numpy(np.stack(images))
    gray = next((index for index, mode in enumerate(modes) if mode in _GRAY), None)
    if gray is not None:
        raise InputError(
            f"{paths[gray]}: gray (mode {modes[gray]}), but {paths[color].name} is color (mode {modes[color]}): "
            "save all images in color, or all in gray"
        )
    whole = [image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=-1) for image in images]
    return torch.from_numpy(np.stack(whole).transpose(0, 3, 1, 2).copy())


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"


def _read_picture(path: Path) -> tuple[str, np.ndarray]:
    """The mode of one picture, and its uint8 pixels: (H, W) where it shows no color, else (H, W, 3)."""
    from PIL import Image

    data = read_bytes(path)
    try:
        with Image.open(io.BytesIO(data)) as image:
            mode, pixels = image.mode, np.asarray(image.convert("RGB"))
            opaque = mode not in _COLOR or image.convert("RGBA").getextrema()[3][0] == 255
    except Exception as error:  # each of its formats has errors of its own
        raise unreadable(path, "image", error) from None
    if mode not in (*_GRAY, *_COLOR):
        raise InputError(f"{path}: an image of mode {mode}, expected 8-bit gray or color: save it as such first")
    if (pixels == pixels[..., :1]).all():
        return mode, pixels[..., 0]
    if not opaque:
        raise InputError(f"{path}: a color image with transparent pixels: put it on a background first")
    return mode, pixels


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
    images = _channels_first(path, images)
    if labels is not None and (labels.shape != images.shape[:1] or labels.dtype.kind not in "iu"):
        raise InputError(f"{path}: labels are {labels.dtype} {labels.shape}, expected integers ({len(images)},)")
    return to_uint8(path, images), None if labels is None else torch.from_numpy(labels.astype(np.int64))


def _channels_first(path: Path, images: np.ndarray) -> np.ndarray:
    """Images as (N, H, W), or as (N, 3, H, W) where they have three channels, first or last."""
    if images.ndim == 4 and images.shape[-1] in (1, 3):
        images = np.moveaxis(images, -1, 1)
    if images.ndim == 4 and images.shape[1] == 1:
        images = images[:, 0]
    if images.ndim != 3 and not (images.ndim == 4 and images.shape[1] == 3):
        raise InputError(
            f"{path}: images of shape {images.shape}, expected (N, H, W) for gray, "
            "(N, H, W, 3) or (N, 3, H, W) for color"
        )
    return images
