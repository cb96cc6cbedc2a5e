"""A decoder's whole latent sphere S^2 at a glance: decoded digits laid on a globe, shown flat or from any side."""

from typing import NamedTuple

import numpy as np

from svae_lib.errors import InputError
from svae_lib.ops.sphere import fibonacci_sphere
from svae_lib.plotting.decoding import decode_images, embed_images, is_sphere
from svae_lib.plotting.images import draw_digit
from svae_lib.plotting.projections import (
    facing,
    hammer,
    hammer_inverse,
    lonlat_to_point,
    orthographic_inverse,
    point_to_lonlat,
)
from svae_lib.plotting.style import (
    DIGIT_CMAP,
    MARK,
    OUTLINE,
    SAMPLES,
    Picture,
    circle,
    new_figure,
    styled,
    to_numpy,
    white,
)

GRATICULE = {"color": SAMPLES, "linewidth": 0.7, "alpha": 0.6}


class Tiles(NamedTuple):
    """Digits decoded at points spread evenly over S^2; each lies flat on the sphere around its point, north up."""

    images: np.ndarray  # (n, H, W), or (n, H, W, 3) in color
    frames: np.ndarray  # (n, 3, 3): east, north and outwards at each point; outwards is the point itself
    half_side: float  # of the square that a digit fills, in radii; n of them cover 0.9 of the sphere


def decode_tiles(model, count: int) -> Tiles:
    """Digits decoded at `count` points spread evenly over a model's latent sphere.

    Args:
        model: a VAE whose latent space is s2.
        count: how many digits.

    Returns:
        The tiles.

    Raises:
        InputError: the latent space is not s2.
    """
    if not is_sphere(model.latent_space, 2):
        raise InputError(f"a globe needs the latent space s2, this model has {model.latent_space}")
    anchors = fibonacci_sphere(count).numpy()
    images = decode_images(model, anchors * float(model.latent_space.radius))
    return Tiles(images, facing(*point_to_lonlat(anchors)), 0.95 * np.sqrt(np.pi / count))


def globe_texture(model, tiles: int = 200, height: int = 540) -> np.ndarray:
    """Pixel values of the decoded digits over the whole latent sphere.

    Args:
        model: a VAE whose latent space is s2.
        tiles: how many digits.
        height: rows of the texture.

    Returns:
        (height, 2 height), in color with 3 more, in [0, 1] over latitude (north first) and longitude (-180 to 180
        degrees).

    Raises:
        InputError: the latent space is not s2.
    """
    images, frames, half_side = decode_tiles(model, tiles)
    rows = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    columns = ((np.arange(2 * height) + 0.5) / (2 * height) - 0.5) * 2 * np.pi
    points = lonlat_to_point(columns[None, :], rows[:, None]).astype(np.float32)
    anchors = frames[:, 2].T.astype(np.float32)
    nearest = np.concatenate([(row @ anchors).argmax(-1)[None] for row in points])
    across, up = ((points * frames[nearest, axis]).sum(-1) / half_side for axis in (0, 1))
    size = images.shape[1:3]
    row = np.floor((1 - up) / 2 * size[0]).astype(int)
    column = np.floor((1 + across) / 2 * size[1]).astype(int)
    on_tile = (row >= 0) & (row < size[0]) & (column >= 0) & (column < size[1])
    values = images[nearest, np.clip(row, 0, size[0] - 1), np.clip(column, 0, size[1] - 1)]
    values[~on_tile] = white(images)
    return values.astype(np.float32)


