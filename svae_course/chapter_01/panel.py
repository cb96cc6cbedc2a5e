"""The panel of chapter 01: samples of a von Mises-Fisher distribution on a globe, and the distribution of w."""

from typing import NamedTuple

import ipywidgets as widgets
import numpy as np
import torch
from torch.distributions import kl_divergence

from svae_course.sliders import kappa_and_m
from svae_course.vmf import SHORT_W_AXIS, W_AXIS, marginal_density, vmf_at_pole
from svae_lib.distributions import HypersphericalUniform
from svae_lib.errors import import_optional
from svae_lib.plotting.live import LiveFigure
from svae_lib.plotting.live_globe import plotly_globe, xyz
from svae_lib.plotting.projections import facing, lonlat_to_point
from svae_lib.plotting.style import (
    EXPECTED,
    FAINT,
    HISTOGRAM,
    MARK,
    OUTLINE,
    TRACK,
    Picture,
    circle,
    new_figure,
    png,
    styled,
)
from svae_lib.widgets import SliderPanel

BINS = 30
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


def concentration(kappa: float, m: int, count: int = 1000) -> Concentration:
    """Distribution at kappa and m with samples always drawn from the same seed, so that nothing flickers.

    Args:
        kappa: concentration, >= 0.
        m: ambient dimension.
        count: how many samples.

    Returns:
        What the panel shows.
    """
    vmf = vmf_at_pole(kappa, m)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        z = vmf.sample((count,))
    across = torch.zeros(count, 2, dtype=z.dtype)
    across[:, : m - 1] = z[:, 1:3]
    w = z[:, 0]
    # midpoints in the angle: dense where the density is narrow, and never at w = 1 or -1, where m = 2 has its two poles
    grid = np.cos((np.arange(600)[::-1] + 0.5) / 600 * np.pi)
    near = np.linspace(w.min().item(), w.max().item(), 201)[1:-1].clip(grid[0], grid[-1])
    grid = np.union1d(grid, near)
    kl = kl_divergence(vmf, HypersphericalUniform(m)).item()
    points = torch.cat([across, w[:, None]], 1).numpy()
    return Concentration(kappa, m, points, grid, marginal_density(kappa, m, grid), vmf.mean[0].item(), kl)


def what_is_seen(m: int) -> str:
    """Description of what three coordinates of a point of R^m show."""
    if m == 3:
        return "the whole sphere S²"
    return "the circle S¹" if m == 2 else f"3 of {m} coordinates"


class MarginalPicture:
    """Density of w with its mean, the samples as a histogram, and the KL; one frame per distribution."""

    @styled
    def __init__(self):
        figure = new_figure(4.6, 3.7, " ")
        self._axes = figure.add_subplot()
        self._artists = draw_marginal(self._axes)
        self._mean = self._axes.set_title(" ", fontsize=11)
        self._live = LiveFigure(figure, [*self._artists, self._axes.yaxis, self._mean])

    def draw(self, view: Concentration) -> bytes:
        """PNG of the picture of this distribution."""
        fill_marginal(self._axes, self._artists, view)
        self._mean.set_text(f"mean of w: {view.mean:.3f}")
        return self._live.frame(f"κ = {view.kappa:g}, m = {view.m}: KL {view.kl:.2f} nats")


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


class LiveGlobe:
    """Samples on a plotly globe that can be turned with the mouse; `widget` is the FigureWidget."""

    def __init__(self, view: Concentration):
        graph = import_optional("plotly.graph_objects", extra="course")
        gaps = np.concatenate([np.vstack([line, np.full((1, 3), np.nan)]) for line in graticule()])
        lines = graph.Scatter3d(**xyz(gaps), mode="lines", line={"color": FAINT, "width": 2}, hoverinfo="skip")
        scale = {"colorscale": "Viridis", "cmin": -1, "cmax": 1, "size": 3}
        points = graph.Scatter3d(mode="markers", marker=scale, hovertemplate="w = %{z:.3f}<extra></extra>")
        points.update(scattered(view))
        top = np.array([[0, 0, 1.0], [0, 0, 1.2]])
        arrow = graph.Scatter3d(**xyz(top), mode="lines+text", text=["", "  μ"], hoverinfo="skip")
        arrow.update(line={"color": EXPECTED, "width": 6}, textfont={"size": 18}, textposition="middle right")
        camera = {"eye": {"x": 0.95, "y": 0.62, "z": 0.5}, "center": {"z": 0.02}}
        self.widget = plotly_globe([lines, points, arrow], globe_title(view), 1.3, camera)

    def draw(self, view: Concentration) -> None:
        """Show the samples of this distribution."""
        with self.widget.batch_update():
            self.widget.data[1].update(scattered(view))
            self.widget.layout.title.text = globe_title(view)


