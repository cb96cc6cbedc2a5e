"""Figures of chapter 05: the shapes, their codes, and the table of shapes against latent spaces."""

import numpy as np
from matplotlib.colors import hsv_to_rgb
from matplotlib.patheffects import withStroke

from svae_course.chapter_05.scores import SPACES, by_space, lost_nats, not_below, over_seeds
from svae_course.chapter_05.shapes import NOISES, SHAPES, data, observed, pixels
from svae_course.chapter_05.topology import winding
from svae_lib.plotting.style import MARK, OUTLINE, SAMPLES, TRACK, Picture, circle, new_figure, styled

NAMES = {"e1": "line", "s1": "circle", "e2": "plane", "s2": "sphere", "2xs1": "two circles"}  # of latent spaces
MATCH = {"interval": "e1", "circle": "s1", "clusters": "s1", "plane": "e2", "sphere": "s2", "torus": "2xs1"}
DEGREES = range(-180, 181, 60)  # that are marked on a path


def hues(position: np.ndarray) -> np.ndarray:
    """Colors that go once around with a position in turns: (n,) -> (n, 3)."""
    hue = np.mod(position, 1)
    return hsv_to_rgb(np.stack([hue, 0.8 + 0 * hue, 0.78 + 0 * hue], -1))


@styled
def shapes_and_images() -> Picture:
    """Points of the six shapes above, one point's images with either noise below; a torus is drawn by its two angles.

    Returns:
        A figure with three rows of six axes.
    """
    figure = new_figure(10.5, 5.0, "Six shapes of data, and what is seen of each")
    grid = figure.subplots(3, len(SHAPES), height_ratios=(2, 1, 1))
    for column, shape in zip(grid.T, SHAPES, strict=True):
        points, _ = data(shape, 0.0, count=500)
        across, labels = flat(shape, points)
        column[0].plot(*across.T, ".", markersize=3, color=SAMPLES)
        column[0].set(aspect="equal", xlabel=labels[0], ylabel=labels[1])
        column[0].set_title(shape, loc="center")
        column[0].margins(0.12)
        if shape == "interval":
            column[0].set(yticks=[], ylim=(-3, 3))
        for axes, (name, noise) in zip(column[1:], NOISES.items(), strict=True):
            image = observed(pixels(points[:1]), noise, np.random.default_rng(len(shape)))[0]
            axes.imshow(image, cmap="gray", vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            if shape == "interval":
                axes.set_ylabel(f"{name}\n(noise {noise:g})")
    return figure


def flat(shape: str, points: np.ndarray) -> tuple[np.ndarray, tuple[str, str]]:
    """Points of a shape (n, k) as they are drawn in a plane, (n, 2), and the labels of its axes."""
    if shape == "interval":
        return np.column_stack([points, 0 * points]), ("$p_1$", "")
    if shape == "torus":
        angles = [np.degrees(np.arctan2(points[:, i + 1], points[:, i])) for i in (0, 2)]
        return np.column_stack(angles), ("angle 1 (°)", "angle 2 (°)")
    return points[:, :2], ("$p_1$", "$p_2$")


@styled
def curve_codes(codes: dict[str, np.ndarray], title: str) -> Picture:
    """Codes of noiseless images along a curve, in a line, on a circle, in a plane, colored by the place on the curve.

    Args:
        codes: by latent space (e1, s1, e2), (n, 1) or (n, 2), of a whole turn.
        title: of the figure.

    Returns:
        A figure with one axes per space.
    """
    figure = new_figure(3.5 * len(codes), 3.9, title)
    for axes, (space, points) in zip(np.ravel(figure.subplots(1, len(codes))), codes.items(), strict=True):
        draw_codes(axes, space, points)
    return figure


def draw_codes(axes, space: str, codes: np.ndarray, turn: float = 1.0) -> None:
    """One axes of `curve_codes`, for codes of a part of a turn."""
    where = np.linspace(-turn, turn, len(codes))  # half turns
    x, y = (180 * where, codes[:, 0]) if space == "e1" else codes.T / (1 if space == "e2" else radius(codes))
    if space == "s1":
        axes.plot(*circle(), color=SAMPLES, alpha=0.25, linewidth=8)
    axes.plot(x, y, color=TRACK, linewidth=1)
    axes.scatter(x, y, s=14, color=hues(where / 2), zorder=3)
    for degrees in DEGREES:
        at = int(np.argmin(np.abs(180 * where - degrees)))
        if abs(180 * where[at] - degrees) < 2 and not (degrees == 180 and space != "e1"):
            word = axes.annotate(f"{degrees}", (x[at], y[at]), (4, 4), textcoords="offset points", fontsize=9, zorder=4)
            word.set_path_effects([withStroke(linewidth=2.5, foreground="white")])  # it may lie over dots
    if space == "e1":
        axes.set(
            xlabel="place on the curve (degrees)", ylabel="z (deviations of the prior)", xticks=(-180, -90, 0, 90, 180)
        )
    else:
        reach = 1.35 if space == "s1" else max(2.6, 1.15 * np.abs(codes).max())
        axes.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach), xlabel="$z_1$", ylabel="$z_2$")
    axes.set_title(NAMES[space])


def radius(codes: np.ndarray) -> float:
    """Mean norm of codes (n, m)."""
    return float(np.linalg.norm(codes, axis=1).mean())


