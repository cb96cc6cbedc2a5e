"""Codes of the images of a data set, drawn in their latent space."""

import numpy as np

from svae_lib.plotting.decoding import embed_images, factors_of, is_sphere
from svae_lib.plotting.globe import draw_hammer
from svae_lib.plotting.projections import hammer, point_to_lonlat
from svae_lib.plotting.style import OUTLINE, Picture, circle, new_figure, scatter_digits, styled

DEGREES = {"xlim": (-180, 180), "ylim": (-180, 180), "xticks": range(-180, 181, 60), "yticks": range(-180, 181, 60)}


@styled
def latent_scatter(model, images, labels=None) -> Picture | None:
    """Posterior means (or mean directions) of images, marked by their digits where labels are given.

    Args:
        model: a VAE.
        images: (N, H, W) in [0, 1].
        labels: (N,) digits, or None for plain points.

    Returns:
        A figure for the circle, the sphere S^2, the plane and the product of two circles; None for any other space.
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
    """Angle of points in the plane, in degrees, counterclockwise from the first axis.

    Args:
        points: (..., 2).

    Returns:
        (...), in [-180, 180].
    """
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
    """One ring per digit, so that they do not hide each other: the angle is the latent, the ring is not."""
    ring = 1.0 if labels is None else 0.5 + 0.05 * np.asarray(labels)[:, None]
    unit = points / np.linalg.norm(points, axis=-1, keepdims=True)
    scatter_digits(axes, *(unit * ring).T, labels)
    axes.plot(*circle(), color=OUTLINE, linewidth=1)
    axes.set(
        aspect="equal",
        xlabel="$z_1$",
        ylabel="$z_2$" + ("" if labels is None else " (each digit on its own ring; the angle counts)"),
    )


def _torus(axes, points, labels):
    scatter_digits(axes, angle(points[:, :2]), angle(points[:, 2:]), labels)
    axes.set(aspect="equal", xlabel="angle on circle 1 (degrees)", ylabel="angle on circle 2 (degrees)", **DEGREES)
