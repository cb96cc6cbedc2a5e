"""The von Mises-Fisher distribution."""

import torch
from torch import Tensor
from torch.distributions.utils import lazy_property

from svae_lib.distributions import fitting
from svae_lib.distributions.hyperspherical_uniform import HypersphericalUniform
from svae_lib.distributions.sphere_distribution import RotationallySymmetric, register_sphere_kl
from svae_lib.distributions.von_mises_fisher_sampling import sample_polar_angle
from svae_lib.ops.bessel import vmf_quantities
from svae_lib.ops.bessel_expansions import BesselQuantities
from svae_lib.ops.sphere import log_surface_area
from svae_lib.ops.transforms import is_plain_eager


class VonMisesFisher(RotationallySymmetric):
    r"""Von Mises-Fisher distribution on the sphere of radius r in R^m.

        q(r y) = r^{-(m-1)} C_m(k) exp(k <mu, y>),  C_m(k) = k^{m/2-1} / ((2 pi)^{m/2} I_{m/2-1}(k))

    mu is the argument `loc`, k (kappa) the argument `concentration`. Every method is exact for every m >= 2 and every
    k >= 0; at k = 0 it is the uniform distribution. A sample is differentiable in all three parameters; the derivative
    in k is the implicit one, exact for every m. batch_shape is (*batch) and event_shape (m,).

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
        Davidson, Falorsi, De Cao, Kipf, Tomczak, "Hyperspherical variational auto-encoders" (2018), arXiv 1804.00891.
        Mardia and Jupp, "Directional statistics" (2000), section 9.3.2.

    Example:
        >>> import torch
        >>> from svae_lib.distributions import VonMisesFisher
        >>> vmf = VonMisesFisher(torch.tensor([0.0, 0.0, 1.0]), 10.0)
        >>> vmf.mean
        tensor([0.0000, 0.0000, 0.9000])
        >>> vmf.rsample((5,)).shape
        torch.Size([5, 3])
    """

    _maximum_likelihood = staticmethod(fitting.von_mises_fisher)

    @lazy_property
    def _quantities(self) -> BesselQuantities:
        """KL to the uniform distribution, A, 1 - A and A', evaluated once for each object."""
        return vmf_quantities(0.5 * self.ambient_dim - 1.0, self.concentration)

    @property
    def _kl_to_uniform(self) -> Tensor:
        """k A + log C + log area, whose derivative in k is k A'."""
        return self._quantities.kl

    def _polar_moments(self) -> tuple[Tensor, Tensor, Tensor]:
        # E[cos theta] = A, Var[cos theta] = A', E[sin^2 theta] = 1 - A^2 - A'
        _, ratio, one_minus_ratio, ratio_derivative = self._quantities
        across = (one_minus_ratio * (1.0 + ratio) - ratio_derivative) / (self.ambient_dim - 1)
        return ratio, ratio_derivative, across

    def _log_density(self, unit: Tensor) -> Tensor:
        # log C + k w, written with 1 - w = |y - mu|^2 / 2 and 1 - A: k w and log C alone are large and nearly cancel
        versine = 0.5 * (unit - self.loc).square().sum(-1)
        k_times_w_minus_ratio = self.concentration * (self._quantities.one_minus_ratio - versine)
        return k_times_w_minus_ratio + self._quantities.kl - log_surface_area(self.ambient_dim)

    def _sample_polar_angle(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        concentration, one_minus_ratio = self.concentration.expand(shape), None
        if (torch.is_grad_enabled() and self.concentration.requires_grad) or not is_plain_eager():
            one_minus_ratio = self._quantities.one_minus_ratio.expand(shape)
        return sample_polar_angle(concentration, one_minus_ratio, self.ambient_dim)


@register_sphere_kl(VonMisesFisher, HypersphericalUniform)
def _kl_von_mises_fisher_uniform(p: VonMisesFisher, q: HypersphericalUniform) -> Tensor:
    return p._kl_to_uniform


@register_sphere_kl(HypersphericalUniform, VonMisesFisher)
def _kl_uniform_von_mises_fisher(p: HypersphericalUniform, q: VonMisesFisher) -> Tensor:
    """-log C - log area, which is k A - KL(q || p)."""
    return q.concentration * q._quantities.ratio - q._quantities.kl


@register_sphere_kl(VonMisesFisher, VonMisesFisher)
def _kl_von_mises_fisher_von_mises_fisher(p: VonMisesFisher, q: VonMisesFisher) -> Tensor:
    _, ratio, one_minus_ratio, _ = p._quantities
    return p._quantities.kl + cross_term(q, p.loc, ratio, one_minus_ratio)


def cross_term(q: VonMisesFisher, loc: Tensor, ratio: Tensor, one_minus_ratio: Tensor) -> Tensor:
    r"""Cross term of KL(p || q) = KL(p || uniform) + E_p[log(uniform / q)] on the unit sphere, for a p of known mean.

        E_p[log(uniform / q)] = -log(C area) - k E<mu, y>,  where -log(C area) = k - k (1 - A_q) - KL(q || uniform)

    Args:
        q: The second distribution, with k and mu.
        loc: Direction of p's mean, unit vectors, shape (*batch, m).
        ratio: Length of p's mean, shape (*batch).
        one_minus_ratio: 1 - ratio to its own precision, shape (*batch).

    Returns:
        The term in nats, shape (*batch).
    """
    ratio_times_versine = ratio * 0.5 * (loc - q.loc).square().sum(-1)  # versine of the angle between the directions
    one_minus_mean = one_minus_ratio + ratio_times_versine  # 1 - E<mu, y>
    return q.concentration * (one_minus_mean - q._quantities.one_minus_ratio) - q._quantities.kl
