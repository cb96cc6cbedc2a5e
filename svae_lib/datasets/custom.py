"""The reader's own images: a folder of pictures, or one array in a .npy or .npz file."""

from collections import Counter
from itertools import accumulate
from pathlib import Path

import torch

from svae_lib.datasets.arrays import read_arrays
from svae_lib.datasets.base import ImageDataset, Split, shuffled_order
from svae_lib.datasets.pictures import read_pictures
from svae_lib.errors import InputError
from svae_lib.reading import exists


def load_custom(path: Path) -> ImageDataset:
    """Read a folder of images of one size, or an array of images, and split it.

    Nothing is turned gray or resized. A folder whose images show no color, in whatever mode they are saved, is gray;
    else all of them have to be saved in color. An array is gray as (N, H, W), (N, H, W, 1) or (N, 1, H, W), and color
    as (N, H, W, 3) or (N, 3, H, W); where both could be meant, the last dimension is the channels. An .npz may hold
    `images` (or one array of any name) and `labels` (N,). A fixed shuffle puts a tenth in validation and a tenth in
    test, at least one image in each; images of a folder that are the same to the last pixel stay in one split.

    A picture is turned as its EXIF orientation says. Transparent pixels, several frames or pages and 16 bits a channel
    are refused. Hidden folders and __MACOSX are not looked into.

    Args:
        path: A folder, a .npy or a .npz file; for its numbers see to_uint8.

    Returns:
        A data set with the file's name.

    Raises:
        InputError: Names the file, what was found and what was expected.
    """
    if not exists(path):
        raise InputError(f"{path}: no such file or folder")
    twins = None
    if path.is_dir():
        images, twins = read_pictures(path)
        labels = None
    elif path.suffix in (".npy", ".npz"):
        images, labels = read_arrays(path)
    else:
        raise InputError(f"{path}: expected a folder of images, a .npy or a .npz file")
    different = len(images) if twins is None else len(set(twins))
    if different < 3:
        count = f"{len(images)} images" + (f", of which {different} differ" if different < len(images) else "")
        raise InputError(f"{path}: {count}, expected at least 3: one each to train, validate and test")
    order = shuffled_order(len(images))
    counts = _counts(len(images))
    if twins is not None and different < len(images):
        order, counts = _copies_together(order, twins)
    parts = (order[end - count : end] for count, end in zip(counts, accumulate(counts), strict=True))
    return ImageDataset(path.resolve().stem, *(Split(images, labels)[part] for part in parts))


def _counts(count: int) -> tuple[int, int, int]:
    tenth = max(1, count // 10)
    return count - 2 * tenth, tenth, tenth


def _copies_together(order: torch.Tensor, twins: list[int]) -> tuple[torch.Tensor, tuple[int, int, int]]:
    """An order with equal images beside each other, the most frequent first, and splits that part no two of them."""
    frequency, place = Counter(twins), {}
    for index in order.tolist():
        place.setdefault(twins[index], len(place))
    order = torch.tensor(sorted(order.tolist(), key=lambda each: (-frequency[twins[each]], place[twins[each]])))
    groups = [frequency[twin] for twin in dict.fromkeys(twins[index] for index in order.tolist())]
    _, *wanted = _counts(len(twins))
    sizes = []
    for left, size in zip((2, 1), wanted, strict=True):  # test images, then validation images, from the end
        held_out = groups.pop()
        while held_out + groups[-1] <= size and len(groups) > left:
            held_out += groups.pop()
        sizes.append(held_out)
    return order, (sum(groups), sizes[1], sizes[0])
