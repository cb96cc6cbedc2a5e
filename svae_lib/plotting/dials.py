"""Dials, one per factor of a product of spheres, each ringed by the digits it leads to, and the decoded digit."""

import numpy as np

from svae_lib.errors import InputError
from svae_lib.plotting.decoding import decode_images, embed_images, factors_of, is_sphere
from svae_lib.plotting.images import draw_digit
from svae_lib.plotting.latent import angle
from svae_lib.plotting.style import DIGIT_CMAP, MARK, OUTLINE, Picture, circle, new_figure, styled, white

HAND = {"color": MARK, "linewidth": 3, "solid_capstyle": "round"}
AHEAD, RING = 12, 190  # digits round a dial, and the side in pixels of the square they lie in
AROUND = 2 * np.pi * np.arange(AHEAD) / AHEAD  # the angles at which they stand


def dial_frames(space, code: np.ndarray | None = None) -> list[np.ndarray]:
    """Planes in which the dials of a product of spheres turn.

    A circle's dial shows its angle, whatever the code. A larger sphere's dial turns along a great circle, through the
    code's own point and the axis that lies furthest from it; without a code, through the first two axes.

    Args:
        space: a sphere or a product of spheres.
        code: (event_size,), or None.

    Returns:
        For each factor (2, m_k): the points where its dial is at 0 and at 90 degrees.

    Raises:
        InputError: a factor is not a sphere.
    """
    factors, prior = factors_of(space), space.prior()
    for number, (factor, _) in enumerate(factors, start=1):
        if not is_sphere(factor):
            raise InputError(f"dials need spheres: factor {number} of {space} is {factor}")
    frames = []
    for (factor, place), uniform in zip(factors, getattr(prior, "factors", (prior,)), strict=True):
        axes = np.eye(factor.event_size)
        start = axes[0] if code is None or is_sphere(factor, 1) else code[place] / np.linalg.norm(code[place])
        side = axes[1] if start[0] == 1 else axes[np.abs(start).argmin()]
        side = side - (side @ start) * start
        frames.append(float(uniform.radius) * np.stack([start, side / np.linalg.norm(side)]))
    return frames


def turned(frames: list[np.ndarray], degrees: np.ndarray) -> np.ndarray:
    """Code at which each factor's dial stands at its angle.

    Args:
        frames: as `dial_frames` gives them, (2, m_k) for each factor.
        degrees: (..., factors).

    Returns:
        (..., sum of all m_k).

    Example:
        >>> turned([np.eye(2), np.eye(2)], [90.0, 180.0]).round()
        array([ 0.,  1., -1.,  0.])
    """
    turns = np.moveaxis(np.radians(degrees), -1, 0)[..., None]
    return np.concatenate([np.cos(t) * a + np.sin(t) * b for t, (a, b) in zip(turns, frames, strict=True)], -1)


def digit_turns(model, images: dict[str, np.ndarray]) -> dict[str, tuple[list[np.ndarray], list[int]]]:
    """Frames of each image's code, and where the dials stand at that code.

    Args:
        model: a VAE whose latent space is a sphere or a product of spheres.
        images: (H, W) in [0, 1], by name.

    Returns:
        By name, the frames and one angle per factor: a circle's angle in whole degrees, else 0.
    """
    found, places = {}, factors_of(model.latent_space)
    for name, image in images.items():
        code = embed_images(model, image[None])[0]
        turns = [round(float(angle(code[place]))) if is_sphere(factor, 1) else 0 for factor, place in places]
        found[name] = dial_frames(model.latent_space, code), turns
    return found


def dial_view(model, frames: list[np.ndarray], degrees) -> tuple[np.ndarray, np.ndarray]:
    """Image where the dials stand, and the images all round each dial.

    Args:
        model: a VAE whose latent space is a sphere or a product of spheres.
        frames: as `dial_frames` gives them.
        degrees: (factors,).

    Returns:
        (H, W), and (factors, AHEAD, H, W); in color with 3 more.
    """
    degrees = np.asarray(degrees, dtype=float)
    ahead = np.repeat(degrees[None], len(degrees) * AHEAD, axis=0).reshape(len(degrees), AHEAD, -1)
    for number in range(len(degrees)):
        ahead[number, :, number] = np.degrees(AROUND)
    codes = np.concatenate([turned(frames, degrees)[None], turned(frames, ahead).reshape(len(degrees) * AHEAD, -1)])
    images = decode_images(model, codes)
    return images[0], images[1:].reshape(len(degrees), AHEAD, *images.shape[1:])


