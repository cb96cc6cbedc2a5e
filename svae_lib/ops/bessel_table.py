r"""The quantities of a von Mises-Fisher distribution in single precision, from a table: no branch, no look at a value.

With n = v + 1, h = x / (x + n) in [0, 1) and t = 1 - h = n / (x + n), each quantity is a known function of x times, or
plus, a smooth one of h:

    A = h g_0,   1 - A = t g_1,   A' = t^2 g_2,   KL = (n - 1/2) log(1 + x h / (4n - 2)) + h^2 g_3

The logarithm has the KL's own limits, x^2 / (4n) at 0 and (n - 1/2) log(x) at infinity, so that g_3 stays finite. The g
are kept for each order as quadratic polynomials on 2,048 cells of h, through values that `bessel_expansions` gives in
double precision; their relative error is below 1e-9, and all of it in float32 below 5e-7.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from svae_lib.ops import bessel_expansions as expansions
from svae_lib.ops.bessel_expansions import BesselQuantities
from svae_lib.ops.constants import constant
from svae_lib.ops.transforms import outside_transforms

_CELLS = 2048
_DEGREE = 2


def quantities(order: float, x: Tensor) -> BesselQuantities:
    r"""KL to the uniform distribution, A, 1 - A and A', read from the table of this order.

    Args:
        order: The order v >= 0, not checked.
        x: Argument >= 0, any shape; not checked, NaN gives NaN.

    Returns:
        `BesselQuantities`, four tensors of the shape and dtype of x.

    Example:
        >>> import torch
        >>> from svae_lib.ops.bessel_table import quantities
        >>> quantities(5 / 2 - 1, torch.tensor(2.0)).ratio
        tensor(0.3611)
    """
    n = order + 1.0
    inverse = (x + constant(n, x)).reciprocal_()
    h = x * inverse
    position = h * constant(_CELLS, x)
    cell = position.long().clamp_(0, _CELLS - 1)
    fraction = (position - cell).unsqueeze(-1)  # of the way through the cell
    row = torch.nn.functional.embedding(cell, _table(order, x.dtype, x.device))
    g, *others = row.split(4, -1)  # from the highest power to the lowest
    for coefficients in others:
        g = torch.addcmul(coefficients, g, fraction)
    g_kl, g_ratio, g_one_minus_ratio, g_ratio_derivative = g.unbind(-1)
    t = inverse.mul_(constant(n, x))
    return BesselQuantities(
        _leading_kl(n, x, h).addcmul_(g_kl, h * h),
        h * g_ratio,
        t * g_one_minus_ratio,
        (t * t).mul_(g_ratio_derivative),
    )


def _leading_kl(n: float, x: Tensor, h: Tensor) -> Tensor:
    return (x * h).mul_(constant(1.0 / (4.0 * n - 2.0), x)).log1p_().mul_(constant(n - 0.5, x))


@lru_cache(maxsize=256)
def _table(order: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Coefficients (cell, (degree - power) * 4 + quantity) of the g in powers of the fraction of the way through it."""
    node = 0.5 - 0.5 * np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))  # Chebyshev nodes in a cell
    powers = torch.from_numpy(np.linalg.inv(np.vander(node)))
    with outside_transforms():
        h = torch.from_numpy((np.arange(_CELLS)[:, None] + node) / _CELLS)
        n, t = order + 1.0, 1.0 - h
        x = n * h / t
        exact = expansions.quantities(order, x)
        g_kl = (exact.kl - _leading_kl(n, x, h)) / h**2
        g = torch.stack((g_kl, exact.ratio / h, exact.one_minus_ratio / t, exact.ratio_derivative / t**2))
        coefficients = torch.einsum("pn,qcn->cpq", powers, g).flatten(1)  # power, node, quantity, cell
        return coefficients.to(dtype=dtype, device=device).contiguous()
