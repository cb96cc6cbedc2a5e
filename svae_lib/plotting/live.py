"""Frames of a figure in which little moves, drawn quickly, for slider panels."""

from collections.abc import Iterable

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure

from svae_lib.plotting.style import encode, set_title, styled


class LiveFigure:
    """Figure whose still parts are drawn once and kept as pixels; a frame draws the moving ones: 15 ms, not 60.

    Change the moving artists, then ask for the frame. Nothing accumulates: every frame starts from the same pixels.

    Args:
        figure: finished but for its moving parts (an empty line, an image of zeros, a title of " ") and limits. It is
            laid out here, once, so that frames do not jump.
        moving: the artists whose data, text or visibility change from frame to frame, also an axis (axes.yaxis) whose
            limits do. Still artists (other lines, the frame, the legend) that lie above the lowest moving one of their
            axes are drawn above all of them; where limits move, data do not stay still. Text takes most of the time,
            1 ms per word.

    Example:
        >>> figure = Figure()
        >>> axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1))
        >>> (line,) = axes.plot([], [])
        >>> live = LiveFigure(figure, [line])
        >>> line.set_data([0, 1], [0, 1])
        >>> live.frame("a line")[1:4]
        b'PNG'
    """

    @styled
    def __init__(self, figure: Figure, moving: Iterable[Artist]):
        self.figure, self._canvas = figure, FigureCanvasAgg(figure)
        self._title = set_title(figure, figure.get_suptitle())
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        self._moving, above = split(figure, [*moving, self._title])
        for artist in (*self._moving, *above):
            artist.set_animated(True)  # left out by the one whole drawing
        self._canvas.draw()
        self._below = np.array(self._canvas.buffer_rgba())  # copy_from_bbox would leave out the last column
        overlay = RendererAgg(*self._canvas.get_width_height(), figure.dpi)
        for artist in above:
            artist.draw(overlay)
        self._above = np.flipud(overlay.buffer_rgba())

    @styled
    def frame(self, title: str) -> bytes:
        """PNG of the figure as it now is, under this title."""
        self._title.set_text(title)
        np.asarray(self._canvas.buffer_rgba())[:] = self._below
        renderer = self._canvas.get_renderer()
        for artist in self._moving:
            artist.draw(renderer)
        renderer.draw_image(renderer.new_gc(), 0, 0, self._above)
        return encode(self._canvas, compress_level=1)


def split(figure: Figure, moving: list[Artist]) -> tuple[list[Artist], list[Artist]]:
    """The moving artists, and the still ones above the lowest of them in their axes, both in the order of drawing."""
    moves, above = [], []
    for axes in figure.axes:
        left_out = [axes.patch] if axes.axison else [axes.patch, axes.xaxis, axes.yaxis, *axes.spines.values()]
        drawn = [artist for artist in by_height(axes) if artist not in left_out]
        lowest = next((index for index, artist in enumerate(drawn) if artist in moving), len(drawn))
        for artist in drawn[lowest:]:
            (moves if artist in moving else above).append(artist)
    return moves + [artist for artist in by_height(figure) if artist in moving], above


def by_height(parent: Artist) -> list[Artist]:
    """Children of an artist in the order in which they are drawn."""
    return sorted(parent.get_children(), key=lambda artist: artist.get_zorder())