def ring(images: np.ndarray) -> np.ndarray:
    """Images laid upright round a dial, the first at the right, counterclockwise.

    Args:
        images: (AHEAD, H, W), or (AHEAD, H, W, 3) in color; of large ones every second, third, ... pixel is shown.

    Returns:
        (RING, RING), or (RING, RING, 3).
    """
    step = -(-max(images.shape[1:3]) // (RING // 3))
    images = images[:, ::step, ::step]
    height, width, *channels = images.shape[1:]
    canvas = np.full((RING, RING, *channels), white(images))
    reach = (RING - max(height, width)) / 2
    for turn, image in zip(AROUND, images, strict=True):
        top = round(RING / 2 - reach * np.sin(turn) - height / 2)
        left = round(RING / 2 + reach * np.cos(turn) - width / 2)
        canvas[top : top + height, left : left + width] = image
    return canvas


def dial_names(space) -> list[str]:
    """Name of each dial.

    Args:
        space: a latent space.

    Returns:
        "circle 1", "sphere 2", ...: one per factor.

    Example:
        >>> from svae_lib import parse_latent_space
        >>> dial_names(parse_latent_space("s1,s2"))
        ['circle 1', 'sphere 2']
    """
    kinds = ["circle" if is_sphere(factor, 1) else "sphere" for factor, _ in factors_of(space)]
    return [f"{kind} {number}" for number, kind in enumerate(kinds, start=1)]


def draw_dial(axes) -> tuple:
    """Empty dial; returns its ring of digits, its hand and its title for `turn_dial`."""
    look = {"cmap": DIGIT_CMAP, "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
    images = axes.imshow(np.zeros((2, 2)), extent=(-1, 1, -1, 1), **look)
    axes.plot(*circle(0.62), color=OUTLINE, linewidth=1)
    for turn in AROUND:
        axes.plot(*(np.outer([np.cos(turn), np.sin(turn)], [0.57, 0.62])), color=OUTLINE, linewidth=1)
    (hand,) = axes.plot([], [], **HAND)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal")
    axes.set_axis_off()
    return images, hand, axes.set_title(" ", loc="center", fontsize=11)


def turn_dial(dial: tuple, name: str, degrees: float, images: np.ndarray) -> None:
    """Bring a dial to this angle, with these images (AHEAD, H, W) around it."""
    canvas, hand, title = dial
    canvas.set_data(ring(images))
    hand.set_data([0, 0.58 * np.cos(np.radians(degrees))], [0, 0.58 * np.sin(np.radians(degrees))])
    title.set_text(f"{name}: {degrees:g}°")


def draw_decoded(axes):
    """Empty frame for the decoded digit; returns the image to fill."""
    axes.set_title("decoded", loc="center", fontsize=11)
    return draw_digit(axes)


@styled
def static_preview(model, settings, frames: list[np.ndarray] | None = None) -> Picture:
    """Dials and digit that the panel DialsPanel shows, at some settings, as a still picture.

    Args:
        model: a VAE whose latent space is a sphere or a product of spheres.
        settings: for each row of the picture, one angle per factor, in degrees.
        frames: as `dial_frames` gives them, or None for those of the first axes.

    Returns:
        A figure with one row of axes per setting.
    """
    frames, names = frames or dial_frames(model.latent_space), dial_names(model.latent_space)
    figure = new_figure(1.95 * (len(names) + 1), 2.1 * len(settings) + 0.3, "Dials, and the digit at their positions")
    for row, degrees in zip(figure.subplots(len(settings), len(names) + 1, squeeze=False), settings, strict=True):
        image, ahead = dial_view(model, frames, degrees)
        for axes, name, turn, images in zip(row, names, degrees, ahead, strict=False):
            turn_dial(draw_dial(axes), name, turn, images)
        draw_decoded(row[-1]).set_data(image)
    return figure
