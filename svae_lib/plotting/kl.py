"""What a concentration costs: the KL from a von Mises-Fisher to the uniform distribution, on every sphere."""

import numpy as np
import torch
from torch import Tensor
from torch.distributions import kl_divergence

from svae_lib.distributions import HypersphericalUniform, VonMisesFisher
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.ops.bessel import vmf_quantities
from svae_lib.ops.sphere import log_surface_area
from svae_lib.plotting.concentration import SHORT_W_AXIS, marginal_density, vmf_at_pole
from svae_lib.plotting.style import Picture, new_figure, styled

AMBIENT_DIMS = (2, 3, 5, 11, 41, 101)
LIMIT = {"color": "black", "linestyle": "--", "linewidth": 1.5}
SHADES = "#440154", "#26828e", "#6cae3f"  # three steps of viridis, the last one darker: it is for lines


def kl_to_uniform(ambient_dim: int, concentration) -> np.ndarray:
    """KL(vMF(mu, kappa) || uniform) in nats, float64, shape of `concentration` (an array or a number).

    >>> float(kl_to_uniform(3, 10.0).round(5))
    1.99573
    """
    return vmf_quantities(ambient_dim / 2 - 1, torch.as_tensor(concentration, dtype=torch.float64)).kl.numpy()


def limit_correlation(ratio: np.ndarray) -> np.ndarray:
    """rho = 2a / (1 + sqrt(1 + 4a^2)), the limit of A_m(a m) as m grows; the KL per coordinate tends to
    -log(1 - rho^2) / 2.

    >>> float(limit_correlation(1.0).round(6))  # the golden section
    0.618034
    """
    return 2 * ratio / (1 + np.sqrt(1 + 4 * ratio**2))


def limit_kl(ratio: np.ndarray) -> np.ndarray:
    """The limit of KL / m at kappa = ratio * m, nats per coordinate."""
    return -0.5 * np.log1p(-(limit_correlation(ratio) ** 2))


@styled
def kl_curves(ambient_dims: tuple[int, ...] = AMBIENT_DIMS, kappas: tuple[float, ...] = (1, 10, 100)) -> Picture:
    """KL against kappa, a line a sphere; and KL against m, a line a concentration, its highest point marked."""
    figure = new_figure(10, 4.4, "What a concentration costs")
    left, right = figure.subplots(1, 2, sharey=True)
    kappa = np.geomspace(0.3, 1000, 200)
    for m in ambient_dims:
        costs = kl_to_uniform(m, kappa)
        left.plot(kappa, costs)
        name_end(left, kappa[-1], costs[-1], f"m = {m}")
    dims = np.unique(np.geomspace(2, 1000, 120).astype(int))
    for k, color in zip(kappas, SHADES, strict=False):
        costs = np.array([kl_to_uniform(m, k) for m in dims])
        right.plot(dims[costs.argmax()], costs.max(), "o", color=color, markersize=8)
        right.plot(dims, costs, color=color)
        name_end(right, dims[-1], costs[-1], f"κ = {k:g}")
    left.set(title="for each sphere, over κ", xlabel="concentration κ", ylabel="KL (nats)", xscale="log", yscale="log")
    right.set(title="for each κ, over spheres (dot: dearest)", xlabel="ambient dimension m", xscale="log")
    right.set_ylabel("KL (nats)")
    left.set(ylim=(3e-4, 300))
    right.tick_params(labelleft=True)
    return figure


def name_end(axes, x: float, y: float, name: str) -> None:
    """A line's name at its right end, in the color of the line drawn last."""
    color = axes.lines[-1].get_color()
    axes.annotate(name, (x, y), (4, 0), textcoords="offset points", va="center", fontsize=9, color=color)


