"""Figures of chapter 01, how a von Mises-Fisher distribution is sampled."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from svae_course.colors import ordered_colors
from svae_course.vmf import SHORT_W_AXIS, W_AXIS, marginal_density, vmf_at_pole
from svae_lib.plotting.style import (
    EXPECTED,
    FAINT,
    HISTOGRAM,
    MARK,
    OUTLINE,
    SAMPLES,
    SECOND,
    Picture,
    circle,
    new_figure,
    styled,
    to_numpy,
)

TICKS = (-1, -0.5, 0, 0.5, 1)


@styled
def tilt_and_volume(kappa: float, dims: Iterable[int]) -> Picture:
    """Two factors of the density of w, exponential tilt and volume factor, and their product.

    p(w) is proportional to e^{kappa w} (1 - w^2)^{(m-3)/2}; each curve is divided by its largest value.

    Args:
        kappa: concentration.
        dims: ambient dimensions m.

    Returns:
        A figure with one axes for each m.
    """
    dims = list(dims)
    figure = new_figure(10, 3.3, f"Tilt against volume: the density of w, at κ = {kappa:g}")
    w = np.linspace(-1, 1, 801)[1:-1]
    for axes, m in zip(figure.subplots(1, len(dims), sharey=True), dims, strict=True):
        axes.plot(w, np.exp(kappa * (w - 1)), color=SECOND, linestyle="--", label=r"tilt, $e^{\kappa w}$")
        axes.plot(w, (1 - w**2) ** ((m - 3) / 2), color=SAMPLES, linestyle=":", label=r"volume, $(1-w^2)^{(m-3)/2}$")
        density = marginal_density(kappa, m, w)
        axes.fill_between(w, density / density.max(), color=MARK, alpha=0.25, linewidth=0, label="product, p(w)")
        axes.set(title=f"m = {m}", xlim=(-1, 1), xticks=TICKS, ylim=(0, 1.08), xlabel=SHORT_W_AXIS)
    figure.axes[0].set_ylabel("fraction of the largest value")
    figure.axes[0].legend(loc="center left", fontsize=9, frameon=True, edgecolor="none")
    return figure


@styled
def rejection(kappa: float, m: int, w: Tensor, log_accept: Tensor, seed: int = 0) -> Picture:
    """Proposals as points under their envelope, each at a random height; those below the density are accepted.

    The envelope is the density divided by the probability of acceptance.

    Args:
        kappa: concentration.
        m: ambient dimension.
        w: (n,), proposals.
        log_accept: (n,), the logarithm of the probability that each is accepted.
        seed: of the heights.

    Returns:
        A figure with one axes.
    """
    w, accept = to_numpy(w).astype(float), np.exp(to_numpy(log_accept).astype(float))
    ranked = np.argsort(w)
    envelope = marginal_density(kappa, m, w) / accept
    u = np.random.default_rng(seed).random(len(w))
    taken = u < accept
    figure = new_figure(7.5, 4.2, f"{len(w)} proposals for κ = {kappa:g}, m = {m}: {taken.sum()} accepted")
    axes = figure.add_subplot()
    axes.plot(w[ranked], envelope[ranked], color=OUTLINE, label="envelope")
    grid = np.linspace(w.min(), w.max(), 400)
    axes.plot(grid, marginal_density(kappa, m, grid), color=MARK, label="density of w")
    height = u * envelope
    axes.plot(w[taken], height[taken], "o", color=SAMPLES, markersize=4, label="accepted")
    axes.plot(w[~taken], height[~taken], "x", color=SECOND, markersize=5, label="rejected")
    axes.set(xlabel=W_AXIS, ylabel="density (per unit of w)", ylim=(0, None))
    axes.legend(loc="upper left", fontsize=9)
    return figure


@styled
def acceptance_rates(propose: Callable, dims: Iterable[int] = (2, 3, 11, 41, 201)) -> Picture:
    """Acceptance rate over kappa, one line for each m; dashed, the same for uniform proposals.

    A uniform point of the sphere is accepted with probability exp(kappa (w - 1)).

    Args:
        propose: propose(kappa, m, n) returns w and log_accept, each (n,).
        dims: ambient dimensions m.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(7.5, 4.2, "How many proposals are accepted")
    axes = figure.add_subplot()
    kappas = np.logspace(-1, 3, 33)
    dims = list(dims)
    for m, color in zip(dims, ordered_colors(len(dims)), strict=True):
        torch.manual_seed(0)  # the same noise at every m, so that lines differ by m alone
        rates = [propose(float(kappa), m, 4000)[1].exp().mean().item() for kappa in kappas]
        axes.plot(kappas, rates, color=color, label=f"m = {m}")
        axes.plot(kappas, [uniform_acceptance(kappa, m) for kappa in kappas], "--", color=color, linewidth=1)
    axes.set(xscale="log", ylim=(0, 1.03), xlabel="concentration κ", ylabel="fraction of proposals accepted")
    note = "solid: uniform points slid toward μ\ndashed: uniform points as they are"
    axes.text(0.98, 0.45, note, ha="right", transform=axes.transAxes, fontsize=9)
    axes.legend(loc="lower left", fontsize=9, frameon=True, edgecolor="none")
    return figure


