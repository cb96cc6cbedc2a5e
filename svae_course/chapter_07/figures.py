"""Figures of chapter 07: bias and variance of four estimators of a gradient, and what the bias does to a training."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from svae_course.chapter_07.estimators import (
    ESTIMATORS,
    LOOKS,
    estimates,
    fraction,
    grid,
    learned,
    lost_nats,
    spreads,
)
from svae_course.colors import ordered_colors
from svae_course.vmf import vmf_at_pole
from svae_lib.plotting.style import EXPECTED, HISTOGRAM, OUTLINE, Picture, new_figure, styled, to_numpy


@styled
def one_sample_estimates(values: Tensor, truth: float) -> Picture:
    """Histogram of estimates from one sample each, their mean and the truth.

    Args:
        values: (n,), the estimates.
        truth: what they estimate.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(7, 3, "Score-function estimates from one sample each")
    axes = figure.add_subplot()
    axes.hist(to_numpy(values), bins=60, color=HISTOGRAM, density=True)
    axes.axvline(truth, color=OUTLINE, label=f"truth {truth:.3f}")
    axes.axvline(values.mean().item(), color=EXPECTED, linestyle="--", label="mean of the estimates")
    axes.set(xlabel="estimate of dE[w]/dκ", ylabel="density", yscale="log")
    axes.legend(fontsize=9)
    return figure


@styled
def velocities(settings: tuple = ((2, 2), (3, 3), (8, 11))) -> Picture:
    """How fast a sample moves with kappa, dw/dkappa: the exact velocity, and that of an accepted proposal.

    Args:
        settings: (kappa, m) of each axes.

    Returns:
        A figure with one axes per setting.
    """
    figure = new_figure(10, 3.4, "How a sample moves when κ grows")
    for axes, (kappa, m) in zip(figure.subplots(1, len(settings)), settings, strict=True):
        x, weights = grid(kappa, m)
        angle, found = np.degrees(2 * np.arctan(np.exp(-x))), estimates(kappa, m, 0.0, x)
        density = weights * np.cosh(x)
        axes.fill_between(angle, found["implicit"].max() * density / density.max(), color=HISTOGRAM, alpha=0.6)
        for name in ("implicit", "without correction"):
            axes.plot(angle, found[name], label=name, **LOOKS[name])
        axes.set_title(f"κ = {kappa:g}, m = {m}", fontsize=11)
        axes.set(xlabel="angle to μ (degrees)", xlim=(0, 180), xticks=(0, 45, 90, 135, 180))
    figure.axes[0].set_ylabel("dw/dκ")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def carried(name: str, start: float, end: float, m: int, count: int = 20_000, steps: int = 80) -> np.ndarray:
    """Samples at one kappa, moved to another along the velocity that an estimator takes them to have.

    Args:
        name: "implicit" or "without correction".
        start: kappa of the samples.
        end: kappa that they are moved to.
        m: ambient dimension, not 3.
        count: number of samples.
        steps: of Heun's method.

    Returns:
        w, (count,).
    """
    torch.manual_seed(0)
    w = vmf_at_pole(start, m).sample((count,))[:, 0].numpy()
    x, step = np.arctanh(w.clip(-1 + 1e-12, 1 - 1e-12)), (end - start) / steps

    def velocity(kappa: float, x: np.ndarray) -> np.ndarray:
        nodes = grid(kappa, m)[0]
        values = estimates(kappa, m, 0.0, nodes)[name] * np.cosh(nodes) ** 2  # dx/dkappa
        return np.interp(x, nodes[np.abs(nodes) < 15], values[np.abs(nodes) < 15])

    for kappa in start + step * np.arange(steps):
        first = velocity(kappa, x)
        x = x + step / 2 * (first + velocity(kappa + step, x + step * first))
    return np.tanh(x)


@styled
def carried_samples(start: float = 0.5, end: float = 5.0, m: int = 2) -> Picture:
    """Histograms of samples that were moved from one kappa to another, over the exact density.

    Args:
        start: kappa of the samples.
        end: kappa that they are moved to.
        m: ambient dimension, not 3.

    Returns:
        A figure with one axes per velocity.
    """
    figure = new_figure(9, 3.2, f"Samples moved from κ = {start:g} to κ = {end:g}, m = {m}")
    x, weights = grid(end, m)
    for axes, name in zip(figure.subplots(1, 2, sharey=True), ("implicit", "without correction"), strict=True):
        angle = np.degrees(np.arccos(carried(name, start, end, m)))
        axes.hist(angle, bins=60, range=(0, 180), density=True, color=LOOKS[name]["color"], alpha=0.5, label="moved")
        density = weights * np.cosh(x) / (x[1] - x[0]) * np.pi / 180
        degrees = np.degrees(2 * np.arctan(np.exp(-x)))
        axes.plot(degrees, density, color=OUTLINE, label=f"exact density at κ = {end:g}")
        axes.set(xlabel="angle to μ (degrees)", title=name, xlim=(0, 180))
    figure.axes[0].set_ylabel("density (per degree)")
    figure.axes[0].legend(fontsize=9)
    return figure


