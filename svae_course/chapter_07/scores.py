"""Scores of the trainings of chapter 07: with the exact gradient and with the uncorrected one, and who pays."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from svae_course.chapter_07.training import SPACES
from svae_course.score_tables import compare_pairs, mean_of
from svae_lib.plotting.style import MARK, OUTLINE, SAMPLES, Picture, new_figure, styled

AWAKE = 0.5  # nats: a factor that costs less is asleep; one at the floor, kappa = 1, costs 0.21 on a circle
NAMES = {"10xs1": "ten circles"}


def by_gradient(runs: Iterable[dict], space: str, score: Callable[[dict], float]) -> dict[str, list[float]]:
    """Score of each run on a space, by its gradient.

    Args:
        runs: with "latent_space" and "gradient".
        space: a key of SPACES.
        score: of a run.

    Returns:
        Lists in the order of the runs, under "exact" and "uncorrected".
    """
    found = {"exact": [], "uncorrected": []}
    for run in runs:
        if run["latent_space"] == space:
            found[run["gradient"]].append(score(run))
    return found


def score_table(runs: Sequence[dict]) -> list[str]:
    """Mean log-likelihood with each gradient, and a test of their difference.

    Args:
        runs: see `by_gradient`.

    Returns:
        One line for each space; p is Welch's, after Holm's correction.
    """
    spaces = [space for space in SPACES if any(run["latent_space"] == space for run in runs)]
    pairs = [by_gradient(runs, space, lambda run: run["test_log_likelihood"]) for space in spaces]
    tests = compare_pairs((pair["uncorrected"], pair["exact"]) for pair in pairs)
    return [
        f"{NAMES[space]:11} exact {mean_of(pair['exact']):14} uncorrected {mean_of(pair['uncorrected']):14} "
        f"{difference:+.2f}  {test}"
        for space, pair, (difference, test) in zip(spaces, pairs, tests, strict=True)
    ]


def awake(run: dict) -> int:
    """Number of factors whose KL is above AWAKE nats.

    Example:
        >>> awake({"costs": [2.1, 0.7, 0.21]})
        2
    """
    return sum(cost > AWAKE for cost in run["costs"])


@styled
def who_pays(runs: Sequence[dict]) -> Picture:
    """Log-likelihood of every run, and the KL of each circle of the runs on ten circles.

    Args:
        runs: see `by_gradient`, with "costs".

    Returns:
        A figure with two axes.
    """
    figure = new_figure(10, 3.8, "A VAE with either gradient: every seed")
    left, right = figure.subplots(1, 2)
    looks = {"exact": {"color": SAMPLES, "marker": "o"}, "uncorrected": {"color": MARK, "marker": "s"}}
    spaces = [space for space in SPACES if any(run["latent_space"] == space for run in runs)]
    for place, space in enumerate(spaces):
        for shift, (gradient, scores) in zip((-0.1, 0.1), by_gradient(runs, space, _score).items(), strict=True):
            left.plot(np.full(len(scores), place + shift), scores, linestyle="none", alpha=0.8, **looks[gradient])
    left.set_xticks(range(len(spaces)), [NAMES[space] for space in spaces])
    left.set(xlim=(-0.6, len(spaces) - 0.4), ylabel="test log-likelihood (nats)", xlabel="latent space")
    for gradient, rows in by_gradient(runs, "10xs1", lambda run: run["costs"]).items():
        for number, costs in enumerate(rows):
            label = gradient if number == 0 else None
            right.plot(range(1, len(costs) + 1), costs, alpha=0.7, markersize=5, label=label, **looks[gradient])
    right.axhline(AWAKE, color=OUTLINE, linewidth=1, linestyle=":")
    right.set(xlabel="circle, from the most expensive", ylabel="KL (nats)", xticks=range(1, 11), ylim=(0, None))
    right.legend(fontsize=9)
    return figure


def _score(run: dict) -> float:
    return run["test_log_likelihood"]
