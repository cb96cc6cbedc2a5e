"""Three distributions around a direction at equal KL: their concentrations, and the distribution of the angle to mu."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch.distributions import kl_divergence

from svae_lib import HypersphericalUniform, PowerSpherical, SphericalCauchy, VonMisesFisher
from svae_lib.ops.sphere import log_surface_area
from svae_lib.plotting.style import MARK, SAMPLES, SECOND

FAMILIES = {"von Mises-Fisher": VonMisesFisher, "Power Spherical": PowerSpherical, "spherical Cauchy": SphericalCauchy}
LOOKS = {
    "von Mises-Fisher": {"color": SAMPLES, "linestyle": "-", "marker": "o"},
    "Power Spherical": {"color": SECOND, "linestyle": "--", "marker": "s"},
    "spherical Cauchy": {"color": MARK, "linestyle": "-.", "marker": "^"},
}
_LEFT_OUT = 30.0  # -log of the uniform distribution's mass beyond the ends of the grid, about
_LOG_KAPPAS = (-14.0, 60.0)


def at_pole(family: str, m: int, kappa):
    """Distribution with mu = e_1, in float64.

    Args:
        family: a key of FAMILIES.
        m: ambient dimension.
        kappa: concentration, a number or an array (K,).

    Returns:
        The distribution, batch shape () or (K,), event shape (m,).
    """
    kappa = torch.as_tensor(kappa, dtype=torch.float64)
    return FAMILIES[family](torch.eye(1, m, dtype=torch.float64)[0], kappa)


def kl(family: str, m: int, kappa) -> np.ndarray:
    """KL to the uniform distribution, in nats, of the shape of kappa.

    Example:
        >>> [round(float(kl(family, 3, 10.0)), 2) for family in FAMILIES]
        [2.0, 1.49, 0.88]
    """
    return kl_divergence(at_pole(family, m, kappa), HypersphericalUniform(m)).numpy()


def concentration_at_kl(family: str, m: int, nats: float) -> float:
    """Concentration at which the KL to the uniform distribution is so many nats.

    Args:
        family: a key of FAMILIES.
        m: ambient dimension.
        nats: > 0.

    Returns:
        kappa, by grids that close in on it: the KL grows with kappa.

    Example:
        >>> [round(concentration_at_kl(family, 3, 2.0), 1) for family in FAMILIES]
        [10.0, 18.1, 45.1]
    """
    low, high = _LOG_KAPPAS
    for _ in range(7):
        grid = np.linspace(low, high, 201)
        at = int(np.searchsorted(kl(family, m, np.exp(grid)), nats).clip(1, 200))
        low, high = grid[at - 1], grid[at]
    return math.exp(0.5 * (low + high))


class Angles(NamedTuple):
    """Distribution of the angle to mu: the angle, its density per radian, P(larger angle), each (n,)."""

    angle: np.ndarray
    density: np.ndarray
    beyond: np.ndarray


def angles(family: str, m: int, nats: float) -> Angles:
    """Distribution of the angle to mu at a KL, on a grid of x = -log tan(angle / 2), from pi down to 0.

    Args:
        family: a key of FAMILIES.
        m: ambient dimension.
        nats: the KL.

    Returns:
        Angles from the largest to the smallest; those left out have less than 1e-12 of the uniform distribution. The
        probabilities are good to 0.2 %.

    Example:
        >>> found = angles("spherical Cauchy", 3, 2.0)
        >>> len(found.angle), float(found.beyond[-1].round(3))
        (1357, 1.0)
    """
    step, end = min(0.025, 0.1 / math.sqrt(m)), math.acosh(math.exp(_LEFT_OUT / (m - 1)))
    count = math.ceil((2 * end + nats / (m - 1) + 1.5) / step)
    x = (np.arange(count + 1) - math.floor(end / step)) * step  # 0, which is 90 degrees, is one of them
    angle = 2 * np.arctan(np.exp(-x))
    points = torch.zeros(len(x), m, dtype=torch.float64)
    points[:, 0], points[:, 1] = torch.from_numpy(np.tanh(x)), torch.from_numpy(1 / np.cosh(x))
    kappa = concentration_at_kl(family, m, nats)
    log_prob = at_pole(family, m, kappa).log_prob(points).numpy()
    parallel = log_surface_area(m - 1) if m > 2 else math.log(2.0)
    log_mass = log_prob + parallel - (m - 1) * np.log(np.cosh(x))  # per unit of x
    rise = np.diff(log_mass)
    rise = np.where(np.abs(rise) < 1e-5, 1e-5, rise)  # the mass between two points is that of an exponential function
    between = step * np.exp(log_mass[1:]) * -np.expm1(-rise) / rise
    return Angles(angle, np.exp(log_mass) * np.cosh(x), np.append(0.0, np.cumsum(between)))


def beyond_right_angle(family: str, m: int, nats: float) -> float:
    """Probability, at a KL, that a sample lies more than 90 degrees from mu.

    Example:
        >>> [round(beyond_right_angle(family, 3, 2.0), 6) for family in FAMILIES]
        [4.3e-05, 2e-06, 0.021248]
    """
    found = angles(family, m, nats)
    return float(found.beyond[np.argmin(np.abs(found.angle - 0.5 * math.pi))])
