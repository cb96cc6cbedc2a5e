"""Base classes of the distributions on a sphere: radius, support, and samples z = r (cos(theta) mu + sin(theta) v)."""

from collections.abc import Callable
from numbers import Number
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, register_kl
from torch.distributions.constraints import dependent_property

from svae_lib.distributions import constraints
from svae_lib.distributions.fitted import Fitted
from svae_lib.ops.rotation import place_at_angle
from svae_lib.ops.sphere import log_surface_area
from svae_lib.ops.transforms import is_plain_eager


def as_float_tensor(name: str, value: Any, like: Tensor | None = None) -> Tensor:
    """Parameter of a distribution as a floating-point tensor.

    Args:
        name: The parameter's name, for the error.
        value: A number or a floating-point tensor.
        like: A tensor whose dtype and device a number takes; torch's defaults without it.

    Returns:
        The tensor itself, or the number as a tensor of shape ().

    Raises:
        TypeError: If the value is neither.
    """
    if isinstance(value, Number) and not isinstance(value, (bool, complex)):
        return torch.as_tensor(float(value)) if like is None else like.new_tensor(float(value))
    if isinstance(value, Tensor) and value.is_floating_point():
        return value
    found = f"a tensor of {value.dtype}" if isinstance(value, Tensor) else repr(value)
    raise TypeError(f"{name} must be a number or a floating-point tensor, found {found}: convert it with .float()")


class SphereDistribution(Distribution):
    """Distribution on the sphere of radius r in R^m: batch_shape (*batch), event_shape (m,)."""

    has_rsample = True
    radius: Tensor

    def __init__(self, batch_shape: torch.Size, event_shape: torch.Size, validate_args: bool | None = None):
        super().__init__(batch_shape, event_shape, validate_args if is_plain_eager() else False)

    def _validate_sample(self, value: Tensor) -> None:
        if is_plain_eager():  # else there is nothing to look at
            super()._validate_sample(value)

    @property
    def ambient_dim(self) -> int:
        """Ambient dimension m; the sphere itself has dimension m - 1."""
        return self.event_shape[0]

    @dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> constraints.Sphere:
        """Points whose distance from the origin is the radius, up to the rounding of the coarsest parameter."""
        return constraints.Sphere(self.radius, constraints.coarsest(*(p.dtype for p in self._parameters())))

    def select(self, index: int) -> "SphereDistribution":
        """Distribution at one index of the last batch dimension."""
        raise NotImplementedError

    def _parameters(self) -> list[Tensor]:
        return [getattr(self, name) for name in self.arg_constraints]

    def _log_growth(self) -> Tensor:
        """(m - 1) log r, by which the area of the sphere exceeds the unit sphere's, in logarithms."""
        return (self.ambient_dim - 1) * self.radius.log()


