"""Figures of chapter 06, How many seeds: our own stored runs, and what chance alone does with scores."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.ticker import MaxNLocator

from svae_course.chapter_06.seeds import LEVEL, MOST_SEEDS, best_of, deals, power, wrong_winner
from svae_course.stored_files import sphere_settings
from svae_lib.comparison import half_width
from svae_lib.plotting.style import (
    BASELINE,
    EXPECTED,
    FACTOR_COLORS,
    HISTOGRAM,
    MARK,
    OUTLINE,
    SAMPLES,
    Picture,
    new_figure,
    styled,
)

HEADS = {"inverse_variance": "new head", "squared_softplus": "squared softplus"}


def by_name(runs: Iterable[dict], quantity: str = "test_log_likelihood") -> dict[str, list[float]]:
    """Scores of stored runs by space, and for a sphere by concentration head; radius sqrt(m) alone.

    Args:
        runs: as tools/store_runs.py stores them, see svae_course.stored_files.stored_runs.
        quantity: a key of theirs.

    Returns:
        By name ("e10", "s10, new head"), the scores in the order of the seeds.

    Example:
        >>> by_name([{"latent_space": "e10", "seed": 0, "test_log_likelihood": -1.0}])
        {'e10': [-1.0]}
    """
    found = {}
    for run in sorted(runs, key=lambda run: run["seed"]):
        radius, head = sphere_settings(run)
        if radius is None or (radius == "sqrt_m" and head in HEADS):
            name = run["latent_space"] + (f", {HEADS[head]}" if head else "")
            found.setdefault(name, []).append(run[quantity])
    return found


@styled
def seed_dots(scores: Mapping[str, Sequence[float]], title: str = "The same command, another seed") -> Picture:
    """A dot for each seed, a row for each space, with the mean's 95 % interval.

    Args:
        scores: by name, one for each seed; one seed alone has no interval.
        title: over the figure.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(7, 0.9 + 0.5 * len(scores), title)
    axes = figure.add_subplot()
    for row, each in enumerate(scores.values()):
        axes.plot(each, np.full(len(each), row), "o", color=SAMPLES, markersize=9, alpha=0.7)
        axes.errorbar(np.mean(each), row - 0.28, xerr=half_width(each), color=MARK, capsize=4, marker="|")
    axes.set(xlabel="test log-likelihood (nats per image)", yticks=range(len(scores)), yticklabels=list(scores))
    axes.set_ylim(len(scores) - 0.5, -0.7)
    axes.set_title("dots: seeds; red: mean and its 95 % interval", loc="left", fontsize=11)
    return figure


@styled
def permutation_null(scores: Sequence[float], others: Sequence[float], names: tuple[str, str]) -> Picture:
    """The differences of means over all ways to deal out the scores, with the observed one.

    Args:
        scores: of the first name.
        others: of the second.
        names: of the two.

    Returns:
        A figure with one axes.
    """
    differences = deals(scores, others)
    observed = differences[0]
    extreme = np.abs(differences) >= abs(observed) - 1e-12
    figure = new_figure(7, 3.4, f"If the two were equally good: {names[0]} minus {names[1]}")
    axes = figure.add_subplot()
    bins = np.linspace(-1.05, 1.05, 44) * np.abs(differences).max()
    axes.hist(differences, bins, color=HISTOGRAM, edgecolor=OUTLINE, linewidth=0.5)
    axes.hist(differences[extreme], bins, color=MARK)
    axes.axvline(observed, color=EXPECTED, linestyle="--", label="observed")
    axes.legend()
    words = f"{extreme.sum()} of {len(differences)} splits are as far from 0 as observed"
    axes.set(xlabel="difference of means (nats)", ylabel="number of splits")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(words, loc="left", fontsize=11)
    return figure


