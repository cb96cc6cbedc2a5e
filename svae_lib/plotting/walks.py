"""Walks through a latent space, decoded: along a circle, a great circle, one factor of a product; factors swapped."""

from typing import NamedTuple

import numpy as np
import torch

from svae_lib.errors import InputError
from svae_lib.ops.sphere import geodesic_distance, slerp
from svae_lib.plotting.decoding import decode_images, embed_images, factors_of, is_sphere
from svae_lib.plotting.images import image_rows
from svae_lib.plotting.style import Picture, styled


def turn(point: np.ndarray, steps: int) -> np.ndarray:
    """One whole turn of a point (2,) about the origin: (steps, 2), counterclockwise, the point itself first.

    >>> turn(np.array([1.0, 0.0]), 4).round()[1]
    array([0., 1.])
    """
    angles = 2 * np.pi * np.arange(steps) / steps
    cosine, sine = np.cos(angles), np.sin(angles)
    return np.stack([cosine * point[0] - sine * point[1], sine * point[0] + cosine * point[1]], -1)


@styled
def dials(model, image, steps: int = 12) -> Picture:
    """Each circle of a product of circles (or the one circle of S^1) turned once, the other factors held still.

    The first column is the image's own embedding; the angle of a column is how far the dial was turned.
    """
    start = embed_images(model, image[None])[0]
    rows = {}
    for number, (factor, place) in enumerate(factors_of(model.latent_space), start=1):
        if not is_sphere(factor, 1):
            raise InputError(f"dials need circles (s1): factor {number} of {model.latent_space} is {factor}")
        points = np.repeat(start[None], steps, axis=0)
        points[:, place] = turn(start[place], steps)
        rows[f"circle {number}"] = decode_images(model, points)
    names = [f"{360 * step / steps:.0f}°" for step in range(steps)]
    return image_rows(rows, "Turning one dial at a time", names, axis="turned by")


class TwoWays(NamedTuple):
    """Two ways from one latent point to another, each decoded at the shares `t` (k,) of the way."""

    t: np.ndarray
    arc: np.ndarray  # (k, H, W), on the great circle
    line: np.ndarray  # (k, H, W), on the straight line
    undecided: np.ndarray  # (2, k): the variance p (1 - p) of all pixels of arc and line, summed
    distance: np.ndarray  # (k,), of the straight line from the center, in radii
    degrees: float  # the angle between the ends


def two_ways(model, start, end, t) -> TwoWays:
    """The great circle and the straight line between two points of a model's latent sphere.

    The great circle stays on the sphere at constant speed. The straight line cuts through the ball, where the decoder
    was never trained.

    Shapes: start, end (event_size,); t (k,), from 0 at the start to 1 at the end.
    Errors: InputError for a model whose latent space is not one sphere.

    >>> from svae_lib import build_vae
    >>> ways = two_ways(build_vae((28, 28), "s2"), [1, 0, 0], [0, 1, 0], [0, 0.5, 1])
    >>> ways.degrees, ways.distance.round(3).tolist(), ways.arc.shape
    (90.0, [1.0, 0.707, 1.0], (3, 28, 28))
    """
    if not is_sphere(model.latent_space):
        raise InputError(f"a great circle needs one sphere as the latent space, this model has {model.latent_space}")
    radius = float(model.latent_space.radius)
    start, end, t = (torch.as_tensor(value, dtype=torch.float64) for value in (start, end, t))
    start, end = start / start.norm(), end / end.norm()
    line = start + t[:, None] * (end - start)
    images = [decode_images(model, radius * way) for way in (slerp(start, end, t), line)]
    undecided = np.stack([(p * (1 - p)).sum((1, 2)) for p in images])
    degrees = float(torch.rad2deg(geodesic_distance(start, end)))
    return TwoWays(t.numpy(), *images, undecided, line.norm(dim=-1).numpy(), degrees)


@styled
def great_circle(model, first, second, steps: int = 11) -> Picture:
    """From one image to another: along the great circle of the latent sphere, and along the straight line beside it."""
    ways = two_ways(model, *embed_images(model, np.stack([first, second])), np.linspace(0, 1, steps))
    names = [f"{share * ways.degrees:.0f}°" for share in ways.t]
    rows = {"great circle": ways.arc, "straight line": ways.line}
    return image_rows(rows, "Two ways from one digit to another", names, axis="on the arc")


@styled
def swap_factors(model, first, second) -> Picture:
    """Two images and, for each factor of a product space, the two with that factor exchanged."""
    one, two = embed_images(model, np.stack([first, second]))
    ones, twos, names = [one], [two], ["as they are"]
    for number, (_, place) in enumerate(factors_of(model.latent_space), start=1):
        swapped = one.copy(), two.copy()
        swapped[0][place], swapped[1][place] = two[place], one[place]
        ones.append(swapped[0])
        twos.append(swapped[1])
        names.append(f"factor {number}")
    rows = {"first image": decode_images(model, np.stack(ones)), "second image": decode_images(model, np.stack(twos))}
    return image_rows(rows, "One factor exchanged between two images", names, axis="exchanged:")
