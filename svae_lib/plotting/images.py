"""Canvases of images: samples, reconstructions, images with one factor exchanged."""

import numpy as np

from svae_lib.plotting.decoding import decode_images, embed_images, factors_of
from svae_lib.plotting.style import (
    DIGIT_CMAP,
    MARK,
    Picture,
    new_figure,
    show_canvas,
    styled,
    tile,
    tile_middle,
    to_pixels,
)


@styled
def image_grid(images, title: str, columns: int = 10) -> Picture:
    """Images row by row.

    Args:
        images: (N, H, W), or (N, 3, H, W) in color, in [0, 1].
        title: of the figure.
        columns: images in a row.

    Returns:
        A figure with one axes.

    Example:
        >>> len(image_grid(np.zeros((12, 28, 28)), "twelve blank pages").axes)
        1
    """
    images = to_pixels(images)
    columns = min(columns, len(images))
    canvas = tile(images, columns)
    figure = new_figure(0.8 * columns + 0.4, 0.8 * columns * canvas.shape[0] / canvas.shape[1] + 0.6, title)
    show_canvas(figure.add_subplot(), canvas)
    return figure


@styled
def reconstructions(originals, reconstructed, title: str = "Held-out images and their reconstructions") -> Picture:
    """Originals above their reconstructions.

    Args:
        originals: (N, H, W), or (N, 3, H, W) in color, in [0, 1].
        reconstructed: of the same shape, as `VAE.reconstruct` gives them.
        title: of the figure.

    Returns:
        A figure with one axes.
    """
    return image_rows({"original": to_pixels(originals), "reconstruction": to_pixels(reconstructed)}, title)


@styled
def swap_factors(model, first, second) -> Picture:
    """Two images and, for each factor of a product space, the two with that factor of their codes exchanged.

    Args:
        model: a VAE whose latent space is a product.
        first: (H, W), or (3, H, W) in color, in [0, 1].
        second: of the same shape.

    Returns:
        A figure with a row per image and a column per factor, after a first column without exchange.
    """
    one, two = embed_images(model, np.stack([first, second]))
    ones, twos, names = [one], [two], ["as they are"]
    for number, (_, place) in enumerate(factors_of(model.latent_space), start=1):
        swapped = one.copy(), two.copy()
        swapped[0][place], swapped[1][place] = two[place], one[place]
        ones.append(swapped[0])
        twos.append(swapped[1])
        names.append(f"factor {number}")
    rows = {"first image": decode_images(model, np.stack(ones)), "second image": decode_images(model, np.stack(twos))}
    return image_rows(rows, "One factor exchanged between two images", names, corner="exchanged:")


def image_rows(rows: dict[str, np.ndarray], title: str, columns: list[str] | None = None, corner: str = "") -> Picture:
    """Named rows of images.

    Args:
        rows: by name, (N, H, W) or (N, H, W, 3) in [0, 1], as `to_pixels` gives them, as many in every row.
        title: of the figure.
        columns: a name above each column, or None.
        corner: text to the left of the columns' names: what they are.

    Returns:
        A figure with one axes.
    """
    count, height, width = next(iter(rows.values())).shape[:3]
    figure = new_figure(0.8 * count + 1.6, 0.8 * len(rows) * height / width + 0.5 + 0.25 * bool(columns), title)
    axes = figure.add_subplot()
    show_canvas(axes, tile(np.concatenate(list(rows.values())), columns=count))
    for index, name in enumerate(rows):
        axes.text(-5, tile_middle(index, height), name, ha="right", va="center")
    for index, name in enumerate(columns or []):
        axes.text(tile_middle(index, width), -4, name, ha="center", fontsize=9)
    if corner:
        axes.text(-5, -4, corner, ha="right", fontsize=9)
    return figure


def draw_digit(axes, color: str = MARK):
    """Empty frame for one image.

    Args:
        axes: where to draw.
        color: of the frame.

    Returns:
        The matplotlib image to fill with (H, W) or (H, W, 3) in [0, 1].
    """
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=color, linewidth=2)
    return axes.imshow([[0.0]], cmap=DIGIT_CMAP, vmin=0, vmax=1, extent=(0, 1, 0, 1))
