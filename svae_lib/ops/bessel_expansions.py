r"""Two expansions of I_v(x) that together cover every order v >= 0 and every x >= 0.

Below x = 24 (and only for orders below 24) the power series in x^2 / 4, whose terms are all positive; everywhere else
the uniform expansion of Debye, whose parameter s = sqrt(v^2 + x^2) is then at least 24. Both are polynomials once the
order is fixed, so their coefficients are computed once an order and kept. Every quantity is written as a sum of terms
of one sign, or with a correction that is small beside its leading term: nothing here subtracts two nearly equal
numbers, which is why the same lines serve float64 and float32.

Sources: DLMF 10.25.2 (series), 10.31.3 (series of a product), 10.41.3 and 10.41.9 (uniform expansion).
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import zeta
from torch import Tensor

_SWITCH = 24.0  # with 20 Debye terms the first one left out is below 1e-17 for every s >= 24
_DEBYE_TERMS = 20
_CHUNK = 32768  # elements in one piece: long enough to hide the cost of a call, short enough to stay in the cache


class BesselQuantities(NamedTuple):
    """What one evaluation at (order, x) gives; A is the ratio I_{v+1}(x) / I_v(x)."""

    kl: Tensor  # x A - log(Gamma(v + 1) (2/x)^v I_v(x)): the divergence of a von Mises-Fisher from the uniform
    ratio: Tensor  # A
    one_minus_ratio: Tensor  # 1 - A
    slope: Tensor  # A'


def log_ive(order: float, x: Tensor) -> Tensor:
    """log(I_order(x)) - x."""
    return _over_pieces(order, x, _series_log_ive, _debye_log_ive)


def terms(order: float, x: Tensor) -> BesselQuantities:
    """The four quantities of `BesselQuantities`, from one evaluation."""
    return BesselQuantities(*_over_pieces(order, x, _series_terms, _debye_terms).unbind(-1))


def curvature(order: float, x: Tensor) -> Tensor:
    """A'', for second derivatives; it loses up to three more digits than the rest."""
    return _over_pieces(order, x, _series_curvature, _debye_curvature)


def _over_pieces(order: float, x: Tensor, series, debye) -> Tensor:
    """Pick the expansion of every element; large inputs go through in pieces that stay in the cache."""

    def evaluate(piece: Tensor) -> Tensor:
        if order >= _SWITCH:
            return debye(order, piece)
        low = piece < _SWITCH
        # On a processor the look at `low` is free and spares an expansion; on an accelerator it would stall the queue.
        if piece.device.type == "cpu":
            if not low.any():
                return debye(order, piece)
            if low.all():
                return series(order, piece)
            below, above = series(order, piece[low]), debye(order, piece[~low])
            result = below.new_empty(*piece.shape, *below.shape[1:])
            result[low], result[~low] = below, above
            return result
        below, above = series(order, piece.clamp(max=_SWITCH)), debye(order, piece.clamp(min=_SWITCH))
        return torch.where(low if below.ndim == piece.ndim else low.unsqueeze(-1), below, above)

    flat = x.reshape(-1)
    if flat.numel() <= _CHUNK or x.device.type != "cpu":
        result = evaluate(flat)
    else:
        result = torch.cat([evaluate(piece) for piece in flat.split(_CHUNK)])
    return result.reshape(x.shape + result.shape[1:])


def _polynomial(variable: Tensor, coefficients: np.ndarray) -> Tensor:
    """One polynomial by Horner's rule: for many points twice as fast as the table of powers below."""
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
    scale = _SWITCH**2 / 4.0
    s, n = [1.0], [0.5 / (order + 1.0)]
    while n[-1] > 1e-19 * max(n) or s[-1] > 1e-19:
        k = len(s) - 1
        s.append(s[k] * scale / ((k + 1) * (order + k + 1)))
        n.append(n[k] * scale * 2 * (2 * order + 2 * k + 1) / ((k + 1) * (order + k + 2) * (2 * order + k + 2)))
    s, index = np.array(s), np.arange(len(s))
    table = np.zeros((len(s), 4))
    table[1:, 0] = s[1:]
    table[:-1, 1] = (index * s)[1:] / scale
    table[:-2, 2] = (index * (index - 1) * s)[2:] / scale**2
    table[:, 3] = n
    return table


def _series_log_ive(order: float, x: Tensor) -> Tensor:
    excess = _polynomial((x / _SWITCH) ** 2, _series_coefficients(order)[:, 0])
    power = torch.xlogy(torch.as_tensor(order, dtype=x.dtype), x / 2)
    return torch.log1p(excess) - x + power - _log_gamma_1p(order)


@lru_cache(maxsize=256)
def _log_gamma_1p(v: float) -> float:
    """log Gamma(1 + v); near 0 by its own series (DLMF 5.7.3), for 1 + v has lost the digits of a small v."""
    if v > 0.1:
        return math.lgamma(1.0 + v)
    return -np.euler_gamma * v + sum(float(zeta(k)) * (-v) ** k / k for k in range(2, 20))


def _series_terms(order: float, x: Tensor) -> Tensor:
    excess, first, _, numerator = _polynomials((x / _SWITCH) ** 2, _series_coefficients(order)).unbind(-1)
    s = 1.0 + excess
    quotient = first / s  # 2 A / x
    ratio = 0.5 * x * quotient
    slope = numerator / s**2
    one_minus_ratio = (slope + (order + 0.5) * quotient) / (1.0 + ratio)  # from A' = 1 - A^2 - (2v+1) A/x
    return torch.stack((x * ratio - torch.log1p(excess), ratio, one_minus_ratio, slope), -1)


