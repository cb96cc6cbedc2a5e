r"""Two expansions of I_v(x) that together cover every order v >= 0 and every x >= 0.

Below x = 24 (and only for orders below 24) the power series in x^2 / 4, whose terms are all positive; everywhere else
the uniform expansion of Debye, whose parameter s = sqrt(v^2 + x^2) is then at least 24. Both are polynomials once the
order is fixed, so their coefficients are computed once per order and kept. Every quantity is written as a sum of terms
of one sign, or with a correction that is small beside its leading term: nothing here subtracts two nearly equal
numbers, which is why the same lines serve float64 and float32.

Here v is the order, s = sqrt(v^2 + x^2), p = v/s as in DLMF 10.41, and q = x/s = sqrt(1 - p^2).

References:
    DLMF 10.25.2 (series), 10.31.3 (series of a product), 10.41.3 and 10.41.9 (uniform expansion).
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import zeta
from torch import Tensor

_SWITCH = 24.0  # with 20 Debye terms the first one left out is below 1e-17 for every s >= 24
_DEBYE_TERMS = 20
_CHUNK = 32768  # elements in a chunk: long enough to hide the cost of a call, short enough to stay in the cache


class BesselQuantities(NamedTuple):
    """Quantities of a von Mises-Fisher distribution that one evaluation at (v, x) gives; A = I_{v+1}(x) / I_v(x).

    Attributes:
        kl: The divergence from the uniform distribution, x A - log(Gamma(v + 1) (2/x)^v I_v(x)).
        ratio: A.
        one_minus_ratio: 1 - A, to its own full precision.
        ratio_derivative: A' = dA/dx.
    """

    kl: Tensor
    ratio: Tensor
    one_minus_ratio: Tensor
    ratio_derivative: Tensor


def log_ive(order: float, x: Tensor) -> Tensor:
    """Values of log(I_order(x)) - x, for x >= 0 of any shape; no derivative and no check."""
    return _over_chunks(order, x, _series_log_ive, _debye_log_ive)


def quantities(order: float, x: Tensor) -> BesselQuantities:
    """The four `BesselQuantities`, each of the shape of x, from one evaluation; no derivative and no check."""
    return BesselQuantities(*_over_chunks(order, x, _series_quantities, _debye_quantities).unbind(-1))


def ratio_second_derivative(order: float, x: Tensor) -> Tensor:
    """A'' of the shape of x, for second derivatives; it loses up to three more digits than the rest."""
    return _over_chunks(order, x, _series_ratio_second_derivative, _debye_ratio_second_derivative)


def _over_chunks(order: float, x: Tensor, series: Callable, debye: Callable) -> Tensor:
    """Pick the expansion of every element; large inputs go through in chunks that stay in the cache."""

    def evaluate(x: Tensor) -> Tensor:
        if order >= _SWITCH:
            return debye(order, x)
        small = x < _SWITCH
        # On a CPU reading `small` is free and saves an expansion; on an accelerator it would stall the queue.
        if x.device.type == "cpu":
            if not small.any():
                return debye(order, x)
            if small.all():
                return series(order, x)
            by_series, by_debye = series(order, x[small]), debye(order, x[~small])
            result = by_series.new_empty(*x.shape, *by_series.shape[1:])
            result[small], result[~small] = by_series, by_debye
            return result
        by_series, by_debye = series(order, x.clamp(max=_SWITCH)), debye(order, x.clamp(min=_SWITCH))
        return torch.where(small if by_series.ndim == x.ndim else small.unsqueeze(-1), by_series, by_debye)

    flat = x.reshape(-1)
    if flat.numel() <= _CHUNK or x.device.type != "cpu":
        result = evaluate(flat)
    else:
        result = torch.cat([evaluate(chunk) for chunk in flat.split(_CHUNK)])
    return result.reshape(x.shape + result.shape[1:])


def _polynomial(variable: Tensor, coefficients: np.ndarray) -> Tensor:
    """One polynomial by Horner's rule: twice as fast for many points as the table of powers below."""
    value = torch.full_like(variable, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value.mul_(variable).add_(float(coefficient))
    return value


def _polynomials(variable: Tensor, coefficients: np.ndarray) -> Tensor:
    """Columns of sum_j coefficients[j, column] variable^j, by one table of powers and one matrix product."""
    table = torch.as_tensor(coefficients, dtype=variable.dtype, device=variable.device)
    degree = table.shape[0] - 1
    powers = torch.empty(*variable.shape, degree + 1, dtype=variable.dtype, device=variable.device)
    powers[..., 0], powers[..., 1] = 1.0, variable
    known = 2
    while known <= degree:  # x^k .. x^(2k-2) are x^(k-1) times x^1 .. x^(k-1)
        more = min(known - 1, degree + 1 - known)
        torch.mul(powers[..., 1 : more + 1], powers[..., known - 1 : known], out=powers[..., known : known + more])
        known += more
    return powers @ table


# --- power series: S(q) = sum_k q^k / (k! (v+1)_k) with q = x^2/4, so that I_v(x) = (x/2)^v / Gamma(v+1) S(q) ---


@lru_cache(maxsize=256)
def _series_coefficients(order: float) -> np.ndarray:
    """Columns S - 1, S', S'' and N in powers of t = (x / 24)^2 in [0, 1], that is of q / scale.

    N = S^2 A' has the coefficients n_0 = 1/(2(v+1)), n_{k+1}/n_k = 2 (2v+2k+1) / ((k+1) (v+k+2) (2v+k+2)), all
    positive: they are the products of I_v and I_{v+1} (DLMF 10.31.3) after the recurrence relations are put in.
    """
    v, scale = order, _SWITCH**2 / 4.0
    s, n = [1.0], [0.5 / (v + 1.0)]
    while n[-1] > 1e-19 * max(n) or s[-1] > 1e-19:
        k = len(s) - 1
        s.append(s[k] * scale / ((k + 1) * (v + k + 1)))
        n.append(n[k] * scale * 2 * (2 * v + 2 * k + 1) / ((k + 1) * (v + k + 2) * (2 * v + k + 2)))
    s, k = np.array(s), np.arange(len(s))
    table = np.zeros((len(s), 4))
    table[1:, 0] = s[1:]
    table[:-1, 1] = (k * s)[1:] / scale
    table[:-2, 2] = (k * (k - 1) * s)[2:] / scale**2
    table[:, 3] = n
    return table


def _series_log_ive(order: float, x: Tensor) -> Tensor:
    """log S + v log(x/2) - log Gamma(v + 1) - x."""
    s_minus_1 = _polynomial((x / _SWITCH) ** 2, _series_coefficients(order)[:, 0])
    log_power = torch.xlogy(torch.as_tensor(order, dtype=x.dtype), x / 2)
    return torch.log1p(s_minus_1) - x + log_power - _log_gamma_1p(order)


@lru_cache(maxsize=256)
def _log_gamma_1p(v: float) -> float:
    """log Gamma(1 + v); near 0 by its own series (DLMF 5.7.3), for 1 + v has lost the digits of a small v."""
    if v > 0.1:
        return math.lgamma(1.0 + v)
    return -np.euler_gamma * v + sum(float(zeta(k)) * (-v) ** k / k for k in range(2, 20))


def _series_quantities(order: float, x: Tensor) -> Tensor:
    """A = (x/2) S'/S and A' = N / S^2; 1 - A from A' = 1 - A^2 - (2v + 1) A / x."""
    s_minus_1, ds, _, n = _polynomials((x / _SWITCH) ** 2, _series_coefficients(order)).unbind(-1)
    s = 1.0 + s_minus_1
    ds_over_s = ds / s
    ratio = 0.5 * x * ds_over_s
    ratio_derivative = n / s**2
    one_minus_ratio = (ratio_derivative + (order + 0.5) * ds_over_s) / (1.0 + ratio)
    return torch.stack((x * ratio - torch.log1p(s_minus_1), ratio, one_minus_ratio, ratio_derivative), -1)


def _series_ratio_second_derivative(order: float, x: Tensor) -> Tensor:
    """A'' = -x (S'/S A' + (2v + 1)/4 (S''/S - (S'/S)^2)), the derivative of the equation for A' above."""
    s_minus_1, ds, d2s, n = _polynomials((x / _SWITCH) ** 2, _series_coefficients(order)).unbind(-1)
    s = 1.0 + s_minus_1
    ds_over_s = ds / s
    return -x * (ds_over_s * n / s**2 + (0.5 * order + 0.25) * (d2s / s - ds_over_s**2))


# --- Debye: log I_v(x) = s - v asinh(v/x) - log(2 pi s)/2 + D, with D a polynomial in y = max(v, 24)/s in (0, 1] ---


@lru_cache(maxsize=1)
def _log_debye_polynomials() -> list[np.ndarray]:
    """D_1 .. D_20 in p, where the logarithm of the Debye sum is sum_k D_k(p) / v^k with p = v/s.

    The recurrence of the U_k (DLMF 10.41.9), put into the logarithm: with G_k = D_k',
    G_1 = (1 - 5 p^2)/8,  G_{k+1} = p^2 (1-p^2)/2 (G_k' + sum_{i+j=k} G_i G_j) + (p - 2 p^3) G_k.
    """
    poly = np.polynomial.polynomial
    half_p2_1_minus_p2, p_minus_2_p3 = np.array([0, 0, 0.5, 0, -0.5]), np.array([0, 1.0, 0, -2.0])
    g = [np.array([1.0, 0.0, -5.0]) / 8.0]  # G_1, G_2, ...
    for k in range(1, _DEBYE_TERMS):
        bracket = poly.polyder(g[-1])
        for i in range(k - 1):
            bracket = poly.polyadd(bracket, poly.polymul(g[i], g[k - 2 - i]))
        g.append(poly.polyadd(poly.polymul(half_p2_1_minus_p2, bracket), poly.polymul(p_minus_2_p3, g[-1])))
    return [poly.polyint(g_k) for g_k in g]


@lru_cache(maxsize=256)
def _debye_coefficients(order: float) -> np.ndarray:
    """Columns D, E1, E2, E3 and B in powers of y, for one order.

    E_i = (y d/dy)^i D carries the derivatives in x; B = (D(y) - D(1)) / (y - 1) is what the KL needs from v = 24 on.
    """
    scale = max(order, _SWITCH)
    d = np.zeros(3 * _DEBYE_TERMS + 1)
    for k, d_k in enumerate(_log_debye_polynomials(), start=1):
        # D_k(p) / v^k is sum_j d_kj v^(j-k) s^-j, with j = k, k+2, ..., 3k
        for j in range(k, len(d_k), 2):
            d[j] += d_k[j] * (order / scale) ** (j - k) * scale**-k
    degree = max([1, *np.flatnonzero(np.abs(d) > 1e-19)])
    d, j = d[: degree + 1], np.arange(degree + 1)
    b = np.append(np.cumsum(d[::-1])[::-1][1:], 0.0)  # division of D(y) - D(1) by y - 1
    return np.stack((d, j * d, j**2 * d, j**3 * d, b), -1)


def _debye_log_ive(order: float, x: Tensor) -> Tensor:
    """s - x - v asinh(v/x) - log(2 pi s)/2 + D, with s - x and asinh in forms that lose no digit for v << x."""
    s = torch.hypot(x, torch.full_like(x, order))
    s_minus_x = order**2 / (s + x)
    v_asinh = order * torch.log1p((order + s_minus_x) / x) if order else 0.0
    d = _polynomial(max(order, _SWITCH) / s, _debye_coefficients(order)[:, 0])
    return s_minus_x - v_asinh - 0.5 * torch.log(2 * math.pi * s) + d


def _debye_quantities(order: float, x: Tensor) -> Tensor:
    """A = rho - q H / s,  A' = (p/(1+p) + (2 q^2 H + q^2 E2 - H) / s) / s,  with rho = x / (s + v) and H = E1 + 1/2."""
    v = order
    s = torch.hypot(x, torch.full_like(x, v))
    d, e1, e2, _, b = _polynomials(max(v, _SWITCH) / s, _debye_coefficients(v)).unbind(-1)
    rho, p_over_1_plus_p, q = x / (s + v), v / (s + v), x / s
    h = e1 + 0.5
    qh = q * h
    ratio = rho - qh / s
    one_minus_ratio = p_over_1_plus_p * (1.0 + v / (s + x)) + qh / s
    ratio_derivative = (p_over_1_plus_p + (q * (2.0 * qh + q * e2) - h) / s) / s
    if v >= _SWITCH:  # log Gamma(v+1) by Stirling's series, which is -D at x = 0: then nothing large is left over
        growth = rho * (x / v)  # (s - v) / v
        kl = v * (torch.log1p(0.5 * growth) + growth * b / s) + 0.5 * torch.log1p(growth) - q * qh
    else:
        constant = 0.5 * math.log(2 * math.pi) - v - math.lgamma(v + 1)
        kl = v * torch.log(0.5 * (s + v)) + 0.5 * torch.log(s) + constant - q * qh - d
    return torch.stack((kl, ratio, one_minus_ratio, ratio_derivative), -1)


def _debye_ratio_second_derivative(order: float, x: Tensor) -> Tensor:
    """A'' = q/s^2 (((6 - 8 q^2) H + (3 - 6 q^2) E2 - q^2 E3) / s - v (2s + v) / (s + v)^2)."""
    v = order
    s = torch.hypot(x, torch.full_like(x, v))
    _, e1, e2, e3, _ = _polynomials(max(v, _SWITCH) / s, _debye_coefficients(v)).unbind(-1)
    p_over_1_plus_p, q = v / (s + v), x / s
    q2 = q**2
    correction = (6.0 - 8.0 * q2) * (e1 + 0.5) + (3.0 - 6.0 * q2) * e2 - q2 * e3
    return q * (correction / s - p_over_1_plus_p * (2.0 * s + v) / (s + v)) / s**2