def uniform_acceptance(kappa: float, m: int) -> float:
    """Acceptance rate of uniform proposals: E[exp(kappa (w - 1))], the uniform density over the vMF's largest density.

    Args:
        kappa: concentration.
        m: ambient dimension.

    Returns:
        The rate, in (0, 1].

    Example:
        >>> round(uniform_acceptance(10.0, 3), 6)  # (1 - exp(-2 kappa)) / (2 kappa)
        0.05
    """
    at_mode, uniform = (vmf_at_pole(k, m).log_prob(torch.eye(m, dtype=torch.float64)[0]) for k in (kappa, 0.0))
    return (uniform - at_mode).exp().item()


@styled
def reflection(mu: Tensor, x: Tensor, z: Tensor) -> Picture:
    """Samples around the pole e_1 on the circle, their reflections around mu, and the mirror between.

    Args:
        mu: (2,), of length one.
        x: (n, 2), samples around e_1.
        z: (n, 2), their reflections.

    Returns:
        A figure with one axes.
    """
    mu, x, z = to_numpy(mu), to_numpy(x), to_numpy(z)
    figure = new_figure(5.4, 5.4, "The reflection that sends the pole to μ")
    axes = figure.add_subplot()
    axes.plot(*circle(), color=FAINT, linewidth=1)
    axes.plot(*np.stack([x, z], 1).transpose(2, 1, 0), color=FAINT, linewidth=0.7, zorder=1)
    glass = mu + np.array([1.0, 0.0])
    axes.axline((0, 0), glass, color=OUTLINE, linestyle="--", linewidth=1.5)
    axes.text(*(-1.18 * glass / np.linalg.norm(glass)), "   the mirror", color=OUTLINE, fontsize=10, va="top")
    axes.plot(*x.T, "o", color=SAMPLES, markersize=4)
    axes.plot(*z.T, "D", color=MARK, markersize=4)
    for end, name, color in ((np.array([1.0, 0.0]), "pole $e_1$", SAMPLES), (mu, "μ", MARK)):
        axes.annotate("", end, (0, 0), arrowprops={"arrowstyle": "->", "color": color, "linewidth": 2})
        axes.text(*(1.13 * end), name, color=color, fontsize=12, ha="left" if end[0] > 0 else "right", va="center")
    axes.set(xlim=(-1.3, 1.7), ylim=(-1.5, 1.5), aspect="equal", xlabel="first coordinate", ylabel="second coordinate")
    return figure


@styled
def cosine_histograms(kappa: float, m: int, cosines: Mapping[str, Tensor]) -> Picture:
    """Density of w against the histograms of samplers.

    Args:
        kappa: concentration.
        m: ambient dimension.
        cosines: by sampler, w of its samples, (n,).

    Returns:
        A figure with one axes per sampler.
    """
    figure = new_figure(4.6 * len(cosines), 3.5, f"Samples against the density of w; κ = {kappa:g}, m = {m}")
    drawn = {name: to_numpy(w).astype(float) for name, w in cosines.items()}
    low, high = min(w.min() for w in drawn.values()), max(w.max() for w in drawn.values())
    grid = np.linspace(low, high, 400)
    density = marginal_density(kappa, m, grid)
    for axes, (name, w) in zip(np.atleast_1d(figure.subplots(1, len(drawn), sharey=True)), drawn.items(), strict=True):
        axes.hist(w, bins=50, range=(low, high), density=True, color=HISTOGRAM, label=f"{len(w):,} samples")
        axes.plot(grid, density, color=MARK, label="exact density")
        axes.set(title=name, xlabel=SHORT_W_AXIS)
    figure.axes[0].set_ylabel("density (per unit of w)")
    figure.axes[0].legend(fontsize=9, loc="upper left")
    return figure


@styled
def mean_cosine(m: int, kappas: Tensor, means: Mapping[str, Tensor]) -> Picture:
    """Exact E[w] = A_m(kappa) as a line, and the mean that each sampler reached.

    Args:
        m: ambient dimension.
        kappas: (k,).
        means: by sampler, (k,).

    Returns:
        A figure with one axes.
    """
    figure = new_figure(7, 3.8, f"The mean of w against κ, at m = {m}")
    axes = figure.add_subplot()
    kappas = to_numpy(kappas)
    grid = np.linspace(0, kappas.max(), 101)
    exact = [vmf_at_pole(kappa, m).mean[0].item() for kappa in grid]
    axes.plot(grid, exact, color=MARK, label="exact, $A_m(\\kappa)$")
    for (name, values), marker, color in zip(means.items(), "ox+", (EXPECTED, SAMPLES, OUTLINE), strict=False):
        axes.plot(kappas, to_numpy(values), marker, color=color, markersize=6, markeredgewidth=2, label=name)
    axes.axhline(0, color=OUTLINE, linewidth=0.8)
    axes.set(xlabel="concentration κ", ylabel="E[w] (cosine)")
    axes.legend(loc="upper left", fontsize=9)
    return figure
