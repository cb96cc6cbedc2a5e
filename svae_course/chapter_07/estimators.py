r"""Four estimators of d E[w + c] / d kappa, as functions of one sample of a von Mises-Fisher distribution.

w is the cosine of the angle to mu, k the concentration, d = m - 1, R = \sqrt{4 k^2 + d^2} and x0 = 2 k / (d + R).
Wood's proposal w = (y + x0) / (1 + x0 y), differentiated at fixed y, moves by (1 - w^2) / R; the score of an accepted y
is -(k / R) ((w - x0)^2 - E[(w - x0)^2]). The truth is A' for every c.
"""

import math
from typing import NamedTuple

import numpy as np
import torch

from svae_course.noise import uniforms
from svae_course.vmf import kl_to_uniform
from svae_lib.distributions.implicit_gradient import implicit_gradient
from svae_lib.ops.bessel import vmf_quantities
from svae_lib.plotting.style import EXPECTED, MARK, SAMPLES, SECOND

LOOKS = {
    "score function": {"color": SECOND, "linestyle": ":"},
    "without correction": {"color": MARK, "linestyle": "-"},
    "with correction": {"color": EXPECTED, "linestyle": "--"},
    "implicit": {"color": SAMPLES, "linestyle": "-"},
}
ESTIMATORS = tuple(LOOKS)
DRAWS = 1000
_LEFT_OUT = 34.0  # -log of the uniform distribution's mass beyond the ends of the grid, about
_REACH = 3.0  # and so much further towards mu, where a concentrated distribution lies


class Moments(NamedTuple):
    """A = E[w], 1 - A and A' = Var[w], which is the true derivative."""

    ratio: float
    one_minus_ratio: float
    truth: float


def moments(kappa, m: int) -> Moments:
    """Exact moments of w, of the shape of kappa.

    Args:
        kappa: concentration, > 0, a number or an array.
        m: ambient dimension.

    Example:
        >>> round(float(moments(2.0, 2).truth), 4)
        0.1642
    """
    found = vmf_quantities(m / 2 - 1, torch.as_tensor(kappa, dtype=torch.float64))
    return Moments(*(x.numpy()[()] for x in (found.ratio, found.one_minus_ratio, found.ratio_derivative)))


