"""A decoder's whole latent sphere S^2 at one look: decoded digits laid on a globe, shown flat or from any side."""

import numpy as np

from svae_lib.errors import InputError
from svae_lib.ops.sphere import fibonacci_sphere
from svae_lib.plotting.decoding import decode_images, embed_images, is_sphere
from svae_lib.plotting.projections import hammer, hammer_inverse, lonlat_to_point, orthographic_inverse, point_to_lonlat
from svae_lib.plotting.style import INK, Picture, new_figure, styled, to_numpy

MARK = "#bd1f01"  # the place that faces the reader, and the frame of the digit decoded there
GRATICULE = {"color": "#3f90da", "linewidth": 0.7, "alpha": 0.6}


def globe_texture(model, tiles: int = 200, height: int = 540) -> np.ndarray:
    """The ink on the latent sphere: (height, 2 height) over latitude (north first) and longitude (-180 to 180 degrees).

    `tiles` points spread evenly over S^2 are decoded; each digit lies flat on the sphere around its point, north up.
    """
    check_sphere(model)
    anchors = fibonacci_sphere(tiles).numpy()
    images = decode_images(model, anchors * float(model.latent_space.radius))
    rows = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    columns = ((np.arange(2 * height) + 0.5) / (2 * height) - 0.5) * 2 * np.pi
    points = lonlat_to_point(columns[None, :], rows[:, None]).astype(np.float32)
    nearest = np.concatenate([(row @ anchors.T.astype(np.float32)).argmax(-1)[None] for row in points])
    longitude, latitude = point_to_lonlat(anchors[nearest])
    east = np.stack([-np.sin(longitude), np.cos(longitude), np.zeros_like(longitude)], -1)
    north = np.cross(anchors[nearest], east)
    half_side = 0.95 * np.sqrt(np.pi / tiles)  # a tile's share of the area 4 pi is a square of twice this side
    across, up = (points * east).sum(-1) / half_side, (points * north).sum(-1) / half_side
    size = images.shape[1:]
    row = np.floor((1 - up) / 2 * size[0]).astype(int)
    column = np.floor((1 + across) / 2 * size[1]).astype(int)
    on_tile = (row >= 0) & (row < size[0]) & (column >= 0) & (column < size[1])
    ink = images[nearest, np.clip(row, 0, size[0] - 1), np.clip(column, 0, size[1] - 1)]
    return np.where(on_tile, ink, 0.0).astype(np.float32)


def check_sphere(model) -> None:
    if not is_sphere(model.latent_space, 2):
        raise InputError(f"a globe needs the latent space s2, this model has {model.latent_space}")


