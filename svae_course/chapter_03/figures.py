"""Figures of chapter 03, Gaussian against von Mises-Fisher latents: stored runs, and how far their seeds spread."""

import re
from collections.abc import Iterable

import numpy as np

from svae_lib.plotting.style import BASELINE, OUTLINE, SAMPLES, Picture, new_figure, styled

FAMILIES = {"e": "Gaussian", "s": "vMF"}  # by the letter of the latent space
LOOKS = {"Gaussian": {"color": BASELINE, "marker": "s"}, "vMF": {"color": SAMPLES, "marker": "o"}}
QUANTITIES = {
    "test_kl": ("rate: lower is better", 1),
    "test_reconstruction": ("distortion: lower is better", -1),
    "test_log_likelihood": ("log-likelihood: higher is better", 1),
}


def by_dimension(runs: Iterable[dict], quantity: str) -> dict[int, dict[str, list[float]]]:
    """Values of a quantity by manifold dimension d and by family, "Gaussian" or "vMF", in the order of the runs.

    Left out are other spaces, and a d that one of the two families lacks: there is nothing to compare.

    Args:
        runs: dicts with "latent_space" and the quantity, as metrics.json holds them.
        quantity: a key of theirs.

    Returns:
        The values by d, in order, and by family.

    Example:
        >>> runs = [{"latent_space": space, "test_kl": kl} for space, kl in (("s2", 7.1), ("e2", 7.0), ("s2", 7.4))]
        >>> by_dimension(runs, "test_kl")
        {2: {'Gaussian': [7.0], 'vMF': [7.1, 7.4]}}
    """
    found: dict[int, dict[str, list[float]]] = {}
    for run in runs:
        if space := re.fullmatch(r"([es])(\d+)", run["latent_space"]):
            both = found.setdefault(int(space[2]), {name: [] for name in LOOKS})
            both[FAMILIES[space[1]]].append(run[quantity])
    return {d: found[d] for d in sorted(found) if all(found[d].values())}


def ranges_overlap(first: Iterable[float], second: Iterable[float]) -> bool:
    """Whether the ranges, from the least to the largest value, have a point in common.

    Args:
        first: values.
        second: values.

    Returns:
        True where they overlap or touch.

    Example:
        >>> ranges_overlap([1, 4, 2], [3, 5]), ranges_overlap([1, 2], [3, 5])
        (True, False)
    """
    return min(first) <= max(second) and min(second) <= max(first)


@styled
def seed_comparison(runs: Iterable[dict]) -> Picture:
    """Rate, distortion and log-likelihood of every run, by d, as nats above the mean of the Gaussian runs of that d.

    Every seed is a mark, each family's seeds are joined from the lowest to the highest.

    Args:
        runs: see `by_dimension`.

    Returns:
        A figure with three axes.
    """
    runs = list(runs)
    figure = new_figure(8.6, 3.6, "Every seed, as nats above the mean of the Gaussian runs")
    for axes, (quantity, (title, sign)) in zip(figure.subplots(1, 3), QUANTITIES.items(), strict=True):
        compared = by_dimension(runs, quantity)
        for side, (name, look) in zip((-0.15, 0.15), LOOKS.items(), strict=True):
            for place, both in enumerate(compared.values()):
                above = sign * (np.array(both[name]) - np.mean(both["Gaussian"]))
                axes.plot(np.full(len(above), place + side), above, **look, linewidth=1.5, alpha=0.8)
            axes.plot([], [], **look, linewidth=1.5, label=name)
        axes.axhline(0, color=OUTLINE, linewidth=1, linestyle="--", zorder=0)
        axes.set(xlim=(-0.6, len(compared) - 0.4), xticks=range(len(compared)), xticklabels=compared)
        axes.set(xlabel="dimension d", ylabel="nats per image")
        axes.set_title(title, fontsize=10)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
