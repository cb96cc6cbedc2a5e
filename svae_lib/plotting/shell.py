"""Points of a standard normal distribution in R^m: how far they lie from the origin, and how they become a shell."""

from functools import cache
from typing import NamedTuple

import numpy as np
import torch

from svae_lib.ops.sphere import log_surface_area
from svae_lib.plotting.live import LiveFigure
from svae_lib.plotting.style import Picture, new_figure, styled, to_numpy

TRUTH, DRAWS, GUIDE = "#bd1f01", "#92dadd", "#832db6"
DRAW_COUNT, LARGEST_M = 1000, 200
EDGES = np.linspace(0, 17, 69)  # of |z|: a bin is a quarter


class Shell(NamedTuple):
    """Normal points of one m; the panel, the still picture and the tests all read from here."""

    m: int
    lengths: np.ndarray  # (n,), |z|
    places: np.ndarray  # (n, 2): as far from the origin as z, in units of sqrt(m), in the direction of (z_1, z_2)


@cache
def _draws() -> tuple[np.ndarray, np.ndarray]:
    """The directions (n, 2) of the first two of 200 normal coordinates, and |z| for every m: (n, 200)."""
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(DRAW_COUNT, LARGEST_M, generator=generator, dtype=torch.float64).numpy()
    first = z[:, :2] / np.linalg.norm(z[:, :2], axis=-1, keepdims=True)
    return first, np.sqrt(np.cumsum(z**2, axis=-1))


def shell(m: int) -> Shell:
    """The first m coordinates of points that are always the same, so that the picture moves smoothly with m.

    >>> shell(2).places.shape, round(shell(200).lengths.mean())
    ((1000, 2), 14)
    """
    direction, lengths = _draws()
    length = lengths[:, m - 1]
    return Shell(m, length, direction * length[:, None] / np.sqrt(m))


def length_density(m: int, r: np.ndarray) -> np.ndarray:
    r"""The density of |z| for a standard normal z in R^m: the sphere's area times the normal density on it.

    p(|z| = r) = S_m r^{m-1} (2 \pi)^{-m/2} e^{-r^2/2},   r > 0

    >>> length_density(1, np.array([1.0])).round(4)  # twice the normal density at 1
    array([0.4839])
    """
    r = torch.as_tensor(r, dtype=torch.float64)
    return (log_surface_area(m, r) - 0.5 * m * np.log(2 * np.pi) - 0.5 * r**2).exp().numpy()


class ShellPicture:
    """The points and the histogram of their lengths, a frame an m."""

    @styled
    def __init__(self):
        figure = new_figure(8.6, 3.6, " ")
        places, lengths = figure.subplots(1, 2, width_ratios=[1, 1.35])
        self._points, self._lengths = draw_places(places), draw_lengths(lengths)
        lengths.legend(loc="upper right", fontsize=9)
        self._live = LiveFigure(figure, [self._points, *self._lengths])

    def draw(self, m: int) -> bytes:
        """The picture for this m as PNG."""
        view = shell(m)
        self._points.set_data(*view.places.T)
        fill_lengths(self._lengths, view)
        return self._live.frame(title(view))


def title(view: Shell) -> str:
    return f"m = {view.m}: mean of |z| {view.lengths.mean():.2f}, standard deviation {view.lengths.std():.2f}"


