"""What every distribution on a sphere shares: its radius, its support, and the form z = r (cos t mu + sin t v)."""

from numbers import Number
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from svae_lib.distributions import constraints
from svae_lib.ops.sphere import place_at_angle


def floating(name: str, value: Any, like: Tensor | None = None) -> Tensor:
    """The parameter as a floating-point tensor (a number takes the dtype and device of `like`), or a TypeError."""
    if isinstance(value, Number) and not isinstance(value, (bool, complex)):
        return torch.as_tensor(float(value)) if like is None else like.new_tensor(float(value))
    if isinstance(value, Tensor) and value.is_floating_point():
        return value
    found = f"a tensor of {value.dtype}" if isinstance(value, Tensor) else repr(value)
    raise TypeError(f"{name} must be a number or a floating-point tensor, found {found}: convert it with .float()")


class SphereDistribution(Distribution):
    """A distribution on the sphere of radius r in R^m: shapes (*batch,) and (m,)."""

    has_rsample = True
    radius: Tensor

    @property
    def ambient_dim(self) -> int:
        """m, the number of coordinates; the sphere itself has m - 1 dimensions."""
        return self.event_shape[0]

    @property
    def support(self) -> constraints.Sphere:
        return constraints.Sphere(self.radius)

    def select(self, index: int) -> "SphereDistribution":
        """The distribution at one place of the last batch dimension."""
        raise NotImplementedError

    def _log_growth(self) -> Tensor:
        """(m - 1) log r, by which the area of the sphere exceeds the unit sphere's, in logarithms."""
        return (self.ambient_dim - 1) * self.radius.log()


class RotationallySymmetric(SphereDistribution):
    r"""A distribution whose density depends on z by the angle to one direction only.

    A subclass tells the law of that angle: `_sample_polar_angle`, `_polar_moments`, `_log_density`, `_unit_entropy`.
    """

    arg_constraints = {
        "loc": constraints.unit_vector,
        "concentration": constraints.concentration,
        "radius": constraints.radius,
    }

    def __init__(self, loc: Tensor, concentration: Tensor | float, radius: Tensor | float = 1.0, validate_args=None):
        if not isinstance(loc, Tensor):
            raise TypeError(f"loc must be a floating-point tensor of shape (*batch, m), found {loc!r}")
        loc = floating("loc", loc)
        concentration = floating("concentration", concentration, like=loc)
        if loc.ndim < 1 or loc.shape[-1] < 2:
            raise ValueError(f"loc must have the shape (*batch, m) with m >= 2, found {tuple(loc.shape)}")
        radius = floating("radius", radius, like=loc)
        try:
            batch_shape = torch.broadcast_shapes(loc.shape[:-1], concentration.shape, radius.shape)
        except RuntimeError:
            raise ValueError(
                f"loc {tuple(loc.shape)}, concentration {tuple(concentration.shape)} and radius {tuple(radius.shape)} "
                "do not fit together: loc has the shape (*batch, m), the other two (*batch)"
            ) from None
        self.loc = loc.expand(*batch_shape, loc.shape[-1])
        self.concentration = concentration.expand(batch_shape)
        self.radius = radius.expand(batch_shape)
        super().__init__(batch_shape, loc.shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(type(self), _instance)
        batch_shape = torch.Size(batch_shape)
        new.loc = self.loc.expand(*batch_shape, self.ambient_dim)
        new.concentration = self.concentration.expand(batch_shape)
        new.radius = self.radius.expand(batch_shape)
        super(RotationallySymmetric, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def select(self, index: int) -> "RotationallySymmetric":
        loc, concentration, radius = self.loc[..., index, :], self.concentration[..., index], self.radius[..., index]
        return type(self)(loc, concentration, radius, validate_args=False)

    @property
    def mode(self) -> Tensor:
        return self.radius.unsqueeze(-1) * self.loc

    @property
    def mean(self) -> Tensor:
        cosine, _, _ = self._polar_moments()
        return (self.radius * cosine).unsqueeze(-1) * self.loc

    @property
    def variance(self) -> Tensor:
        _, along, across = (moment.unsqueeze(-1) for moment in self._polar_moments())
        return self.radius.square().unsqueeze(-1) * (across + (along - across) * self.loc**2)

    @property
    def covariance_matrix(self) -> Tensor:
        r"""r^2 (Var[cos t] mu mu' + E[sin^2 t]/(m-1) (I - mu mu')), shape (*batch, m, m)."""
        _, along, across = (moment[..., None, None] for moment in self._polar_moments())
        outer = self.loc.unsqueeze(-1) * self.loc.unsqueeze(-2)
        identity = torch.eye(self.ambient_dim, dtype=self.loc.dtype, device=self.loc.device)
        return self.radius.square()[..., None, None] * (across * identity + (along - across) * outer)

    def rsample(self, sample_shape=()) -> Tensor:
        """Draws of shape (*sample_shape, *batch, m), differentiable in every parameter."""
        shape = self._extended_shape(torch.Size(sample_shape))
        versine, sine = self._sample_polar_angle(shape[:-1])
        noise = torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return place_at_angle(self.loc.expand(shape), versine, sine, self.radius.expand(shape[:-1]), noise)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density with respect to the area of the sphere of radius r, shape (*sample, *batch)."""
        if self._validate_args:
            self._validate_sample(value)
        return self._log_density(value / self.radius.unsqueeze(-1)) - self._log_growth()

    def entropy(self) -> Tensor:
        """Differential entropy in nats with respect to the area of the sphere of radius r."""
        return self._unit_entropy() + self._log_growth()

    def _sample_polar_angle(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        """1 - cos t and sin t, each of the given shape."""
        raise NotImplementedError

    def _polar_moments(self) -> tuple[Tensor, Tensor, Tensor]:
        """E[cos t], Var[cos t] and E[sin^2 t] / (m - 1)."""
        raise NotImplementedError

    def _log_density(self, unit: Tensor) -> Tensor:
        """Log density at points of the unit sphere."""
        raise NotImplementedError

    def _unit_entropy(self) -> Tensor:
        """Entropy on the unit sphere."""
        raise NotImplementedError


def same_radius(p: SphereDistribution, q: SphereDistribution, divergence: Tensor) -> Tensor:
    """The divergence where the two spheres coincide, and infinity where their supports are disjoint."""
    return torch.where(p.radius == q.radius, divergence, torch.inf)
