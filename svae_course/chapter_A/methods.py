"""Four ways to compute a modified Bessel function I_v(x) or the ratio A = I_{v+1}(x) / I_v(x), term by term.

Letters as in DLMF 10.25 to 10.41: v is the order, x the argument, s = sqrt(v^2 + x^2), p = v / s. All of it is NumPy
in float64; `svae_lib.ops` is what to compute with.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import gammaln

from svae_lib.ops import bessel_ratio, log_ive

MOST_DEBYE = 20  # terms of the expansion that is uniform in the order, as many as svae_lib takes
TARGET = 1e-10  # relative error that `terms_needed` asks for


class Method(NamedTuple):
    """One way: its running values, whether it gives the ratio in place of log I, and how many terms it has at most."""

    values: Callable
    is_ratio: bool = False
    most: float = np.inf


def power_series(order, x, terms: int) -> np.ndarray:
    """Values of log I_v(x) by the first 1, 2, ... terms of the power series, its leading factor in logarithms.

    log I_v(x) = v log(x / 2) - log Gamma(v + 1) + log sum_k (x^2 / 4)^k / (k! (v + 1)_k)     (DLMF 10.25.2)

    Args:
        order: v >= 0, (...).
        x: > 0, (...), broadcast against order.
        terms: how many.

    Returns:
        (terms, ...).

    Example:
        >>> power_series(0.0, 2.0, 3).round(4)  # log 1, log 2, log 2.25
        array([0.    , 0.6931, 0.8109])
    """
    v, x, k = _columns(order, x, terms)
    with np.errstate(all="ignore"):  # beyond x = 700 the terms themselves overflow
        sums = np.cumsum(np.cumprod(_first_1((x / 2) ** 2 / (k * (v + k))), 0), 0)
    return np.log(sums) + v * np.log(x / 2) - gammaln(v + 1)


def large_argument(order, x, terms: int) -> np.ndarray:
    """Values of log I_v(x) by the first 1, 2, ... terms of the expansion for large x (DLMF 10.40.1).

    It diverges: after some 2 x terms it gets worse. Where its sum is negative the value is NaN.

    Args:
        order: v >= 0, (...).
        x: > 0, (...), broadcast against order.
        terms: how many.

    Returns:
        (terms, ...).
    """
    v, x, k = _columns(order, x, terms)
    with np.errstate(all="ignore"):
        steps = _first_1(-(4 * v**2 - (2 * k - 1) ** 2) / (8 * k * x))
        return np.log(np.cumsum(np.cumprod(steps, 0), 0)) + x - np.log(2 * np.pi * x) / 2


@cache
def debye_polynomials(terms: int) -> list[np.ndarray]:
    """Coefficients of the polynomials U_0, U_1, ... in p (DLMF 10.41.9).

    U_{k+1}(p) = p^2 (1 - p^2) U_k'(p) / 2 + Int_0^p (1 - 5 t^2) U_k(t) dt / 8

    Args:
        terms: how many.

    Returns:
        One array per polynomial, from the constant on.

    Example:
        >>> 24 * debye_polynomials(2)[1]
        array([ 0.,  3.,  0., -5.])
    """
    poly, found = np.polynomial.polynomial, [np.ones(1)]
    while len(found) < terms:
        slope = poly.polymul([0, 0, 0.5, 0, -0.5], poly.polyder(found[-1]))
        found.append(poly.polyadd(slope, poly.polyint(poly.polymul([0.125, 0, -0.625], found[-1]))))
    return found


def uniform(order, x, terms: int) -> np.ndarray:
    """Values of log I_v(x) by the first 1, 2, ... terms of Debye's expansion, uniform in the order (DLMF 10.41.3).

    log I_v(x) = s - v asinh(v / x) - log(2 pi s) / 2 + log(sum_k U_k(p) / v^k)

    Args:
        order: v >= 0, (...).
        x: > 0, (...), broadcast against order.
        terms: how many.

    Returns:
        (terms, ...); NaN where the sum is negative.
    """
    v, x = np.broadcast_arrays(np.asarray(order, float), np.asarray(x, float))
    s = np.hypot(v, x)
    # U_k begins at p^k, and p^k / v^k = s^-k, so that an order of 0 is no exception
    tails = [np.polynomial.polynomial.polyval(v / s, u[k:]) for k, u in enumerate(debye_polynomials(terms))]
    with np.errstate(all="ignore"):
        sums = np.cumsum([tail / s**k for k, tail in enumerate(tails)], 0)
        return s - v * np.arcsinh(v / x) - np.log(2 * np.pi * s) / 2 + np.log(sums)


def continued_fraction(order, x, terms: int) -> np.ndarray:
    """Values of I_{v+1}(x) / I_v(x) by the first 1, 2, ... steps of its continued fraction, from the top.

    A = 1 / (b_1 + 1 / (b_2 + 1 / (b_3 + ...))),  b_k = 2 (v + k) / x     (from DLMF 10.33.1)

    The steps are those of the modified Lentz algorithm; no denominator can be 0, for everything is positive.

    Args:
        order: v >= 0, (...).
        x: > 0, (...), broadcast against order.
        terms: how many steps.

    Returns:
        (terms, ...).

    Example:
        >>> continued_fraction(0.5, 1.0, 3).round(5)  # coth 1 - 1 is 0.31304
        array([0.33333, 0.3125 , 0.31304])
    """
    v, x, k = _columns(order, x, terms)
    b = 2 * (v + k + 1) / x
    f = above = b[0]
    below, found = np.zeros_like(f), [1 / f]
    for b_k in b[1:]:
        below, above = 1 / (b_k + below), b_k + 1 / above
        f = f * above * below
        found.append(1 / f)
    return np.array(found)


METHODS = {
    "power series": Method(power_series),
    "large argument": Method(large_argument),
    "uniform": Method(uniform, most=MOST_DEBYE),
    "continued fraction": Method(continued_fraction, is_ratio=True),
}


def truth(order, x, is_ratio: bool = False) -> np.ndarray:
    """Values of log I_v(x), or of the ratio, by svae_lib, which is right to the last digits.

    Args:
        order: v >= 0, (...).
        x: > 0, (...), broadcast against order.
        is_ratio: the ratio in place of log I.

    Returns:
        (...).
    """
    v, x = np.broadcast_arrays(np.asarray(order, float), np.asarray(x, float))
    found = np.empty(v.shape)
    for each in np.unique(v):
        at, here = v == each, torch.from_numpy(x[v == each])
        found[at] = bessel_ratio(float(each), here) if is_ratio else log_ive(float(each), here) + here
    return found


def errors(name: str, order, x, terms: int) -> np.ndarray:
    """Relative errors of I_v(x), or of the ratio, after 1, 2, ... terms.

    Args:
        name: of METHODS.
        order: v >= 0, (...).
        x: > 0, (...), broadcast against order.
        terms: how many, cut to those that the method has.

    Returns:
        (terms, ...); NaN where the method's value is none.
    """
    method = METHODS[name]
    value, exact = method.values(order, x, min(terms, method.most)), truth(order, x, method.is_ratio)
    with np.errstate(all="ignore"):
        return np.abs(value / exact - 1) if method.is_ratio else np.abs(np.expm1(value - exact))


def terms_needed(name: str, order, x, terms: int = 400, target: float = TARGET) -> np.ndarray:
    """Fewest terms after which the relative error is at most the target.

    Args:
        name: of METHODS.
        order: v >= 0, (...).
        x: > 0, (...), broadcast against order.
        terms: how many to try.
        target: the relative error.

    Returns:
        (...), infinite where none of them is enough.

    Example:
        >>> terms_needed("power series", 0.0, np.array([1.0, 10.0, 100.0]))
        array([ 7., 19., 86.])
    """
    close = errors(name, order, x, terms) <= target
    return np.where(close.any(0), 1.0 + close.argmax(0), np.inf)


def _columns(order, x, terms: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order and argument, broadcast, and 0, 1, ... along a first axis of its own."""
    v, x = np.broadcast_arrays(np.asarray(order, float), np.asarray(x, float))
    return v, x, np.arange(terms).reshape(-1, *[1] * v.ndim)


def _first_1(factors: np.ndarray) -> np.ndarray:
    """Factors from each term to the next, with 1 as the first, whose product is the first term."""
    factors[0] = 1
    return factors
