"""Concentrations of a trained encoder's posteriors, image by image and factor by factor."""

import numpy as np
import torch
from matplotlib.ticker import LogLocator, NullLocator, ScalarFormatter

from svae_lib.errors import InputError
from svae_lib.plotting.decoding import factors_of, is_sphere
from svae_lib.plotting.style import MARK, SAMPLES, Picture, new_figure, show_canvas, styled, tile, to_numpy, to_pixels


@torch.no_grad()
def factor_concentrations(model, images) -> np.ndarray:
    """Concentration of each factor of each image's posterior.

    Args:
        model: a VAE whose latent space is a sphere or a product of spheres.
        images: (N, H, W) in [0, 1].

    Returns:
        (N, factors).

    Raises:
        InputError: a factor is not a sphere.
    """
    for number, (factor, _) in enumerate(factors_of(model.latent_space), start=1):
        if not is_sphere(factor):
            raise InputError(f"factor {number} of {model.latent_space} is {factor}, which has no concentration")
    posterior = model.encode(torch.as_tensor(images))
    factors = getattr(posterior, "factors", (posterior,))
    return np.stack([to_numpy(factor.concentration) for factor in factors], -1)


def concentrations(model, images) -> np.ndarray:
    """Concentration of each image's posterior.

    Args:
        model: a VAE whose latent space is one sphere.
        images: (N, H, W) in [0, 1].

    Returns:
        (N,).

    Raises:
        InputError: the latent space is not one sphere.

    Example:
        >>> from svae_lib import build_vae
        >>> (concentrations(build_vae((28, 28), "s2"), torch.rand(4, 28, 28)) > 1).all()  # their floor
        np.True_
    """
    if not is_sphere(model.latent_space):
        raise InputError(f"kappa needs one sphere as the latent space, this model has {model.latent_space}")
    return factor_concentrations(model, images)[:, 0]


@styled
def kappa_by_digit(model, images, labels, shown: int = 6) -> Picture:
    """Concentration of each image's posterior by digit, with each digit's median, and the images at both ends.

    In a digit's column the images stand in their order in the data, so that they do not hide each other.

    Args:
        model: a VAE whose latent space is one sphere.
        images: (N, H, W) in [0, 1].
        labels: (N,) digits.
        shown: how many images of least, and of largest, concentration are shown.

    Returns:
        A figure with three axes.

    Raises:
        InputError: the latent space is not one sphere.
    """
    kappa, labels = concentrations(model, images), to_numpy(labels)
    figure = new_figure(8, 3.6, "How certain is the encoder? The concentration κ of each test image")
    axes = figure.subplot_mosaic("KA;KB", width_ratios=[1.25, 1])
    for label in np.unique(labels):
        own = kappa[labels == label]
        across = label + 0.7 * (np.arange(len(own)) / len(own) - 0.5)
        axes["K"].plot(across, own, ".", markersize=4, color=SAMPLES, markeredgewidth=0)
        axes["K"].plot([label - 0.4, label + 0.4], [np.median(own)] * 2, color=MARK)
    axes["K"].set(xlabel="digit (red: its median)", xticks=np.unique(labels))
    kappa_axis(axes["K"])
    order = kappa.argsort()
    for key, name, chosen in (("A", "least certain", order[:shown]), ("B", "most certain", order[::-1][:shown])):
        show_canvas(axes[key], tile(to_pixels(images)[chosen], columns=shown // 2))
        axes[key].set_title(f"{name}: κ from {kappa[chosen].min():.0f} to {kappa[chosen].max():.0f}", fontsize=9)
    return figure


@styled
def kappa_by_factor(model, images, labels) -> Picture:
    """Concentration of every factor: over all images on the left, for one image per label on the right.

    The boxes hold the middle half of the images, the whiskers nine tenths of them, the red line is the median.

    Args:
        model: a VAE whose latent space is a product of spheres.
        images: (N, H, W) in [0, 1].
        labels: (N,).

    Returns:
        A figure with three axes.

    Raises:
        InputError: a factor is not a sphere.
    """
    kappas, labels = factor_concentrations(model, images), to_numpy(labels)
    chosen = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)]
    figure = new_figure(9.6, 4.6, "How certain is the encoder of each factor?")
    boxes, pictures, cells = figure.subplots(1, 3, width_ratios=[1.1, 0.11, 1])
    boxes.boxplot(kappas, whis=(5, 95), showfliers=False, medianprops={"color": MARK, "linewidth": 2})
    boxes.set(title=f"all {len(kappas)} test images", xlabel="factor")
    kappa_axis(boxes)
    show_canvas(pictures, tile(to_pixels(images)[chosen], columns=1))
    pictures.set_aspect("auto")
    shown = np.log10(kappas[chosen])
    cells.imshow(shown, aspect="auto", cmap="viridis")
    middle = (shown.min() + shown.max()) / 2
    for (row, column), value in np.ndenumerate(shown):
        color = "white" if value < middle else "black"
        cells.text(column, row, f"{kappas[chosen][row, column]:.0f}", ha="center", va="center", color=color, fontsize=9)
    cells.set(title="κ of one image per digit", xlabel="factor", yticks=[])
    cells.set_xticks(range(kappas.shape[1]), range(1, kappas.shape[1] + 1))
    cells.grid(False)
    return figure


def kappa_axis(axes) -> None:
    """Logarithmic vertical axis for kappa, with plain numbers at 1, 2 and 5 of each decade."""
    axes.set(ylabel="concentration κ", yscale="log")
    axes.yaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), minor_locator=NullLocator())
    axes.yaxis.set_major_formatter(ScalarFormatter())
