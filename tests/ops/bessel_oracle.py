"""The Bessel quantities to more than 40 digits, by a formula that shares nothing with the library's.

Where s = sqrt(v^2 + x^2) is large, Schläfli's integral (DLMF 10.32.12) along the line through the saddle point,
I_v(x) = exp(s - v asinh(v/x)) / pi * Int_0^pi exp(-s (1 - cos t)) cos(v (sin t - t)) dt, which leaves out terms of
relative size exp(-2s). Where s is small, the series of mpmath itself.
"""

from functools import lru_cache
from typing import NamedTuple

import mpmath as mp

DIGITS = 70


class Exact(NamedTuple):
    log_ive: mp.mpf
    kl: mp.mpf
    ratio: mp.mpf
    one_minus_ratio: mp.mpf
    ratio_derivative: mp.mpf
    log_derivative: mp.mpf


@lru_cache(maxsize=1)
def _panel() -> list[tuple[mp.mpf, mp.mpf]]:
    with mp.workdps(DIGITS + 10):
        return [((x + 1) / 2, w / 2) for x, w in mp.calculus.quadrature.GaussLegendre(mp.mp).calc_nodes(5, 300)]


def _scaled_integral(v: mp.mpf, s: mp.mpf) -> mp.mpf:
    reach = min(mp.pi, mp.sqrt(2 * (DIGITS + 10) * mp.log(10) / s) * mp.mpf("1.1"))
    total, panels = mp.mpf(0), 4
    for panel in range(panels):
        for node, weight in _panel():
            t = reach * (panel + node) / panels
            total += weight * mp.exp(-2 * s * mp.sin(t / 2) ** 2) * mp.cos(v * (mp.sin(t) - t))
    return total * reach / panels / mp.pi


def _log_bessel(v: mp.mpf, x: mp.mpf) -> mp.mpf:
    s = mp.sqrt(v * v + x * x)
    if s < 400:
        return mp.log(mp.besseli(v, x))
    return s - v * mp.asinh(v / x) + mp.log(_scaled_integral(v, s))


def exact(order: float, x: float) -> Exact:
    """The values at exactly these two floating-point numbers."""
    small = max(0, -int(mp.log10(x))) if x < 1 else int(mp.log10(x))
    with mp.workdps(DIGITS + 3 * small):
        v, x = mp.mpf(order), mp.mpf(x)
        log_i, log_next = _log_bessel(v, x), _log_bessel(v + 1, x)
        ratio = mp.exp(log_next - log_i)
        ratio_derivative = 1 - ratio**2 - (2 * v + 1) * ratio / x
        kl = x * ratio - log_i + v * mp.log(x / 2) - mp.loggamma(v + 1)
        return Exact(log_i - x, kl, ratio, 1 - ratio, ratio_derivative, ratio + v / x - 1)
