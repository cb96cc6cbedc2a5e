"""Constraints on parameters and samples; the text of each names the cure, because torch prints it in its errors."""

import torch
from torch import Tensor
from torch.distributions.constraints import Constraint


def norm_tolerance(dtype: torch.dtype) -> float:
    """Deviation from 1 allowed for the length of a unit vector: the error of normalizing in the dtype, and a margin."""
    return 100.0 * torch.finfo(dtype).eps


class _UnitVector(Constraint):
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value.norm(dim=-1) - 1.0).abs() <= norm_tolerance(value.dtype)

    def __repr__(self) -> str:
        return "UnitVector() (length 1: divide by loc.norm(dim=-1, keepdim=True))"


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
    """Points of R^m at the distance r from the origin, up to the rounding of their dtype.

    Args:
        radius: r > 0, shape (*batch).

    Example:
        >>> import torch
        >>> from svae_lib.distributions.constraints import Sphere
        >>> Sphere(torch.tensor(5.0)).check(torch.tensor([[3.0, 4.0], [1.0, 0.0]]))
        tensor([ True, False])
    """

    event_dim = 1

    def __init__(self, radius: Tensor):
        self.radius = radius

    def check(self, value: Tensor) -> Tensor:
        """Whether each point of shape (*sample, *batch, m) lies on the sphere, a boolean of shape (*sample, *batch)."""
        return (value.norm(dim=-1) / self.radius - 1.0).abs() <= norm_tolerance(value.dtype)

    def __repr__(self) -> str:
        return "Sphere() (points whose length is the radius: scale them by radius / z.norm(dim=-1, keepdim=True))"


unit_vector, concentration, radius = _UnitVector(), _Concentration(), _Radius()
