"""Chances of a comparison over seeds: that the worse of two wins, that a test separates them, that the best is luck."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy import stats

from svae_course.noise import normals

LEVEL = 0.05  # a p below it separates
MOST_SEEDS = 20
EXPERIMENTS = 60  # that the panel repeats


def wrong_winner(difference: float, spread: float, num_seeds: int) -> float:
    r"""Chance that the worse of two spaces has the higher mean, \Phi(-\delta / (\sigma \sqrt{2 / n})).

    Scores are normally distributed around the spaces' true means, with one spread.

    Args:
        difference: delta >= 0, between the true means.
        spread: sigma > 0, the standard deviation over seeds.
        num_seeds: n, on each side.

    Example:
        >>> round(wrong_winner(0.5, 0.5, 1), 3), round(wrong_winner(0.5, 0.5, 3), 3)
        (0.24, 0.11)
    """
    return float(stats.norm.sf(difference / (spread * np.sqrt(2 / num_seeds))))


def power(difference: float, spread: float, num_seeds: int) -> float:
    """Chance that a two-sided t test at 0.05 separates two spaces.

    It compares a normal number with c s, where s^2 is a chi-squared number over its degrees of freedom: the mean over
    s, by trapezoids in log s, which converge exponentially here. (SciPy's noncentral t distribution, which this is, has
    NaN where the difference is many spreads.) The test is Student's, with one spread for both; Welch's, which svae_lib
    uses, is all but as powerful.

    Args:
        difference: between the true means.
        spread: the standard deviation over seeds.
        num_seeds: on each side, 2 or more.

    Example:
        >>> [round(power(0.5, 0.5, n), 2) for n in (3, 10)]
        [0.16, 0.56]
    """
    freedom, shift = 2 * num_seeds - 2, difference / (spread * np.sqrt(2 / num_seeds))
    u = np.arange(-14, 4, 0.02)
    weights = np.exp(freedom * (u - np.expm1(2 * u) / 2))
    bound = stats.t.ppf(1 - LEVEL / 2, freedom) * np.exp(u)
    return float(weights @ (stats.norm.sf(bound - shift) + stats.norm.sf(bound + shift)) / weights.sum())


def repeated(difference: float, spread: float, num_seeds: int) -> np.ndarray:
    """Differences of means in experiments that are repeated with new seeds, as the panel draws them.

    Args:
        difference: between the true means.
        spread: the standard deviation over seeds.
        num_seeds: on each side, up to MOST_SEEDS.

    Returns:
        (EXPERIMENTS,); below 0 the worse space has won.
    """
    noise = normals(EXPERIMENTS * 2 * MOST_SEEDS, 1).reshape(EXPERIMENTS, 2, MOST_SEEDS)[..., :num_seeds].mean(-1)
    return difference + spread * (noise[:, 0] - noise[:, 1])


def reversed_in(scores: Sequence[float], others: Sequence[float], num_seeds: int) -> float:
    """Fraction of the ways to take a few seeds of each side in which the order of the means is not that of all seeds.

    Args:
        scores: (n,), one for each seed.
        others: (m,).
        num_seeds: taken of each side.

    Example:
        >>> reversed_in([1.0, 2.0], [0.0, 1.5], 1)
        0.25
    """
    sign = np.sign(np.mean(scores) - np.mean(others))
    first, second = (np.array([np.mean(few) for few in combinations(side, num_seeds)]) for side in (scores, others))
    return float(np.mean(sign * (first[:, None] - second) < 0))


def deals(scores: Sequence[float], others: Sequence[float]) -> np.ndarray:
    """Differences of means over all ways to deal out the scores to the two sides.

    Args:
        scores: (n,).
        others: (m,).

    Returns:
        One difference for each way; the first is the one that was observed.

    Example:
        >>> deals([3.0], [1.0])
        array([ 2., -2.])
    """
    pooled, n = np.array([*scores, *others], dtype=float), len(scores)
    chosen = np.array(list(combinations(range(len(pooled)), n)))
    first = pooled[chosen].sum(-1)
    return first / n - (pooled.sum() - first) / (len(pooled) - n)


def best_of(count: int, num_draws: int = 20_000) -> np.ndarray:
    """The best of several standard normal scores, drawn again and again.

    Args:
        count: how many scores.
        num_draws: how often.

    Returns:
        (num_draws,).
    """
    return np.random.default_rng(0).standard_normal((num_draws, count)).max(-1)
