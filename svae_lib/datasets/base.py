"""Data sets as three splits of images, gray or color, and the binarization of their pixels."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

SHUFFLE_SEED = 1804  # which image is in which split, where the source does not say
HELD_OUT_SEED = 910  # of the pixels of validation and test images; neither seed is ever a run's


@dataclass(frozen=True)
class Split:
    """Images, uint8 from 0 to 255, and their labels (N,), int64, where the source has them.

    Images are (N, H, W), or (N, 3, H, W) in color: red, green, blue.
    """

    images: Tensor
    labels: Tensor | None = None

    def __post_init__(self):
        shape = tuple(self.images.shape)
        if self.images.dtype != torch.uint8 or not (len(shape) == 3 or (len(shape) == 4 and shape[1] == 3)):
            raise ValueError(f"images must be uint8 (N, H, W) or (N, 3, H, W), not {self.images.dtype} {shape}")
        if self.labels is not None and self.labels.shape != self.images.shape[:1]:
            raise ValueError(f"{len(self.images)} images with labels of shape {tuple(self.labels.shape)}")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index) -> "Split":
        """The images (and labels) that a slice or an index tensor picks."""
        return Split(self.images[index], None if self.labels is None else self.labels[index])


@dataclass(frozen=True)
class ImageDataset:
    """A data set by name, in the three splits its papers use."""

    name: str
    train: Split
    validation: Split
    test: Split

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(H, W), or (3, H, W) in color."""
        return tuple(self.train.images.shape[1:])


def size_text(image_shape: tuple[int, ...]) -> str:
    """The size of an image in words.

    >>> size_text((28, 20)), size_text((3, 32, 32))
    ('28 x 20', '3 x 32 x 32')
    """
    return " x ".join(map(str, image_shape))


def to_unit(images: Tensor) -> Tensor:
    """Intensities 0..255 as float32 in [0, 1], same shape and device.

    >>> to_unit(torch.tensor([[[0, 51, 255]]], dtype=torch.uint8))
    tensor([[[0.0000, 0.2000, 1.0000]]])
    """
    return images.to(torch.float32) / 255


def binarize(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Sample each pixel as 1 or 0, P(1) = intensity / 255 (Salakhutdinov & Murray, ICML 2008).

    Returns float32 zeros and ones of the same shape, sampled on the images' device from `generator`, or from torch's
    global state where none is given. Images that are already binary (0 and 255) stay as they are.

    >>> binarize(torch.tensor([[[0, 255]]], dtype=torch.uint8))
    tensor([[[0., 1.]]])
    """
    noise = torch.rand(images.shape, generator=generator, device=images.device)
    return (noise < to_unit(images)).to(torch.float32)


def held_out_images(split: Split, likelihood: nn.Module) -> Tensor:
    """Observe the images of a validation or test split as they are scored.

    Where the likelihood samples its pixels, it does so once, from a seed of their own, so that every run and every
    later evaluation scores the same pixels.

    Args:
        split: N images.
        likelihood: a svae_lib.models.likelihoods.Likelihood: the model's, `model.likelihood`.

    Returns:
        (N, *image_shape), float32 in [0, 1], on the images' device.
    """
    # observed on the CPU, because each device's generator would draw other pixels from the same seed
    images = likelihood.observe(split.images.cpu(), torch.Generator().manual_seed(HELD_OUT_SEED))
    return images.to(split.images.device)


def shuffled(split: Split) -> Split:
    """The same images in an order fixed by SHUFFLE_SEED; no global random state is read or changed."""
    return split[torch.randperm(len(split), generator=torch.Generator().manual_seed(SHUFFLE_SEED))]


def cut(split: Split, counts: tuple[int, ...]) -> list[Split]:
    """Consecutive pieces of the given lengths."""
    ends = np.cumsum(counts)
    return [split[end - count : end] for count, end in zip(counts, ends, strict=True)]


@dataclass(frozen=True)
class Download:
    """File to fetch: its place under the data folder, its addresses, and its checksum if one is known."""

    file: str
    urls: tuple[str, ...]
    checksum: str | None = None  # "md5:..." or "sha256:..."


@dataclass(frozen=True)
class DatasetSpec:
    """Description of a data set, known before it is read."""

    name: str
    citation: str
    license: str
    counts: tuple[int, int, int]  # training, validation, test images
    image_shape: tuple[int, int]
    megabytes: float | None  # of the files as they are downloaded; None where it is not known
    files: tuple[str, ...]  # under the data folder; each may carry .gz, or lie bare in the folder
    read: Callable[[list[Path], tuple[int, int, int]], Iterable[Split]]
    downloads: Callable[[], list[Download]]

    def load(self, paths: list[Path]) -> ImageDataset:
        """Read the files, one path for each of `files`. Errors: InputError naming the file and what is wrong in it."""
        return ImageDataset(self.name, *self.read(paths, self.counts))
