"""Figures of chapter 09: airports on maps, the course of EM, three cases, documents, and the number of clusters."""

import warnings

import matplotlib
import numpy as np
import torch

from svae_course.chapter_09 import cases, documents
from svae_course.chapter_09.airports import directions, half_mass_angle, mixture, split, stored_fits
from svae_lib import VonMisesFisherClustering
from svae_lib.distributions import VonMisesFisherMixture
from svae_lib.errors import InputWarning
from svae_lib.plotting.projections import facing, hammer, point_to_lonlat
from svae_lib.plotting.style import MARK, OUTLINE, SAMPLES, TRACK, Picture, circle, new_figure, styled, to_numpy

SURE = 0.9  # an airport below this probability of its cluster is called unsure
LOOKS = {"k-means": (OUTLINE, "s"), "mixture, one κ": (SAMPLES, "o"), "mixture, free κ": (MARK, "^")}


def colors(count: int) -> list[str]:
    """Colors of clusters, in the panel's order."""
    cycle = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    return [cycle[number % len(cycle)] for number in range(count)]


def around(center: np.ndarray, angle: float) -> np.ndarray:
    """Points (181, 3) of the small circle at an angle (radians) around a point of S^2."""
    east, north, outwards = facing(*point_to_lonlat(center))
    across, up = circle(np.sin(angle))
    return np.cos(angle) * outwards + across[:, None] * east + up[:, None] * north


def draw_map(axes, mixed: VonMisesFisherMixture, points: np.ndarray) -> None:
    """Points on Hammer's map in the color of their cluster, and the circle that holds half of each component."""
    proba = mixed.predict_proba(points)
    hues = np.array(colors(proba.shape[1]))
    axes.scatter(*hammer(*point_to_lonlat(points)), s=1.5, color=hues[proba.argmax(1)], linewidths=0)
    unsure = points[proba.max(1) < SURE]
    axes.scatter(*hammer(*point_to_lonlat(unsure)), s=1.5, color="black", linewidths=0)
    vmf = mixed.component_distribution
    for center, angle in zip(vmf.loc.numpy(), half_mass_angle(vmf.concentration), strict=True):
        longitude, latitude = point_to_lonlat(around(center, float(angle)))
        longitude[1:][np.abs(np.diff(longitude)) > np.pi] = np.nan  # where the circle leaves the map on one side
        x, y = hammer(longitude, latitude)
        axes.plot(x, y, color="black", linewidth=1.3)
    for edge in (-np.pi, np.pi):
        axes.plot(*hammer(edge, np.radians(np.arange(-90, 91))), color=OUTLINE, linewidth=0.8)
    axes.set(aspect="equal", xticks=[], yticks=[], xlabel="longitude", ylabel="latitude")
    axes.spines[:].set_visible(False)
    axes.grid(False)


@styled
def maps(settings: tuple[tuple[str, int], ...], title: str, every: int = 4) -> Picture:
    """Airports by cluster under stored mixtures; black ones are unsure, circles hold half of each component.

    Args:
        settings: ("free" or "tied", number of clusters) of each map.
        title: of the figure.
        every: one airport in so many is drawn.

    Returns:
        A figure with one axes per setting.
    """
    figure = new_figure(5 * len(settings), 3.4, title)
    for axes, key in zip(np.ravel(figure.subplots(1, len(settings))), settings, strict=True):
        fit = stored_fits()[key]
        draw_map(axes, mixture(fit), directions()[::every])
        kappas = sorted(set(fit["concentration"]))
        axes.set_title(f"{key[0]}: κ = " + ", ".join(f"{kappa:.3g}" for kappa in kappas), fontsize=10)
    return figure


