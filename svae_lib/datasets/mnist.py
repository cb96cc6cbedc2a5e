"""MNIST and the reader of its IDX files; torchvision knows the addresses and checksums."""

import math
from pathlib import Path

import numpy as np
import torch

from svae_lib.datasets._torchvision import torchvision_datasets
from svae_lib.datasets.base import DatasetSpec, Download, Split, split_by_counts
from svae_lib.datasets.files import expect, read_bytes
from svae_lib.errors import InputError

_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def idx_files(folder: str) -> tuple[str, ...]:
    return tuple(f"{folder}/raw/{name}" for name in _FILES)


def idx_downloads(folder: str) -> list[Download]:
    """The files that torchvision.datasets would download; our own downloader fetches them, because torchvision's has no
    time-out."""
    known = getattr(torchvision_datasets(), folder)
    return [
        Download(f"{folder}/raw/{name}", tuple(mirror + name for mirror in known.mirrors), f"md5:{md5}")
        for name, md5 in known.resources
    ]


def read_idx(path: Path, shape: tuple[int, ...]) -> torch.Tensor:
    """The bytes of an IDX file whose items must have `shape`: uint8 (N, *shape)."""
    data = read_bytes(path)
    magic = bytes([0, 0, 8, 1 + len(shape)])  # unsigned bytes, so many dimensions
    header = len(magic) * (2 + len(shape))
    expect(path, "magic number", data[:4].hex() or "missing (an empty file)", magic.hex())
    if len(data) < header:
        raise InputError(f"{path}: {len(data)} bytes, which is less than the header: cut short")
    count, *found = (int(n) for n in np.frombuffer(data[4:header], dtype=">u4"))
    expect(path, "image size", tuple(found), shape)
    expect(path, "length in bytes", len(data), header + count * math.prod(shape))
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)[header:].view(count, *shape)


def read_idx_sets(paths, counts):
    """Three splits; validation is the last part of the training file, as in static MNIST and in the papers' code."""
    train, train_labels = read_idx(paths[0], (28, 28)), read_idx(paths[1], ())
    test, test_labels = read_idx(paths[2], (28, 28)), read_idx(paths[3], ())
    for path, found, wanted in zip(
        paths, (train, train_labels, test, test_labels), (counts[0] + counts[1],) * 2 + (counts[2],) * 2, strict=True
    ):
        expect(path, "number of items", len(found), wanted)
    return *split_by_counts(Split(train, train_labels.long()), counts[:2]), Split(test, test_labels.long())


MNIST = DatasetSpec(
    name="mnist",
    citation="LeCun, Bottou, Bengio & Haffner, Gradient-based learning applied to document recognition, 1998",
    license="CC BY-SA 3.0",
    counts=(50_000, 10_000, 10_000),
    image_shape=(28, 28),
    megabytes=11.6,
    files=idx_files("MNIST"),
    read=read_idx_sets,
    downloads=lambda: idx_downloads("MNIST"),
)
