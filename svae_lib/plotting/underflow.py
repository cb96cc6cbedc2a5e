"""Where the KL formula as it stands in a paper, with the logarithm of a Bessel function, loses its digits and dies."""

import math

import numpy as np
from matplotlib.colors import ListedColormap

from svae_lib.ops.sphere import log_surface_area
from svae_lib.plotting.kl import LIMIT, kl_to_uniform, limit_kl
from svae_lib.plotting.style import Picture, new_figure, png, styled

DEAD = "#bd1f01"
POINT = {"color": "#832db6", "marker": "o", "markersize": 10, "linestyle": "none", "zorder": 5}
DTYPES = ("float32", "float64")


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
    """A sphere's place on the collapsed curve, and where the naive formula dies; updated in place."""

    RATIOS = np.geomspace(0.002, 250, 220)
    CONCENTRATIONS = np.geomspace(0.4, 500, 60)

    @styled
    def __init__(self):
        self.figure = new_figure(9.6, 3.9, " ")
        curve, grid = self.figure.subplots(1, 2)
        curve.plot(self.RATIOS, limit_kl(self.RATIOS), **LIMIT, label="limit, m → ∞")
        (self._exact,) = curve.plot([], [], color="C0", linewidth=5, alpha=0.5, label="exact")
        (self._naive,) = curve.plot([], [], color=DEAD, linewidth=1.5, label="naive")
        curve.legend(loc="lower right", fontsize=9)
        curve.set(xlabel="κ / m", ylabel="KL / m (nats)", xscale="log", yscale="log", ylim=(1e-6, 9), xlim=(0.002, 250))
        self._dead = {}
        for dtype in DTYPES:
            edge = [first_dead_dim(kappa, dtype) for kappa in self.CONCENTRATIONS]
            self._dead[dtype] = grid.fill_between(self.CONCENTRATIONS, edge, 1e4, color=DEAD, alpha=0.7, linewidth=0)
        grid.set(xlabel="concentration κ", ylabel="ambient dimension m", xscale="log", yscale="log")
        grid.set(xlim=(0.4, 500), ylim=(1.8, 500))
        self._points = [axes.plot([1], [1], **POINT)[0] for axes in (curve, grid)]
        self._titles = curve.set_title(" "), grid.set_title(" ")
        self.figure.draw_without_rendering()  # the layout is found once: later frames neither jump nor pay for it
        self.figure.set_layout_engine("none")

    @styled
    def draw(self, kappa: float, m: int, dtype: str = "float32") -> bytes:
        """The picture as PNG."""
        concentrations = self.RATIOS * m
        self._exact.set_data(self.RATIOS, kl_to_uniform(m, concentrations) / m)
        with np.errstate(over="ignore"):
            naive = naive_kl(m, concentrations.astype(dtype)) / m
        self._naive.set_data(self.RATIOS, np.where(np.isfinite(naive) & (naive > 0), naive, np.nan))
        cost, said = float(kl_to_uniform(m, kappa)), float(naive_kl(m, np.array([kappa], dtype=dtype))[0])
        self._points[0].set_data([kappa / m], [cost / m])
        self._points[1].set_data([kappa], [m])
        for name, region in self._dead.items():
            region.set_visible(name == dtype)
        self.figure.suptitle(f"κ = {kappa:g}, m = {m}: KL = {cost:.4g} nats; the naive formula says {said:.4g}")
        self._titles[0].set_text(f"κ/m = {kappa / m:.3g}, KL/m = {cost / m:.3g} nats")
        self._titles[1].set_text(f"red: naive {dtype} is infinite or NaN")
        return png(self.figure)


@styled
def kl_triptych(settings: tuple[tuple[float, int, str], ...] = ()) -> Picture:
    raise NotImplementedError
