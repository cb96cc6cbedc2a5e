"""The Power Spherical distribution."""

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.distributions.utils import lazy_property

from svae_lib.distributions import fitting
from svae_lib.distributions import power_spherical_sums as sums
from svae_lib.distributions.hyperspherical_uniform import HypersphericalUniform
from svae_lib.distributions.sphere_distribution import RotationallySymmetric, register_sphere_kl
from svae_lib.distributions.von_mises_fisher import VonMisesFisher, cross_term
from svae_lib.ops.rotation import polar_angle
from svae_lib.ops.sphere import log_surface_area
from svae_lib.ops.transforms import expansion_point, is_plain_eager


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

    _maximum_likelihood = staticmethod(fitting.power_spherical)

    @property
    def _b(self) -> float:
        return 0.5 * (self.ambient_dim - 1)

    @lazy_property
    def _log_normalizer(self) -> Tensor:
        """log E_uniform[((1 + w)/2)^k] = log Gamma(a) Gamma(2b) / (Gamma(b) Gamma(a+b))."""
        return -sums.total(torch.log1p, self.concentration, self.ambient_dim)

    @lazy_property
    def _kl_to_uniform(self) -> Tensor:
        """k E[log((1 + w)/2)] - log_normalizer."""
        return sums.total(sums.log1p_minus_fraction, self.concentration, self.ambient_dim)

    def _polar_moments(self) -> tuple[Tensor, Tensor, Tensor]:
        k, b = self.concentration, self._b
        a_plus_b = k + 2.0 * b
        mean_sin2_over_b = 4.0 * ((k + b) / a_plus_b) / (a_plus_b + 1.0)  # E[sin^2 theta] / b
        return k / a_plus_b, mean_sin2_over_b * (b / a_plus_b), 0.5 * mean_sin2_over_b

    def _log_density(self, unit: Tensor) -> Tensor:
        # (1 + w)/2 is 1 - |y - mu|^2 / 4, which keeps its digits near mu, and |y + mu|^2 / 4, which does near -mu. At
        # -mu itself, where rounding can lead, it is that of the nearest point that the dtype can tell from -mu
        k, square = self.concentration, (unit - self.loc).square().sum(-1)
        half_one_plus_w = 0.25 * (unit + self.loc).square().sum(-1)
        near = torch.special.xlog1py(k, -0.25 * square.clamp(max=2.0))
        far = torch.xlogy(k, half_one_plus_w.clamp(min=(0.25 * torch.finfo(square.dtype).eps) ** 2))
        log_power = torch.where(square <= 2.0, near, far)
        return log_power - self._log_normalizer - log_surface_area(self.ambient_dim)

    def _sample_polar_angle(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        # cos^2(theta/2) = Beta(a, b) = g_a / (g_a + g_b) by two gamma variables, which torch differentiates implicitly
        a = (self.concentration + self._b).expand(shape)
        g_a = _standard_gamma(a) + (a - a)  # of a NaN, torch draws a number
        g_b = torch._standard_gamma(torch.full_like(a, self._b))
        return polar_angle(g_b.sqrt() / g_a.sqrt())  # the roots first, because g_a can be huge


def _standard_gamma(a: Tensor) -> Tensor:
    """Gamma draws, which torch can differentiate once in reverse, and this function once in forward mode."""
    if a.is_cuda and a.dtype == torch.float32:  # there torch's derivative overflows at 1e30; on the CPU it is float64's
        return _standard_gamma(a.double()).float()
    if is_plain_eager() or forward_ad._current_level < 0:
        return torch._standard_gamma(a)
    point, h = expansion_point(a, derivatives=1)
    draw = torch._standard_gamma(point)
    return draw + h * torch._standard_gamma_grad(point, draw)


@register_sphere_kl(PowerSpherical, HypersphericalUniform)
def _kl_power_spherical_uniform(p: PowerSpherical, q: HypersphericalUniform) -> Tensor:
    return p._kl_to_uniform


@register_sphere_kl(HypersphericalUniform, PowerSpherical)
def _kl_uniform_power_spherical(p: HypersphericalUniform, q: PowerSpherical) -> Tensor:
    """log_normalizer - k E_uniform[log((1 + w)/2)]."""
    return sums.total(sums.minus_log1p, q.concentration, q.ambient_dim)


@register_sphere_kl(PowerSpherical, VonMisesFisher)
def _kl_power_spherical_von_mises_fisher(p: PowerSpherical, q: VonMisesFisher) -> Tensor:
    a_plus_b = p.concentration + 2.0 * p._b
    return p._kl_to_uniform + cross_term(q, p.loc, p.concentration / a_plus_b, 2.0 * p._b / a_plus_b)
