"""Exact values of the von Mises-Fisher distribution (vMF) that several chapters draw.

The mean direction mu is e_1 throughout, so that w = <mu, z> is the first coordinate of z; kappa is the concentration.
"""

import numpy as np
import torch
from torch import Tensor
from torch.distributions import kl_divergence

from svae_lib.distributions import HypersphericalUniform, VonMisesFisher
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.ops.bessel import vmf_quantities
from svae_lib.ops.sphere import log_surface_area

W_AXIS = r"$w = \langle\mu, z\rangle$ (cosine of the angle to $\mu$)"
SHORT_W_AXIS = r"$w = \langle\mu, z\rangle$ (cosine)"


def vmf_at_pole(kappa: float, m: int) -> VonMisesFisher:
    """Distribution with mu = e_1, in float64.

    Args:
        kappa: concentration, >= 0.
        m: ambient dimension.

    Returns:
        The distribution, batch shape (), event shape (m,).
    """
    return VonMisesFisher(torch.eye(m, dtype=torch.float64)[0], float(kappa))


def marginal_density(kappa: float, m: int, w: np.ndarray) -> np.ndarray:
    r"""Density of w = <mu, z>: the vMF density at w times the area of the sphere of those z, per unit of w.

    p(w) = C_m(kappa) exp(kappa w) area(S^{m-2}) (1 - w^2)^{(m-3)/2},   -1 < w < 1

    Args:
        kappa: concentration, >= 0.
        m: ambient dimension.
        w: (...), in (-1, 1).

    Returns:
        (...), float64.

    Example:
        >>> marginal_density(0.0, 3, np.array([-0.5, 0.9]))  # Archimedes: on S^2 every height is equally likely
        array([0.5, 0.5])
    """
    height = torch.as_tensor(w, dtype=torch.float64)
    points = torch.zeros(*height.shape, m, dtype=torch.float64)
    points[..., 0], points[..., 1] = height, (1.0 - height**2).sqrt()
    log_volume_factor = log_surface_area(m - 1) + 0.5 * (m - 3) * torch.log1p(-(height**2))
    return (vmf_at_pole(kappa, m).log_prob(points) + log_volume_factor).exp().numpy()


def kl_to_uniform(ambient_dim: int, concentration) -> np.ndarray:
    """KL(vMF(mu, kappa) || uniform) on the unit sphere in R^m, in nats.

    Args:
        ambient_dim: m.
        concentration: kappa, (...), an array or a number.

    Returns:
        (...), float64.

    Example:
        >>> float(kl_to_uniform(3, 10.0).round(5))
        1.99573
    """
    return vmf_quantities(ambient_dim / 2 - 1, torch.as_tensor(concentration, dtype=torch.float64)).kl.numpy()


def kl_on_radius(ambient_dim: int, kappa: float, radius: float) -> Tensor:
    """KL between a vMF and the uniform distribution, both on the sphere of this radius, in nats.

    Args:
        ambient_dim: m.
        kappa: concentration.
        radius: > 0.

    Returns:
        (), float64.
    """
    scale, unit = torch.tensor(radius, dtype=torch.float64), vmf_at_pole(kappa, ambient_dim)
    return kl_divergence(VonMisesFisher(unit.loc, unit.concentration, scale), HypersphericalUniform(ambient_dim, scale))


def floor_kl(space: str, floor: float = 1.0) -> float:
    """KL, in nats, of the posterior on a latent space whose spheres all have kappa = floor.

    Args:
        space: a sphere or a product of spheres, by its name.
        floor: the least concentration of each sphere.

    Returns:
        The sum over the factors.

    Example:
        >>> round(floor_kl("20xs2"), 3)
        3.032
    """
    prior = parse_latent_space(space).prior()
    factors = getattr(prior, "factors", (prior,))
    return sum(float(kl_to_uniform(factor.event_shape[0], floor)) for factor in factors)


def limit_correlation(ratio: np.ndarray) -> np.ndarray:
    """Limit of A_m(a m), the mean of w at kappa = a m, as m grows: rho = 2a / (1 + sqrt(1 + 4a^2)).

    Args:
        ratio: a = kappa / m, (...).

    Returns:
        (...).

    Example:
        >>> float(limit_correlation(1.0).round(6))  # the golden ratio conjugate
        0.618034
    """
    return 2 * ratio / (1 + np.sqrt(1 + 4 * ratio**2))


def limit_kl(ratio: np.ndarray) -> np.ndarray:
    """Limit of KL / m at kappa = a m, in nats per coordinate: -log(1 - rho^2) / 2.

    Args:
        ratio: a = kappa / m, (...).

    Returns:
        (...).
    """
    return -0.5 * np.log1p(-(limit_correlation(ratio) ** 2))
