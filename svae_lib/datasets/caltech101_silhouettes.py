"""Caltech 101 silhouettes at 28 x 28, in Marlin's three splits; here the figure is 1 and the ground 0, as in MNIST."""

import numpy as np
import torch

from svae_lib.datasets.base import DatasetSpec, Download, Split
from svae_lib.datasets.files import read_mat, take
from svae_lib.errors import InputError

_NAME = "caltech101_silhouettes_28_split1.mat"


def _read(paths, counts):
    (path,) = paths
    arrays = read_mat(path)
    for part, count in zip(("train", "val", "test"), counts, strict=True):
        pixels = take(path, arrays, f"{part}_data", (count, 784))
        if not np.isin(pixels, (0, 1)).all():
            raise InputError(f"{path}: '{part}_data' goes from {pixels.min()} to {pixels.max()}, expected 0 and 1 only")
        figures = torch.from_numpy((1 - pixels.astype(np.uint8)) * 255)  # the file stores the figure as 0,
        images = figures.reshape(-1, 28, 28).mT.contiguous()  # and each image by columns
        labels = torch.from_numpy(take(path, arrays, f"{part}_labels", (count, 1))[:, 0].astype("int64"))
        yield Split(images, labels - 1)


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
)
