"""One line per distribution: every law of test_laws.py runs for every entry."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from svae_lib.distributions import HypersphericalUniform, PowerSpherical, ProductDistribution, VonMisesFisher
from tests.distributions import polar


def direction(*shape: int, dtype=torch.float64, seed: int = 3) -> Tensor:
    points = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return (points / points.norm(dim=-1, keepdim=True)).to(dtype)


@dataclass(frozen=True)
class Entry:
    name: str
    build: Callable[..., Distribution]  # (m, k, batch, dtype, radius) -> distribution
    # (m, k) -> distribution of the angle to loc (to e_1 for the uniform)
    angle: Callable[[int, float], polar.PolarDistribution]
    concentrated: bool = True  # has parameters loc and concentration

    def __str__(self) -> str:
        return self.name


def _around(family):
    def build(m: int, k: float, batch=(), dtype=torch.float64, radius: float = 1.0) -> Distribution:
        return family(direction(*batch, m, dtype=dtype), torch.full(batch, k, dtype=dtype), radius)

    return build


def _uniform(m: int, k: float = 0.0, batch=(), dtype=torch.float64, radius: float = 1.0) -> Distribution:
    return HypersphericalUniform(m, torch.full(batch, radius, dtype=dtype))


SINGLE = [
    Entry("uniform", _uniform, polar.uniform, concentrated=False),
    Entry("von_mises_fisher", _around(VonMisesFisher), polar.von_mises_fisher),
    Entry("power_spherical", _around(PowerSpherical), polar.power_spherical),
]


def product(m: int, k: float, batch=(), dtype=torch.float64, radius: float = 1.0) -> ProductDistribution:
    """A group of two vMF factors in R^m, a uniform circle, and a Power Spherical factor."""
    vmf = VonMisesFisher(direction(*batch, 2, m, dtype=dtype), torch.full((*batch, 2), k, dtype=dtype), radius)
    circle = _uniform(2, batch=batch, dtype=dtype, radius=radius)
    return ProductDistribution([Independent(vmf, 1), circle, _around(PowerSpherical)(m, k, batch, dtype, radius)])


ALL = [(entry.name, entry.build) for entry in SINGLE] + [("product", product)]
