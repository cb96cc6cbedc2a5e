"""Figures of chapter 02, the KL from a von Mises-Fisher to the uniform distribution across dimensions."""

import math

import numpy as np
import torch
from matplotlib.colors import ListedColormap

from svae_course.colors import ordered_colors
from svae_course.vmf import SHORT_W_AXIS, floor_kl, kl_on_radius, kl_to_uniform, limit_kl, marginal_density, vmf_at_pole
from svae_lib.ops.sphere import log_surface_area
from svae_lib.plotting.style import MARK, OUTLINE, THREE_STEPS, Picture, new_figure, styled

AMBIENT_DIMS = (2, 3, 5, 11, 41, 101)
LIMIT = {"color": "black", "linestyle": "--", "linewidth": 1.5}
DTYPES = ("float32", "float64")


@styled
def kl_curves(ambient_dims: tuple[int, ...] = AMBIENT_DIMS, kappas: tuple[float, ...] = (1, 10, 100)) -> Picture:
    """KL against kappa, one line per sphere; and KL against m, one line per concentration, its highest point marked.

    Args:
        ambient_dims: m of each sphere on the left.
        kappas: concentrations on the right.

    Returns:
        A figure with two axes.
    """
    figure = new_figure(10, 4.4, "What a concentration costs")
    left, right = figure.subplots(1, 2, sharey=True)
    kappa = np.geomspace(0.3, 1000, 200)
    for m, color in zip(ambient_dims, ordered_colors(len(ambient_dims)), strict=True):
        costs = kl_to_uniform(m, kappa)
        left.plot(kappa, costs, color=color)
        name_end(left, kappa[-1], costs[-1], f"m = {m}")
    dims = np.unique(np.geomspace(2, 1000, 120).astype(int))
    for k, color in zip(kappas, THREE_STEPS, strict=False):
        costs = np.array([kl_to_uniform(m, k) for m in dims])
        right.plot(dims[costs.argmax()], costs.max(), "o", color=color, markersize=8)
        right.plot(dims, costs, color=color)
        name_end(right, dims[-1], costs[-1], f"κ = {k:g}")
    left.set(title="for each sphere, over κ", xlabel="concentration κ", ylabel="KL (nats)", xscale="log", yscale="log")
    right.set(title="for each κ, over spheres (dot: largest KL)", xlabel="ambient dimension m", xscale="log")
    right.set(ylabel="KL (nats)", ylim=(3e-4, 300))  # of both
    right.tick_params(labelleft=True)
    return figure


def name_end(axes, x: float, y: float, name: str) -> None:
    """Name of the line drawn last at its right end, in its color."""
    color = axes.lines[-1].get_color()
    axes.annotate(name, (x, y), (4, 0), textcoords="offset points", va="center", fontsize=9, color=color)


@styled
def polar_densities(pairs: list[tuple[int, float]], title: str) -> Picture:
    """Densities of w = <mu, z> under the vMF and under the uniform distribution.

    Both densities depend on z through w alone, so the KL between these two curves is the KL on the sphere.

    Args:
        pairs: (m, kappa) of each axes.
        title: of the figure.

    Returns:
        A figure with one axes per pair.
    """
    figure = new_figure(10, 3.5, title)
    w = np.linspace(-1, 1, 4001)[1:-1]
    for axes, (m, kappa) in zip(figure.subplots(1, len(pairs), squeeze=False)[0], pairs, strict=True):
        tallest = 0.0
        for concentration, color, name in ((0.0, OUTLINE, "uniform"), (kappa, "C0", "vMF")):
            density = marginal_density(concentration, m, w)
            axes.plot(w, density, color=color, label=name)
            axes.fill_between(w, density, color=color, alpha=0.25, linewidth=0)
            tallest = max(tallest, density.max())
        mean = vmf_at_pole(kappa, m).mean[0].item()
        axes.axvline(mean, **LIMIT, label=f"E[w] = {mean:.3f}")
        axes.set_title(f"m = {m}, κ = {kappa:g}: KL {kl_to_uniform(m, kappa):.2f} nats", fontsize=11)
        axes.set(xlabel=SHORT_W_AXIS, xlim=(-1, 1), ylim=(0, 1.35 * tallest))
        axes.legend(loc="upper left", fontsize=9)
    figure.axes[0].set_ylabel("density (per unit of w)")
    return figure


