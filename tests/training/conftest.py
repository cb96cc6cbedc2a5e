"""A small world to train in: eight by eight bars, which a network learns in a second."""

import pytest
import torch

from svae_lib.datasets import ImageDataset, Split
from svae_lib.models import build_vae


def bars(count: int, generator: torch.Generator) -> Split:
    """Gray bars of three positions: learnable, and gray, so that their pixels are sampled each time."""
    kinds = torch.randint(3, (count,), generator=generator)
    images = torch.full((count, 8, 8), 20, dtype=torch.uint8)
    for number, kind in enumerate(kinds):
        images[number, :, 2 * kind : 2 * kind + 3] = 200
        images[number, 7, 7] = number  # no two are equal
    return Split(images, kinds)


@pytest.fixture
def data() -> ImageDataset:
    generator = torch.Generator().manual_seed(5)
    return ImageDataset("bars", bars(50, generator), bars(20, generator), bars(20, generator))


@pytest.fixture
def make_model():
    def make(space="s2", seed=1, **options):
        torch.manual_seed(seed)
        return build_vae((8, 8), space, hidden=(16,), **options)

    return make


@pytest.fixture
def same():
    def same(one, other) -> bool:
        """Whether two sets of weights are equal to the last bit."""
        return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)

    return same
