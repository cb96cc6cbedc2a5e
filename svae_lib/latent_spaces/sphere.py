"""The spherical latent space."""

import copy
import math

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from svae_lib.distributions import HypersphericalUniform, PowerSpherical, SphericalCauchy, VonMisesFisher
from svae_lib.distributions import von_mises_fisher_step as step
from svae_lib.errors import InputError
from svae_lib.latent_spaces.base import LatentSpace, checked_dim, checked_size
from svae_lib.latent_spaces.concentration_heads import CONCENTRATION_HEADS
from svae_lib.latent_spaces.names import Factor
from svae_lib.ops import unit_vector
from svae_lib.ops.constants import constant, traced_constant


class Sphere(LatentSpace):
    r"""The sphere S^d of radius r in R^{d+1} with a uniform prior; the posterior is of one of three families.

    With (u, s) the encoder's m = d + 1 outputs and one more, the posterior has loc \mu = u / |u| and concentration
    \kappa = floor + head(s). event_size is m, parameter_size m + 1.

    The floor keeps training away from \kappa = 0, where a sample does not depend on \mu; 1 is the papers' choice. Its
    cost is that every image has a KL of at least KL(vMF(floor) || uniform): at floor 1, 0.152 nats on S^2, 0.0450 on
    S^10, 0.0122 on S^40. A floor of 0 costs nothing.

    The direction is a plain quotient: u = 0 has none and gives NaN, which training counts and restarts from. A clamped
    norm would silently give \mu = 0, which is not on the sphere, and samples that are not either.

    A point of the unit sphere has coordinates of standard deviation 1/\sqrt{m}, a point of a Gaussian prior 1: at
    radius \sqrt{m}, the default, a decoder's inputs have the same scale. The papers take radius 1 and softplus. The
    heads are

        softplus: log(1 + e^s)     squared_softplus: m softplus(s)^2     exp: m e^s
        inverse_variance: m / softplus(-s)^2, with which r/\sqrt{\kappa} at r = \sqrt{m}, the posterior's standard
            deviation in each direction along the sphere, is softplus(-s): what a Gaussian posterior's is

    Args:
        manifold_dim: The dimension d.
        family: Of the posterior, "vmf", "power_spherical" or "spherical_cauchy".
        radius: The radius r, or "sqrt_m" for \sqrt{m}; 1 in the papers. Posterior and prior share it. No KL depends on
            it; the decoder sees it.
        learn_radius: Whether log r is a parameter that starts at log(radius).
        concentration_floor: The smallest concentration of a posterior.
        concentration_head: "inverse_variance", "squared_softplus", "exp" or, as in the papers, "softplus".

    Raises:
        InputError: For a manifold_dim below 1, an unknown family or head, a radius not above 0, a negative floor.

    References:
        Davidson et al., arXiv 1804.00891; De Cao and Aziz, arXiv 2006.04437; Kato and McCullagh, arXiv 1510.07679.

    Example:
        >>> space = Sphere(2, radius=3.0)
        >>> z = space.posterior(torch.randn(7, space.parameter_size)).rsample()
        >>> z.shape, torch.allclose(z.norm(dim=-1), torch.tensor(3.0))
        (torch.Size([7, 3]), True)
    """

    _FAMILIES = {"vmf": VonMisesFisher, "power_spherical": PowerSpherical, "spherical_cauchy": SphericalCauchy}

    def __init__(
        self,
        manifold_dim: int,
        family: str = "vmf",
        radius: float | str = "sqrt_m",
        learn_radius: bool = False,
        concentration_floor: float = 1.0,
        concentration_head: str = "inverse_variance",
    ):
        super().__init__()
        if family not in self._FAMILIES:
            raise InputError(f"family {family!r}: choose from {', '.join(self._FAMILIES)}")
        if concentration_head not in CONCENTRATION_HEADS:
            raise InputError(f"concentration head {concentration_head!r}: choose from {', '.join(CONCENTRATION_HEADS)}")
        if not 0 <= concentration_floor < math.inf:
            raise InputError(f"concentration floor {concentration_floor}: give a finite number, 0 or above")
        self.manifold_dim, self.family = checked_dim(manifold_dim), family
        self.event_size = self.manifold_dim + 1
        self.initial_radius, self.learn_radius = self._checked_radius(radius), bool(learn_radius)
        self.concentration_floor, self.concentration_head = float(concentration_floor), concentration_head
        self.parameter_size = checked_size(self.event_size + 1)
        if learn_radius:
            self.log_radius = nn.Parameter(torch.tensor(self.initial_radius).log())
        else:  # a part of the configuration, so not of the state_dict, which could say otherwise
            self.register_buffer("_radius", torch.tensor(self.initial_radius), persistent=False)

    @property
    def config(self) -> tuple:
        options = self.initial_radius, self.learn_radius, self.concentration_floor, self.concentration_head
        return "Sphere", self.manifold_dim, self.family, *options

    @property
    def radius(self) -> Tensor:
        """The radius now: (), or (count,) for a group of factors."""
        return self.log_radius.exp() if self.learn_radius else self._radius

    def posterior(self, parameters: Tensor) -> Distribution:
        direction, concentration = self._direction_and_concentration(parameters)
        return self._FAMILIES[self.family](unit_vector(direction), concentration, self.radius, validate_args=False)

    def sample_and_kl(self, parameters: Tensor, noise: step.SphereNoise | None = None) -> tuple[Tensor, Tensor]:
        """LatentSpace.sample_and_kl; for a von Mises-Fisher posterior by one function, from `noise` if given.

        In other dtypes than float32 and float64, and for another posterior, it is the posterior's own sample,
        and `noise` is not used.
        """
        if self.family != "vmf" or parameters.dtype not in (torch.float32, torch.float64):
            return super().sample_and_kl(parameters)
        direction, concentration = self._direction_and_concentration(parameters)
        is_unit = not self.learn_radius and self.initial_radius == 1.0
        return step.sample_and_kl(direction, concentration, None if is_unit else self.radius, noise)

    def noise(self, num_steps: int, batch_size: int) -> list:
        if self.family != "vmf":
            return super().noise(num_steps, batch_size)
        radius = self.radius.detach()
        shape = batch_size, *radius.shape
        return step.draw_noise(num_steps, shape, self.event_size, radius.dtype, radius.device)

    def _fill_buffers(self) -> None:
        if not self.learn_radius:
            self._radius = torch.full_like(self._radius, self.initial_radius)

    def prior(self) -> Distribution:
        return HypersphericalUniform(self.event_size, self.radius, validate_args=False)

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        norm = a.norm(dim=-1, keepdim=True)  # the radius, whichever factor the points are from
        a, b = a / norm, b / b.norm(dim=-1, keepdim=True)
        return 2 * norm * torch.atan2(torch.cdist(a, b), torch.cdist(a, -b))  # good for near and for opposite points

    def _direction_and_concentration(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        direction, spread = parameters.split([self.event_size, 1], dim=-1)
        head = CONCENTRATION_HEADS[self.concentration_head]
        number = traced_constant if torch.compiler.is_compiling() else constant
        return direction, head(spread.squeeze(-1), self.event_size) + number(self.concentration_floor, spread)

    def _checked_radius(self, radius: float | str) -> float:
        if radius == "sqrt_m":
            return math.sqrt(self.event_size)
        if isinstance(radius, str) or not 0 < radius < math.inf:
            raise InputError(f"radius {radius}: give a finite number above 0, or sqrt_m")
        return float(radius)

    def _as_group(self, count: int) -> "Sphere":
        group = copy.deepcopy(self)
        if self.learn_radius:
            group.log_radius = nn.Parameter(self.log_radius.detach().repeat(count))
        else:
            group._radius = self._radius.repeat(count)
        return group

    def extra_repr(self) -> str:
        names = "manifold_dim", "family", "radius", "learn_radius", "concentration_floor", "concentration_head"
        return ", ".join(f"{name}={value!r}" for name, value in zip(names, self.config[1:], strict=True))

    def __str__(self) -> str:
        return str(Factor(self.family, self.manifold_dim))
