"""Where the images of a data set come to lie in a latent space."""

import numpy as np

from svae_lib.plotting.decoding import embed_images, factors_of, is_sphere
from svae_lib.plotting.globe import draw_hammer
from svae_lib.plotting.projections import hammer, point_to_lonlat
from svae_lib.plotting.style import Picture, new_figure, scatter_digits, styled

DEGREES = {"xlim": (-180, 180), "ylim": (-180, 180), "xticks": range(-180, 181, 60), "yticks": range(-180, 181, 60)}


@styled
def latent(model, images, labels=None) -> Picture | None:
    """The posterior means (or mean directions) of images (N, H, W), marked by their digits where labels (N,) are given.

    Drawn for the circle, the sphere S^2, the plane and the product of two circles; None for any other space.
    """
    factors = [factor for factor, _ in factors_of(model.latent_space)]
    if len(factors) == 1 and is_sphere(factors[0], 2):
        draw = _sphere
    elif len(factors) == 1 and is_sphere(factors[0], 1):
        draw = _circle
    elif len(factors) == 1 and factors[0].event_size == 2:
        draw = _plane
    elif len(factors) == 2 and all(is_sphere(factor, 1) for factor in factors):
        draw = _torus
    else:
        return None
    size = (6.8, 3.8) if draw is _sphere else (5, 5)
    figure = new_figure(*size, f"Where the images lie in the latent space {model.latent_space}")
    draw(figure.add_subplot(), embed_images(model, images), labels)
    return figure


def angle(points: np.ndarray) -> np.ndarray:
    """The angle of points (..., 2), in degrees, counterclockwise from the first axis."""
    return np.degrees(np.arctan2(points[..., 1], points[..., 0]))


def _sphere(axes, points, labels):
    draw_hammer(axes)
    scatter_digits(axes, *hammer(*point_to_lonlat(points)), labels)


def _plane(axes, points, labels):
    scatter_digits(axes, *points.T, labels)
    axes.set(
        aspect="equal",
        xlabel="$z_1$ (standard deviations of the prior)",
        ylabel="$z_2$ (standard deviations of the prior)",
    )


def _circle(axes, points, labels):
    """One ring a digit, so that they do not hide each other: the angle is the latent, the ring is not."""
    ring = 1.0 if labels is None else 0.5 + 0.05 * np.asarray(labels)[:, None]
    unit = points / np.linalg.norm(points, axis=-1, keepdims=True)
    scatter_digits(axes, *(unit * ring).T, labels)
    turn = np.linspace(0, 2 * np.pi, 181)
    axes.plot(np.cos(turn), np.sin(turn), color="#717581", linewidth=1)
    axes.set(
        aspect="equal",
        xlabel="$z_1$",
        ylabel="$z_2$" + ("" if labels is None else " (each digit on its own ring; the angle counts)"),
    )


def _torus(axes, points, labels):
    scatter_digits(axes, angle(points[:, :2]), angle(points[:, 2:]), labels)
    axes.set(aspect="equal", xlabel="angle on circle 1 (degrees)", ylabel="angle on circle 2 (degrees)", **DEGREES)


@styled
def embedding_scatter(points, labels=None, title: str = "Embeddings") -> Picture:
    """Points (N, D) of any latent space in the plane of their two largest principal components."""
    centered = points - points.mean(0)
    _, spread, directions = np.linalg.svd(centered, full_matrices=False)
    share = spread**2 / (spread**2).sum()
    figure = new_figure(6.5, 6.5, title)
    axes = figure.add_subplot()
    scatter_digits(axes, *(centered @ directions[:2].T).T, labels)
    axes.set(
        aspect="equal",
        xlabel=f"principal component 1 ({share[0]:.0%} of the variance)",
        ylabel=f"principal component 2 ({share[1]:.0%} of the variance)",
    )
    return figure
