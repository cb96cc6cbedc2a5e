"""Constraints on parameters and samples; the text of each names the cure, because torch prints it in its errors.

torch.distributions' `transform_to` knows them all, so that an optimizer, or Pyro's `param`, may move free numbers: a
vector becomes its direction, times the radius, and the exponential of a number a concentration or a radius.
"""

import torch
from torch import Tensor
from torch.distributions import biject_to, constraints, transform_to
from torch.distributions.constraints import Constraint
from torch.distributions.transforms import ExpTransform, Transform

from svae_lib.ops.sphere import unit_vector as direction


def coarsest(*dtypes: torch.dtype) -> torch.dtype:
    """The dtype with the fewest digits: what went through it is not known any better.

    Example:
        >>> import torch
        >>> from svae_lib.distributions.constraints import coarsest
        >>> coarsest(torch.float64, torch.float32)
        torch.float32
    """
    return max(dtypes, key=lambda dtype: torch.finfo(dtype).eps)


def norm_tolerance(dtype: torch.dtype) -> float:
    """Deviation from 1 allowed for the length of a unit vector: the error of normalizing in the dtype, and a margin."""
    return 100.0 * torch.finfo(dtype).eps


class _Concentration(Constraint):
    def check(self, value: Tensor) -> Tensor:
        return (value >= 0) & torch.isfinite(value)

    def __repr__(self) -> str:
        return "Concentration() (a finite number >= 0; 0 is the uniform distribution)"


class _Radius(Constraint):
    def check(self, value: Tensor) -> Tensor:
        return (value > 0) & torch.isfinite(value)

    def __repr__(self) -> str:
        return "Radius() (a finite number > 0)"


class Sphere(Constraint):
    """Points of R^m at the distance r from the origin, up to the rounding of the coarsest dtype they went through.

    Args:
        radius: r > 0, shape (*batch).
        dtype: A dtype that the points may have gone through, beside the one they have: a distribution names the
            coarsest of its parameters'. By default that of the radius.

    Example:
        >>> import torch
        >>> from torch.distributions import transform_to
        >>> from svae_lib.distributions.constraints import Sphere
        >>> Sphere(torch.tensor(5.0)).check(torch.tensor([[3.0, 4.0], [1.0, 0.0]]))
        tensor([ True, False])
        >>> transform_to(Sphere(torch.tensor(5.0)))(torch.tensor([0.6, 0.8]))
        tensor([3., 4.])
    """

    event_dim = 1

    def __init__(self, radius: Tensor, dtype: torch.dtype | None = None):
        self.radius, self.dtype = radius, dtype or radius.dtype

    def check(self, value: Tensor) -> Tensor:
        """Whether each point of shape (*sample, *batch, m) lies on the sphere, a boolean of shape (*sample, *batch)."""
        return (value.norm(dim=-1) / self.radius - 1.0).abs() <= norm_tolerance(coarsest(value.dtype, self.dtype))

    def __repr__(self) -> str:
        return "Sphere() (points whose length is the radius: scale them by radius / z.norm(dim=-1, keepdim=True))"


class _UnitVector(Constraint):
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value.norm(dim=-1) - 1.0).abs() <= norm_tolerance(value.dtype)

    def __repr__(self) -> str:
        return "UnitVector() (length 1: divide by loc.norm(dim=-1, keepdim=True))"


unit_vector, concentration, radius = _UnitVector(), _Concentration(), _Radius()


class _Direction(Transform):
    """x -> r x / |x|, of which a point of the sphere is its own preimage; x = 0 has no direction and gives NaN."""

    domain = constraints.real_vector

    def __init__(self, codomain: Constraint, radius: Tensor | None = None, cache_size: int = 0):
        super().__init__(cache_size)
        self.codomain, self.radius = codomain, radius

    def with_cache(self, cache_size: int = 1) -> "_Direction":
        return _Direction(self.codomain, self.radius, cache_size)

    def _call(self, x: Tensor) -> Tensor:
        return direction(x) if self.radius is None else self.radius.unsqueeze(-1) * direction(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return y


transform_to.register(unit_vector, _Direction)
transform_to.register(Sphere, lambda sphere: _Direction(sphere, sphere.radius))
for _positive in (concentration, radius):
    transform_to.register(_positive, lambda _: ExpTransform())
    biject_to.register(_positive, lambda _: ExpTransform())