def draw_places(axes):
    """Empty axes for the points, with the circle of radius sqrt(m); returns the points to fill."""
    turn = np.linspace(0, 2 * np.pi, 181)
    (points,) = axes.plot([], [], ".", markersize=3, color="#3f90da", alpha=0.6, markeredgewidth=0)
    axes.plot(np.cos(turn), np.sin(turn), color=GUIDE, linewidth=1, linestyle="--")
    axes.plot(0, 0, "+", color="black", markersize=8)
    axes.set(xlim=(-2.3, 2.3), ylim=(-2.3, 2.3), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    axes.set(title="1,000 points at their own distance", xlabel="units of √m", ylabel="units of √m")
    return points


def draw_lengths(axes):
    """Empty axes for the histogram of |z|; returns what `fill_lengths` fills."""
    bars = axes.stairs(np.zeros(len(EDGES) - 1), EDGES, fill=True, color=DRAWS, label="the points")
    (line,) = axes.plot([], [], color=TRUTH, label="exact density")
    guide = axes.axvline(0, color=GUIDE, linewidth=1, linestyle="--", label="|z| = √m")
    axes.set(xlim=(0, EDGES[-1]), ylim=(0, 0.78), title="How far from the origin?")
    axes.set(xlabel="|z| (standard deviations of a coordinate)", ylabel="density", xticks=range(0, 17, 4))
    axes.set(yticks=(0, 0.2, 0.4, 0.6))
    return bars, line, guide


def fill_lengths(artists, view: Shell) -> None:
    bars, line, guide = artists
    bars.set_data(values=np.histogram(view.lengths, EDGES, density=True)[0])
    grid = np.linspace(0, EDGES[-1], 341)[1:]
    line.set_data(grid, length_density(view.m, grid))
    guide.set_xdata([np.sqrt(view.m)] * 2)


@styled
def becoming_a_shell(sizes: tuple[int, ...] = (2, 3, 20, 200)) -> Picture:
    """What the shell panel shows at some values of m, as a still picture."""
    figure = new_figure(10, 5.2, "1,000 points of a standard normal distribution become a shell as m grows")
    places, lengths = figure.subplots(2, len(sizes), height_ratios=[1.25, 1], squeeze=False)
    for place, length, m in zip(places, lengths, sizes, strict=True):
        view = shell(m)
        draw_places(place).set_data(*view.places.T)
        fill_lengths(draw_lengths(length), view)
        place.set_title("")
        place.set_title(f"m = {m}", loc="center")
        length.set(title="", xlabel="|z|")
        if m != sizes[0]:
            place.set_ylabel("")
            length.set_ylabel("")
    return figure


@styled
def tug_of_war(m: int = 20) -> Picture:
    """Why a shell: the area of the sphere grows with its radius, the normal density falls, their product has a peak.

    All three are drawn relative to their value at the peak, r = sqrt(m - 1), where growth and fall are equally fast.
    """
    figure = new_figure(8, 3.6, f"Why a shell: area against density, m = {m}")
    axes = figure.add_subplot()
    peak = np.sqrt(m - 1)
    r = np.linspace(0, 2 * peak, 401)[1:]
    curves = {
        f"area of the sphere,\n$r^{{{m - 1}}}$": ((r / peak) ** (m - 1), "#e76300", (1.4, 1.5e4), "right"),
        "normal density\nat a point, $e^{-r^2/2}$": (np.exp((peak**2 - r**2) / 2), "#3f90da", (0.06, 3e2), "left"),
        "their product:\ndensity of |z|": (length_density(m, r) / length_density(m, peak), TRUTH, (1.68, 5e-2), "left"),
    }
    for name, (values, color, (across, height), side) in curves.items():
        axes.semilogy(r, values, color=color)
        axes.annotate(name, (across * peak, height), color=color, ha=side, va="center", fontsize=10)
    axes.axvline(peak, color=GUIDE, linewidth=1, linestyle="--")
    axes.annotate(r"$r = \sqrt{m-1}$", (peak, 1.3e-5), (5, 0), textcoords="offset points", color=GUIDE)
    axes.set(ylim=(1e-5, 1e5), xlim=(0, 2 * peak), xlabel="distance r from the origin (standard deviations)")
    axes.set_ylabel("relative to the value at the peak")
    return figure


@styled
def angle_histograms(angles: dict[int, torch.Tensor]) -> Picture:
    """By m, angles (n,) in radians between random points of the sphere in R^m, as one histogram each.

    >>> len(angle_histograms({2: torch.rand(9), 3: torch.rand(9)}).axes)
    2
    """
    figure = new_figure(2.5 * len(angles), 2.7, "The angle between two random points")
    for axes, (m, values) in zip(np.ravel(figure.subplots(1, len(angles), sharey=True)), angles.items(), strict=True):
        heights, edges = np.histogram(np.degrees(to_numpy(values)), 60, range=(0, 180), density=True)
        axes.stairs(heights, edges, fill=True, color="#3f90da")
        axes.set(xlim=(0, 180), xticks=range(0, 181, 45), xlabel="angle (degrees)")
        axes.set_title(f"m = {m}", loc="center")
    figure.axes[0].set_ylabel("density (per degree)")
    return figure