@styled
def climbs(em, points: torch.Tensor, count: int = 5, starts: int = 6) -> Picture:
    """Mean log-likelihood at each step of EM from several random starts.

    Args:
        em: em(z, mu) -> (share, mu, kappa, history), the last of shape (steps,).
        points: (n, 3).
        count: of clusters.
        starts: how many.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(7, 3.4, f"EM from {starts} random starts, {count} clusters")
    axes, generator = figure.add_subplot(), torch.Generator().manual_seed(0)
    for _ in range(starts):
        start = points[torch.randperm(len(points), generator=generator)[:count]]
        history = to_numpy(em(points, start)[-1])
        axes.plot(np.arange(1, len(history) + 1), history, color=SAMPLES, linewidth=1.5)
        axes.plot(len(history), history[-1], "o", color=MARK, markersize=5)
    axes.set(xlabel="step", ylabel="log-likelihood (nats per airport)", ylim=(-1.6, -1.0))
    return figure


@styled
def three_cases() -> Picture:
    """Points of each of three cases, seen from above the middle of their groups, and the score of every seed below.

    Returns:
        A figure with two axes per case.
    """
    figure = new_figure(10, 5.6, "Where k-means wins, where a free κ wins, where nothing is to be found")
    for (above, below), case in zip(figure.subplots(2, 3, height_ratios=[1.2, 1]).T, cases.CASES, strict=True):
        points, groups = cases.draw(case, 0)
        middle = np.sum(cases.CASES[case][0], axis=0)
        x, y, depth = facing(*point_to_lonlat(middle)) @ points.T
        front = depth > 0
        above.plot(*circle(), color=TRACK, linewidth=1)
        above.scatter(x[front], y[front], s=9, color=np.array(colors(3))[groups[front]], linewidths=0)
        above.set(aspect="equal", xlabel="east", ylabel="north", xticks=[], yticks=[])
        above.set_title(case, fontsize=11)
        for place, (method, values) in enumerate(cases.scores(case).items()):
            color, marker = LOOKS[method]
            shifts = place + np.linspace(-0.18, 0.18, len(values))
            below.plot(shifts, values, marker, color=color, markersize=6, alpha=0.8)
        below.axhline(0, color=OUTLINE, linewidth=1)
        below.set_xticks(range(3), ["k-means", "one κ", "free κ"])
        below.set(ylim=(-0.15, 1.05), xlabel="method")
    figure.axes[3].set_ylabel("adjusted Rand index")
    return figure


@styled
def contents(labels: np.ndarray, found: np.ndarray, rows: np.ndarray, words: np.ndarray) -> Picture:
    """How many documents of each subpackage lie in each cluster, and each cluster's heaviest words.

    Args:
        labels: (n,), places in documents.SUBPACKAGES.
        found: (n,), cluster of each document.
        rows: (n, m), the documents.
        words: (m,), of the coordinates.

    Returns:
        A figure with one axes.
    """
    count = int(found.max()) + 1
    table = np.zeros((len(documents.SUBPACKAGES), count))
    np.add.at(table, (labels, found), 1)
    table /= np.maximum(table.sum(1, keepdims=True), 1)
    order = np.argsort(table.argmax(0) - 1e-3 * table.max(0), kind="stable")
    names = [", ".join(words[rows[found == j].mean(0).argsort()[::-1][:2]]) for j in order]
    figure = new_figure(8.6, 5.8, "Docstrings: share of each subpackage in each cluster")
    axes = figure.add_subplot()
    image = axes.imshow(table[:, order], cmap="viridis", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(count), names, rotation=40, ha="right", fontsize=9)
    axes.set_yticks(range(len(table)), documents.SUBPACKAGES, fontsize=9)
    axes.set(xlabel="cluster, by its two heaviest words", ylabel="subpackage")
    axes.grid(False)
    figure.colorbar(image, ax=axes, label="share of the subpackage")
    return figure


def criteria(points: np.ndarray, counts: tuple[int, ...], tied: bool = False) -> tuple[list[float], list[float]]:
    """BIC per point, and minus twice the held-out log-likelihood per point, of mixtures of several sizes.

    Args:
        points: (n, m).
        counts: numbers of components.
        tied: whether they share one concentration.

    Returns:
        Both, one value per count; the smaller, the better.
    """
    fitted, held_out = split(points)
    bic, score = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        for count in counts:
            model = VonMisesFisherClustering(count, tied=tied, n_init=2, random_state=0)
            bic.append(model.fit(points).bic(points) / len(points))
            score.append(-2 * model.fit(fitted).score(held_out))
    return bic, score


@styled
def how_many(rows: np.ndarray) -> Picture:
    """BIC and held-out likelihood against the number of clusters, for drawn points, airports and documents.

    Args:
        rows: the documents, (n, m).

    Returns:
        A figure with three axes.
    """
    figure = new_figure(10.5, 3.6, "How many clusters? Smaller is better")
    few, many = (1, 2, 3, 4, 5, 6, 8), (2, 5, 13, 24, 40)
    fits = [fit for (kind, _), fit in stored_fits().items() if kind == "free"]
    airports = [fit["bic"] / len(directions()) for fit in fits], [-2 * fit["held_out"] for fit in fits]
    columns = {
        "500 points of four vMF": (few, *criteria(four_groups(), few)),
        "airports": ([fit["count"] for fit in fits], *airports),
        "docstrings, one κ": (many, *criteria(rows, many, tied=True)),
    }
    for axes, (name, (counts, bic, held_out)) in zip(figure.subplots(1, 3), columns.items(), strict=True):
        axes.plot(counts, bic, "o-", color=SAMPLES, label="BIC per point")
        axes.plot(counts, held_out, "^--", color=MARK, label="−2 × held-out log-likelihood")
        axes.plot(counts[int(np.argmin(bic))], min(bic), "o", color=SAMPLES, markersize=13, markerfacecolor="none")
        axes.plot(counts[int(np.argmin(held_out))], min(held_out), "^", color=MARK, markersize=13, fillstyle="none")
        axes.set_title(name, fontsize=11)
        axes.set(xlabel="number of clusters")
    figure.axes[0].set_ylabel("per point (nats × 2)")
    figure.axes[0].legend(fontsize=9)
    return figure


def four_groups() -> np.ndarray:
    """500 points of four vMF distributions of different concentrations and sizes, (500, 3)."""
    corners = ([1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1])
    return cases.sampled(corners, (60, 15, 15, 6), (50, 150, 150, 150), seed=0)[0]


@styled
def static_preview(settings=(("tied", 3), ("tied", 7), ("free", 7)), longitude: float = -60) -> Picture:
    """Globes of airports by cluster that ClustersPanel shows, at some settings, as a still picture.

    Args:
        settings: ("free" or "tied", number of clusters) of each globe.
        longitude: of the place in front, degrees.

    Returns:
        A figure with one globe per setting.
    """
    figure = new_figure(9.6, 3.5, "Airports by cluster; a circle holds half of each component")
    turn, points = facing(np.radians(longitude), np.radians(30)), directions()[::6]
    for axes, key in zip(figure.subplots(1, len(settings)), settings, strict=True):
        mixed = mixture(stored_fits()[key])
        vmf, hues = mixed.component_distribution, np.array(colors(key[1]))
        x, y, depth = turn @ points.T
        axes.plot(*circle(), color=OUTLINE, linewidth=1)
        axes.scatter(x[depth > 0], y[depth > 0], s=2, color=hues[mixed.predict(points)[depth > 0]], linewidths=0)
        for center, angle in zip(vmf.loc.numpy(), half_mass_angle(vmf.concentration), strict=True):
            x, y, depth = turn @ around(center, float(angle)).T
            axes.plot(np.where(depth > 0, x, np.nan), y, color="black", linewidth=1.2)
        axes.set(aspect="equal", xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
        axes.set_title(f"{key[1]} clusters, κ {key[0]}", fontsize=11)
        axes.set_axis_off()
    return figure
