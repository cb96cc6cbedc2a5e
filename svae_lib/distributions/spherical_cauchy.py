"""The spherical Cauchy distribution."""

import math

import torch
from torch import Tensor
from torch.distributions.utils import lazy_property

from svae_lib.distributions import spherical_cauchy_expectations as expectations
from svae_lib.distributions import spherical_cauchy_fitting
from svae_lib.distributions.hyperspherical_uniform import HypersphericalUniform
from svae_lib.distributions.sphere_distribution import RotationallySymmetric, register_sphere_kl
from svae_lib.distributions.von_mises_fisher import VonMisesFisher, cross_term
from svae_lib.ops.bessel import to_float64
from svae_lib.ops.rotation import polar_angle
from svae_lib.ops.sphere import log_surface_area


class SphericalCauchy(RotationallySymmetric):
    r"""Spherical Cauchy distribution on the sphere of radius r in R^m.

        q(r y) = r^{-(m-1)} (1 + k/b)^b / (1 + k (1 - <mu, y>) / (2b))^{2b} / area,  b = (m-1)/2

    mu is the argument `loc`, k (kappa) the argument `concentration`; at k = 0 it is the uniform distribution. It is
    the image of the uniform one under the Moebius map of the ball that moves the center to rho mu,

        y = (1 - rho^2)(u + rho mu) / |u + rho mu|^2 + rho mu,  k = 2 (m-1) rho / (1 - rho)^2,

    which multiplies tan(theta/2) by (1 - rho)/(1 + rho) = (1 + k/b)^{-1/2}: no rejection, and a sample differentiable
    as often as one likes. Kato and McCullagh's parameter is rho in [0, 1). Here k takes its place, because it keeps
    its digits where rho is close to 1, no number >= 0 leaves the domain, and it means what it does elsewhere: near mu
    the density falls like a von Mises-Fisher distribution's, exp(-k (1 - <mu, y>)), to which the whole tends as m
    grows at a fixed k. Its tails are heavier, so never compare the two at equal k. batch_shape is (*batch) and
    event_shape (m,).

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
        Kato and McCullagh, "Some properties of a Cauchy family on the sphere derived from the Möbius transformations"
        (2020), arXiv 1510.07679.

    Example:
        >>> import torch
        >>> from svae_lib.distributions import SphericalCauchy
        >>> SphericalCauchy(torch.tensor([0.0, 1.0]), 4.0).mean  # on the circle it is rho mu, here with rho = 1/2
        tensor([0.0000, 0.5000])
    """

    _maximum_likelihood = staticmethod(spherical_cauchy_fitting.maximum_likelihood)

    @property
    def _b(self) -> float:
        return 0.5 * (self.ambient_dim - 1)

    @lazy_property
    def _kl_to_uniform(self) -> Tensor:
        return expectations.kl_to_uniform(self.concentration, self.ambient_dim)

    @lazy_property
    def _moments(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return expectations.moments(self.concentration, self.ambient_dim)

    def _polar_moments(self) -> tuple[Tensor, Tensor, Tensor]:
        mean, _, along, sine_square = self._moments
        return mean, along, sine_square / (self.ambient_dim - 1)

    def _log_density(self, unit: Tensor) -> Tensor:
        versine = 0.5 * (unit - self.loc).square().sum(-1)
        log_peak = (0.5 * torch.log1p(to_float64(self.concentration) / self._b)).to(versine.dtype)
        fall = torch.log1p(self.concentration / (2.0 * self._b) * versine)
        return 2.0 * self._b * (log_peak - fall) - log_surface_area(self.ambient_dim)

    def _sample_polar_angle(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        shrink = (self._b / (self._b + self.concentration)).sqrt()
        return polar_angle(shrink * _uniform_half_tangent(shape, self.ambient_dim, self.concentration))


def _uniform_half_tangent(shape: torch.Size, ambient_dim: int, like: Tensor) -> Tensor:
    """tan(theta/2) of the uniform distribution: in a plane through mu, U^{2/(m-2)} is 1 minus its squared radius."""
    angle = 2.0 * math.pi * torch.rand(shape, dtype=like.dtype, device=like.device)
    log_u = torch.rand(shape, dtype=like.dtype, device=like.device).log()
    log_gap = log_u * (2.0 / (ambient_dim - 2) if ambient_dim > 2 else math.inf)
    cosine, sine = angle.cos(), angle.sin()
    one_plus = 1.0 + cosine.abs() * (-torch.expm1(log_gap)).sqrt()
    sine_theta = torch.hypot(sine, cosine * (0.5 * log_gap).exp())
    return torch.where(cosine < 0.0, one_plus / sine_theta, sine_theta / one_plus)


@register_sphere_kl(SphericalCauchy, HypersphericalUniform)
def _kl_spherical_cauchy_uniform(p: SphericalCauchy, q: HypersphericalUniform) -> Tensor:
    return p._kl_to_uniform


@register_sphere_kl(HypersphericalUniform, SphericalCauchy)
def _kl_uniform_spherical_cauchy(p: HypersphericalUniform, q: SphericalCauchy) -> Tensor:
    """The same as the other way around: the inverse of the Moebius map that makes q is the one for -mu."""
    return q._kl_to_uniform


@register_sphere_kl(SphericalCauchy, SphericalCauchy)
def _kl_spherical_cauchy_spherical_cauchy(p: SphericalCauchy, q: SphericalCauchy) -> Tensor:
    r"""That from the uniform distribution at the hyperbolic distance L of the two, symmetric in p and q.

    cosh L - 1 = 2 sinh((L_p - L_q)/2)^2 + sinh(L_p) sinh(L_q) |mu_p - mu_q|^2 / 2,  exp(2 L_p) = 1 + k_p/b
    """
    (ratio_p, scale_p), (ratio_q, scale_q) = (_ratio_and_scale(d) for d in (p, q))
    product = scale_p * scale_q
    difference = (ratio_p - ratio_q) / (scale_p + scale_q)  # of the scales
    apart = 0.25 * (ratio_p * ratio_q / product) * to_float64(p.loc - q.loc).square().sum(-1)
    cosh_minus_one = 0.5 * (difference * (difference / product) + apart)
    kl = expectations.divergence(cosh_minus_one * (2.0 + cosh_minus_one), p.ambient_dim)
    return kl.to(torch.promote_types(p.concentration.dtype, q.concentration.dtype))


def _ratio_and_scale(d: SphericalCauchy) -> tuple[Tensor, Tensor]:
    """k/b, and exp(L) = (1 + k/b)^{1/2}."""
    ratio = to_float64(d.concentration) / d._b
    return ratio, (1.0 + ratio).sqrt()


@register_sphere_kl(SphericalCauchy, VonMisesFisher)
def _kl_spherical_cauchy_von_mises_fisher(p: SphericalCauchy, q: VonMisesFisher) -> Tensor:
    mean, one_minus_mean, _, _ = p._moments
    return p._kl_to_uniform + cross_term(q, p.loc, mean, one_minus_mean)
