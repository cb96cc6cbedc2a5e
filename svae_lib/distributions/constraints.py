"""What parameters and samples must satisfy; each constraint's text names the cure, for torch prints it."""

import torch
from torch import Tensor
from torch.distributions.constraints import Constraint


def norm_tolerance(dtype: torch.dtype) -> float:
    """How far from 1 the length of a unit vector may be: what normalizing in the dtype leaves, with room to spare."""
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
    """Points of R^m at the distance `radius` from the origin, up to the rounding of their dtype."""

    event_dim = 1

    def __init__(self, radius: Tensor):
        self.radius = radius

    def check(self, value: Tensor) -> Tensor:
        return (value.norm(dim=-1) / self.radius - 1.0).abs() <= norm_tolerance(value.dtype)

    def __repr__(self) -> str:
        return "Sphere() (points whose length is the radius: scale them by radius / z.norm(dim=-1, keepdim=True))"


unit_vector, concentration, radius = _UnitVector(), _Concentration(), _Radius()
