"""Caltech 101 silhouettes at 28 x 28; here the figure is 1 and the ground 0, as in MNIST.

Marlin published them twice: in his three splits, which the papers use, and as one table without splits. Where only the
table is there, it is split by a fixed seed into parts of the same sizes: these are not the papers' splits, and figures
on the two test sets must not be compared.
"""

import numpy as np
import torch

from svae_lib.datasets.base import DatasetSpec, Download, Split, shuffled, split_by_counts
from svae_lib.datasets.files import read_mat, take
from svae_lib.errors import InputError

_NAME = "caltech101_silhouettes_28_split1.mat"


def _split(path, arrays, names, count, labels_shape):
    """The images and labels that two of a file's arrays hold."""
    pixels, labels = (
        take(path, arrays, name, shape) for name, shape in zip(names, ((count, 784), labels_shape), strict=True)
    )
    if not np.isin(pixels, (0, 1)).all():
        raise InputError(f"{path}: {names[0]!r} goes from {pixels.min()} to {pixels.max()}, expected 0 and 1 only")
    figures = torch.from_numpy((1 - pixels.astype(np.uint8)) * 255)  # the file stores the figure as 0,
    images = figures.reshape(-1, 28, 28).mT.contiguous()  # and each image by columns
    return Split(images, torch.from_numpy(labels.reshape(-1).astype("int64")) - 1)


def _read(paths, counts):
    (path,) = paths
    arrays = read_mat(path)
    for part, count in zip(("train", "val", "test"), counts, strict=True):
        yield _split(path, arrays, (f"{part}_data", f"{part}_labels"), count, (count, 1))


def _read_table(paths, counts):
    (path,) = paths
    total = sum(counts)
    return split_by_counts(shuffled(_split(path, read_mat(path), ("X", "Y"), total, (1, total))), counts)


CALTECH101_SILHOUETTES = DatasetSpec(
    name="caltech101_silhouettes",
    citation="Marlin, Swersky, Chen & de Freitas, Inductive principles for restricted Boltzmann machine learning, "
    "AISTATS 2010",
    license="none stated; made from Caltech 101 (CC BY 4.0)",
    counts=(4_100, 2_264, 2_307),
    image_shape=(28, 28),
    megabytes=None,
    files=(f"Caltech101Silhouettes/{_NAME}",),
    read=_read,
    downloads=lambda: [
        Download(f"Caltech101Silhouettes/{_NAME}", (f"https://people.cs.umass.edu/~marlin/data/{_NAME}",))
    ],
    substitute={
        "files": ("Caltech101Silhouettes/caltech101_silhouettes_28.mat",),
        "read": _read_table,
        "note": "not the papers' splits, but ours by a fixed seed",
    },
)
