"""Bessel functions under torch.func, forward-mode differentiation and the compiler (see `svae_lib.ops.transforms`)."""

import torch
from torch import Tensor

from svae_lib.ops import bessel_expansions as expansions
from svae_lib.ops import bessel_table
from svae_lib.ops.bessel_expansions import BesselQuantities
from svae_lib.ops.transforms import expansion_point, one_derivative_is_enough, opaque_operator

_COUNTS = {"log_ive": 1, "quantities": 4, "ratio_derivatives": 2}


def to_float64(x: Tensor) -> Tensor:
    """Tensor x in float64 where its device has it; on MPS, which has not, x itself."""
    return x if x.device.type == "mps" else x.double()


def quantities_without_graph(order: float, x: Tensor) -> BesselQuantities:
    """The quantities of `vmf_quantities` alone, for use inside an autograd Function."""
    if x.dtype == torch.float64:
        return expansions.quantities(order, x)
    if x.dtype == torch.float32:
        return bessel_table.quantities(order, x)
    return BesselQuantities(*(quantity.to(x.dtype) for quantity in bessel_table.quantities(order, x.float())))


def log_ive(order: float, x: Tensor) -> Tensor:
    """`svae_lib.ops.log_ive`: its derivative is v/x - (1 - A), of which the logarithm's part needs no expansion."""
    point, h = expansion_point(x)
    (value,) = _values(point, order, "log_ive").unbind(-1)
    _, _, one_minus_ratio, ratio_derivative = _values(point, order, "quantities").unbind(-1)
    value = value - h * (one_minus_ratio - 0.5 * h * ratio_derivative)
    return value + order * torch.log(x / torch.where(point > 0, point, 1.0)) if order else value


def vmf_quantities(order: float, x: Tensor) -> BesselQuantities:
    """`svae_lib.ops.bessel.vmf_quantities`: A, A', KL with KL' = x A', to the second derivative or the first."""
    point, h = expansion_point(x)
    kl, ratio, one_minus_ratio, ratio_derivative = _values(point, order, "quantities").unbind(-1)
    kl_slope, ratio_slope = point * ratio_derivative, ratio_derivative
    second, third = _values(point, order, "ratio_derivatives").unbind(-1)
    if not one_derivative_is_enough():
        kl_slope = kl_slope + 0.5 * h * (ratio_derivative + point * second)
        ratio_slope = ratio_slope + 0.5 * h * second
        second = second + 0.5 * h * third
    step = h * ratio_slope
    return BesselQuantities(kl + h * kl_slope, ratio + step, one_minus_ratio - step, ratio_derivative + h * second)


def _evaluate(x: Tensor, order: float, what: str) -> Tensor:
    """Values (*x.shape, count) without derivatives."""
    if what == "log_ive":
        values = (expansions.log_ive(order, to_float64(x)),)
    elif what == "quantities":
        values = quantities_without_graph(order, x)
    else:
        second = expansions.ratio_second_derivative(order, to_float64(x))
        values = second, _ratio_third_derivative(order, to_float64(x), second)
    return torch.stack([value.to(x.dtype) for value in values], -1)


def _ratio_third_derivative(order: float, x: Tensor, second: Tensor) -> Tensor:
    """A''' from A' = 1 - A^2 - (2v + 1) A / x, differentiated twice; near 0, where that cancels, from its series.

    With n = v + 1, A = x / (2n) - x^3 / (8 n^2 (n+1)) + x^5 / (16 n^3 (n+1) (n+2)) - ...; the relative error is below
    1e-6.
    """
    n, (_, ratio, _, first) = order + 1.0, quantities_without_graph(order, x)
    near_0 = x < 0.01 * n
    series = (3.75 / (n * (n + 2.0)) * x.square() - 0.75) / (n * n * (n + 1.0))
    x = torch.where(near_0, 0.01 * n, x)
    equation = (2.0 * order + 1.0) * (second - 2.0 * (first - ratio / x) / x) / x
    return torch.where(near_0, series, -2.0 * (first.square() + ratio * second) - equation)


def _batched(info, in_dims: tuple, x: Tensor, order: float, what: str) -> tuple[Tensor, int]:
    return _values(x.movedim(in_dims[0], 0), order, what), 0


_values = opaque_operator(
    "bessel(Tensor x, float order, str what) -> Tensor",
    fake=lambda x, order, what: x.new_empty((*x.shape, _COUNTS[what])),
    vmap=_batched,
)(_evaluate)