def look_up(texture: np.ndarray, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """The texture's ink at places; NaN where the place is NaN."""
    outside = np.isnan(longitude) | np.isnan(latitude)
    height, width = texture.shape
    row = (np.nan_to_num(0.5 - latitude / np.pi) * height).astype(int).clip(0, height - 1)
    column = (np.nan_to_num(0.5 + longitude / (2 * np.pi)) * width).astype(int).clip(0, width - 1)
    return np.where(outside, np.nan, texture[row, column])


def globe_view(texture: np.ndarray, longitude: float, latitude: float, size: int = 320) -> np.ndarray:
    """The globe (size, size) from far away, the place at (longitude, latitude) in degrees facing the reader."""
    grid = (np.arange(size) + 0.5) / size * 2 - 1
    points = orthographic_inverse(grid[None, :], -grid[:, None], np.radians(longitude), np.radians(latitude))
    return look_up(texture, *point_to_lonlat(points))


@styled
def globe_triptych(model, longitudes: tuple[float, ...] = (-120, 0, 120), latitude: float = 0) -> Picture:
    """What GlobePicture shows at three places, as a still picture."""
    texture = globe_texture(model)
    figure = new_figure(6.6, 3.2, "The latent sphere from three sides, and its digit in front")
    globes, digits = figure.subplots(2, 3, height_ratios=[4, 1])
    for globe, digit, longitude in zip(globes, digits, longitudes, strict=True):
        draw_globe(globe).set_data(globe_view(texture, longitude, latitude))
        globe.set_title(f"longitude {longitude:g}°, latitude {latitude:g}°", loc="center", fontsize=10)
        draw_digit(digit).set_data(decode_at(model, longitude, latitude))
    return figure


def digit_places(model, images, labels) -> dict[str, tuple[float, float]]:
    """Where each digit's images (N, H, W) lie on average: its name to (longitude, latitude) in whole degrees."""
    points, labels = embed_images(model, images), to_numpy(labels)
    means = {label: points[labels == label].mean(0) for label in np.unique(labels)}
    return {str(label): tuple(int(round(a)) for a in np.degrees(point_to_lonlat(p))) for label, p in means.items()}


def decode_at(model, longitude: float, latitude: float) -> np.ndarray:
    """The image decoded at a place, in degrees, of the latent sphere S^2 of a model."""
    point = lonlat_to_point(np.radians(longitude), np.radians(latitude))
    return decode_images(model, point * float(model.latent_space.radius))


def draw_globe(axes):
    """An empty globe with its limb and a mark around the point that faces the reader; returns the image to fill."""
    image = axes.imshow(np.full((2, 2), np.nan), cmap=INK, vmin=0, vmax=1, extent=(-1, 1, -1, 1))
    turn = np.linspace(0, 2 * np.pi, 181)
    axes.plot(np.cos(turn), np.sin(turn), color="#717581", linewidth=1)
    axes.plot(0.13 * np.cos(turn), 0.13 * np.sin(turn), color=MARK, linewidth=2)
    axes.set(xlim=(-1.03, 1.03), ylim=(-1.03, 1.03), aspect="equal")
    axes.set_axis_off()
    return image


def draw_digit(axes):
    """An empty frame in the color of the mark on the globe; returns the image to fill."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=MARK, linewidth=2)
    return axes.imshow([[0.0]], cmap=INK, vmin=0, vmax=1, extent=(0, 1, 0, 1))


@styled
def digit_globe(model, title: str = "What the decoder draws, everywhere on the sphere") -> Picture:
    """The whole latent sphere S^2 of a model as Hammer's map of decoded digits; every digit covers the same area."""
    texture = globe_texture(model)
    x, y = np.meshgrid(np.linspace(-1, 1, 900) * 2 * np.sqrt(2), np.linspace(1, -1, 450) * np.sqrt(2))
    figure = new_figure(6.8, 3.8, title)
    axes = figure.add_subplot()
    draw_hammer(axes)
    extent = (-2 * np.sqrt(2), 2 * np.sqrt(2), -np.sqrt(2), np.sqrt(2))
    axes.imshow(look_up(texture, *hammer_inverse(x, y)), extent=extent, cmap=INK, vmin=0, vmax=1)
    return figure


def draw_hammer(axes) -> None:
    """The frame of Hammer's map: its ellipse, twice as wide as high, and lines of longitude and latitude every 30."""
    turn, rise = np.linspace(-np.pi, np.pi, 181), np.linspace(-np.pi / 2, np.pi / 2, 91)
    for degrees in range(-150, 180, 30):
        axes.plot(*hammer(np.full_like(rise, np.radians(degrees)), rise), **GRATICULE)
    for degrees in range(-60, 90, 30):
        axes.plot(*hammer(turn, np.full_like(turn, np.radians(degrees))), **GRATICULE)
        x, y = hammer(-np.pi, np.radians(degrees))
        axes.annotate(f"{degrees}°", (x, y), (-4, 0), textcoords="offset points", ha="right", va="center", fontsize=9)
    for edge in (-np.pi, np.pi):
        axes.plot(*hammer(np.full_like(rise, edge), rise), color="#717581", linewidth=1)
    for degrees in (-120, -60, 0, 60, 120):
        x, y = hammer(np.radians(degrees), 0.0)
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
        axes.text(x, y, f"{degrees}°", fontsize=8, color="#3f90da", ha="center", va="center", bbox=paper)
    axes.set(aspect="equal", xlim=(-2.95, 2.95), ylim=(-1.5, 1.5), xticks=[], yticks=[])
    axes.set_xlabel("longitude on the latent sphere (degrees)")
    axes.set_ylabel("latitude (degrees)", labelpad=18)
    axes.grid(False)
    axes.spines[:].set_visible(False)
