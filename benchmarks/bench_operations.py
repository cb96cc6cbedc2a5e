"""Bessel operations and samplers against SciPy, power_spherical and bare normal noise: `make bench`."""

import numpy as np
import power_spherical
import pytest
import torch
from scipy import special

from svae_lib.distributions import VonMisesFisher
from svae_lib.ops import log_ive

DRAWS = 10_000


@pytest.mark.parametrize("ambient_dim", [20, 41, 70, 100])
def test_log_ive_against_scipy(race, ambient_dim):
    """A million points between 0.01 and 1,000, float64, forward."""
    x = np.geomspace(1e-2, 1e3, 1_000_000)
    ours, order = torch.from_numpy(x), ambient_dim / 2 - 1
    race.rounds = 7
    race(
        f"log ive, m = {ambient_dim}, 10^6 points",
        lambda: log_ive(order, ours),
        lambda: special.ive(order, x),
        "<= 0.5",
        "scipy.special.ive",
    )


def von_mises_fisher(ambient_dim: int, requires_grad: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    loc = torch.nn.functional.normalize(torch.randn(DRAWS, ambient_dim), dim=-1)
    return loc.requires_grad_(requires_grad), torch.linspace(1.0, 100.0, DRAWS).requires_grad_(requires_grad)


@pytest.mark.parametrize("ambient_dim", [3, 11, 21, 41, 100])
def test_rsample_against_power_spherical(race, ambient_dim):
    loc, concentration = von_mises_fisher(ambient_dim)
    race(
        f"rsample, m = {ambient_dim}, 10^4 draws",
        lambda: VonMisesFisher(loc, concentration, validate_args=False).rsample(),
        lambda: power_spherical.PowerSpherical(loc, concentration, validate_args=False).rsample(),
        "<= 0.91",
        "power_spherical",
    )


@pytest.mark.parametrize(("ambient_dim", "most"), [(3, 4.0), (21, 4.0), (41, 2.5), (100, 2.5)])
def test_rsample_against_normalized_noise(race, ambient_dim, most):
    loc, concentration = von_mises_fisher(ambient_dim)

    def noise() -> torch.Tensor:
        normal = torch.randn(DRAWS, ambient_dim)
        return normal / normal.norm(dim=-1, keepdim=True)

    race(
        f"rsample, m = {ambient_dim}, 10^4 draws",
        lambda: VonMisesFisher(loc, concentration, validate_args=False).rsample(),
        noise,
        f"<= {most}",
        "randn / norm",
    )


@pytest.mark.parametrize("ambient_dim", [3, 11, 41])
def test_backward_against_forward(race, ambient_dim):
    loc, concentration = von_mises_fisher(ambient_dim, requires_grad=True)
    distribution = VonMisesFisher(loc, concentration, validate_args=False)
    z = distribution.rsample()
    weight = torch.randn_like(z)
    race(
        f"backward of rsample, m = {ambient_dim}, 10^4 draws",
        lambda: torch.autograd.grad(z, (loc, concentration), weight, retain_graph=True),
        lambda: VonMisesFisher(loc, concentration, validate_args=False).rsample(),
        "<= 3",
        "its forward",
    )
