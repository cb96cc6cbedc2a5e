"""A decoder's whole latent torus S^1 x S^1 at a glance: as a square map, and rolled up into a doughnut."""

import numpy as np

from svae_lib.errors import InputError
from svae_lib.plotting.decoding import decode_images, factors_of, is_sphere
from svae_lib.plotting.dials import dial_frames, turned
from svae_lib.plotting.latent import DEGREES
from svae_lib.plotting.style import DIGIT_CMAP, EXPECTED, MARK, Picture, new_figure, styled, tile

TUBE, TILT = 0.44, np.radians(42)  # the doughnut's thickness for a ring of radius 1, and how far it leans to the reader
GRAYS = 5  # steps of gray: hundreds of digits would make a heavy picture, and nobody sees the difference
SEAMS = {"circle 1": (MARK, ">"), "circle 2": (EXPECTED, "^")}  # the edges along which each circle runs


def torus_texture(model, columns: int, rows: int) -> np.ndarray:
    """Pixel values over the latent torus: images decoded at the middles of equal cells.

    Args:
        model: a VAE whose latent space is 2xs1.
        columns: cells along circle 1, whose angle runs from -180 degrees.
        rows: cells along circle 2, whose angle runs from +180 degrees, downwards.

    Returns:
        (rows H, columns W), in color with 3 more, in [0, 1].

    Raises:
        InputError: the latent space is not a product of two circles.
    """
    factors = [factor for factor, _ in factors_of(model.latent_space)]
    if len(factors) != 2 or not all(is_sphere(factor, 1) for factor in factors):
        raise InputError(f"a torus needs the latent space 2xs1, this model has {model.latent_space}")
    first = 360 * ((np.arange(columns) + 0.5) / columns - 0.5)
    second = 360 * (0.5 - (np.arange(rows) + 0.5) / rows)
    angles = np.stack(np.meshgrid(first, second), -1)
    images = decode_images(model, turned(dial_frames(model.latent_space), angles))
    texture = tile(images.reshape(-1, *images.shape[2:]), columns, gap=0)
    return np.round(GRAYS * texture) / GRAYS if texture.ndim == 2 else texture


def doughnut(texture: np.ndarray, size: int = 400) -> np.ndarray:
    """Torus in space, seen from far away.

    Circle 1 runs round the hole, its angle 0 in front; circle 2 runs round the tube, its angle 0 outermost.

    Args:
        texture: (H, W) or (H, W, 3), in [0, 1], as `torus_texture` gives it.
        size: height of the picture, pixels.

    Returns:
        (size, 1.4 size): pixel values and shade in [0, 1]; NaN beside the torus. In color (size, 1.4 size, 4),
        transparent beside it.
    """
    u, v = (((np.arange(count) + 0.5) / count - 0.5) * 2 * np.pi for count in (4 * size, 2 * size))
    u, v = u[None, :], v[::-1, None]
    ring = 1 + TUBE * np.cos(v)
    x, near, up = ring * np.sin(u), ring * np.cos(u), np.broadcast_to(TUBE * np.sin(v), (v.size, u.size))
    height, depth = up * np.cos(TILT) - near * np.sin(TILT), near * np.cos(TILT) + up * np.sin(TILT)
    facing = np.cos(v) * np.cos(u) * np.cos(TILT) + np.sin(v) * np.sin(TILT)  # the surface's normal towards the reader
    down, across = (np.arange(count) * edge // count for count, edge in zip(up.shape, texture.shape[:2], strict=True))
    values, shade = texture[np.ix_(down, across)], 0.45 * (1 - facing)
    if texture.ndim == 2:
        values, ground = np.maximum(values, shade)[..., None], np.nan
    else:
        values, ground = np.dstack([values * (1 - shade)[..., None], np.ones_like(shade)]), 0.0
    scale = 0.99 * size / 2 / (np.sin(TILT) + TUBE)
    order = np.argsort(depth, axis=None)  # far to near: what is near is written last, over what it hides
    row = (size / 2 - scale * height).astype(int).ravel()[order]
    column = (0.7 * size + scale * x).astype(int).ravel()[order]
    picture = np.full((size, int(1.4 * size), values.shape[-1]), ground)
    picture[row, column] = values.reshape(order.size, -1)[order]
    return picture if texture.ndim == 3 else picture[..., 0]


@styled
def torus_of_digits(model, across: int = 16) -> Picture:
    """Whole latent torus of a model: rolled up, and cut open into a map of decoded digits.

    Opposite edges of the map, drawn in one color, are one and the same circle.

    Args:
        model: a VAE whose latent space is 2xs1.
        across: digits along each side of the map.

    Returns:
        A figure with two axes.

    Raises:
        InputError: the latent space is not a product of two circles.
    """
    figure = new_figure(9.6, 4.5, "Decoded digits, everywhere on S¹ × S¹")
    rolled, flat = figure.subplots(1, 2, width_ratios=[1.2, 1])
    rolled.imshow(doughnut(torus_texture(model, 32, 14)), cmap=DIGIT_CMAP, vmin=0, vmax=1)
    rolled.set_title("rolled up in space")
    rolled.set_axis_off()
    flat.imshow(torus_texture(model, across, across), cmap=DIGIT_CMAP, vmin=0, vmax=1, extent=(-180, 180, -180, 180))
    flat.set(xlabel="angle on circle 1 (degrees)", ylabel="angle on circle 2 (degrees)", **DEGREES)
    flat.set_title("cut open: edges of one color are one circle")
    flat.grid(False)
    ends = np.array([-180, 180])
    for (color, marker), along in zip(SEAMS.values(), (0, 1), strict=True):
        for edge in ends:
            line = (ends, [edge, edge]) if along == 0 else ([edge, edge], ends)
            flat.plot(*line, color=color, linewidth=3, clip_on=False)
            middle = (0, edge) if along == 0 else (edge, 0)
            flat.plot(*middle, marker, color=color, markersize=11, clip_on=False)
    return figure
