r"""The quantities of a von Mises-Fisher distribution in single precision, from a table: no branch, no look at a value.

With n = v + 1, s = sqrt(x^2 + n^2) and rho = x / (s + n) in [0, 1), the limit of A for large orders (Davidson et al.,
arXiv 1804.00891; Amos, Math. Comp. 28 (1974)), each quantity is a known function of rho times a smooth one near 1:

    A = rho g_0,   1 - A = (1 - rho) g_1,   A' = rho' g_2,   KL = (n - 1/2) log((s + n) / 2n) + rho^2 g_3

The g are kept for each order as cubic polynomials on 256 cells of rho, through values that `bessel_expansions` gives in
double precision; their relative error is below 1e-9, and all of it in float32 below 5e-7.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from svae_lib.ops import bessel_expansions as expansions
from svae_lib.ops.bessel_expansions import BesselQuantities

_CELLS = 256
_DEGREE = 3


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
    leading, rho = _leading_quantities(order, x)
    position = rho * _CELLS
    cell = position.long().clamp_(0, _CELLS - 1)
    fraction = (position - cell).unsqueeze(-1)  # of the way through the cell
    coefficients = _table(order, x.dtype, x.device)[cell]  # (..., degree + 1, 4)
    g = coefficients[..., _DEGREE, :]
    for power in range(_DEGREE - 1, -1, -1):
        g = torch.addcmul(coefficients[..., power, :], g, fraction)
    g_kl, g_ratio, g_one_minus_ratio, g_ratio_derivative = g.unbind(-1)
    return BesselQuantities(
        leading.kl + rho * rho * g_kl,
        leading.ratio * g_ratio,
        leading.one_minus_ratio * g_one_minus_ratio,
        leading.ratio_derivative * g_ratio_derivative,
    )


def _leading_quantities(order: float, x: Tensor) -> tuple[BesselQuantities, Tensor]:
    """The known functions that stand before the g, each without cancellation, and rho."""
    n = order + 1.0
    s = torch.hypot(x, torch.full_like(x, n))
    s_plus_n = s + n
    rho = x / s_plus_n
    kl = (n - 0.5) * torch.log1p(x * rho / (2.0 * n))  # x rho = s - n
    one_minus_rho = (n + n * n / (s + x)) / s_plus_n  # s - x = n^2 / (s + x)
    return BesselQuantities(kl, rho, one_minus_rho, n / (s * s_plus_n)), rho


@lru_cache(maxsize=256)
def _table(order: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Coefficients (cell, power, quantity) of the g in powers of the fraction of the way through the cell."""
    node = 0.5 - 0.5 * np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))  # Chebyshev's, inside the cell
    rho = torch.from_numpy((np.arange(_CELLS)[:, None] + node) / _CELLS)
    x = 2.0 * (order + 1.0) * rho / ((1.0 - rho) * (1.0 + rho))
    leading, _ = _leading_quantities(order, x)
    exact = expansions.quantities(order, x)
    quotients = (value / lead for value, lead in zip(exact[1:], leading[1:], strict=True))
    g = torch.stack(((exact.kl - leading.kl) / rho**2, *quotients))  # (quantity, cell, node)
    inverse = torch.from_numpy(np.linalg.inv(np.vander(node, increasing=True)))  # from values at nodes to powers
    return torch.einsum("pn,qcn->cpq", inverse, g).to(dtype=dtype, device=device).contiguous()