def _series_curvature(order: float, x: Tensor) -> Tensor:
    excess, first, second, numerator = _polynomials((x / _SWITCH) ** 2, _series_coefficients(order)).unbind(-1)
    s = 1.0 + excess
    quotient = first / s
    return -x * (quotient * numerator / s**2 + (0.5 * order + 0.25) * (second / s - quotient**2))


# --- Debye: log I_v(x) = s - v asinh(v/x) - log(2 pi s)/2 + D, with D a polynomial in y = max(v, 24)/s in (0, 1] ---


@lru_cache(maxsize=1)
def _log_debye_polynomials() -> list[np.ndarray]:
    """D_1 .. D_20 in p, where the logarithm of the Debye sum is sum_k D_k(p) / v^k with p = v/s.

    The recurrence of the U_k (DLMF 10.41.9), put into the logarithm: with G_k = D_k',
    G_1 = (1 - 5 p^2)/8,  G_{k+1} = p^2 (1-p^2)/2 (G_k' + sum_{i+j=k} G_i G_j) + (p - 2 p^3) G_k.
    """
    poly = np.polynomial.polynomial
    weight, shift = np.array([0, 0, 0.5, 0, -0.5]), np.array([0, 1.0, 0, -2.0])
    derivatives = [np.array([1.0, 0.0, -5.0]) / 8.0]
    for k in range(1, _DEBYE_TERMS):
        inner = poly.polyder(derivatives[-1])
        for i in range(k - 1):
            inner = poly.polyadd(inner, poly.polymul(derivatives[i], derivatives[k - 2 - i]))
        derivatives.append(poly.polyadd(poly.polymul(weight, inner), poly.polymul(shift, derivatives[-1])))
    return [poly.polyint(derivative) for derivative in derivatives]


@lru_cache(maxsize=256)
def _debye_coefficients(order: float) -> np.ndarray:
    """Columns D, E1, E2, E3 and B in powers of y, for one order.

    E_i = (y d/dy)^i D carries the derivatives in x; B = (D(y) - D(1)) / (y - 1) is what the KL needs from v = 24 on.
    """
    scale = max(order, _SWITCH)
    column = np.zeros(3 * _DEBYE_TERMS + 1)
    for k, polynomial in enumerate(_log_debye_polynomials(), start=1):
        # D_k(p) / v^k is sum_j d_j v^(j-k) s^-j, with j = k, k+2, ..., 3k
        for j in range(k, len(polynomial), 2):
            column[j] += polynomial[j] * (order / scale) ** (j - k) * scale**-k
    degree = int(np.flatnonzero(np.abs(column) > 1e-19)[-1])
    column, power = column[: degree + 1], np.arange(degree + 1)
    quotient = np.append(np.cumsum(column[::-1])[::-1][1:], 0.0)
    return np.stack((column, power * column, power**2 * column, power**3 * column, quotient), -1)


def _debye_log_ive(order: float, x: Tensor) -> Tensor:
    """s - x - v asinh(v/x) - log(2 pi s)/2 + D, with s - x and asinh in forms that lose no digit for v << x."""
    s = torch.hypot(x, torch.full_like(x, order))
    gap = order**2 / (s + x)  # s - x
    turn = order * torch.log1p((order + gap) / x) if order else 0.0
    correction = _polynomial(max(order, _SWITCH) / s, _debye_coefficients(order)[:, 0])
    return gap - turn - 0.5 * torch.log(2 * math.pi * s) + correction


def _debye_terms(order: float, x: Tensor) -> Tensor:
    s = torch.hypot(x, torch.full_like(x, order))
    d, e1, e2, _, b = _polynomials(max(order, _SWITCH) / s, _debye_coefficients(order)).unbind(-1)
    leading, share, cosine = x / (s + order), order / (s + order), x / s
    bend = cosine * (e1 + 0.5)
    ratio = leading - bend / s
    one_minus_ratio = share * (1.0 + order / (s + x)) + bend / s
    slope = (share + (cosine * (2.0 * bend + cosine * e2) - e1 - 0.5) / s) / s
    if order >= _SWITCH:  # log Gamma(v+1) by Stirling's series, which is -D at x = 0: then nothing large is left over
        growth = leading * (x / order)  # (s - v) / v
        kl = order * (torch.log1p(0.5 * growth) + growth * b / s) + 0.5 * torch.log1p(growth) - cosine * bend
    else:
        constant = 0.5 * math.log(2 * math.pi) - order - math.lgamma(order + 1)
        kl = order * torch.log(0.5 * (s + order)) + 0.5 * torch.log(s) + constant - cosine * bend - d
    return torch.stack((kl, ratio, one_minus_ratio, slope), -1)


def _debye_curvature(order: float, x: Tensor) -> Tensor:
    s = torch.hypot(x, torch.full_like(x, order))
    _, e1, e2, e3, _ = _polynomials(max(order, _SWITCH) / s, _debye_coefficients(order)).unbind(-1)
    share, cosine = order / (s + order), x / s
    c2, half = cosine**2, e1 + 0.5
    outer = share * (2.0 * s + order) / (s + order)
    inner = (8.0 * (1.0 - c2) - 2.0 * (2.0 * c2 - 1.0) - 4.0 * (1.0 - c2)) * half + (3.0 - 6.0 * c2) * e2 - c2 * e3
    return cosine * (inner / s - outer) / s**2