@styled
def polar_densities(pairs: list[tuple[int, float]], title: str) -> Picture:
    """For each (m, kappa): how w = <mu, z> is distributed, under the bell and under the uniform distribution.

    Both densities depend on z through w alone, so the KL between these two curves is the KL on the sphere.
    """
    figure = new_figure(10, 3.5, title)
    w = np.linspace(-1, 1, 4001)[1:-1]
    for axes, (m, kappa) in zip(figure.subplots(1, len(pairs), squeeze=False)[0], pairs, strict=True):
        tallest = 0.0
        for concentration, color, name in ((0.0, "#717581", "uniform"), (kappa, "C0", "bell")):
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
    """KL / m against kappa / m, a line a sphere, with its limit; and how far from the limit a sphere is."""
    figure = new_figure(10, 4.2, "One curve for every sphere")
    left, right = figure.subplots(1, 2)
    a = np.geomspace(0.03, 30, 200)
    for m in ambient_dims:
        left.plot(a, kl_to_uniform(m, a * m) / m, label=f"m = {m}")
    left.plot(a, limit_kl(a), **LIMIT, label="limit")
    left.legend(fontsize=9)
    left.set(title="KL per coordinate", xlabel="κ / m", ylabel="KL / m (nats)", xscale="log")
    dims = np.unique(np.geomspace(2, 1000, 60).astype(int))
    for ratio, color in zip(ratios, SHADES, strict=False):
        gap = [abs(kl_to_uniform(m, ratio * m) / m / limit_kl(ratio) - 1) for m in dims]
        right.plot(dims, 100 * np.array(gap), color=color)
        name_end(right, dims[-1], 100 * gap[-1], f"κ/m = {ratio:g}")
    right.set(title="distance from the limit", xlabel="ambient dimension m", ylabel="relative difference (%)")
    right.set(xscale="log", yscale="log")
    return figure


@styled
def concentration_floor(floor: float = 1.0, ambient_dims: tuple[int, ...] = (3, 11, 41)) -> Picture:
    """What the least concentration of kappa = floor + softplus(s) costs: one sphere over s, and break-ups of S^40."""
    figure = new_figure(10, 3.8, f"What κ = {floor:g} + softplus(s) costs at least")
    left, right = figure.subplots(1, 2)
    s = torch.linspace(-8, 4, 200, dtype=torch.float64)
    for number, m in enumerate(ambient_dims):
        for base, line in ((floor, "-"), (0.0, ":")):
            costs = kl_to_uniform(m, base + torch.nn.functional.softplus(s))
            left.plot(s, costs, line, color=f"C{number}", label=f"m = {m}" if base else None)
    left.set(title="solid: with the floor; dotted: without", xlabel="what the encoder says, s")
    left.set(ylabel="KL (nats)", yscale="log", ylim=(1e-6, 5))
    left.legend(fontsize=9)
    names = ("s40", "8xs5", "10xs4", "20xs2", "40xs1")
    floors = [floor_cost(name, floor) for name in names]
    bars = right.barh(names, floors, color="C0")
    right.bar_label(bars, [f"{cost:.2f}" for cost in floors], padding=3)
    right.invert_yaxis()
    right.set(title="the floor of 40 dimensions, broken up", xlabel="least KL (nats)", ylabel="latent space")
    right.set_xlim(0, 1.15 * max(floors))
    return figure


def floor_cost(space: str, floor: float = 1.0) -> float:
    """The KL, in nats, that a posterior on this latent space pays when each of its spheres has kappa = floor.

    >>> round(floor_cost("20xs2"), 3)
    3.032
    """
    prior = parse_latent_space(space).prior()
    factors = getattr(prior, "factors", (prior,))
    return sum(float(kl_to_uniform(factor.event_shape[0], floor)) for factor in factors)


@styled
def surface_areas(radii: tuple[float, ...] = (0.5, 1.0, 2.0), kappa: float = 10.0) -> Picture:
    """The area of a sphere, and the KL of a bell on it, over m, for spheres of several radii."""
    figure = new_figure(10, 3.8, "The area sees the radius, the KL does not")
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
    right.plot(dims, [kl_to_uniform(int(m), kappa) for m in dims], color="#717581", linewidth=1, zorder=0)
    left.set(title="area, and where it is largest", ylabel="area (length to the power m − 1)")
    left.set(yscale="log", ylim=(1e-8, 1e10), xlabel="ambient dimension m")
    right.set(title=f"KL of a bell with κ = {kappa:g}", xlabel="ambient dimension m", ylabel="KL (nats)")
    right.set_ylim(0, None)
    for axes in (left, right):
        axes.legend(fontsize=9)
    return figure


def kl_on_radius(ambient_dim: int, kappa: float, radius: float) -> Tensor:
    """The KL between a bell and the uniform distribution, both on the sphere of this radius."""
    scale, unit = torch.tensor(radius, dtype=torch.float64), vmf_at_pole(kappa, ambient_dim)
    return kl_divergence(VonMisesFisher(unit.loc, unit.concentration, scale), HypersphericalUniform(ambient_dim, scale))
