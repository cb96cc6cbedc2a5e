"""A folder of pictures of one size: what is taken, what is left out with a line, and what is refused."""

import io
import os
import warnings
from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from svae_lib.datasets.files import read_bytes, unreadable
from svae_lib.errors import InputError, InputWarning
from svae_lib.memory import require_memory
from svae_lib.reading import list_folder

_GRAY, _COLOR = ("1", "L", "LA"), ("P", "RGB", "RGBA")  # modes of Pillow; what they show may be gray in either
PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm"}


def read_pictures(folder: Path) -> tuple[torch.Tensor, list[int]]:
    """Read the pictures in a folder and in those below it, hidden ones left out.

    Links to folders are not followed; these, broken links and folders that may not be read are counted in a warning.

    Args:
        folder: The folder.

    Returns:
        Images, (N, H, W) or (N, 3, H, W), uint8, sorted by path; for each the place of the first image that is the same
        to the last pixel: its own, where there are no copies.

    Raises:
        InputError: Names the picture, what was found and what was expected.
    """
    paths, left_out = _find(folder)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items()))
    if not paths:
        left = f" ({counts} left out)" if counts else ""
        raise InputError(f"{folder}: no images in it{left}, expected files such as {', '.join(sorted(PICTURES))}")
    if counts:
        warnings.warn(InputWarning(f"{folder}: left out {counts}"), stacklevel=4)
    modes, images = [], []
    for path in paths:
        mode, image = _read_picture(path, paths[0], images[0] if images else None, len(paths))
        modes.append(mode)
        images.append(image)
    color = next((index for index, image in enumerate(images) if image.ndim == 3), None)
    gray = next((index for index, mode in enumerate(modes) if mode in _GRAY), None)
    if color is not None and gray is not None:
        raise InputError(
            f"{paths[gray]}: gray (mode {modes[gray]}), but {paths[color].name} is color (mode {modes[color]}): "
            "save all images in color, or all in gray"
        )
    if color is not None:
        images = [image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=-1) for image in images]
        images = [image.transpose(2, 0, 1) for image in images]
    first: dict[bytes, int] = {}
    twins = [first.setdefault(sha256(image.tobytes()).digest(), index) for index, image in enumerate(images)]
    if copies := len(images) - len(first):
        text = f"{folder}: {copies} images are copies of others, to the last pixel: kept in one split with them"
        warnings.warn(InputWarning(text), stacklevel=4)
    return torch.from_numpy(np.stack(images)), twins


def _find(folder: Path) -> tuple[list[Path], Counter]:
    """The pictures' paths, and how many of what else could hold some is left out."""
    list_folder(folder)  # or the reason why not
    paths, left_out = [], Counter()

    def refuse(_: OSError) -> None:
        left_out["folders that cannot be read"] += 1

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if name[0] != "." and name != "__MACOSX"]
        left_out["links to folders"] += sum(os.path.islink(os.path.join(place, name)) for name in folders)
        for name in names:
            path = Path(place, name)
            if name[0] == "." or path.suffix.lower() not in {*PICTURES, ""}:
                continue
            if path.is_symlink() and not os.path.lexists(os.path.realpath(path)):
                left_out["broken links"] += 1  # without a suffix it may have led to a folder
            elif path.suffix:
                paths.append(path)
    return sorted(paths), +left_out


def _read_picture(path: Path, first_path: Path, first: np.ndarray | None, count: int) -> tuple[str, np.ndarray]:
    """The mode of one picture, and its uint8 pixels: (H, W) where it shows no color, else (H, W, 3)."""
    from PIL import Image, ImageOps

    data = read_bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
        with image:
            if fault := _fault(image):
                raise InputError(f"{path}: {fault}")
            width, height = image.size
            if first is None:
                channels = 1 if image.mode in _GRAY else 3  # all pictures twice, and one on its way
                needed = (2 * channels * count + 12) * width * height
                require_memory(needed, str(first_path.parent), "resize the images, or take fewer")
            elif sorted(first.shape[:2]) != sorted((height, width)):  # before it is unpacked
                raise _two_sizes(path, (height, width), first_path, first)
            mode, image = image.mode, ImageOps.exif_transpose(image)
            alphas = image.convert("RGBA") if image.has_transparency_data else None
            opaque = alphas is None or alphas.getextrema()[3][0] == 255
            pixels = np.asarray((alphas or image).convert("RGB"))  # Pillow warns of palettes straight to RGB
    except InputError:
        raise
    except Exception as error:  # each of its formats has errors of its own
        raise unreadable(path, "image", error) from None
    if first is not None and first.shape[:2] != pixels.shape[:2]:
        raise _two_sizes(path, pixels.shape, first_path, first)
    is_gray = (pixels == pixels[..., :1]).all()
    if not opaque:
        kind = "gray" if is_gray else "color"
        raise InputError(f"{path}: a {kind} image with transparent pixels: put it on a background first")
    return mode, np.ascontiguousarray(pixels[..., 0]) if is_gray else pixels


def _fault(image) -> str | None:
    """Why a picture that Pillow has opened and not yet unpacked is none of 8 bits, gray or color."""
    for codec, _, _, arguments in image.tile:
        for each in arguments if isinstance(arguments, tuple) else (arguments,):
            if ";16" in str(each) or (codec.startswith("ppm") and isinstance(each, int) and each > 255):
                return f"16 bits a channel, in mode {image.mode}, expected 8-bit gray or color: save it as such first"
    if image.mode not in (*_GRAY, *_COLOR):
        return f"an image of mode {image.mode}, expected 8-bit gray or color: save it as such first"
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:  # what follows in an MPO are previews
        return f"{image.n_frames} frames or pages, expected one image: save each as a file of its own"
    return None


def _two_sizes(path: Path, shape: tuple[int, ...], first_path: Path, first: np.ndarray) -> InputError:
    sizes = [f"{each[1]} x {each[0]}" for each in (shape, first.shape)]
    return InputError(f"{path}: {sizes[0]} pixels, but {first_path.name} is {sizes[1]}: all images must be of one size")