@styled
def chances(ratios: Sequence[float] = (0.5, 1.0, 2.0, 4.0)) -> Picture:
    """The chance that the worse space wins, and that a test separates the two, against the number of seeds.

    Args:
        ratios: of the true difference to the spread over seeds, a line each.

    Returns:
        A figure with two axes.
    """
    figure = new_figure(9, 3.8, "What more seeds buy")
    axes, counts = figure.subplots(1, 2), np.arange(1, MOST_SEEDS + 1)
    for ratio, color in zip(ratios, FACTOR_COLORS, strict=False):
        looks = {"color": color, "marker": ".", "label": f"{ratio:g}"}
        axes[0].plot(counts, [wrong_winner(ratio, 1.0, n) for n in counts], **looks)
        axes[1].plot(counts[1:], [power(ratio, 1.0, n) for n in counts[1:]], **looks)
    for each, ylabel in zip(axes, ("chance that the worse one wins", "chance that a test separates them"), strict=True):
        each.set(xlabel="seeds on each side", ylabel=ylabel, ylim=(-0.02, 1.02), xticks=range(2, MOST_SEEDS + 1, 3))
    axes[0].set_ylim(-0.01, 0.51)
    axes[0].axhline(LEVEL, color=OUTLINE, linestyle=":")
    axes[1].axhline(LEVEL, color=OUTLINE, linestyle=":")
    axes[0].legend(title="difference / spread")
    return figure


@styled
def winners_curse(counts: Sequence[int] = (1, 5, 30)) -> Picture:
    """How far the best of several equal spaces lies above their true mean, with one run each.

    Args:
        counts: of spaces, a histogram each.

    Returns:
        A figure with one axes for each count.
    """
    figure = new_figure(9, 3.2, "The best of several equal spaces, one run each")
    grid = figure.subplots(1, len(counts), sharex=True, sharey=True)
    for axes, count in zip(grid, counts, strict=True):
        best = best_of(count)
        axes.hist(best, np.linspace(-3.5, 4.5, 49), density=True, color=HISTOGRAM, edgecolor=OUTLINE, linewidth=0.4)
        axes.axvline(0, color=OUTLINE, linestyle="--")
        axes.axvline(best.mean(), color=MARK)
        axes.set_title(f"best of {count}: {best.mean():+.2f}" if count > 1 else "one", loc="left", fontsize=11)
        axes.set_xlabel("score, in spreads above the truth")
    grid[0].set_ylabel("density")
    return figure


def bounds(model, images, counts: Sequence[int]) -> np.ndarray:
    """Mean importance-weighted bound of images for several numbers of samples, small ones drawn again and again.

    Args:
        model: a VAE.
        images: (N, H, W) in [0, 1].
        counts: of importance samples.

    Returns:
        (len(counts),), in nats per image.
    """
    torch.manual_seed(0)
    images = torch.as_tensor(images, dtype=torch.float32)
    repeats = [min(60, max(counts) // count) for count in counts]  # or the noise of few samples would hide the bias
    with torch.no_grad():
        found = [
            [model.log_likelihood(images, count).mean().item() for _ in range(repeat)]
            for count, repeat in zip(counts, repeats, strict=True)
        ]
    return np.array([np.mean(each) for each in found])


@styled
def sample_bias(found: Mapping[str, np.ndarray], counts: Sequence[int]) -> Picture:
    """What each bound lacks of the one with the most samples.

    Args:
        found: by space, `bounds` for the counts.
        counts: of importance samples, rising.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(6.4, 3.6, "What the bound still lacks, by the number of samples")
    axes = figure.add_subplot()
    for (space, each), color in zip(found.items(), (SAMPLES, BASELINE, EXPECTED, MARK), strict=False):
        axes.plot(counts[:-1], each[-1] - each[:-1], "o-", color=color, label=space)
    axes.set(xscale="log", yscale="log", xlabel="importance samples K")
    axes.set_ylabel(f"nats below K = {counts[-1]}")
    axes.legend()
    return figure
