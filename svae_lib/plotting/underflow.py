"""Where the KL formula as it stands in a paper, with the logarithm of a Bessel function, loses its digits and dies."""

import math

import numpy as np
from matplotlib.colors import ListedColormap

from svae_lib.ops.sphere import log_surface_area
from svae_lib.plotting.kl import LIMIT, kl_to_uniform, limit_kl
from svae_lib.plotting.live import LiveFigure
from svae_lib.plotting.style import Picture, new_figure, styled

DEAD = "#bd1f01"
DTYPES = ("float32", "float64")
RATIOS, CONCENTRATIONS = np.geomspace(0.002, 250, 200), np.geomspace(0.4, 500, 60)
EXACT = {"color": "C0", "linewidth": 6, "alpha": 0.5, "label": "exact"}
NAIVE = {"color": DEAD, "linewidth": 1.5, "label": "naive"}
POINT = {"color": "#832db6", "marker": "o", "markersize": 11, "linestyle": "none", "zorder": 5}


def naive_kl(ambient_dim: int, concentration: np.ndarray) -> np.ndarray:
    """KL(vMF || uniform) by the formula, in the floats of `concentration`: the one that chapter 2 shows to fail.

    kappa A + log C + log area, with SciPy's ive, which underflows: `kl_divergence` is the function to use.

    >>> np.isfinite(naive_kl(200, np.array([10.0, 100.0], dtype=np.float32)))
    array([False,  True])
    """
    from scipy.special import ive

    v = ambient_dim / 2 - 1
    with np.errstate(all="ignore"):
        bessel = ive(v, concentration)
        ratio = ive(v + 1, concentration) / bessel
        log_c = v * np.log(concentration) - ambient_dim / 2 * math.log(2 * math.pi) - np.log(bessel) - concentration
        return concentration * ratio + log_c + log_surface_area(ambient_dim)


def digits_kept(kl, ambient_dims: np.ndarray, concentrations: np.ndarray) -> np.ndarray:
    """Correct decimal digits, 0 to 16, of kl(m, kappas) at each (m, kappa): (M, K); NaN where its value is not finite.

    >>> digits_kept(kl_to_uniform, [3], np.array([1.0, 2.0]))
    array([[16., 16.]])
    """
    truth = np.stack([kl_to_uniform(m, concentrations) for m in ambient_dims])
    with np.errstate(all="ignore"):
        value = np.stack([kl(int(m), concentrations) for m in ambient_dims]).astype(np.float64)
        digits = np.clip(-np.log10(np.abs(value / truth - 1)), 0, 16)
    return np.where(np.isfinite(value), digits, np.nan)


@styled
def where_naive_dies(kl=naive_kl) -> Picture:
    """How many digits kl(m, kappas) keeps in float32 and in float64, over kappa and m; red where nothing is left."""
    figure = new_figure(10, 4.4, "How many digits does the formula keep?")
    panels = figure.subplots(1, 2, sharey=True)
    dims = np.unique(np.geomspace(2, 1500, 110).astype(int))
    kappa = np.geomspace(0.01, 1000, 130)
    for axes, dtype in zip(panels, DTYPES, strict=True):
        digits = digits_kept(kl, dims, kappa.astype(dtype))
        axes.pcolormesh(kappa, dims, np.isnan(digits), cmap=ListedColormap(["white", DEAD]), rasterized=True)
        mesh = axes.pcolormesh(kappa, dims, digits, vmin=0, vmax=16, rasterized=True)
        axes.grid(False)
        axes.set(title=f"{dtype} (red: infinite or NaN)", xlabel="concentration κ", xscale="log", yscale="log")
    panels[0].set_ylabel("ambient dimension m")
    figure.colorbar(mesh, ax=panels, label="correct decimal digits")
    return figure


def first_dead_dim(concentration: float, dtype: str, most: int = 4096) -> int | None:
    """The smallest m for which naive_kl is infinite or NaN; where it dies at m, it is dead for every larger m.

    >>> first_dead_dim(1.0, "float64")
    299
    """
    kappa, low, high = np.array([concentration], dtype=dtype), 2, most
    if np.isfinite(naive_kl(high, kappa)[0]):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if np.isfinite(naive_kl(middle, kappa)[0]) else (low, middle)
    return low


