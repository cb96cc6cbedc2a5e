"""The panel of chapter 00: points of a standard normal distribution in R^m become a shell as m grows."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from svae_course.chapter_00.figures import length_density
from svae_course.noise import normals
from svae_lib.plotting.style import EXPECTED, HISTOGRAM, MARK, SAMPLES, Picture, circle, new_figure, styled
from svae_lib.widgets import Panel, Slider

SAMPLE_COUNT, LARGEST_M = 1000, 200
EDGES = np.linspace(0, 17, 69)  # of |z|: a bin is a quarter


class Shell(NamedTuple):
    """Normal samples of one m; the panel, its preview and the tests all read from here."""

    m: int
    lengths: np.ndarray  # (n,), |z|
    places: np.ndarray  # (n, 2): as far from the origin as z, in units of sqrt(m), in the direction of (z_1, z_2)


@cache
def _samples() -> tuple[np.ndarray, np.ndarray]:
    """Directions (n, 2) of the first two of 200 normal coordinates, and |z| for every m: (n, 200)."""
    z = normals(SAMPLE_COUNT * LARGEST_M, seed=0).reshape(SAMPLE_COUNT, LARGEST_M)
    first = z[:, :2] / np.linalg.norm(z[:, :2], axis=-1, keepdims=True)
    return first, np.sqrt(np.cumsum(z**2, axis=-1))


def shell(m: int) -> Shell:
    """First m coordinates of samples that are always the same, so that the picture moves smoothly with m.

    Args:
        m: ambient dimension, 2 to 200.

    Returns:
        The samples of this m.

    Example:
        >>> shell(2).places.shape, round(shell(200).lengths.mean())
        ((1000, 2), 14)
    """
    direction, lengths = _samples()
    length = lengths[:, m - 1]
    return Shell(m, length, direction * length[:, None] / np.sqrt(m))


def draw_places(axes):
    """Empty axes for the points, with the circle of radius sqrt(m); returns the points to fill."""
    (points,) = axes.plot([], [], ".", markersize=3, color=SAMPLES, alpha=0.6, markeredgewidth=0)
    axes.plot(*circle(), color=EXPECTED, linewidth=1, linestyle="--")
    axes.plot(0, 0, "+", color="black", markersize=8)
    axes.set(xlim=(-2.3, 2.3), ylim=(-2.3, 2.3), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    axes.set(title="1,000 points at their own distance", xlabel="units of √m", ylabel="units of √m")
    return points


def draw_lengths(axes):
    """Empty axes for the histogram of |z|; returns what `fill_lengths` fills."""
    bars = axes.stairs(np.zeros(len(EDGES) - 1), EDGES, fill=True, color=HISTOGRAM, label="the points")
    (line,) = axes.plot([], [], color=MARK, label="exact density")
    guide = axes.axvline(0, color=EXPECTED, linewidth=1, linestyle="--", label="|z| = √m")
    axes.set(xlim=(0, EDGES[-1]), ylim=(0, 0.78), title="How far from the origin?")
    axes.set(xlabel="|z| (standard deviations of a coordinate)", ylabel="density", xticks=range(0, 17, 4))
    axes.set(yticks=(0, 0.2, 0.4, 0.6))
    return bars, line, guide


def fill_lengths(artists, view: Shell) -> None:
    """Bring histogram, density and guide to these samples."""
    bars, line, guide = artists
    bars.set_data(values=np.histogram(view.lengths, EDGES, density=True)[0])
    grid = np.linspace(0, EDGES[-1], 341)[1:]
    line.set_data(grid, length_density(view.m, grid))
    guide.set_xdata([np.sqrt(view.m)] * 2)


@styled
def static_preview(sizes: tuple[int, ...] = (2, 3, 4)) -> Picture:
    """Points and lengths that ShellPanel shows, at some values of m, as a still picture.

    Args:
        sizes: values of m; those it opens with leave the answer to the reader, who is asked what happens up to 200.

    Returns:
        A figure with two axes for each m.
    """
    title = f"1,000 points of a standard normal distribution, m = {', '.join(map(str, sizes))}"
    figure = new_figure(2.5 * len(sizes), 5.2, title)
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


class ShellPanel(Panel):
    """Panel of points of a standard normal distribution in R^m, and of their distances from the origin, as m changes.

    Each point is drawn at its own distance from the middle, in units of sqrt(m), in the direction of its first two
    coordinates: for m = 2 that is the cloud itself, for larger m a cloud with all its lengths and none of its angles.

    Args:
        m: where the slider starts.
        presets: values of m, one button each.

    Example:
        >>> panel = ShellPanel()
        >>> panel.set(m=20)
        >>> panel.values
        {'m': 20}
    """

    name, label = "shell", "1,000 points of a normal distribution, and how far they lie from the origin"
    module = Path(__file__).with_name("panel.js")
    preview = staticmethod(static_preview)  # where no JavaScript runs
    m = Slider(2, min=2, max=LARGEST_M, label="ambient dimension m")

    def __init__(self, m: int = 2, presets: tuple[int, ...] = (3, 20, 200)):
        super().__init__({f"m = {value}": {"m": value} for value in presets}, m=m)
