"""Canvases of images: samples, reconstructions."""

import numpy as np

from svae_lib.plotting.style import Picture, new_figure, show_canvas, styled, tile, to_numpy


@styled
def image_grid(images, title: str, columns: int = 10) -> Picture:
    """(N, H, W) images in [0, 1] row by row.

    >>> len(image_grid(np.zeros((12, 28, 28)), "twelve blank pages").axes)
    1
    """
    images = to_numpy(images)
    columns = min(columns, len(images))
    canvas = tile(images, columns)
    figure = new_figure(0.8 * columns + 0.4, 0.8 * columns * canvas.shape[0] / canvas.shape[1] + 0.6, title)
    show_canvas(figure.add_subplot(), canvas)
    return figure


@styled
def reconstructions(originals, reconstructed, title: str = "Held-out images and their reconstructions") -> Picture:
    """Originals (N, H, W) above what the model makes of them (N, H, W)."""
    originals, reconstructed = to_numpy(originals), to_numpy(reconstructed)
    return image_rows({"original": originals, "reconstruction": reconstructed}, title)


def image_rows(rows: dict[str, np.ndarray], title: str, names: list[str] | None = None, axis: str = "") -> Picture:
    """Named rows of images, each (N, H, W), with an optional name above each column and of what the columns count."""
    count, height, width = next(iter(rows.values())).shape
    figure = new_figure(0.8 * count + 1.6, 0.8 * len(rows) * height / width + 0.5 + 0.25 * bool(names), title)
    axes = figure.add_subplot()
    gap = 2
    show_canvas(axes, tile(np.concatenate(list(rows.values())), columns=count, gap=gap))
    for index, name in enumerate(rows):
        axes.text(-5, index * (height + gap) + height / 2, name, ha="right", va="center")
    for index, name in enumerate(names or []):
        axes.text(index * (width + gap) + width / 2, -4, name, ha="center", fontsize=9)
    if axis:
        axes.text(-5, -4, axis, ha="right", fontsize=9)
    return figure
