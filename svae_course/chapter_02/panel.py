"""The panel of chapter 02: a sphere on the collapsed curve of the KL, and where the naive formula underflows."""

from pathlib import Path

import numpy as np

from svae_course.chapter_02.figures import DTYPES, LIMIT, naive_kl
from svae_course.vmf import kl_to_uniform, limit_kl
from svae_lib.plotting.style import EXPECTED, MARK, Picture, new_figure, styled
from svae_lib.widgets import Choice, Panel, Slider

RATIOS, CONCENTRATIONS = np.geomspace(0.002, 250, 200), np.geomspace(0.4, 500, 60)
EXACT = {"color": "C0", "linewidth": 6, "alpha": 0.5, "label": "exact"}
NAIVE = {"color": MARK, "linewidth": 1.5, "label": "naive"}
POINT = {"color": EXPECTED, "marker": "o", "markersize": 11, "linestyle": "none", "zorder": 5}
PRESETS = {
    "κ = 10, m = 11": {"kappa": 10, "m": 11},
    "κ = 10, m = 101": {"kappa": 10, "m": 101},
    "κ = 101, m = 101": {"kappa": 101, "m": 101},
    "κ = 1, m = 66": {"kappa": 1, "m": 66},
    "κ = 1, m = 299": {"kappa": 1, "m": 299},
}


def first_failing_dim(concentration: float, dtype: str, maximum: int = 4096) -> int | None:
    """Smallest m for which naive_kl is infinite or NaN; where it fails at m, it fails for every larger m.

    Args:
        concentration: kappa.
        dtype: "float32" or "float64".
        maximum: the largest m to look at.

    Returns:
        m, or None where naive_kl is finite up to the maximum.

    Example:
        >>> first_failing_dim(1.0, "float64")
        299
    """
    kappa, low, high = np.array([concentration], dtype=dtype), 2, maximum
    if np.isfinite(naive_kl(high, kappa)[0]):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if np.isfinite(naive_kl(middle, kappa)[0]) else (low, middle)
    return low


def draw_curve_axes(axes) -> None:
    """Axes of the collapsed curve, with its limit and a legend for what `add_moving` adds."""
    axes.plot(RATIOS, limit_kl(RATIOS), **LIMIT, label="limit, m → ∞")
    axes.plot([], [], **EXACT)
    axes.plot([], [], **NAIVE)
    axes.legend(loc="lower right", fontsize=9)
    axes.set(xlabel="κ / m", ylabel="KL / m (nats)", xscale="log", yscale="log", ylim=(1e-6, 9), xlim=RATIOS[[0, -1]])
    axes.set_title("the collapsed curve")


def draw_failing_region(axes, dtype: str) -> None:
    """Axes of kappa and m, with the red region where the naive formula is infinite or NaN in this dtype."""
    edge = [first_failing_dim(kappa, dtype) for kappa in CONCENTRATIONS]
    axes.fill_between(CONCENTRATIONS, edge, 1e4, color=MARK, alpha=0.7, linewidth=0)
    axes.set(xlabel="concentration κ", ylabel="ambient dimension m", xscale="log", yscale="log")
    axes.set(xlim=CONCENTRATIONS[[0, -1]], ylim=(1.8, 500))


def add_moving(curve, grid) -> list:
    """Lines and points that `move` moves."""
    lines = [curve.plot([], [], **look)[0] for look in (EXACT, NAIVE)]
    return lines + [axes.plot([], [], **POINT)[0] for axes in (curve, grid)]


def move(moving: list, kappa: float, m: int, dtype: str) -> str:
    """Bring lines and points to (kappa, m); returns the values of both formulas there."""
    exact, naive, here, there = moving
    concentrations = RATIOS * m
    exact.set_data(RATIOS, kl_to_uniform(m, concentrations) / m)
    naively = naive_kl(m, np.append(concentrations, kappa).astype(dtype))
    naive.set_data(RATIOS, np.where(naively[:-1] > 0, naively[:-1] / m, np.nan))
    kl = float(kl_to_uniform(m, kappa))
    here.set_data([kappa / m], [kl / m])
    there.set_data([kappa], [m])
    return f"κ = {kappa:g}, m = {m}: KL = {kl:.4g} nats; naively, in {dtype}: {naively[-1]:.4g}"


@styled
def static_preview(settings: tuple = ((10, 3, "float32"), (10, 150, "float32"), (10, 150, "float64"))) -> Picture:
    """Curve and failing region that KLPanel shows, at some settings, as a still picture.

    Args:
        settings: (kappa, m, dtype) of each column.

    Returns:
        A figure with two axes per setting.
    """
    figure = new_figure(11, 6, "A sphere on the collapsed curve, and where the naive formula fails")
    grid_of_axes = figure.subplots(2, len(settings), squeeze=False)
    for (curve, grid), (kappa, m, dtype) in zip(grid_of_axes.T, settings, strict=True):
        draw_curve_axes(curve)
        draw_failing_region(grid, dtype)
        values = move(add_moving(curve, grid), kappa, m, dtype)
        curve.set_title(values.replace(": KL", "\nKL").replace("; naively", "\nnaively"), fontsize=11)
        grid.set_title(f"red: fails in {dtype}", fontsize=11)
    return figure


class KLPanel(Panel):
    """Panel of a vMF's place on the curve of KL/m over kappa/m, and of where the naive formula is infinite or NaN.

    Args:
        kappa: where the slider of the concentration starts.
        m: where the slider of the ambient dimension starts.
        presets: values of both sliders by name, one button each.

    Attributes:
        floats: the dtype of the naive formula, "float32" or "float64"; reset leaves it as it is.

    Example:
        >>> panel = KLPanel()
        >>> panel.set(kappa=20)
        >>> panel.values
        {'kappa': 20.0, 'm': 3}
    """

    name, label = "kl", "The KL of a von Mises-Fisher distribution, and where the naive formula for it fails"
    module = Path(__file__).with_name("panel.js")
    preview = staticmethod(static_preview)  # where no JavaScript runs
    kappa = Slider(10.0, min=0.5, max=400, step=0.5, label="concentration κ")
    m = Slider(3, min=2, max=400, label="ambient dimension m")
    floats = Choice(DTYPES, label="the naive formula in")

    def __init__(self, kappa: float = 10.0, m: int = 3, presets: dict[str, dict[str, float]] = PRESETS):
        super().__init__(presets, kappa=kappa, m=m)
