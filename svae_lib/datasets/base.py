"""Data sets as three splits of images, gray or color, and the binarization of their pixels."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from svae_lib.errors import InputError

SHUFFLE_SEED = 1804  # which image is in which split, where the source does not say
HELD_OUT_SEED = 910  # of the pixels of validation and test images; neither seed is ever a run's
_DIGESTED = 2**24  # pixels in the digest of a split


@dataclass(frozen=True)
class Split:
    """One split of a data set.

    Args:
        images: (N, H, W), or (N, 3, H, W) in color: red, green, blue; uint8 from 0 to 255.
        labels: (N,), int64, where the source has them.

    Raises:
        ValueError: For other types or shapes.
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
    """A data set by name, in the three splits its papers use.

    Args:
        name: As in metrics.json.
        train: Images to train on.
        validation: Images to choose the best epoch by.
        test: Images to score the chosen model on.
    """

    name: str
    train: Split
    validation: Split
    test: Split

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(H, W), or (3, H, W) in color."""
        return tuple(self.train.images.shape[1:])

    @property
    def fingerprint(self) -> str:
        """The counts and the size of the images and a digest of them, which tells other images of the same size apart.

        The digest is of all labels and of every k-th image, with k = 1 up to some 16 million pixels, so that it takes
        less than a tenth of a second.
        """
        splits, digest = (self.train, self.validation, self.test), hashlib.sha256()
        for split in splits:
            digest.update(split.images[:: 1 + split.images.numel() // _DIGESTED].cpu().contiguous().numpy())
            if split.labels is not None:
                digest.update(split.labels.cpu().contiguous().numpy())
        counts = " + ".join(f"{len(split):,}" for split in splits)
        return f"{counts} images of {size_text(self.image_shape)}, sha256 {digest.hexdigest()[:16]}"

    def check_fingerprint(self, stored: str | None, where: object) -> None:
        """Compare with the images that a training had.

        Args:
            stored: Their fingerprint; None where a version that wrote none has stored the training.
            where: The file that it is from.

        Raises:
            InputError: They are others.
        """
        if stored not in (None, self.fingerprint):
            raise InputError(f"{where} is of a training on {stored}, and {self.name} has {self.fingerprint}: "
                             "put the images of the training back")  # fmt: skip


def size_text(image_shape: tuple[int, ...]) -> str:
    """The size of an image in words.

    Example:
        >>> size_text((28, 20)), size_text((3, 32, 32))
        ('28 x 20', '3 x 32 x 32')
    """
    return " x ".join(map(str, image_shape))


def to_unit(images: Tensor) -> Tensor:
    """Scale intensities to [0, 1].

    Args:
        images: Any shape, uint8 from 0 to 255.

    Returns:
        The same shape, float32, on the same device.

    Example:
        >>> to_unit(torch.tensor([[[0, 51, 255]]], dtype=torch.uint8))
        tensor([[[0.0000, 0.2000, 1.0000]]])
    """
    return images.to(torch.float32) / 255


def binarize(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Sample each pixel as 1 or 0, P(1) = intensity / 255. Images that are binary already (0 and 255) stay as they are.

    Args:
        images: Any shape, uint8 from 0 to 255.
        generator: Of the images' device; None is torch's global one.

    Returns:
        Zeros and ones of the same shape, float32, on the same device.

    References:
        Salakhutdinov and Murray, "On the quantitative analysis of deep belief networks", ICML 2008.

    Example:
        >>> binarize(torch.tensor([[[0, 255]]], dtype=torch.uint8))
        tensor([[[0., 1.]]])
    """
    if generator is not None:  # as every stored figure was scored
        noise = torch.rand(images.shape, generator=generator, device=images.device)
        return (noise < to_unit(images)).to(torch.float32)
    noise = torch.randint(255, images.shape, dtype=torch.uint8, device=images.device)  # bytes take a third of the time
    return torch.lt(noise, images, out=torch.empty(images.shape, device=images.device))


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
    return split[shuffled_order(len(split))]


def shuffled_order(count: int) -> Tensor:
    """A permutation of so many images, fixed by SHUFFLE_SEED."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(SHUFFLE_SEED))


def split_by_counts(split: Split, counts: tuple[int, ...]) -> list[Split]:
    """Consecutive pieces of the given lengths."""
    ends = np.cumsum(counts)
    return [split[end - count : end] for count, end in zip(counts, ends, strict=True)]


@dataclass(frozen=True)
class Download:
    """A file to fetch.

    Args:
        file: Its place under the data folder.
        urls: Its addresses, tried in this order.
        checksum: "md5:..." or "sha256:...", where it is known.
    """

    file: str
    urls: tuple[str, ...]
    checksum: str | None = None


@dataclass(frozen=True)
class DatasetSpec:
    """Description of a data set, known before it is read.

    Args:
        name: What load_dataset calls it.
        citation: The paper to cite.
        license: As far as it is known.
        counts: Training, validation and test images.
        image_shape: Height and width.
        megabytes: Of the files as they are downloaded; None where it is not known.
        files: Under the data folder; each may carry .gz, or lie bare in the folder.
        read: Gives the three splits of the files' paths and the counts.
        downloads: Gives the files to fetch; called only to fetch them.
        note: One line for whoever loads it, on what sets its figures apart; mostly empty.
        substitute: The fields that differ where `files` are not there, but another file of the same images is.
    """

    name: str
    citation: str
    license: str
    counts: tuple[int, int, int]
    image_shape: tuple[int, int]
    megabytes: float | None
    files: tuple[str, ...]
    read: Callable[[list[Path], tuple[int, int, int]], Iterable[Split]]
    downloads: Callable[[], list[Download]]
    note: str = ""
    substitute: dict[str, Any] = field(default_factory=dict)

    def load(self, paths: list[Path]) -> ImageDataset:
        """Read the files.

        Args:
            paths: One for each of `files`.

        Raises:
            InputError: A file is damaged; names it, what was found and what was expected.
        """
        return ImageDataset(self.name, *self.read(paths, self.counts))
