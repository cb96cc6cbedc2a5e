"""One line per distribution: every law of test_laws.py runs for every entry."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from svae_lib.distributions import (
    HypersphericalUniform,
    PowerSpherical,
    ProductDistribution,
    SphericalCauchy,
    VonMisesFisher,
)
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
    Entry("spherical_cauchy", _around(SphericalCauchy), polar.spherical_cauchy),
]


def product(m: int, k: float, batch=(), dtype=torch.float64, radius: float = 1.0) -> ProductDistribution:
    """A group of two vMF factors in R^m, a uniform circle, and a Power Spherical factor."""
    vmf = VonMisesFisher(direction(*batch, 2, m, dtype=dtype), torch.full((*batch, 2), k, dtype=dtype), radius)
    circle = _uniform(2, batch=batch, dtype=dtype, radius=radius)
    return ProductDistribution([Independent(vmf, 1), circle, _around(PowerSpherical)(m, k, batch, dtype, radius)])


ALL = [(entry.name, entry.build) for entry in SINGLE] + [("product", product)]


def _uniform_of(m: int, u: Tensor, k: Tensor, radius: Tensor | float = 1.5) -> HypersphericalUniform:
    return HypersphericalUniform(m, torch.as_tensor(radius, dtype=u.dtype).expand(u.shape[:-1]))


def _around_direction(family):
    return lambda m, u, k, radius=1.5: family(u / u.norm(dim=-1, keepdim=True), k, radius)


def _product_of(m: int, u: Tensor, k: Tensor, radius: Tensor | float = 1.5) -> ProductDistribution:
    radius = torch.as_tensor(radius, dtype=u.dtype).expand(u.shape[:-1])
    loc, pair = torch.stack((u, u.flip(-1)), -2), torch.stack((k, 0.5 * k), -1)
    vmf = VonMisesFisher(loc / loc.norm(dim=-1, keepdim=True), pair, radius.unsqueeze(-1))
    factors = HypersphericalUniform(2, radius), _around_direction(PowerSpherical)(m, u, k, radius)
    return ProductDistribution([Independent(vmf, 1), *factors])


def _prior_of_product(m: int, u: Tensor, k: Tensor, radius: Tensor | float = 1.5) -> ProductDistribution:
    radius = torch.as_tensor(radius, dtype=u.dtype).expand(u.shape[:-1])
    pair = HypersphericalUniform(m, radius.unsqueeze(-1).expand(*radius.shape, 2))
    return ProductDistribution(
        [Independent(pair, 1), HypersphericalUniform(2, radius), HypersphericalUniform(m, radius)]
    )


# name: distribution and its prior from m and free parameters (u, k, radius), as functions that can be differentiated
FROM_PARAMETERS: dict[str, tuple[Callable[..., Distribution], Callable[..., Distribution]]] = {
    "uniform": (_uniform_of, _uniform_of),
    "von_mises_fisher": (_around_direction(VonMisesFisher), _uniform_of),
    "power_spherical": (_around_direction(PowerSpherical), _uniform_of),
    "spherical_cauchy": (_around_direction(SphericalCauchy), _uniform_of),
    "product": (_product_of, _prior_of_product),
}
