"""One style for every figure: the palette, the figure, its PNG, and the shapes that several figures share."""

import io
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

STYLE = Path(__file__).with_name("svae.mplstyle")
DIGIT_CMAP = "gray_r"  # a digit is dark where its pixel is 1

# The palette: petroff10, as in svae.mplstyle, and grays, each color under what it means in every figure.
SAMPLES = "#3f90da"  # what the figure is about: images, samples, codes; the vMF and the sphere in a comparison
MARK = "#bd1f01"  # what to look for: the exact curve, a median, the chosen place, a failure
EXPECTED = "#832db6"  # where theory puts the mean or the reader's own setting
SECOND = "#ffa90e"  # a second kind beside SAMPLES: rejected samples, concentrations beside dimensions
BASELINE = "#e76300"  # what SAMPLES are compared with: the Gaussian
HISTOGRAM = "#92dadd"
OUTLINE = "#717581"  # edges of shapes, reference lines, the uniform distribution
TRACK = "#94a4a2"  # a path, a range, the lines of a globe
FAINT = "#c8cdd2"
PAPER = "#f4f6f8"  # the ground of a globe of digits
FACTOR_COLORS = (SAMPLES, SECOND, MARK, EXPECTED, "#a96b59", OUTLINE)  # one per factor, then again from the first
DIGIT_COLORS = (0, 8, 2, 3, 4, 5, 6, 7, 1, 9)  # of the cycle, by digit: 3 and 8, which lie together, are not both gray
THREE_STEPS = ("#440154", "#26828e", "#6cae3f")  # three steps of viridis, the last one darker: it is for lines

TILE_GAP = 2  # pixels between the images of a canvas


class Picture(Figure):
    """A matplotlib Figure that a notebook shows by itself, without pyplot and its global state."""

    def _repr_png_(self) -> tuple[bytes, dict]:
        return png(self), {"alt": self.get_suptitle()}  # read out to those who do not see it


def styled(draw: Callable) -> Callable:
    """Decorator that runs `draw` under svae.mplstyle and leaves the caller's own settings as they were.

    Args:
        draw: a function or method that makes or changes figures.

    Returns:
        The same function, independent of the caller's rcParams.
    """

    @wraps(draw)
    def wrapper(*args, **kwargs):
        with matplotlib.rc_context(), style.context(["default", STYLE]):
            return draw(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float, title: str) -> Picture:
    """Empty figure with a title, at least as wide as the title.

    Args:
        width: inches.
        height: inches.
        title: the figure's title, which is its alternative text too.

    Returns:
        The figure, with constrained layout.
    """
    figure = Picture(figsize=(max(width, 0.2 + 0.115 * len(title)), height), layout="constrained")
    set_title(figure, title)
    return figure


def set_title(figure: Figure, title: str) -> Text:
    """Figure title at the upper left; returns its text."""
    return figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")


def png(figure: Figure) -> bytes:
    """PNG of a figure, in 48 colors unless it shows color images: nothing in it (a date, a version) changes by itself.

    Args:
        figure: any matplotlib Figure.

    Returns:
        The file's bytes.

    Example:
        >>> png(new_figure(1, 1, "empty"))[1:4]
        b'PNG'
    """
    canvas = FigureCanvasAgg(figure)
    with matplotlib.rc_context(), style.context(["default", STYLE]):
        canvas.draw()
    return encode(canvas)


def encode(canvas: FigureCanvasAgg) -> bytes:
    """PNG of what was drawn on a canvas: in 48 colors, a third of the bytes, unless it shows color images.

    Args:
        canvas: a canvas that has been drawn.

    Returns:
        The file's bytes.
    """
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    if not any(image.get_array().ndim == 3 for axes in canvas.figure.axes for image in axes.images):
        pixels = few_colors(pixels)
    pixels.save(buffer, format="png")
    return buffer.getvalue()


