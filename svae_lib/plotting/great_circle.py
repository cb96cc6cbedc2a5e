"""The great circle between two digits beside the straight line: what is decoded on each, and how uncertain it is."""

from typing import NamedTuple

import numpy as np
import torch

from svae_lib.errors import InputError
from svae_lib.ops.sphere import geodesic_distance, slerp
from svae_lib.plotting.decoding import decode_images, embed_images, is_sphere
from svae_lib.plotting.images import draw_digit
from svae_lib.plotting.style import (
    MARK,
    SAMPLES,
    Picture,
    new_figure,
    show_canvas,
    styled,
    tile,
    tile_middle,
    to_numpy,
)

WAYS = {"great circle": SAMPLES, "straight line": MARK}
FRACTIONS = np.linspace(0, 1, 51)  # where the ways are decoded; every fifth place stands in the strip
COLUMNS = FRACTIONS[::5]
LAYOUT = {"width_ratios": [1, 1, 1.7], "height_ratios": [1.35, 1]}


class TwoWays(NamedTuple):
    """Two ways from one latent point to another, each decoded at the fractions `t` (k,) of the way."""

    t: np.ndarray
    arc: np.ndarray  # (k, H, W), on the great circle; in color (k, H, W, 3)
    line: np.ndarray  # of the same shape, on the straight line
    uncertainty: np.ndarray  # (2, k): the variance p (1 - p) of all pixels of arc and line, summed
    distance: np.ndarray  # (k,), of the straight line from the center, in radii
    degrees: float  # the angle between the ends


def two_ways(model, start, end, t) -> TwoWays:
    """Great circle and straight line between two points of a model's latent sphere, decoded.

    The great circle stays on the sphere at constant speed. The straight line cuts through the ball, where the decoder
    was never trained.

    Args:
        model: a VAE whose latent space is one sphere.
        start: (event_size,).
        end: (event_size,).
        t: (k,), from 0 at the start to 1 at the end.

    Returns:
        Both ways.

    Raises:
        InputError: the latent space is not one sphere.

    Example:
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
    uncertainty = np.stack([(p * (1 - p)).reshape(len(p), -1).sum(1) for p in images])
    degrees = float(torch.rad2deg(geodesic_distance(start, end)))
    return TwoWays(t.numpy(), *images, uncertainty, line.norm(dim=-1).numpy(), degrees)


def typical_codes(model, images, labels) -> dict[int, np.ndarray]:
    """Code of each digit's typical image, the one nearest to the middle of that digit's codes on the latent sphere.

    Args:
        model: a VAE whose latent space is one sphere.
        images: (N, H, W) in [0, 1].
        labels: (N,).

    Returns:
        By digit, (event_size,).

    Raises:
        InputError: a digit below the largest label has no image.
    """
    codes, labels = embed_images(model, images), to_numpy(labels)
    missing = sorted(set(range(labels.max() + 1)) - set(labels.tolist()))
    if missing:
        raise InputError(f"none of the {len(labels)} images shows {', '.join(map(str, missing))}: take more images")
    own = [codes[labels == label] for label in range(labels.max() + 1)]
    return {label: points[(points @ points.mean(0)).argmax()] for label, points in enumerate(own)}


def place_of(t: float) -> int:
    """Number of the decoded place nearest to the fraction t of the way."""
    return int(round(t * (len(FRACTIONS) - 1)))


def draw_way(axes, name: str) -> tuple:
    """Empty frame for what is decoded on a way, in the way's color; returns the image and the text to fill."""
    image = draw_digit(axes, WAYS[name])
    axes.set_title(name, loc="center", color=WAYS[name])
    below = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center", "va": "top", "fontsize": 9}
    return image, axes.annotate("1.00 from the center", (0.5, 0), (0, -5), **below)