def look_up(texture: np.ndarray, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Values of a texture at places; where the place is NaN, NaN, or in color, which has none, a transparent pixel."""
    outside = np.isnan(longitude) | np.isnan(latitude)
    height, width = texture.shape[:2]
    row = (np.nan_to_num(0.5 - latitude / np.pi) * height).astype(int).clip(0, height - 1)
    column = (np.nan_to_num(0.5 + longitude / (2 * np.pi)) * width).astype(int).clip(0, width - 1)
    values = texture[row, column]
    return np.where(outside, np.nan, values) if texture.ndim == 2 else np.dstack([values, ~outside])


def globe_view(texture: np.ndarray, longitude: float, latitude: float, size: int = 320) -> np.ndarray:
    """Globe seen from far away.

    Args:
        texture: as `globe_texture` gives it.
        longitude: of the place that faces the reader, degrees.
        latitude: of that place, degrees.
        size: of the picture, pixels.

    Returns:
        (size, size); NaN off the globe's disc. In color (size, size, 4), transparent off it.
    """
    grid = (np.arange(size) + 0.5) / size * 2 - 1
    points = orthographic_inverse(grid[None, :], -grid[:, None], np.radians(longitude), np.radians(latitude))
    return look_up(texture, *point_to_lonlat(points))


@styled
def static_preview(model, longitudes: tuple[float, ...] = (-120, 0, 120), latitude: float = 0) -> Picture:
    """Globe and front digit that the panel LatentGlobe shows, at three places, as a still picture.

    Args:
        model: a VAE whose latent space is s2.
        longitudes: of the three places, degrees.
        latitude: of all of them, degrees.

    Returns:
        A figure with a globe and a digit for each place.
    """
    texture = globe_texture(model, height=360)
    figure = new_figure(6.6, 3.2, "The latent sphere from three sides, and its digit in front")
    globes, digits = figure.subplots(2, 3, height_ratios=[4, 1])
    for globe, digit, longitude in zip(globes, digits, longitudes, strict=True):
        draw_globe(globe).set_data(globe_view(texture, longitude, latitude))
        globe.set_title(f"longitude {longitude:g}°, latitude {latitude:g}°", loc="center", fontsize=10)
        draw_digit(digit).set_data(decode_at(model, longitude, latitude))
    return figure


def digit_places(model, images, labels) -> dict[str, tuple[float, float]]:
    """Mean place of each digit's images on the latent sphere.

    Args:
        model: a VAE whose latent space is s2.
        images: (N, H, W) in [0, 1].
        labels: (N,).

    Returns:
        By the digit's name, (longitude, latitude) in whole degrees.
    """
    points, labels = embed_images(model, images), to_numpy(labels)
    means = {label: points[labels == label].mean(0) for label in np.unique(labels)}
    return {str(label): tuple(int(round(a)) for a in np.degrees(point_to_lonlat(p))) for label, p in means.items()}


def decode_at(model, longitude: float, latitude: float) -> np.ndarray:
    """Image decoded at a place of the latent sphere.

    Args:
        model: a VAE whose latent space is s2.
        longitude: degrees.
        latitude: degrees.

    Returns:
        (H, W) or (H, W, 3), in [0, 1].
    """
    point = lonlat_to_point(np.radians(longitude), np.radians(latitude))
    return decode_images(model, point * float(model.latent_space.radius))


def draw_globe(axes):
    """Empty globe with its limb and a mark around the point that faces the reader; returns the image to fill."""
    image = axes.imshow(np.full((2, 2), np.nan), cmap=DIGIT_CMAP, vmin=0, vmax=1, extent=(-1, 1, -1, 1))
    axes.plot(*circle(), color=OUTLINE, linewidth=1)
    axes.plot(*circle(0.13), color=MARK, linewidth=2)
    axes.set(xlim=(-1.03, 1.03), ylim=(-1.03, 1.03), aspect="equal")
    axes.set_axis_off()
    return image


@styled
def digit_globe(model, title: str = "Decoded digits, everywhere on the sphere") -> Picture:
    """Whole latent sphere of a model as Hammer's map of decoded digits; every digit covers the same area.

    Args:
        model: a VAE whose latent space is s2.
        title: of the figure.

    Returns:
        A figure with one axes.

    Raises:
        InputError: the latent space is not s2.
    """
    texture = globe_texture(model)
    x, y = np.meshgrid(np.linspace(-1, 1, 900) * 2 * np.sqrt(2), np.linspace(1, -1, 450) * np.sqrt(2))
    figure = new_figure(6.8, 3.8, title)
    axes = figure.add_subplot()
    draw_hammer(axes)
    extent = (-2 * np.sqrt(2), 2 * np.sqrt(2), -np.sqrt(2), np.sqrt(2))
    axes.imshow(look_up(texture, *hammer_inverse(x, y)), extent=extent, cmap=DIGIT_CMAP, vmin=0, vmax=1)
    return figure


def draw_hammer(axes) -> None:
    """Frame of Hammer's map: its ellipse, twice as wide as high, and lines of longitude and latitude every 30."""
    turn, rise = np.linspace(-np.pi, np.pi, 181), np.linspace(-np.pi / 2, np.pi / 2, 91)
    for degrees in range(-150, 180, 30):
        axes.plot(*hammer(np.full_like(rise, np.radians(degrees)), rise), **GRATICULE)
    for degrees in range(-60, 90, 30):
        axes.plot(*hammer(turn, np.full_like(turn, np.radians(degrees))), **GRATICULE)
        x, y = hammer(-np.pi, np.radians(degrees))
        axes.annotate(f"{degrees}°", (x, y), (-4, 0), textcoords="offset points", ha="right", va="center", fontsize=9)
    for edge in (-np.pi, np.pi):
        axes.plot(*hammer(np.full_like(rise, edge), rise), color=OUTLINE, linewidth=1)
    for degrees in (-120, -60, 0, 60, 120):
        x, y = hammer(np.radians(degrees), 0.0)
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
        axes.text(x, y, f"{degrees}°", fontsize=8, color=SAMPLES, ha="center", va="center", bbox=paper)
    axes.set(aspect="equal", xlim=(-2.95, 2.95), ylim=(-1.5, 1.5), xticks=[], yticks=[])
    axes.set_xlabel("longitude on the latent sphere (degrees)")
    axes.set_ylabel("latitude (degrees)", labelpad=18)
    axes.grid(False)
    axes.spines[:].set_visible(False)
