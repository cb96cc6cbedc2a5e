"""Grey images by name: load_dataset("mnist_5k").train.images is uint8 (4000, 28, 28)."""

import os

from svae_lib.datasets.base import (
    ImageDataset,
    Source,
    Split,
    binarize,
    held_out_images,
    to_unit,
)
from svae_lib.datasets.files import data_folder, locate
from svae_lib.datasets.mnist import MNIST
from svae_lib.datasets.mnist_5k import MNIST_5K
from svae_lib.errors import InputError

__all__ = ["ImageDataset", "Split", "binarize", "dataset_names", "held_out_images", "load_dataset", "to_unit"]

SOURCES: dict[str, Source] = {source.name: source for source in (MNIST_5K, MNIST)}


def dataset_names() -> tuple[str, ...]:
    """The names that load_dataset knows.

    >>> dataset_names()[0]
    'mnist_5k'
    """
    return tuple(SOURCES)


def load_dataset(name_or_path: str, data_dir: str | os.PathLike | None = None) -> ImageDataset:
    """Load a data set."""
    if name_or_path not in SOURCES:
        raise InputError(f"unknown data set {name_or_path!r}: choose from {', '.join(dataset_names())}")
    source = SOURCES[name_or_path]
    folder, named = data_folder(data_dir)
    paths = [locate(folder, file) for file in source.files]
    if None in paths:
        raise InputError(f"{source.name} is not in {folder}")
    return source.load(paths)
