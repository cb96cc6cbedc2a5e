"""How sure the encoder is of its codes: the concentration kappa of the posterior, image by image."""

import numpy as np

from svae_lib.errors import InputError
from svae_lib.plotting.decoding import is_sphere
from svae_lib.plotting.factors import factor_concentrations, kappa_axis
from svae_lib.plotting.style import Picture, new_figure, show_canvas, styled, tile, to_numpy


def concentrations(model, images) -> np.ndarray:
    """The concentration kappa of each image's posterior: (N, H, W) in [0, 1] -> (N,).

    Errors: InputError for a model whose latent space is not one sphere.

    >>> import torch
    >>> from svae_lib import build_vae
    >>> (concentrations(build_vae((28, 28), "s2"), torch.rand(4, 28, 28)) > 1).all()  # their floor
    np.True_
    """
    if not is_sphere(model.latent_space):
        raise InputError(f"kappa needs one sphere as the latent space, this model has {model.latent_space}")
    return factor_concentrations(model, images)[:, 0]


@styled
def kappa_by_digit(model, images, labels, shown: int = 6) -> Picture:
    """The kappa of each image's posterior by digit, with each digit's median, and the images with the least and most.

    images (N, H, W), labels (N,); shown: images in each of the two rows. In a digit's column the images stand in their
    order in the data, so that they do not hide each other.
    """
    kappa, labels = concentrations(model, images), to_numpy(labels)
    figure = new_figure(8, 3.6, "How sure is the encoder? The concentration κ of each test image")
    axes = figure.subplot_mosaic("KA;KB", width_ratios=[1.25, 1])
    for label in np.unique(labels):
        own = kappa[labels == label]
        across = label + 0.7 * (np.arange(len(own)) / len(own) - 0.5)
        axes["K"].plot(across, own, ".", markersize=4, color="#3f90da", markeredgewidth=0)
        axes["K"].plot([label - 0.4, label + 0.4], [np.median(own)] * 2, color="#bd1f01")
    axes["K"].set(xlabel="digit (red: its median)", xticks=np.unique(labels))
    kappa_axis(axes["K"])
    order = kappa.argsort()
    for key, name, chosen in (("A", "least sure", order[:shown]), ("B", "most sure", order[::-1][:shown])):
        show_canvas(axes[key], tile(to_numpy(images)[chosen], columns=shown // 2))
        axes[key].set_title(f"{name}: κ from {kappa[chosen].min():.0f} to {kappa[chosen].max():.0f}", fontsize=10)
    return figure
