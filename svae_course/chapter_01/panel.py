"""The panel of chapter 01: samples of a von Mises-Fisher distribution on a globe, and the distribution of w."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from svae_course.noise import uniforms
from svae_course.vmf import SHORT_W_AXIS, W_AXIS, kl_to_uniform, marginal_density, vmf_at_pole
from svae_lib.plotting.projections import facing, lonlat_to_point
from svae_lib.plotting.style import (
    EXPECTED,
    HISTOGRAM,
    MARK,
    OUTLINE,
    TRACK,
    Picture,
    circle,
    new_figure,
    styled,
)
from svae_lib.widgets import Panel, Slider

BINS, SAMPLE_COUNT, NODES = 30, 1000, 1024
TURNS = {"color": TRACK, "linewidth": 0.6, "alpha": 0.7}
PRESETS = {
    "uniform": {"kappa": 0, "m": 3},
    "a small cap": {"kappa": 100, "m": 3},
    "κ = 10, m = 11": {"kappa": 10, "m": 11},
    "κ = 10, m = 101": {"kappa": 10, "m": 101},
    "κ = 101, m = 101": {"kappa": 101, "m": 101},
    "a circle": {"kappa": 2, "m": 2},
}


class Concentration(NamedTuple):
    """One vMF distribution and some of its samples; the panel, its preview and the tests all read from here."""

    kappa: float
    m: int
    points: np.ndarray  # (n, 3): two coordinates across mu, then w; on the sphere for m = 2 and 3, else inside of it
    grid: np.ndarray  # (g,), values of w
    density: np.ndarray  # (g,), the density of w there
    mean: float  # E[w]
    kl: float  # to the uniform distribution, nats


def concentration(kappa: float, m: int) -> Concentration:
    """Distribution at kappa and m, with samples that glide as kappa and m move, for the same random numbers make them.

    Args:
        kappa: concentration, >= 0.
        m: ambient dimension.

    Returns:
        What the panel shows.
    """
    grid = np.cos((np.arange(600)[::-1] + 0.5) / 600 * np.pi)  # dense towards both ends, and never at w = 1 or -1
    density = marginal_density(kappa, m, grid)
    mean, kl = vmf_at_pole(kappa, m).mean[0].item(), float(kl_to_uniform(m, kappa))
    return Concentration(kappa, m, samples(kappa, m), grid, density, mean, kl)


def samples(kappa: float, m: int) -> np.ndarray:
    r"""Three coordinates of samples: the angle by its inverse distribution function, the direction across mu uniform.

    The angle has a density proportional to exp(kappa cos(theta)) sin(theta)^{m-2}, which is summed by the trapezoidal
    rule. Of a uniform point of S^{m-2} the first two coordinates have the squared length 1 - U^{2/(m-3)}.

    Args:
        kappa: concentration, >= 0.
        m: ambient dimension.

    Returns:
        (1000, 3): two coordinates across mu, then w.
    """
    by_angle, by_length, by_turn = uniforms(3 * SAMPLE_COUNT, seed=1).reshape(3, -1)
    nodes = np.linspace(0, np.pi, NODES)
    with np.errstate(divide="ignore"):
        power = (m - 2) * np.log(np.sin(nodes)) if m > 2 else 0.0
    logs = kappa * np.cos(nodes) + power
    weights = np.exp(logs - logs.max())
    below = np.append(0.0, np.cumsum((weights[1:] + weights[:-1]) / 2))
    theta = np.interp(by_angle * below[-1], below, nodes)
    if m == 2:
        across = np.sign(0.5 - by_turn), np.zeros(SAMPLE_COUNT)
    else:
        length = np.sqrt(1 - by_length ** (2 / (m - 3))) if m > 3 else 1.0
        across = length * np.cos(2 * np.pi * by_turn), length * np.sin(2 * np.pi * by_turn)
    return np.stack([np.sin(theta) * across[0], np.sin(theta) * across[1], np.cos(theta)], -1)


def what_is_seen(m: int) -> str:
    """Description of what three coordinates of a point of R^m show."""
    if m == 3:
        return "the whole sphere S²"
    return "the circle S¹" if m == 2 else f"3 of {m} coordinates"


def draw_marginal(axes, legend: bool = True):
    """Empty axes for the distribution of w; returns what `fill_marginal` fills."""
    bars = axes.stairs(np.zeros(BINS), np.linspace(-1, 1, BINS + 1), fill=True, color=HISTOGRAM, label="1,000 samples")
    (line,) = axes.plot([], [], color=MARK, label="exact density")
    mean = axes.axvline(0, color=EXPECTED, linestyle="--", linewidth=1.5, label="mean, E[w]")
    axes.set(xlim=(-1, 1), xticks=(-1, -0.5, 0, 0.5, 1), xlabel=W_AXIS, ylabel="density (per unit of w)")
    if legend:
        axes.legend(loc="upper left", fontsize=9, frameon=True, edgecolor="none")
    return bars, line, mean


def fill_marginal(axes, artists, view: Concentration) -> None:
    """Bring histogram, density and mean to this distribution."""
    bars, line, mean = artists
    heights, _ = np.histogram(view.points[:, 2], bins=BINS, range=(-1, 1), density=True)
    bars.set_data(values=heights)
    line.set_data(view.grid, view.density)
    mean.set_xdata([view.mean, view.mean])
    tallest = view.density[np.abs(view.grid) < 0.98].max() if view.m == 2 else view.density.max()
    axes.set_ylim(0, 1.25 * max(tallest, heights.max()))


def graticule() -> list[np.ndarray]:
    """Lines (k, 3) of longitude and latitude, 30 degrees apart, on the unit sphere."""
    turn, rise = np.linspace(-np.pi, np.pi, 73), np.linspace(-np.pi / 2, np.pi / 2, 37)
    meridians = [lonlat_to_point(np.radians(degrees), rise) for degrees in range(-180, 180, 30)]
    return meridians + [lonlat_to_point(turn, np.radians(degrees)) for degrees in range(-60, 90, 30)]


def draw_still_globe(axes, points: np.ndarray, size: float = 5) -> None:
    """Points (n, 3) of the ball with mu at the top, seen from a little above the equator, the near ones on top."""
    east, north, outwards = facing(np.radians(33), np.radians(25))
    for line in graticule():
        hidden = line @ outwards < 0
        for part, alpha in ((hidden, 0.25), (~hidden, 0.7)):
            shown = np.where(part[:, None], line, np.nan)
            axes.plot(shown @ east, shown @ north, **(TURNS | {"alpha": alpha}))
    near = points[np.argsort(points @ outwards)]
    axes.scatter(near @ east, near @ north, c=near[:, 2], s=size, vmin=-1, vmax=1, alpha=0.7, linewidths=0, zorder=3)
    top = np.array([[0, 0, 1.0], [0, 0, 1.3]])
    axes.plot(top @ east, top @ north, color=EXPECTED, linewidth=3, zorder=4)
    axes.annotate("μ", (0, top[1] @ north), (5, -4), textcoords="offset points", fontsize=13)
    axes.plot(*circle(), color=OUTLINE, linewidth=1)
    axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.3), aspect="equal")
    axes.set_axis_off()


@styled
def static_preview(settings: tuple[tuple[float, int], ...] = ((2, 3), (10, 3), (100, 3))) -> Picture:
    """Globe and distribution of w that ConcentrationPanel shows, at some settings, as a still picture.

    Args:
        settings: (kappa, m) of each column; those it opens with leave to the reader what m does.

    Returns:
        A figure with two axes per setting.
    """
    figure = new_figure(10, 5.8, "1,000 samples of a vMF distribution, and the distribution of w")
    globes, marginals = figure.subplots(2, len(settings), height_ratios=[1.15, 1], squeeze=False)
    for globe, marginal, (kappa, m) in zip(globes, marginals, settings, strict=True):
        view = concentration(kappa, m)
        draw_still_globe(globe, view.points)
        globe.set_title(f"κ = {kappa:g}, m = {m}: {what_is_seen(m)}", loc="center", fontsize=10)
        fill_marginal(marginal, draw_marginal(marginal, legend=marginal is marginals[0]), view)
        marginal.set_title(f"KL {view.kl:.2f} nats, E[w] = {view.mean:.3f}", loc="center", fontsize=11)
        marginal.set_xlabel(SHORT_W_AXIS)
    for marginal in marginals[1:]:
        marginal.set_ylabel("")
    return figure


class ConcentrationPanel(Panel):
    """Panel of samples of a vMF distribution on a globe, the distribution of w = <mu, z> and the KL, by kappa and m.

    On the globe, which turns under a pointer and the arrow keys, stand three coordinates of each sample: w, upwards,
    and two others. For m = 3 that is the sphere itself, for m = 2 a circle; for larger m it is a projection onto three
    coordinates, which lies inside the ball.

    Args:
        kappa: where the slider of the concentration starts.
        m: where the slider of the ambient dimension starts.
        presets: values of both sliders by name, one button each.

    Example:
        >>> panel = ConcentrationPanel(kappa=2, m=5)
        >>> panel.set(kappa=1000)
        >>> panel.values
        {'kappa': 200.0, 'm': 5}
    """

    name, label = "concentration", "1,000 samples of a von Mises-Fisher distribution, and the distribution of w"
    module = Path(__file__).with_name("panel.js")
    preview = staticmethod(static_preview)  # where no JavaScript runs
    kappa = Slider(10.0, min=0, max=200, step=0.5, label="concentration κ")
    m = Slider(3, min=2, max=200, label="ambient dimension m")

    def __init__(self, kappa: float = 10.0, m: int = 3, presets: dict[str, dict[str, float]] = PRESETS):
        super().__init__(presets, kappa=kappa, m=m)
