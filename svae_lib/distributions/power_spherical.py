"""The Power Spherical distribution."""

import math

import torch
from torch import Tensor
from torch.distributions import register_kl
from torch.distributions.utils import lazy_property

from svae_lib.distributions.hyperspherical_uniform import HypersphericalUniform
from svae_lib.distributions.sphere_distribution import RotationallySymmetric, infinite_unless_same_radius
from svae_lib.distributions.von_mises_fisher import VonMisesFisher, cross_term
from svae_lib.ops.bessel import to_float64
from svae_lib.ops.sphere import log_surface_area


class PowerSpherical(RotationallySymmetric):
    r"""Power Spherical distribution on the sphere of radius r in R^m.

        q(r y) = r^{-(m-1)} (1 + <mu, y>)^k / N,  N = 2^{a+b} pi^b Gamma(a) / Gamma(a+b),  a = b + k,  b = (m-1)/2

    mu is the argument `loc`, k (kappa) the argument `concentration`; at k = 0 it is the uniform distribution. Its angle
    comes from one beta variable, cos(theta) = 2 Beta(a, b) - 1: no rejection, no Bessel function. At equal spread its
    k is about twice that of a von Mises-Fisher distribution, so never compare the two at equal k. batch_shape is
    (*batch) and event_shape (m,).

    Args:
        loc: Mean direction mu, unit vectors, shape (*batch, m).
        concentration: k >= 0, shape (*batch) or a number.
        radius: r > 0, shape (*batch) or a number.
        validate_args: As in torch.distributions.

    Raises:
        ValueError: If loc is not of length 1, a concentration is not finite and >= 0, a radius is not finite and > 0,
            or the shapes do not fit together.
        TypeError: If a parameter is not floating point.

    References:
        De Cao and Aziz, "The Power Spherical distribution" (2020), arXiv 2006.04437.

    Example:
        >>> import torch
        >>> from svae_lib.distributions import PowerSpherical
        >>> PowerSpherical(torch.tensor([0.0, 0.0, 1.0]), 20.0).mean
        tensor([0.0000, 0.0000, 0.9091])
    """

    @lazy_property
    def _beta_parameters(self) -> tuple[Tensor, float]:
        """a and b of the beta distribution of (1 + cos theta) / 2."""
        b = 0.5 * (self.ambient_dim - 1)
        return b + self.concentration, b

    @lazy_property
    def _log_normalizer(self) -> Tensor:
        """log E_uniform[((1 + w)/2)^k] = log Gamma(a) Gamma(2b) / (Gamma(b) Gamma(a+b))."""
        a, b = to_float64(self._beta_parameters[0]), self._beta_parameters[1]  # the log gammas nearly cancel
        value = torch.lgamma(a) - torch.lgamma(a + b) + math.lgamma(2.0 * b) - math.lgamma(b)
        return value.to(self.loc.dtype)

    @lazy_property
    def _kl_to_uniform(self) -> Tensor:
        """k E[log((1 + w)/2)] - log_normalizer."""
        a, b = to_float64(self._beta_parameters[0]), self._beta_parameters[1]
        mean_log = torch.digamma(a) - torch.digamma(a + b)  # E[log((1 + w)/2)]
        return self.concentration * mean_log.to(self.loc.dtype) - self._log_normalizer

    def _polar_moments(self) -> tuple[Tensor, Tensor, Tensor]:
        a, b = self._beta_parameters
        mean_sin2_over_b = 4.0 * a / ((a + b) * (a + b + 1.0))  # E[sin^2 theta] / b
        return self.concentration / (a + b), mean_sin2_over_b * b / (a + b), 0.5 * mean_sin2_over_b

    def _log_density(self, unit: Tensor) -> Tensor:
        half_one_plus_w = 0.25 * (unit + self.loc).square().sum(-1)  # (1 + w) / 2, never negative
        log_power = torch.xlogy(self.concentration, half_one_plus_w)
        return log_power - self._log_normalizer - log_surface_area(self.ambient_dim)

    def _sample_polar_angle(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        a, b = self._beta_parameters
        # Beta(a, b) = g_a / (g_a + g_b) by two gamma variables, which torch differentiates implicitly: 1 - Beta and
        # Beta both keep all their digits
        g_a = torch._standard_gamma(a.expand(shape))
        g_b = torch._standard_gamma(torch.full_like(g_a, b))
        return 2.0 * g_b / (g_a + g_b), 2.0 * torch.sqrt(g_a * g_b) / (g_a + g_b)

    def _unit_entropy(self) -> Tensor:
        return log_surface_area(self.ambient_dim) - self._kl_to_uniform


@register_kl(PowerSpherical, HypersphericalUniform)
def _kl_power_spherical_uniform(p: PowerSpherical, q: HypersphericalUniform) -> Tensor:
    return infinite_unless_same_radius(p, q, p._kl_to_uniform)


@register_kl(PowerSpherical, VonMisesFisher)
def _kl_power_spherical_von_mises_fisher(p: PowerSpherical, q: VonMisesFisher) -> Tensor:
    mean_cosine, _, _ = p._polar_moments()
    a, b = p._beta_parameters
    return infinite_unless_same_radius(p, q, p._kl_to_uniform + cross_term(q, p.loc, mean_cosine, 2.0 * b / (a + b)))
