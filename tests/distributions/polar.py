"""The distribution of the angle to the mean direction, by brute-force quadrature of the textbook density.

versine is 1 - cos(theta), as in svae_lib.ops.rotation. Nothing here is taken from the library: it is the tests' truth.
"""

import numpy as np
from scipy.special import xlogy


class PolarDistribution:
    """Exact moments, CDF and expectations of a rotationally symmetric distribution on S^{m-1}.

    `log_density(w, one_plus_w)` is the log density in w = cos theta, up to a constant. The trapezoid rule runs in
    z = log tan(theta/2), where each of these has exponential tails, so that it converges to rounding.
    """

    def __init__(self, ambient_dim: int, log_density):
        z = np.linspace(-45.0, 45.0, 360_001)
        square = np.exp(2 * z)
        self.versine, one_plus = 2 * square / (1 + square), 2 / (1 + square)
        log_sine = np.log(2) + z - np.log1p(square)
        # sin^{m-2} theta dtheta, and dtheta = sin theta dz
        log_mass = log_density(self.versine, one_plus) + (ambient_dim - 1) * log_sine
        self.log_mass = log_mass - log_mass.max()
        self.log_mass -= np.log(np.exp(self.log_mass).sum())
        self.mass = np.exp(self.log_mass)
        self.sine = np.exp(log_sine)
        cumulative = np.cumsum(self.mass)
        self.cdf_values = cumulative - 0.5 * self.mass

    def mean(self, values: np.ndarray) -> float:
        return float(self.mass @ values)

    @property
    def cosine(self) -> float:
        return 1.0 - self.mean(self.versine)

    @property
    def along(self) -> float:
        """Var[cos theta]."""
        return self.mean((self.versine - self.mean(self.versine)) ** 2)

    @property
    def across(self) -> float:
        """E[sin^2 theta]."""
        return self.mean(self.sine**2)

    def cdf(self, versine: np.ndarray) -> np.ndarray:
        """P(1 - cos theta <= versine)."""
        return np.interp(np.log(np.maximum(versine, 1e-300)), np.log(self.versine), self.cdf_values)


def von_mises_fisher(ambient_dim: int, k: float) -> PolarDistribution:
    return PolarDistribution(ambient_dim, lambda versine, _: -k * versine)


def power_spherical(ambient_dim: int, k: float) -> PolarDistribution:
    return PolarDistribution(ambient_dim, lambda _, one_plus: xlogy(k, one_plus))


def spherical_cauchy(ambient_dim: int, k: float) -> PolarDistribution:
    """((1 - rho^2) / (1 + rho^2 - 2 rho w))^(m-1), where k = 2 (m-1) rho / (1 - rho)^2, up to a constant."""
    ratio = k / (ambient_dim - 1)
    return PolarDistribution(ambient_dim, lambda versine, _: (1 - ambient_dim) * np.log1p(ratio * versine))


def uniform(ambient_dim: int, _: float = 0.0) -> PolarDistribution:
    return PolarDistribution(ambient_dim, lambda versine, _: np.zeros_like(versine))