@styled
def table_of_shapes(rows: list[dict]) -> Picture:
    """Nats that each latent space stays below the truth, on each shape: the mean over seeds ± half their range.

    A frame is around the highest mean and whatever Welch's test, after Holm's correction, does not put below it. A dot
    marks the space of the data's own shape.

    Args:
        rows: stored runs, with `true_log_likelihood`.

    Returns:
        A figure with one heat map per noise.
    """
    figure = new_figure(10.5, 4.6, "Nats lost against the truth: shape of the data, by latent space")
    for axes, (noise, sigma) in zip(figure.subplots(1, 2, sharey=True), NOISES.items(), strict=True):
        lost, spread = lost_nats(rows, noise)
        draw_heat_map(axes, lost, texts(lost, spread, 1))
        for y, shape in enumerate(SHAPES):
            for space in not_below(rows, f"{shape}_{noise}"):
                add_frame(axes, SPACES.index(space), y)
        axes.set_title(f"{noise}: noise {sigma:g}")
    figure.axes[0].set_ylabel("shape of the data")
    return figure


def texts(values: np.ndarray, spread: np.ndarray, digits: int) -> list[list[str]]:
    """Texts of cells: a value, and ± its spread where several seeds have one."""
    rows = zip(values.tolist(), spread.tolist(), strict=True)
    return [[f"{value:.{digits}f}" + (f"\n± {half:.{digits}f}" if half == half else "")
             for value, half in zip(*row, strict=True)] for row in rows]  # fmt: skip


def draw_heat_map(axes, values: np.ndarray, texts: list[list[str]]) -> None:
    """Cells (shapes, spaces) colored by the logarithm of their values, with a text in each."""
    shown = np.log10(np.maximum(values, 0.1))
    axes.imshow(shown, cmap="viridis_r", vmin=-1, vmax=2, aspect="auto")
    for (y, x), value in np.ndenumerate(shown):
        if np.isfinite(value):
            axes.text(
                x, y, texts[y][x], ha="center", va="center", fontsize=9, color="white" if value > 0.6 else "black"
            )
    for y, shape in enumerate(SHAPES):
        axes.plot(SPACES.index(MATCH[shape]) - 0.4, y - 0.34, "o", markersize=5, color=MARK)
    axes.set(xticks=range(len(SPACES)), xticklabels=[f"{space}\n{NAMES[space]}" for space in SPACES])
    axes.set(yticks=range(len(SHAPES)), yticklabels=SHAPES, xlabel="latent space (a dot: the data's own shape)")
    axes.grid(False)


def add_frame(axes, x: int, y: int) -> None:
    """Frame around one cell."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * 0.46 + (x, y)
    axes.plot(*corners.T, color=MARK, linewidth=2.5)


@styled
def neighbors_table(rows: list[dict]) -> Picture:
    """Percent of neighbors that each latent space keeps, on each shape: the mean over seeds ± half their range.

    Args:
        rows: stored runs, with `neighbors_kept`.

    Returns:
        A figure with one heat map per noise.
    """
    figure = new_figure(10.5, 4.6, "Neighbors kept, in percent: shape of the data, by latent space")
    for axes, (noise, sigma) in zip(figure.subplots(1, 2, sharey=True), NOISES.items(), strict=True):
        kept, spread = (100 * numbers for numbers in over_seeds(rows, noise, "neighbors_kept"))
        draw_heat_map(axes, 100 - kept, texts(kept, spread, 0))
        axes.set_title(f"{noise}: noise {sigma:g}")
    figure.axes[0].set_ylabel("shape of the data")
    return figure


@styled
def dots_of_seeds(rows: list[dict], datasets: tuple[str, ...], spaces: tuple[str, ...] = SPACES) -> Picture:
    """Log-likelihood of every run, one dot per seed, with the truth as a line.

    Args:
        rows: stored runs.
        datasets: such as "circle_noisy", one axes each.
        spaces: to show.

    Returns:
        A figure with one axes per data set.
    """
    figure = new_figure(4.8 * len(datasets), 3.0, "One dot per seed, and the log-likelihood of the truth")
    for axes, dataset in zip(np.ravel(figure.subplots(1, len(datasets), sharey=True)), datasets, strict=True):
        for space, values in by_space(rows, dataset).items():
            if space in spaces:
                axes.plot(values, [spaces.index(space)] * len(values), "o", color="C4", markersize=7)
        truth = next((r["true_log_likelihood"] for r in rows if r["dataset"] == dataset), np.nan)
        axes.axvline(truth, color=OUTLINE, linestyle="--", linewidth=1)
        axes.annotate("truth", (truth, -0.45), (-4, 0), textcoords="offset points", ha="right", va="top", color=OUTLINE)
        axes.set(title=dataset.replace("_", ", "), xlabel="log-likelihood (nats per test image)")
        axes.set(yticks=range(len(spaces)), yticklabels=[NAMES[s] for s in spaces], ylim=(len(spaces) - 0.5, -0.6))
        axes.margins(x=0.1)
    figure.axes[0].set_ylabel("latent space")
    return figure


def windings(codes: dict[str, np.ndarray], name: str, space: str = "s1") -> list[int]:
    """Winding numbers of stored codes of a closed curve, one per seed.

    Args:
        codes: by "DATASET/SPACE/SEED", (n, 2), the last point being the first.
        name: of a data set.
        space: "s1" or "e2", whose path is taken about its mean.
    """
    found = [points[:-1] for key, points in sorted(codes.items()) if key.startswith(f"{name}/{space}/")]
    return [winding(points if space == "s1" else points - points.mean(0)) for points in found]
