r"""The four terms of a von Mises-Fisher in single precision, read from a table: no branch, and no look at the values.

With n = v + 1, s = sqrt(x^2 + n^2) and rho = x / (s + n) in [0, 1), the limit of A for large orders (Davidson et al.,
arXiv 1804.00891; Amos, Math. Comp. 28 (1974)), every term is a known function of rho times a smooth one near 1:

    A = rho g_0,   1 - A = (1 - rho) g_1,   A' = rho' g_2,   KL = (n - 1/2) log((s + n) / 2n) + rho^2 g_3

The g are kept for each order as cubic polynomials on 256 cells of rho, through values that `bessel_expansions` gives in
double precision; their relative error is below 1e-9, and all of it in float32 below 5e-7.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from svae_lib.ops.bessel_expansions import BesselQuantities
from svae_lib.ops.bessel_expansions import terms as accurate_terms

_CELLS = 256
_DEGREE = 3


def terms(order: float, x: Tensor) -> BesselQuantities:
    """The quantities of `BesselQuantities` for x >= 0 of any shape, in the dtype of x; NaN gives NaN."""
    leading, rho = _leading_terms(order, x)
    place = rho * _CELLS
    cell = place.long().clamp_(0, _CELLS - 1)
    step = (place - cell).unsqueeze(-1)
    coefficients = _table(order, x.dtype, x.device)[cell]  # (..., degree + 1, 4)
    value = coefficients[..., _DEGREE, :]
    for power in range(_DEGREE - 1, -1, -1):
        value = torch.addcmul(coefficients[..., power, :], value, step)
    kl, ratio, one_minus_ratio, slope = value.unbind(-1)
    return BesselQuantities(
        leading.kl + rho * rho * kl,
        leading.ratio * ratio,
        leading.one_minus_ratio * one_minus_ratio,
        leading.slope * slope,
    )


def _leading_terms(order: float, x: Tensor) -> tuple[BesselQuantities, Tensor]:
    """What stands before the g, each without cancellation, and rho."""
    n = order + 1.0
    s = torch.hypot(x, torch.full_like(x, n))
    whole = s + n
    rho = x / whole
    kl = (n - 0.5) * torch.log1p(x * rho / (2.0 * n))
    return BesselQuantities(kl, rho, (n + n * n / (s + x)) / whole, n / (s * whole)), rho


@lru_cache(maxsize=256)
def _table(order: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Coefficients (cell, power, term) of the g in powers of the way through the cell, 0 to 1."""
    node = 0.5 - 0.5 * np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))  # Chebyshev's, inside the cell
    rho = torch.from_numpy((np.arange(_CELLS)[:, None] + node) / _CELLS)
    x = 2.0 * (order + 1.0) * rho / ((1.0 - rho) * (1.0 + rho))
    leading, _ = _leading_terms(order, x)
    exact = accurate_terms(order, x)
    quotients = (value / lead for value, lead in zip(exact[1:], leading[1:], strict=True))
    g = torch.stack(((exact.kl - leading.kl) / rho**2, *quotients))  # (term, cell, node)
    powers = torch.from_numpy(np.linalg.inv(np.vander(node, increasing=True)))
    return torch.einsum("pn,tcn->cpt", powers, g).to(dtype=dtype, device=device).contiguous()
