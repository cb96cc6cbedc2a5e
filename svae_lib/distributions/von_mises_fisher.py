import torch
from torch import Tensor
from torch.distributions import register_kl
from torch.distributions.utils import lazy_property

from svae_lib.distributions.hyperspherical_uniform import HypersphericalUniform
from svae_lib.distributions.sphere_distribution import RotationallySymmetric, same_radius
from svae_lib.distributions.von_mises_fisher_sampling import sample_polar_angle
from svae_lib.ops.bessel import vmf_quantities
from svae_lib.ops.bessel_expansions import BesselQuantities
from svae_lib.ops.sphere import log_surface_area


class VonMisesFisher(RotationallySymmetric):
    r"""The bell of the sphere: von Mises-Fisher distribution on the sphere of radius r in R^m.

    q(r y) = r^{-(m-1)} C_m(k) exp(k <mu, y>),   C_m(k) = k^{m/2-1} / ((2 pi)^{m/2} I_{m/2-1}(k))

    Every method is exact for every m >= 2 and every concentration k >= 0; at k = 0 it is the uniform distribution.
    A draw is differentiable in all three parameters; the derivative in k is the implicit one, exact for every m.

    Args: loc, mu, the mean direction, of length 1; concentration, k >= 0; radius, r > 0.
    Shapes: loc (*batch, m); concentration and radius (*batch), or numbers; batch_shape = batch, event_shape = (m,).
    Errors: ValueError for a loc that is not of length 1, a concentration or radius that is negative, infinite or NaN,
    and for shapes that do not fit together; TypeError for integer tensors.
    Source: Davidson et al. (2018), arXiv 1804.00891; Mardia and Jupp, "Directional Statistics" (2000), section 9.3.2.

    >>> vmf = VonMisesFisher(torch.tensor([0.0, 0.0, 1.0]), 10.0)
    >>> vmf.mean
    tensor([0.0000, 0.0000, 0.9000])
    >>> vmf.rsample((5,)).shape
    torch.Size([5, 3])
    """

    @lazy_property
    def _terms(self) -> BesselQuantities:
        """KL to the uniform, A, 1 - A and A', from one evaluation for each object."""
        return vmf_quantities(0.5 * self.ambient_dim - 1.0, self.concentration)

    def _sample_polar_angle(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        concentration, one_minus_ratio = self.concentration.expand(shape), None
        if torch.is_grad_enabled() and self.concentration.requires_grad:
            one_minus_ratio = self._terms.one_minus_ratio.expand(shape)
        return sample_polar_angle(concentration, one_minus_ratio, self.ambient_dim)

    def _polar_moments(self) -> tuple[Tensor, Tensor, Tensor]:
        _, ratio, one_minus_ratio, slope = self._terms
        return ratio, slope, (one_minus_ratio * (1.0 + ratio) - slope) / (self.ambient_dim - 1)

    def _log_density(self, unit: Tensor) -> Tensor:
        # log C + k w, written with 1 - w = |y - mu|^2 / 2 and 1 - A: k w and log C alone are large and nearly cancel
        versine = 0.5 * (unit - self.loc).square().sum(-1)
        peak = self.concentration * (self._terms.one_minus_ratio - versine)
        return peak + self._terms.kl - log_surface_area(self.ambient_dim)

    def _unit_entropy(self) -> Tensor:
        return log_surface_area(self.ambient_dim) - self._terms.kl


@register_kl(VonMisesFisher, HypersphericalUniform)
def _kl_von_mises_fisher_uniform(p: VonMisesFisher, q: HypersphericalUniform) -> Tensor:
    """k A + log C + log area; its derivative in k is k A', and the radius does not matter."""
    return same_radius(p, q, p._terms.kl)


@register_kl(VonMisesFisher, VonMisesFisher)
def _kl_von_mises_fisher_von_mises_fisher(p: VonMisesFisher, q: VonMisesFisher) -> Tensor:
    return same_radius(p, q, p._terms.kl + cross_term(q, p.loc, p._terms.ratio, p._terms.one_minus_ratio))


def cross_term(q: VonMisesFisher, loc: Tensor, ratio: Tensor, one_minus_ratio: Tensor) -> Tensor:
    """-log area - E_p[log q] on the unit sphere, for a p with mean ratio * loc; one_minus_ratio = 1 - ratio.

    It is -log(C area) - k E<mu, y>, where -log(C area) = k - k (1 - A_q) - KL(q || uniform).
    """
    angle = ratio * 0.5 * (loc - q.loc).square().sum(-1)
    return q.concentration * (one_minus_ratio + angle - q._terms.one_minus_ratio) - q._terms.kl