def fill_way(artists: tuple, ways: TwoWays, way: int, at: int) -> None:
    """Bring a frame to the place `at`; way 0 is the great circle, way 1 the straight line."""
    image, text = artists
    image.set_data((ways.arc, ways.line)[way][at])
    text.set_text(f"{ways.distance[at] if way else 1:.2f} from the center")


def draw_uncertainty(axes, top: float) -> list:
    """Empty axes for the pixel uncertainty of both ways; returns the two lines, then the two rows of dots, to fill."""
    lines = [axes.plot([], [], color=color, label=name)[0] for name, color in WAYS.items()]
    dots = [axes.plot([], [], "o", color=color, markersize=8)[0] for color in WAYS.values()]
    axes.legend(loc="upper left", fontsize=9)
    axes.set(xlim=(0, 1), ylim=(0, 1.45 * top), xlabel="fraction t of the way", ylabel="Σ p(1 − p) (pixels)")
    axes.set_title("pixel uncertainty")
    return lines + dots


def fill_uncertainty(artists: list, ways: TwoWays, places: list[int]) -> None:
    """Bring lines and dots to these ways, the dots to these decoded places."""
    for line, dots, uncertainty in zip(artists[:2], artists[2:], ways.uncertainty, strict=True):
        line.set_data(ways.t, uncertainty)
        dots.set_data(ways.t[places], uncertainty[places])


def strip_of(ways: TwoWays) -> np.ndarray:
    """Eleven places of the great circle above the same fractions of the straight line, as one canvas."""
    columns = [place_of(t) for t in COLUMNS]
    return tile(np.concatenate([ways.arc[columns], ways.line[columns]]), columns=len(columns))


def mark_of(t: float, ways: TwoWays) -> float:
    """Place of the fraction t on the strip, in its pixels."""
    return tile_middle(t * (len(COLUMNS) - 1), ways.arc.shape[2]) - 0.5


def draw_strip(axes, ways: TwoWays) -> tuple:
    """Strip of both ways; returns the image, and the mark (or marks) above it."""
    show_canvas(axes, strip_of(ways))
    for row, (name, color) in enumerate(WAYS.items()):
        middle = tile_middle(row, ways.arc.shape[1])
        axes.text(-6, middle, name.replace(" ", "\n"), color=color, ha="right", va="center")
    (mark,) = axes.plot([mark_of(0, ways)], [-5], "v", color="black", markersize=8, clip_on=False)
    return axes.images[0], mark


@styled
def static_preview(model, codes: dict[int, np.ndarray], pair: tuple[int, int] = (2, 4)) -> Picture:
    """Ways that the panel GreatCirclePanel shows, at three fractions of the way, as a still picture.

    Args:
        model: a VAE whose latent space is one sphere.
        codes: by digit, (event_size,).
        pair: the digits at the ends.

    Returns:
        A figure with two images for each place, the pixel uncertainty, and the strip.
    """
    ways = two_ways(model, codes[pair[0]], codes[pair[1]], FRACTIONS)
    figure = new_figure(7.4, 4.4, f"From {pair[0]} to {pair[1]}, {ways.degrees:.0f}° on the great circle")
    axes = figure.subplot_mosaic("ABCU;abcU;SSSS", width_ratios=[1, 1, 1, 2.4], height_ratios=[1, 1, 1.2])
    places = [place_of(t) for t in (0.2, 0.5, 0.8)]
    for keys, at in zip(("Aa", "Bb", "Cc"), places, strict=True):
        for way, (key, name) in enumerate(zip(keys, WAYS, strict=True)):
            fill_way(draw_way(axes[key], name), ways, way, at)
            axes[key].set_title("" if way else f"t = {ways.t[at]:.1f}", loc="center", fontsize=11)
    fill_uncertainty(draw_uncertainty(axes["U"], ways.uncertainty.max()), ways, places)
    _, mark = draw_strip(axes["S"], ways)
    mark.set_data([mark_of(ways.t[at], ways) for at in places], [-5] * 3)
    return figure
