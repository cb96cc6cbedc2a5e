"""Figures of chapter 00: normal samples that become a shell, and codes of a needle that turns.

The images of a turning needle go once round in equal steps, clockwise, from the north.
"""

import numpy as np
import torch

from svae_lib.ops.sphere import log_surface_area
from svae_lib.plotting.decoding import embed_images, is_sphere
from svae_lib.plotting.images import image_rows
from svae_lib.plotting.style import (
    BASELINE,
    EXPECTED,
    MARK,
    SAMPLES,
    TRACK,
    Picture,
    circle,
    new_figure,
    styled,
    to_numpy,
)

POINTS = {0: "N", 90: "E", 180: "S", 270: "W"}  # other directions are marked by their degrees


def length_density(m: int, r: np.ndarray) -> np.ndarray:
    r"""Density of |z| for a standard normal z in R^m: the sphere's area times the normal density on it.

    p(|z| = r) = S_m r^{m-1} (2 \pi)^{-m/2} e^{-r^2/2},   r > 0

    Args:
        m: ambient dimension.
        r: (...), > 0.

    Returns:
        (...), float64.

    Example:
        >>> length_density(1, np.array([1.0])).round(4)  # twice the normal density at 1
        array([0.4839])
    """
    r = torch.as_tensor(r, dtype=torch.float64)
    return (log_surface_area(m, r) - 0.5 * m * np.log(2 * np.pi) - 0.5 * r**2).exp().numpy()


@styled
def tug_of_war(m: int = 20) -> Picture:
    """Area of the sphere, which grows with its radius, the normal density, which falls, and their product's peak.

    All three are drawn relative to their value at the peak, r = sqrt(m - 1), where growth and fall are equally fast.

    Args:
        m: ambient dimension, > 1.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(8, 3.6, f"Why a shell: area against density, m = {m}")
    axes = figure.add_subplot()
    peak = np.sqrt(m - 1)
    r = np.linspace(0, 2 * peak, 401)[1:]
    curves = {
        f"area of the sphere,\n$r^{{{m - 1}}}$": ((r / peak) ** (m - 1), BASELINE, (1.4, 1.5e4), "right"),
        "normal density\nat a point, $e^{-r^2/2}$": (np.exp((peak**2 - r**2) / 2), SAMPLES, (0.06, 3e2), "left"),
        "their product:\ndensity of |z|": (length_density(m, r) / length_density(m, peak), MARK, (1.68, 5e-2), "left"),
    }
    for name, (values, color, (across, height), side) in curves.items():
        axes.semilogy(r, values, color=color)
        axes.annotate(name, (across * peak, height), color=color, ha=side, va="center", fontsize=10)
    axes.axvline(peak, color=EXPECTED, linewidth=1, linestyle="--")
    axes.annotate(r"$r = \sqrt{m-1}$", (peak, 1.3e-5), (5, 0), textcoords="offset points", color=EXPECTED)
    axes.set(ylim=(1e-5, 1e5), xlim=(0, 2 * peak), xlabel="distance r from the origin (standard deviations)")
    axes.set_ylabel("relative to the value at the peak")
    return figure


@styled
def angle_histograms(angles: dict[int, torch.Tensor]) -> Picture:
    """Histograms of the angle between random points of the sphere in R^m, one for each m.

    Args:
        angles: by m, (n,) in radians.

    Returns:
        A figure with one axes for each m.

    Example:
        >>> len(angle_histograms({2: torch.rand(9), 3: torch.rand(9)}).axes)
        2
    """
    rows = (len(angles) + 1) // 2  # two columns: a narrow page can show them
    figure = new_figure(6.5, 0.5 + 2.1 * rows, "The angle between two random points")
    panes = np.ravel(figure.subplots(rows, 2, sharey=True, sharex=True, squeeze=False))[: len(angles)]
    for axes, (m, values) in zip(panes, angles.items(), strict=True):
        heights, edges = np.histogram(np.degrees(to_numpy(values)), 60, range=(0, 180), density=True)
        axes.stairs(heights, edges, fill=True, color=SAMPLES)
        axes.set(xlim=(0, 180), xticks=range(0, 181, 45), title=f"m = {m}")
    for axes in panes[-2:]:
        axes.set_xlabel("angle (degrees)")
    for axes in panes[::2]:
        axes.set_ylabel("density (per degree)")
    return figure


@styled
def compass_codes(models: dict[str, object], needles) -> Picture:
    """Codes of one turn of a needle in each model, marked by its direction every 30 degrees.

    Args:
        models: VAEs by name, whose latent spaces have one coordinate, which is drawn over the direction, or two: planes
            and circles.
        needles: (N, H, W) in [0, 1].

    Returns:
        A figure with one axes per model.
    """
    figure = new_figure(3.6 * len(models), 4, "One turn of the needle, as codes")
    for axes, (name, model) in zip(np.ravel(figure.subplots(1, len(models))), models.items(), strict=True):
        codes = embed_images(model, needles)
        draw = _line if codes.shape[1] == 1 else _circle if is_sphere(model.latent_space, 1) else _plane
        draw(axes, codes)
        axes.set_title(name)
    return figure


@styled
def prior_rows(models: dict[str, object], needles) -> Picture:
    """Real needles and, one row per model, as many images decoded from codes of its prior.

    Args:
        models: VAEs by name.
        needles: (N, H, W) in [0, 1].

    Returns:
        A figure with one axes.
    """
    needles = to_numpy(needles)
    rows = {"data": needles} | {name: to_numpy(model.sample(len(needles))) for name, model in models.items()}
    return image_rows(rows, "Images decoded from random codes of the prior")


def _mark(axes, x, y) -> None:
    """Path of codes (N,) and (N,), with the direction of the needle written on it every 30 degrees."""
    axes.plot(x, y, color=TRACK)
    for degrees in range(0, 360, 30):
        at = degrees * (len(x) - 1) // 360
        axes.annotate(
            POINTS.get(degrees, str(degrees)), (x[at], y[at]), ha="center", va="center", zorder=4,
            size=12 if degrees in POINTS else 8, weight="bold" if degrees in POINTS else "normal",
            bbox={"boxstyle": "circle,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.9},
        )  # fmt: skip


def _closed(codes: np.ndarray) -> np.ndarray:
    return np.concatenate([codes, codes[:1]])


def _line(axes, codes) -> None:
    _mark(axes, np.linspace(0, 360, len(codes) + 1), _closed(codes)[:, 0])
    axes.set(
        xlabel="direction of the needle (degrees)",
        ylabel="z (standard deviations of the prior)",
        xticks=range(0, 361, 90),
    )


def _plane(axes, codes) -> None:
    reach = max(2.5, 1.15 * np.abs(codes).max())
    grid = np.linspace(-reach, reach, 121)
    prior = np.exp(-(grid[:, None] ** 2 + grid**2) / 2)
    axes.contourf(grid, grid, prior, np.linspace(0.05, 1, 8), cmap="Blues", alpha=0.5)
    _mark(axes, *_closed(codes).T)
    axes.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
    axes.set(xlabel="$z_1$ (blue: density of the prior)", ylabel="$z_2$ (standard deviations of the prior)")


def _circle(axes, codes) -> None:
    radius = np.linalg.norm(codes[0])  # of every code
    axes.plot(*circle(radius), color=SAMPLES, alpha=0.35, linewidth=8)
    _mark(axes, *_closed(codes).T)
    axes.set(aspect="equal", xlim=(-1.25 * radius, 1.25 * radius), ylim=(-1.25 * radius, 1.25 * radius))
    axes.set(xlabel="$z_1$ (blue: the uniform prior)", ylabel="$z_2$")