@styled
def bias(measured: Sequence[tuple[int, float, float]] = (), dims: tuple[int, ...] = (2, 3, 6, 11, 41)) -> Picture:
    """Fraction of the true derivative that differentiating an accepted proposal gives, against kappa.

    Args:
        measured: (m, kappa, fraction) from samples.
        dims: m of each line.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(8, 4, "Without the correction: how much of the gradient arrives")
    axes = figure.add_subplot()
    kappa = np.geomspace(0.05, 300, 150)
    for m, color in zip(dims, ordered_colors(len(dims)), strict=True):
        axes.plot(kappa, 100 * fraction(kappa, m), color=color, label=f"m = {m}")
    for m, at, value in measured:
        axes.plot(at, 100 * value, "o", color=ordered_colors(len(dims))[dims.index(m)])
    axes.axhline(100, color=OUTLINE, linewidth=1)
    axes.set(xlabel="concentration κ", ylabel="% of the true dE[w]/dκ", xscale="log", ylim=(45, 103))
    axes.legend(fontsize=9)
    return figure


@styled
def deviations(settings: tuple = ((2, 0.0), (2, 10.0), (11, 0.0), (11, 10.0))) -> Picture:
    """Standard deviation of an estimate from one sample, in units of the truth, against kappa.

    Args:
        settings: (m, constant c) of each axes.

    Returns:
        A figure with one axes per setting.
    """
    figure = new_figure(11, 3.4, "Standard deviation of one estimate of d E[w + c]/dκ")
    kappa = np.geomspace(0.2, 100, 40)
    for axes, (m, offset) in zip(figure.subplots(1, len(settings), sharey=True), settings, strict=True):
        found = [spreads(each, m, offset) for each in kappa]
        for name in ESTIMATORS:
            axes.plot(kappa, [each[name].deviation for each in found], label=name, **LOOKS[name])
        axes.set_title(f"m = {m}, c = {offset:g}", fontsize=11)
        axes.set(xlabel="concentration κ", xscale="log", yscale="log")
    figure.axes[0].set_ylabel("deviation / truth")
    figure.axes[0].legend(fontsize=8)
    return figure


@styled
def where_training_stops(dims: tuple[int, ...] = (2, 3, 11)) -> Picture:
    """Concentration that a training ends at, and the nats that are lost, against the signal.

    Args:
        dims: m of each line.

    Returns:
        A figure with two axes for each kind of decoder.
    """
    figure = new_figure(11, 3.6, "One factor: where training stops without the correction")
    axes = figure.subplots(1, 3)
    for m, color in zip(dims, ordered_colors(len(dims)), strict=True):
        for place, adapts in enumerate((False, True)):
            signal = np.geomspace(1.02 * m if adapts else 0.5, 60, 200)
            axes[place].plot(signal, learned(signal, m, True, adapts), ":", color=color)
            axes[place].plot(signal, learned(signal, m, False, adapts), color=color, label=f"m = {m}")
            axes[2].plot(signal, lost_nats(signal, m, adapts), "-" if adapts else "--", color=color)
    axes[0].set_title("fixed decoder", fontsize=11)
    axes[1].set_title("decoder that adapts", fontsize=11)
    axes[2].set_title("nats lost", fontsize=11)
    axes[2].set(xlabel="signal", ylabel="nats per factor", xscale="log")
    axes[2].plot([], [], "--", color=OUTLINE, label="fixed")
    axes[2].plot([], [], "-", color=OUTLINE, label="adapts")
    for each in axes[:2]:
        each.plot([], [], ":", color=OUTLINE, label="exact gradient")
        each.set(xlabel="signal", ylabel="κ", xscale="log", yscale="log", xlim=(0.5, 60), ylim=(0.1, 60))
    axes[0].legend(fontsize=8)
    axes[2].legend(fontsize=8)
    return figure