def globe_title(view: Concentration) -> str:
    """Title of the globe: how many samples, and what three coordinates show."""
    return f"1,000 samples: {what_is_seen(view.m)}"


def scattered(view: Concentration) -> dict:
    """Samples as plotly takes them, colored by w."""
    points = view.points.astype(np.float32)
    return {**xyz(points), "marker": {"color": points[:, 2]}}


def draw_still_globe(axes, points: np.ndarray, size: float = 5) -> None:
    """Points (n, 3) of the ball with mu at the top, seen from a little above the equator, the near ones on top."""
    east, north, outwards = facing(np.radians(33), np.radians(25))
    for line in graticule():
        hidden = line @ outwards < 0
        for part, alpha in ((hidden, 0.25), (~hidden, 0.7)):
            shown = np.where(part[:, None], line, np.nan)
            axes.plot(shown @ east, shown @ north, **(TURNS | {"alpha": alpha}))
    near = points[np.argsort(points @ outwards)]
    axes.scatter(near @ east, near @ north, c=near[:, 2], s=size, vmin=-1, vmax=1, linewidths=0, zorder=3)
    top = np.array([[0, 0, 1.0], [0, 0, 1.3]])
    axes.plot(top @ east, top @ north, color=EXPECTED, linewidth=3, zorder=4)
    axes.annotate("μ", (0, top[1] @ north), (5, -4), textcoords="offset points", fontsize=13)
    axes.plot(*circle(), color=OUTLINE, linewidth=1)
    axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.3), aspect="equal")
    axes.set_axis_off()


@styled
def static_preview(settings: tuple[tuple[float, int], ...] = ((10, 3), (10, 11), (10, 101))) -> Picture:
    """Globe and distribution of w that ConcentrationPanel shows, at some settings, as a still picture.

    Args:
        settings: (kappa, m) of each column.

    Returns:
        A figure with two axes per setting.
    """
    figure = new_figure(10, 5.8, "1,000 samples of a vMF distribution, and the distribution of w, as m grows")
    globes, marginals = figure.subplots(2, len(settings), height_ratios=[1.15, 1])
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


class ConcentrationPanel(SliderPanel):
    """Panel of samples of a vMF distribution on a globe, the distribution of w = <mu, z> and the KL, by kappa and m.

    On the globe stand three coordinates of each sample: w, upwards, and two others. For m = 3 that is the sphere
    itself, for m = 2 a circle; for larger m it is a projection onto three coordinates, which lies inside the ball.

    Args:
        kappa: where the slider of the concentration starts.
        m: where the slider of the ambient dimension starts.
        presets: values of both sliders by name, one button each.

    Raises:
        InputError: the extra [course] is not installed.
    """

    def __init__(self, kappa: float = 10.0, m: int = 3, presets: dict[str, dict[str, float]] = PRESETS):
        sliders = kappa_and_m(kappa, m, minimum_kappa=0, maximum=200)
        start = {name: slider.value for name, slider in sliders.items()}
        globe, marginal, image = LiveGlobe(concentration(**start)), MarginalPicture(), widgets.Image(format="png")

        def draw(kappa: float, m: int) -> None:
            view = concentration(kappa, m)
            image.value = marginal.draw(view)
            globe.draw(view)

        picture = widgets.HBox([globe.widget, image], layout=widgets.Layout(overflow="hidden"))
        super().__init__(sliders, draw, picture, fallback=png(static_preview()), presets=presets, height=375)