@styled
def kl_collapse(ambient_dims: tuple[int, ...] = AMBIENT_DIMS, ratios: tuple[float, ...] = (0.1, 1, 100)) -> Picture:
    """KL / m against kappa / m, one line per sphere, with its limit; and how far from the limit a sphere is.

    Args:
        ambient_dims: m of each sphere on the left.
        ratios: kappa / m of each line on the right.

    Returns:
        A figure with two axes.
    """
    figure = new_figure(10, 4.2, "One curve for every sphere")
    left, right = figure.subplots(1, 2)
    a = np.geomspace(0.03, 30, 200)
    for m, color in zip(ambient_dims, ordered_colors(len(ambient_dims)), strict=True):
        left.plot(a, kl_to_uniform(m, a * m) / m, color=color, label=f"m = {m}")
    left.plot(a, limit_kl(a), **LIMIT, label="limit")
    left.legend(fontsize=9)
    left.set(title="KL per coordinate", xlabel="κ / m", ylabel="KL / m (nats)", xscale="log")
    dims = np.unique(np.geomspace(2, 1000, 60).astype(int))
    for ratio, color in zip(ratios, THREE_STEPS, strict=False):
        gap = [abs(kl_to_uniform(m, ratio * m) / m / limit_kl(ratio) - 1) for m in dims]
        right.plot(dims, 100 * np.array(gap), color=color)
        name_end(right, dims[-1], 100 * gap[-1], f"κ/m = {ratio:g}")
    right.set(title="distance from the limit", xlabel="ambient dimension m", ylabel="relative difference (%)")
    right.set(xscale="log", yscale="log")
    return figure


@styled
def concentration_floor(floor: float = 1.0, ambient_dims: tuple[int, ...] = (3, 11, 41)) -> Picture:
    """KL of the least concentration of kappa = floor + softplus(s): one sphere over s, and partitions of S^40.

    Args:
        floor: the least concentration.
        ambient_dims: m of each sphere on the left.

    Returns:
        A figure with two axes.
    """
    figure = new_figure(10, 3.8, f"What κ = {floor:g} + softplus(s) costs at least")
    left, right = figure.subplots(1, 2)
    s = torch.linspace(-8, 4, 200, dtype=torch.float64)
    for number, m in enumerate(ambient_dims):
        for base, line in ((floor, "-"), (0.0, ":")):
            costs = kl_to_uniform(m, base + torch.nn.functional.softplus(s))
            left.plot(s, costs, line, color=f"C{number}", label=f"m = {m}" if base else None)
    left.set(title="solid: with the floor; dotted: without", xlabel="encoder output s (before softplus)")
    left.set(ylabel="KL (nats)", yscale="log", ylim=(1e-6, 5))
    left.legend(fontsize=9)
    names = ("s40", "8xs5", "10xs4", "20xs2", "40xs1")
    floors = [floor_kl(name, floor) for name in names]
    bars = right.barh(names, floors, color="C0")
    right.bar_label(bars, [f"{cost:.2f}" for cost in floors], padding=3)
    right.invert_yaxis()
    right.set(title="the floor of 40 dimensions, partitioned", xlabel="least KL (nats)", ylabel="latent space")
    right.set_xlim(0, 1.15 * max(floors))
    return figure