class RotationallySymmetric(Fitted, SphereDistribution):
    r"""Distribution whose density depends on z only through the angle theta between z and one direction mu.

        z = r (cos(theta) mu + sin(theta) v),  v uniform on the unit sphere orthogonal to mu

    A subclass implements the distribution of theta, `_polar_moments`, `_log_density`, `_sample_polar_angle` and
    `_kl_to_uniform`, and names the function for its parameters that `fitting.fit` takes, `_maximum_likelihood`. Its mu
    is the argument `loc`, its kappa (k in equations) the argument `concentration`.

    Args:
        loc: Mean direction mu, unit vectors, shape (*batch, m).
        concentration: kappa >= 0, shape (*batch) or a number; 0 is the uniform distribution.
        radius: r > 0, shape (*batch) or a number.
        validate_args: As in torch.distributions.

    Raises:
        ValueError: If loc is not of length 1, a concentration is not finite and >= 0, a radius is not finite and > 0,
            or the shapes do not fit together.
        TypeError: If a parameter is not floating point.
    """

    arg_constraints = {
        "loc": constraints.unit_vector,
        "concentration": constraints.concentration,
        "radius": constraints.radius,
    }

    def __init__(self, loc: Tensor, concentration: Tensor | float, radius: Tensor | float = 1.0, validate_args=None):
        if not isinstance(loc, Tensor):
            raise TypeError(f"loc must be a floating-point tensor of shape (*batch, m), found {loc!r}")
        loc = as_float_tensor("loc", loc)
        concentration = as_float_tensor("concentration", concentration, like=loc)
        if loc.ndim < 1 or loc.shape[-1] < 2:
            raise ValueError(f"loc must have the shape (*batch, m) with m >= 2, found {tuple(loc.shape)}")
        radius = as_float_tensor("radius", radius, like=loc)
        try:
            batch_shape = torch.broadcast_shapes(loc.shape[:-1], concentration.shape, radius.shape)
        except RuntimeError:
            raise ValueError(
                f"loc {tuple(loc.shape)}, concentration {tuple(concentration.shape)} and radius {tuple(radius.shape)} "
                "do not fit together: loc has the shape (*batch, m), the other two (*batch)"
            ) from None
        self.loc = _expanded(loc, (*batch_shape, loc.shape[-1]))
        self.concentration, self.radius = _expanded(concentration, batch_shape), _expanded(radius, batch_shape)
        super().__init__(batch_shape, loc.shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        """Distribution with its parameters expanded to a larger batch_shape."""
        new = self._get_checked_instance(RotationallySymmetric, _instance)
        batch_shape = torch.Size(batch_shape)
        new.loc = self.loc.expand(*batch_shape, self.ambient_dim)
        new.concentration, new.radius = self.concentration.expand(batch_shape), self.radius.expand(batch_shape)
        super(RotationallySymmetric, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def select(self, index: int) -> "RotationallySymmetric":
        """Distribution at one index of the last batch dimension."""
        loc, concentration, radius = self.loc[..., index, :], self.concentration[..., index], self.radius[..., index]
        return type(self)(loc, concentration, radius, validate_args=False)

    @property
    def mode(self) -> Tensor:
        """Point of the highest density, r mu, shape (*batch, m)."""
        return self.radius.unsqueeze(-1) * self.loc

    @property
    def mean(self) -> Tensor:
        """Mean r E[cos theta] mu, a point inside the sphere, shape (*batch, m)."""
        mean_cosine, _, _ = self._polar_moments()
        return (self.radius * mean_cosine).unsqueeze(-1) * self.loc

    @property
    def variance(self) -> Tensor:
        """Variance of each coordinate, the diagonal of the covariance matrix, shape (*batch, m)."""
        _, along, across = (moment.unsqueeze(-1) for moment in self._polar_moments())
        return self.radius.square().unsqueeze(-1) * (across + (along - across) * self.loc**2)

    @property
    def covariance_matrix(self) -> Tensor:
        r"""Covariance r^2 (Var[cos theta] mu mu' + E[sin^2 theta]/(m-1) (I - mu mu')), shape (*batch, m, m)."""
        _, along, across = (moment[..., None, None] for moment in self._polar_moments())
        outer = self.loc.unsqueeze(-1) * self.loc.unsqueeze(-2)
        identity = torch.eye(self.ambient_dim, dtype=self.loc.dtype, device=self.loc.device)
        return self.radius.square()[..., None, None] * (across * identity + (along - across) * outer)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density with respect to the area of the sphere of radius r.

        Args:
            value: Points of the sphere, shape (*sample, *batch, m).

        Returns:
            Log density in nats, shape (*sample, *batch).

        Raises:
            ValueError: If a value is not on the sphere.
        """
        if self._validate_args:
            self._validate_sample(value)
        return self._log_density(value / self.radius.unsqueeze(-1)) - self._log_growth()

    def rsample(self, sample_shape=()) -> Tensor:
        """Samples that are differentiable in loc, concentration and radius.

        Args:
            sample_shape: Shape of the sample, (*sample).

        Returns:
            Points of the sphere, shape (*sample, *batch, m).
        """
        shape = self._extended_shape(torch.Size(sample_shape))
        versine, sine = self._sample_polar_angle(shape[:-1])
        noise = torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return place_at_angle(self.loc.expand(shape), versine, sine, self.radius.expand(shape[:-1]), noise)

    def entropy(self) -> Tensor:
        """Differential entropy in nats with respect to the area of the sphere of radius r, shape (*batch)."""
        return log_surface_area(self.ambient_dim) - self._kl_to_uniform + self._log_growth()

    @property
    def _kl_to_uniform(self) -> Tensor:
        """Divergence from the uniform distribution, shape (*batch)."""
        raise NotImplementedError

    def _polar_moments(self) -> tuple[Tensor, Tensor, Tensor]:
        """E[cos theta], Var[cos theta] and E[sin^2 theta] / (m - 1), each (*batch).

        The second and third are the variance along mu and across it, the eigenvalues of the unit sphere's covariance.
        """
        raise NotImplementedError

    def _log_density(self, unit: Tensor) -> Tensor:
        """Log density at points of the unit sphere."""
        raise NotImplementedError

    def _sample_polar_angle(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        """The versine 1 - cos(theta) and sin(theta), each of the given shape."""
        raise NotImplementedError


def _expanded(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The very tensor where its shape is that one: an optimizer can move the parameters of a distribution."""
    same = x.ndim == len(shape) and x.shape == torch.Size(shape)  # the compiler compares sizes before it counts them
    return x if same else x.expand(shape)


def register_sphere_kl(p_type: type, q_type: type) -> Callable[[Callable], Callable]:
    """Register KL(p || q), a function of p and q on the unit sphere, with torch; it does not depend on the radius.

    Where the two radii differ, and the supports are disjoint, the divergence is infinite. One number that was rounded
    to two dtypes is one radius.

    Raises:
        ValueError: By the divergence, where the two spheres have different dimensions.
    """

    def register(divergence: Callable[[SphereDistribution, SphereDistribution], Tensor]) -> Callable:
        @register_kl(p_type, q_type)
        def kl(p: SphereDistribution, q: SphereDistribution) -> Tensor:
            if p.ambient_dim != q.ambient_dim:
                raise ValueError(
                    f"the divergence of {p_type.__name__} from {q_type.__name__}: the first lies on a sphere in "
                    f"R^{p.ambient_dim}, the second in R^{q.ambient_dim}, and they must be of one dimension"
                )
            dtype = constraints.coarsest(p.radius.dtype, q.radius.dtype)
            return torch.where(p.radius.to(dtype) == q.radius.to(dtype), divergence(p, q), torch.inf)

        return divergence

    return register
