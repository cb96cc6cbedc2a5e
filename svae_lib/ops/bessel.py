r"""Modified Bessel functions of the first kind, for the orders and arguments that directional statistics needs.

SciPy's `ive` underflows from order 150 on at x = 1, runs on the host only and has no derivative in torch. These
functions work in log space, are pure torch (they run where x lives, in the dtype of x) and can be differentiated twice.
Relative errors against 60 digits, for every order in [0, 1e5] and x in [1e-8, 1e8]: below 5e-15 in float64 and 5e-7 in
float32 (where log_ive is computed in float64 inside, except on MPS, and a ratio comes from a table).
"""

import math

import torch
from torch import Tensor

from svae_lib.ops import bessel_expansions as expansions
from svae_lib.ops import bessel_taylor as taylor
from svae_lib.ops.bessel_expansions import BesselQuantities
from svae_lib.ops.bessel_taylor import quantities_without_graph, to_float64
from svae_lib.ops.transforms import is_plain_eager

_LARGEST_ORDER = 1e30  # its square, and itself in float32, are far from overflow


def log_ive(order: float, x: Tensor) -> Tensor:
    r"""Logarithm of the exponentially scaled modified Bessel function of the first kind.

        log I_v(x) - x,  with derivative  I_{v+1}(x) / I_v(x) + v/x - 1

    Args:
        order: The order v, from 0 to 1e30.
        x: Argument >= 0, floating point, any shape.

    Returns:
        Tensor of the shape, dtype and device of x. At x = 0 it is 0 for order 0, else -inf.

    Raises:
        ValueError: If the order is not in its range, or an element of x is negative, infinite or NaN; under torch.func
            and in compiled code, which cannot look at x, such an element has no right value.
        TypeError: If x is not a floating-point tensor.

    References:
        DLMF 10.25.2 and 10.41.3.

    Example:
        >>> import torch
        >>> from svae_lib.ops import log_ive
        >>> log_ive(511.5, torch.tensor([1.0, 1000.0]))  # I itself would be 1e-1320
        tensor([-3038.4854,  -132.5958])
    """
    _check(order, x)
    return _LogIve.apply(x, float(order)) if is_plain_eager() else taylor.log_ive(float(order), x)


def ive(order: float, x: Tensor) -> Tensor:
    r"""Exponentially scaled modified Bessel function of the first kind.

        exp(-x) I_v(x)

    It underflows to 0 where its value does; `log_ive` never does.

    Args:
        order: The order v, from 0 to 1e30.
        x: Argument >= 0, floating point, any shape.

    Returns:
        Tensor of the shape, dtype and device of x.

    Raises:
        ValueError: If the order is not in its range, or an element of x is negative, infinite or NaN; under torch.func
            and in compiled code, which cannot look at x, such an element has no right value.
        TypeError: If x is not a floating-point tensor.

    References:
        DLMF 10.25.2.

    Example:
        >>> import torch
        >>> from svae_lib.ops import ive
        >>> ive(0, torch.tensor([0.0, 1.0]))
        tensor([1.0000, 0.4658])
    """
    _check(order, x)
    near_0 = x < torch.finfo(x.dtype).eps  # at 0 the logarithm's derivative is infinite
    value = log_ive(order, torch.where(near_0, 1.0, x)).exp()
    z = torch.where(near_0, x, 1.0)
    series = 1.0 - z + (0.5 + 0.25 / (order + 1.0)) * z.square()  # exp(-x) Gamma(v + 1) (2/x)^v I_v(x)
    return torch.where(near_0, math.exp(-math.lgamma(order + 1.0)) * (0.5 * z).pow(order) * series, value)