class KLPicture:
    """A sphere's place on the collapsed curve, and where the naive formula dies; a frame a sphere."""

    @styled
    def __init__(self):
        figure = new_figure(8.4, 3.9, " ")
        curve, grid = figure.subplots(1, 2)
        draw_curve_axes(curve)
        self._dead = {dtype: draw_dead_region(grid, dtype) for dtype in DTYPES}
        self._floats = grid.set_title(dead_title(DTYPES[0]))
        self._moving = add_moving(curve, grid)
        self._live = LiveFigure(figure, [*self._moving, *self._dead.values(), self._floats])

    def draw(self, kappa: float, m: int, dtype: str = "float32") -> bytes:
        """The picture as PNG, with the sphere in R^m and this concentration marked."""
        for name, region in self._dead.items():
            region.set_visible(name == dtype)
        self._floats.set_text(dead_title(dtype))
        return self._live.frame(move(self._moving, kappa, m, dtype))


def draw_curve_axes(axes) -> None:
    """The axes of the collapsed curve, with its limit and a legend for what `add_moving` adds."""
    axes.plot(RATIOS, limit_kl(RATIOS), **LIMIT, label="limit, m → ∞")
    axes.plot([], [], **EXACT)
    axes.plot([], [], **NAIVE)
    axes.legend(loc="lower right", fontsize=9)
    axes.set(xlabel="κ / m", ylabel="KL / m (nats)", xscale="log", yscale="log", ylim=(1e-6, 9), xlim=RATIOS[[0, -1]])
    axes.set_title("the collapsed curve")


def draw_dead_region(axes, dtype: str):
    """The axes of kappa and m; returns the red region where the naive formula is infinite or NaN in these floats."""
    edge = [first_dead_dim(kappa, dtype) for kappa in CONCENTRATIONS]
    region = axes.fill_between(CONCENTRATIONS, edge, 1e4, color=DEAD, alpha=0.7, linewidth=0)
    axes.set(xlabel="concentration κ", ylabel="ambient dimension m", xscale="log", yscale="log")
    axes.set(xlim=CONCENTRATIONS[[0, -1]], ylim=(1.8, 500))
    return region


def dead_title(dtype: str) -> str:
    return f"red: in {dtype} the naive formula is dead"


def add_moving(curve, grid) -> list:
    """The lines and points that `move` moves."""
    lines = [curve.plot([], [], **look)[0] for look in (EXACT, NAIVE)]
    return lines + [axes.plot([], [], **POINT)[0] for axes in (curve, grid)]


def move(moving: list, kappa: float, m: int, dtype: str) -> str:
    """Bring lines and points to (kappa, m); returns what both formulas say there."""
    exact, naive, here, there = moving
    concentrations = RATIOS * m
    exact.set_data(RATIOS, kl_to_uniform(m, concentrations) / m)
    said = naive_kl(m, np.append(concentrations, kappa).astype(dtype))
    naive.set_data(RATIOS, np.where(said[:-1] > 0, said[:-1] / m, np.nan))
    cost = float(kl_to_uniform(m, kappa))
    here.set_data([kappa / m], [cost / m])
    there.set_data([kappa], [m])
    return f"κ = {kappa:g}, m = {m}: KL = {cost:.4g} nats; naively, in {dtype}: {said[-1]:.4g}"


@styled
def kl_triptych(settings: tuple = ((10, 3, "float32"), (10, 150, "float32"), (10, 150, "float64"))) -> Picture:
    """What the KL panel shows at three settings (kappa, m, dtype), as a still picture."""
    figure = new_figure(11, 6, "A sphere on the collapsed curve, and where the naive formula dies")
    for (curve, grid), (kappa, m, dtype) in zip(figure.subplots(2, len(settings)).T, settings, strict=True):
        draw_curve_axes(curve)
        draw_dead_region(grid, dtype)
        said = move(add_moving(curve, grid), kappa, m, dtype)
        curve.set_title(said.replace(": KL", "\nKL").replace("; naively", "\nnaively"), fontsize=11)
        grid.set_title(f"red: dead in {dtype}", fontsize=11)
    return figure
