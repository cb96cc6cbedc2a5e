import math

import torch
from torch import Tensor
from torch.distributions import register_kl
from torch.distributions.utils import lazy_property

from svae_lib.distributions.hyperspherical_uniform import HypersphericalUniform
from svae_lib.distributions.sphere_distribution import RotationallySymmetric, same_radius
from svae_lib.distributions.von_mises_fisher import VonMisesFisher, cross_term
from svae_lib.ops.bessel import precise
from svae_lib.ops.sphere import log_surface_area


class PowerSpherical(RotationallySymmetric):
    r"""A cheaper bell: Power Spherical distribution on the sphere of radius r in R^m.

    q(r y) = r^{-(m-1)} (1 + <mu, y>)^k / N,   N = 2^{a+b} pi^b Gamma(a) / Gamma(a+b),  a = b + k,  b = (m-1)/2

    Its angle comes from one beta variable, cos t = 2 Beta(a, b) - 1: no rejection, no Bessel function. At equal spread
    its concentration is about twice that of a von Mises-Fisher, so never compare the two at equal k.

    Args: loc, mu, of length 1; concentration, k >= 0; radius, r > 0.
    Shapes: loc (*batch, m); concentration and radius (*batch), or numbers; batch_shape = batch, event_shape = (m,).
    Errors: as VonMisesFisher.
    Source: De Cao and Aziz, "The Power Spherical distribution" (2020), arXiv 2006.04437.

    >>> PowerSpherical(torch.tensor([0.0, 0.0, 1.0]), 20.0).mean
    tensor([0.0000, 0.0000, 0.9091])
    """

    @lazy_property
    def _shapes(self) -> tuple[Tensor, float]:
        """a and b of the beta distribution of (1 + cos t) / 2."""
        b = 0.5 * (self.ambient_dim - 1)
        return b + self.concentration, b

    def _sample_polar_angle(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        a, b = self._shapes
        # Beta by two gamma variables (torch differentiates them implicitly): both ends keep all their digits
        large = torch._standard_gamma(a.expand(shape))
        small = torch._standard_gamma(torch.full_like(large, b))
        return 2.0 * small / (large + small), 2.0 * torch.sqrt(large * small) / (large + small)

    def _polar_moments(self) -> tuple[Tensor, Tensor, Tensor]:
        a, b = self._shapes
        spread = 4.0 * a / ((a + b) * (a + b + 1.0))  # E[sin^2 t] / b
        return self.concentration / (a + b), spread * b / (a + b), 0.5 * spread

    def _log_density(self, unit: Tensor) -> Tensor:
        opposite = 0.25 * (unit + self.loc).square().sum(-1)  # (1 + w) / 2, never negative
        return torch.xlogy(self.concentration, opposite) - self._log_normalizer - log_surface_area(self.ambient_dim)

    @lazy_property
    def _log_normalizer(self) -> Tensor:
        """log E_uniform[((1 + w)/2)^k] = log Gamma(a) Gamma(2b) / (Gamma(b) Gamma(a+b))."""
        a, b = precise(self._shapes[0]), self._shapes[1]  # the two log gammas are large and nearly cancel
        value = torch.lgamma(a) - torch.lgamma(a + b) + math.lgamma(2.0 * b) - math.lgamma(b)
        return value.to(self.loc.dtype)

    @lazy_property
    def _kl_to_uniform(self) -> Tensor:
        a, b = precise(self._shapes[0]), self._shapes[1]
        mean_log = torch.digamma(a) - torch.digamma(a + b)  # E[log((1 + w)/2)]
        return self.concentration * mean_log.to(self.loc.dtype) - self._log_normalizer

    def _unit_entropy(self) -> Tensor:
        return log_surface_area(self.ambient_dim) - self._kl_to_uniform


@register_kl(PowerSpherical, HypersphericalUniform)
def _kl_power_spherical_uniform(p: PowerSpherical, q: HypersphericalUniform) -> Tensor:
    return same_radius(p, q, p._kl_to_uniform)


@register_kl(PowerSpherical, VonMisesFisher)
def _kl_power_spherical_von_mises_fisher(p: PowerSpherical, q: VonMisesFisher) -> Tensor:
    cosine, _, _ = p._polar_moments()
    a, b = p._shapes
    return same_radius(p, q, p._kl_to_uniform + cross_term(q, p.loc, cosine, 2.0 * b / (a + b)))