@styled
def surface_areas(radii: tuple[float, ...] = (0.5, 1.0, 2.0), kappa: float = 10.0) -> Picture:
    """Area of a sphere, and the KL of a vMF on it, over m, for spheres of several radii.

    Args:
        radii: of the spheres.
        kappa: concentration on all of them.

    Returns:
        A figure with two axes.
    """
    figure = new_figure(10, 3.8, "The area depends on the radius, the KL does not")
    left, right = figure.subplots(1, 2)
    dims = np.arange(2, 81)
    for number, (radius, marker) in enumerate(zip(radii, "osD", strict=False)):
        areas = np.exp([log_surface_area(int(m), radius) for m in dims])
        left.plot(dims, areas, color=f"C{number}")
        name = f"radius {radius:g}: m = {dims[areas.argmax()]}"
        left.plot(dims[areas.argmax()], areas.max(), marker, color=f"C{number}", label=name)
        shown = dims[number * 4 :: 12]  # the three sets of markers take turns along the one line
        costs = [float(kl_on_radius(int(m), kappa, radius)) for m in shown]
        right.plot(shown, costs, marker, color=f"C{number}", label=f"radius {radius:g}")
    right.plot(dims, [kl_to_uniform(int(m), kappa) for m in dims], color=OUTLINE, linewidth=1, zorder=0)
    left.set(title="area, and where it is largest", ylabel="area (length to the power m − 1)")
    left.set(yscale="log", ylim=(1e-8, 1e10), xlabel="ambient dimension m")
    right.set(title=f"KL of a vMF with κ = {kappa:g}", xlabel="ambient dimension m", ylabel="KL (nats)")
    right.set_ylim(0, None)
    for axes in (left, right):
        axes.legend(fontsize=9)
    return figure


def naive_kl(ambient_dim: int, concentration: np.ndarray) -> np.ndarray:
    """KL(vMF || uniform) by the textbook formula, which chapter 2 shows to fail: kappa A + log C + log area.

    SciPy's ive underflows in it: `kl_divergence` is the function to use.

    Args:
        ambient_dim: m.
        concentration: kappa, (...), float32 or float64.

    Returns:
        (...), in the same dtype; infinite or NaN where ive underflows.

    Example:
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
    """Correct decimal digits of kl(m, kappas) at each (m, kappa).

    Args:
        kl: called as kl(m, concentrations), returns (K,).
        ambient_dims: (M,).
        concentrations: (K,), in the dtype to test.

    Returns:
        (M, K), 0 to 16; NaN where the value is not finite.

    Example:
        >>> digits_kept(kl_to_uniform, [3], np.array([1.0, 2.0]))
        array([[16., 16.]])
    """
    truth = np.stack([kl_to_uniform(m, concentrations) for m in ambient_dims])
    with np.errstate(all="ignore"):
        value = np.stack([kl(int(m), concentrations) for m in ambient_dims]).astype(np.float64)
        digits = np.clip(-np.log10(np.abs(value / truth - 1)), 0, 16)
    return np.where(np.isfinite(value), digits, np.nan)


@styled
def where_naive_kl_fails(kl=naive_kl) -> Picture:
    """Correct digits of kl(m, kappas) in float32 and in float64, over kappa and m; red where it is not finite.

    Args:
        kl: called as kl(m, concentrations), returns an array of their shape.

    Returns:
        A figure with one axes per dtype, and a color bar.
    """
    figure = new_figure(10, 4.4, "How many digits does the formula keep?")
    panels = figure.subplots(1, 2, sharey=True)
    dims = np.unique(np.geomspace(2, 1500, 110).astype(int))
    kappa = np.geomspace(0.01, 1000, 130)
    for axes, dtype in zip(panels, DTYPES, strict=True):
        digits = digits_kept(kl, dims, kappa.astype(dtype))
        axes.pcolormesh(kappa, dims, np.isnan(digits), cmap=ListedColormap(["white", MARK]), rasterized=True)
        mesh = axes.pcolormesh(kappa, dims, digits, vmin=0, vmax=16, rasterized=True)
        axes.grid(False)
        axes.set(title=f"{dtype} (red: infinite or NaN)", xlabel="concentration κ", xscale="log", yscale="log")
    panels[0].set_ylabel("ambient dimension m")
    figure.colorbar(mesh, ax=panels, label="correct decimal digits")
    return figure