def bessel_ratio(order: float, x: Tensor) -> Tensor:
    r"""Ratio of neighboring modified Bessel functions of the first kind, in [0, 1).

        A(x) = I_{v+1}(x) / I_v(x),  with derivative  A' = 1 - A^2 - (2v + 1) A / x

    With v = m/2 - 1 it is A_m(x), the mean resultant length of a von Mises-Fisher distribution in R^m.

    Args:
        order: The order v, from 0 to 1e30.
        x: Argument >= 0, floating point, any shape.

    Returns:
        Tensor of the shape, dtype and device of x.

    Raises:
        ValueError: If the order is not in its range, or an element of x is negative, infinite or NaN; under torch.func
            and in compiled code, which cannot look at x, such an element has no right value.
        TypeError: If x is not a floating-point tensor.

    References:
        DLMF 10.29.1, 10.31.3 and 10.41.3.

    Example:
        >>> import torch
        >>> from svae_lib.ops import bessel_ratio
        >>> bessel_ratio(5 / 2 - 1, torch.tensor(2.0))
        tensor(0.3611)
    """
    _check(order, x)
    return vmf_quantities(float(order), x).ratio


def vmf_quantities(order: float, x: Tensor) -> BesselQuantities:
    r"""KL to the uniform distribution, A, 1 - A and A' of a von Mises-Fisher distribution, from one evaluation.

    All four can be differentiated twice in x. The inputs are not checked: NaN gives NaN.

    Args:
        order: The order v = m/2 - 1 for the sphere in R^m, a float.
        x: The concentration >= 0, floating point, any shape.

    Returns:
        `BesselQuantities`, four tensors of the shape, dtype and device of x.

    Example:
        >>> import torch
        >>> from svae_lib.ops.bessel import vmf_quantities
        >>> vmf_quantities(5 / 2 - 1, torch.tensor(2.0)).ratio_derivative
        tensor(0.1474)
    """
    return BesselQuantities(*_VMFQuantities.apply(x, order)) if is_plain_eager() else taylor.vmf_quantities(order, x)


def _check(order: float, x: Tensor) -> None:
    if not (isinstance(order, (int, float)) and 0 <= order <= _LARGEST_ORDER):
        raise ValueError(f"order must be a finite number >= 0, found {order!r} (the largest is {_LARGEST_ORDER:g})")
    if not isinstance(x, Tensor) or not x.is_floating_point():
        found = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x must be a floating-point tensor, found {found}: convert it with x.to(torch.float64)")
    if is_plain_eager():
        wrong = ~((x >= 0) & (x < math.inf))
        if wrong.any():
            raise ValueError(f"x must be finite and >= 0, found {x[wrong].flatten()[0].item()}")


class _LogIve(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, order: float) -> Tensor:
        ctx.order = order
        ctx.save_for_backward(x)
        return expansions.log_ive(order, to_float64(x)).to(x.dtype)

    @staticmethod
    def backward(ctx, grad: Tensor):
        (x,) = ctx.saved_tensors
        # v/x - (1 - A); for v = 0 the quotient is left out, because x = 0 is an ordinary point there
        v_over_x = ctx.order / x if ctx.order else 0.0
        return grad * (v_over_x - vmf_quantities(ctx.order, x).one_minus_ratio), None


class _VMFQuantities(torch.autograd.Function):
    """The four quantities as outputs: since A' is one of them, the first derivatives can be differentiated again."""

    @staticmethod
    def forward(ctx, x: Tensor, order: float) -> tuple[Tensor, ...]:
        quantities = tuple(quantities_without_graph(order, x))
        ctx.order = order
        ctx.save_for_backward(x, quantities[-1])
        ctx.set_materialize_grads(False)
        return quantities

    @staticmethod
    def backward(ctx, grad_kl, grad_ratio, grad_one_minus_ratio, grad_ratio_derivative):
        x, ratio_derivative = ctx.saved_tensors
        parts = [] if grad_kl is None else [grad_kl * x * ratio_derivative]  # d KL / dx = x A'
        if grad_ratio is not None:
            parts.append(grad_ratio * ratio_derivative)
        if grad_one_minus_ratio is not None:
            parts.append(-grad_one_minus_ratio * ratio_derivative)
        if grad_ratio_derivative is not None:
            parts.append(grad_ratio_derivative * _RatioSecondDerivative.apply(x, ctx.order))
        return sum(parts[1:], parts[0]) if parts else None, None


class _RatioSecondDerivative(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, order: float) -> Tensor:
        return expansions.ratio_second_derivative(order, to_float64(x)).to(x.dtype)

    @staticmethod
    def backward(ctx, grad: Tensor):
        raise NotImplementedError("the Bessel functions of svae_lib can be differentiated twice, not three times")