def few_colors(pixels: Image.Image) -> Image.Image:
    """The picture in 48 colors, each pixel's nearest one."""
    return pixels.quantize(48, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def to_numpy(values: torch.Tensor | np.ndarray | Iterable) -> np.ndarray:
    """Array of a tensor, from any device, or of anything array-like; its shape is the same."""
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def to_pixels(images: torch.Tensor | np.ndarray | Iterable) -> np.ndarray:
    """Images of a model as matplotlib shows them: the channels last.

    Args:
        images: (N, H, W) or (N, 1, H, W), gray, or (N, 3, H, W), color.

    Returns:
        (N, H, W), shown by DIGIT_CMAP, or (N, H, W, 3).

    Example:
        >>> to_pixels(np.zeros((10, 1, 28, 20))).shape, to_pixels(np.zeros((10, 3, 28, 20))).shape
        ((10, 28, 20), (10, 28, 20, 3))
    """
    images = to_numpy(images)
    if images.ndim == 4:
        images = images[:, 0] if images.shape[1] == 1 else np.moveaxis(images, 1, -1)
    return images


def white(images: np.ndarray) -> float:
    """Value of a white pixel beside images (N, H, W), shown by DIGIT_CMAP, or (N, H, W, 3)."""
    return float(images.ndim == 4)


def circle(radius: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Circle around the origin, as the x and the y (181,) of its points; axes.plot(*circle()) draws it.

    Args:
        radius: in units of the axes.

    Returns:
        x and y, each (181,), counterclockwise from (radius, 0), the first point repeated at the end.

    Example:
        >>> x, y = circle(2.0)
        >>> float(x[0]), float(y[45])
        (2.0, 2.0)
    """
    turn = np.linspace(0, 2 * np.pi, 181)
    return radius * np.cos(turn), radius * np.sin(turn)


def scatter_digits(axes, x: np.ndarray, y: np.ndarray, labels: Iterable[int] | None, size: float = 36) -> None:
    """Points marked by their digit and its color; without labels, plain points.

    Args:
        axes: where to draw.
        x: (N,).
        y: (N,).
        labels: (N,) digits, or None.
        size: of a digit, in square points.
    """
    if labels is None:
        axes.scatter(x, y, s=size / 3, alpha=0.7, linewidths=0)
        return
    labels = to_numpy(labels)
    cycle = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    for label in np.unique(labels):
        chosen, color = labels == label, cycle[DIGIT_COLORS[label % len(DIGIT_COLORS)]]
        axes.scatter(x[chosen], y[chosen], s=size, marker=f"${label}$", color=color, linewidths=0.2)


def tile(images: np.ndarray, columns: int, gap: int = TILE_GAP) -> np.ndarray:
    """Canvas of images, row by row, with white pixels between.

    Args:
        images: (N, H, W), or (N, H, W, 3) in color, as `to_pixels` gives them.
        columns: images in a row.
        gap: pixels between two images.

    Returns:
        (rows (H + gap) - gap, columns (W + gap) - gap), and 3 more in color.

    Example:
        >>> tile(np.ones((3, 4, 4)), columns=2).shape
        (10, 10)
    """
    count, height, width, *channels = images.shape
    rows = -(-count // columns)
    shape = rows * (height + gap) - gap, columns * (width + gap) - gap, *channels
    canvas = np.full(shape, white(images), dtype=images.dtype)
    for index, image in enumerate(images):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas


def tile_middle(number: int, size: int, gap: int = TILE_GAP) -> float:
    """Middle of the tile that stands `number` tiles from the left (or the top) of a canvas, in its pixels.

    Args:
        number: counted from 0; may be a fraction of the way to the next tile.
        size: width (or height) of an image, in pixels.
        gap: pixels between two images.

    Returns:
        The place, in pixels.

    Example:
        >>> tile_middle(1, size=28)
        44.0
    """
    return number * (size + gap) + size / 2


def show_canvas(axes, canvas: np.ndarray) -> None:
    """Images without ticks, gray ones dark on white: an image has no units.

    Args:
        axes: where to draw.
        canvas: (H, W) or (H, W, 3), in [0, 1].
    """
    axes.imshow(canvas, cmap=DIGIT_CMAP, vmin=0, vmax=1)
    axes.set_axis_off()
