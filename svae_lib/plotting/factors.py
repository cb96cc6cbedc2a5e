"""What several concentrations say that one cannot: the shape of a bell, and of what a trained encoder is how sure."""

import numpy as np
import torch
from matplotlib.ticker import LogLocator, NullLocator, ScalarFormatter
from torch.distributions import kl_divergence

from svae_lib.distributions import HypersphericalUniform, ProductDistribution
from svae_lib.errors import InputError
from svae_lib.ops.sphere import log_map
from svae_lib.plotting.concentration import vmf_at_pole
from svae_lib.plotting.decoding import factors_of, is_sphere
from svae_lib.plotting.latent import angle
from svae_lib.plotting.style import Picture, new_figure, show_canvas, styled, tile, to_numpy

DRAWS = 600


@styled
def bell_shapes(kappa: float = 100.0, kappas: tuple[float, float] = (10.0, 100.0), limit: float = 60.0) -> Picture:
    """Draws around mu in two dimensions: from one bell on S^2, and from two on S^1 x S^1; both axes in degrees."""
    sphere = vmf_at_pole(kappa, 3)
    torus = ProductDistribution([vmf_at_pole(each, 2) for each in kappas])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        around = np.degrees(log_map(sphere.loc, sphere.sample((DRAWS,))).numpy())[:, 1:]
        angles = np.stack([angle(circle.numpy()) for circle in torus.split(torus.sample((DRAWS,)))], -1)
    one = kl_divergence(sphere, HypersphericalUniform(3)).item()
    two = kl_divergence(torus, ProductDistribution([HypersphericalUniform(2)] * 2)).item()
    figure = new_figure(8.6, 3.8, "One bell is round, a product of two need not be")
    names = f"S², κ = {kappa:g}: {one:.1f} nats", f"S¹ × S¹, κ = {kappas[0]:g} and {kappas[1]:g}: {two:.1f} nats"
    labels = ("across μ", "also across μ"), ("on circle 1", "on circle 2")
    for axes, points, name, label in zip(figure.subplots(1, 2), (around, angles), names, labels, strict=True):
        axes.plot(*points.T, ".", markersize=4, markeredgewidth=0, color="#3f90da")
        axes.plot(0, 0, "+", markersize=14, markeredgewidth=2, color="#bd1f01")
        axes.set(aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))
        axes.set(xlabel=f"angle {label[0]} (degrees)", ylabel=f"angle {label[1]} (degrees)")
        axes.set_title(name, fontsize=11)
    return figure


@torch.no_grad()
def factor_concentrations(model, images) -> np.ndarray:
    """The concentration of each factor of each image's posterior: (N, H, W) in [0, 1] -> (N, factors).

    Errors: InputError for a factor that is no sphere.
    """
    for number, (factor, _) in enumerate(factors_of(model.latent_space), start=1):
        if not is_sphere(factor):
            raise InputError(f"factor {number} of {model.latent_space} is {factor}, which has no concentration")
    posterior = model.encode(torch.as_tensor(images))
    factors = getattr(posterior, "factors", (posterior,))
    return np.stack([to_numpy(factor.concentration) for factor in factors], -1)


def kappa_axis(axes) -> None:
    """A logarithmic axis upwards for kappa, with plain numbers at 1, 2 and 5 of each decade."""
    axes.set(ylabel="concentration κ", yscale="log")
    axes.yaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), minor_locator=NullLocator())
    axes.yaxis.set_major_formatter(ScalarFormatter())


@styled
def kappa_by_factor(model, images, labels) -> Picture:
    """The concentration of every factor: on the left over all images (N, H, W), on the right for one image a label.

    The boxes hold the middle half of the images, the whiskers nine tenths of them, the red line is the median.
    """
    kappas, labels = factor_concentrations(model, images), to_numpy(labels)
    chosen = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)]
    figure = new_figure(9.6, 4.6, "How sure is the encoder, and of what?")
    boxes, pictures, cells = figure.subplots(1, 3, width_ratios=[1.1, 0.11, 1])
    median = {"color": "#bd1f01", "linewidth": 2}
    boxes.boxplot(kappas, whis=(5, 95), showfliers=False, medianprops=median)
    boxes.set(title=f"all {len(kappas)} test images", xlabel="factor")
    kappa_axis(boxes)
    show_canvas(pictures, tile(to_numpy(images)[chosen], columns=1))
    pictures.set_aspect("auto")
    shown = np.log10(kappas[chosen])
    cells.imshow(shown, aspect="auto", cmap="viridis")
    middle = (shown.min() + shown.max()) / 2
    for (row, column), value in np.ndenumerate(shown):
        ink = "white" if value < middle else "black"
        cells.text(column, row, f"{kappas[chosen][row, column]:.0f}", ha="center", va="center", color=ink, fontsize=9)
    cells.set(title="κ of one image a digit", xlabel="factor", yticks=[])
    cells.set_xticks(range(kappas.shape[1]), range(1, kappas.shape[1] + 1))
    cells.grid(False)
    return figure
