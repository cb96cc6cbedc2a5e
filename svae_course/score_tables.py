"""Scores over seeds in words: a mean with its interval, and what a test says of two rows."""

from collections.abc import Iterable, Sequence

import numpy as np

from svae_lib.comparison import compare, half_width, holm


def mean_of(scores: Sequence[float]) -> str:
    """A mean and half its 95 % interval; of one seed the score alone.

    Args:
        scores: one for each seed.

    Example:
        >>> mean_of([7.0, 8.0, 9.0]), mean_of([7.0])
        ('8.00 ± 2.48', '7.00')
    """
    return f"{np.mean(scores):.2f} ± {half_width(scores):.2f}" if len(scores) > 1 else f"{scores[0]:.2f}"


def compare_pairs(pairs: Iterable[tuple[Sequence[float], Sequence[float]]]) -> list[tuple[float, str]]:
    """Differences of means, and Welch's p after Holm's correction over all pairs.

    Args:
        pairs: scores over seeds, and those of what they are compared with.

    Returns:
        For each pair the first mean minus the second, and p in words.

    Example:
        >>> compare_pairs([([1.0, 1.5, 2.0], [2.0, 2.5, 3.0]), ([1.0], [2.0, 2.0])])
        [(-1.0, 'p = 0.070'), (-1.0, 'one seed: no test')]
    """
    found = [compare(*pair) for pair in pairs]
    adjusted = holm([each.welch for each in found])
    small = 0.0005  # below it three decimals would say 0.000
    in_words = ("one seed: no test" if np.isnan(p) else f"p = {p:.3f}" if p >= small else "p < 0.001" for p in adjusted)
    return [(each.difference, text) for each, text in zip(found, in_words, strict=True)]