def grid(kappa: float, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Grid in x = -log tan(angle / 2), with w = tanh(x), in which every sum below converges exponentially.

    Args:
        kappa: concentration, up to 100.
        m: ambient dimension.

    Returns:
        x (n,), in even steps, and the probabilities (n,), which sum to 1.

    Example:
        >>> x, weights = grid(2.0, 2)
        >>> bool(abs(weights @ np.tanh(x) - moments(2.0, 2).ratio) < 1e-14)
        True
    """
    step, end = min(0.1, 0.35 / math.sqrt(m)), math.acosh(math.exp(_LEFT_OUT / (m - 1)))
    x = np.arange(-math.ceil(end / step), math.ceil((end + _REACH) / step) + 1) * step
    weights = np.exp(-2 * kappa / (1 + np.exp(2 * x)) - (m - 1) * np.log(np.cosh(x)))
    return x, weights / weights.sum()


def estimates(kappa: float, m: int, offset: float, x: np.ndarray) -> dict[str, np.ndarray]:
    """What each estimator of d E[w + offset] / d kappa says of a sample.

    Args:
        kappa: concentration, > 0.
        m: ambient dimension.
        offset: a constant, whose derivative is 0.
        x: (n,), places of samples on `grid`.

    Returns:
        By the names of ESTIMATORS, (n,) each.
    """
    ratio, one_minus_ratio, truth = moments(kappa, m)
    d, w, versine, sine = m - 1, np.tanh(x), 2 / (1 + np.exp(2 * x)), 1 / np.cosh(x)
    root = math.hypot(2 * kappa, d)
    shift = 2 * kappa / (d + root)
    moved = sine**2 / root
    score = -kappa / root * ((w - shift) ** 2 - truth - (ratio - shift) ** 2)
    as_tensors = (torch.full((len(x),), value, dtype=torch.float64) for value in (kappa, one_minus_ratio))
    implicit = implicit_gradient(*as_tensors, torch.from_numpy(versine), torch.from_numpy(sine), m).numpy() * sine**2
    found = (w + offset) * (one_minus_ratio - versine), moved, moved + (w + offset) * score, implicit
    return dict(zip(ESTIMATORS, found, strict=True))


class Spread(NamedTuple):
    """Mean and standard deviation of one estimate, in units of the truth."""

    mean: float
    deviation: float


def spreads(kappa: float, m: int, offset: float = 0.0) -> dict[str, Spread]:
    """Exact mean and standard deviation of each estimate from one sample, in units of the truth.

    Args:
        kappa: concentration, > 0.
        m: ambient dimension.
        offset: see `estimates`.

    Returns:
        By the names of ESTIMATORS.

    Example:
        >>> {name: round(spread.mean, 3) for name, spread in spreads(2.0, 2).items()}
        {'score function': 1.0, 'without correction': 0.515, 'with correction': 1.0, 'implicit': 1.0}
    """
    x, weights = grid(kappa, m)
    truth, found = moments(kappa, m).truth, {}
    for name, values in estimates(kappa, m, offset, x).items():
        mean = weights @ values
        found[name] = Spread(float(mean / truth), float(math.sqrt(weights @ (values - mean) ** 2) / truth))
    return found


def draws(kappa: float, m: int) -> np.ndarray:
    """Places on `grid` of samples that glide as kappa and m move, for the same random numbers make them.

    Args:
        kappa: concentration, > 0.
        m: ambient dimension.

    Returns:
        (DRAWS,), for `estimates`.
    """
    x, weights = grid(kappa, m)
    below = np.append(0.0, np.cumsum((weights[1:] + weights[:-1]) / 2))
    return np.interp(uniforms(DRAWS, seed=7) * below[-1], below, x)


def fraction(kappa, m: int):
    r"""Fraction of the true derivative of E[w] that an accepted proposal alone gives, (m-1) A / (k R A').

    Args:
        kappa: concentration, > 0, a number or an array.
        m: ambient dimension.

    Example:
        >>> fraction(np.array([0.1, 2.0, 20.0]), 2).round(3)
        array([0.983, 0.515, 0.949])
    """
    ratio, _, truth = moments(kappa, m)
    return (m - 1) * ratio / (kappa * np.hypot(2 * kappa, m - 1) * truth)


def learned(signal, m: int, is_exact: bool = False, adapts: bool = False) -> np.ndarray:
    r"""Concentration at which training stops where the bound is signal E[w] - KL, or signal E[w]^2 / 2 - KL.

    The first is that of a decoder which stays as it is, the second that of one which adapts its scale to the noise of
    the code. The exact gradient is (pull - kappa) A', with pull = signal or signal A; the uncorrected one stops at
    kappa = pull fraction(kappa). That gives the signal as a function of kappa, which is inverted.

    Args:
        signal: squared size of what the code explains over the variance of the noise in the data, a number or an array.
        m: ambient dimension.
        is_exact: whether the gradient is.
        adapts: whether the decoder does; then the signal has to be above m, or nothing is worth its KL.

    Returns:
        The concentration.

    Example:
        >>> [round(float(learned(4.0, 2, adapts=adapts)), 2) for adapts in (False, True)]
        [2.08, 1.01]
    """
    kappa = np.geomspace(1e-3, 1e3, 4000)
    of_kappa = kappa / (1.0 if is_exact else fraction(kappa, m)) / (moments(kappa, m).ratio if adapts else 1.0)
    return np.exp(np.interp(np.log(signal), np.log(of_kappa), np.log(kappa)))


def lost_nats(signal, m: int, adapts: bool = False) -> np.ndarray:
    """How far the bound of `learned` stays below its best with the uncorrected gradient.

    Args:
        signal: see `learned`.
        m: ambient dimension.
        adapts: see `learned`.

    Example:
        >>> round(float(lost_nats(3.5, 2)), 2)
        0.19
    """
    bounds = []
    for is_exact in (True, False):
        kappa = learned(signal, m, is_exact, adapts)
        ratio = moments(kappa, m).ratio
        bounds.append(signal * (ratio**2 / 2 if adapts else ratio) - kl_to_uniform(m, kappa))
    return bounds[0] - bounds[1]
