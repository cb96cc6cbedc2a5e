"""Frames of a figure in which little moves."""

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from svae_lib.plotting.live import LiveFigure
from svae_lib.plotting.style import new_figure, styled


@styled
def drawing():
    """A figure whose line and upright axis will move; another line, the legend and the axes' title stay."""
    figure = new_figure(4, 3, "the place")
    axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 9), title="a still title")
    axes.plot([0, 1], [0, 1], label="stays", transform=axes.transAxes)
    (line,) = axes.plot([], [], color="red", label="moves", linewidth=8)
    axes.legend(loc="upper right", frameon=True)
    return figure, axes, line


def move(axes, line, place: float) -> None:
    line.set_data([0, 1], [place, place])
    axes.set_ylim(0, 1 + place)


@pytest.fixture
def live():
    figure, axes, line = drawing()
    return LiveFigure(figure, [line, axes.yaxis]), axes, line


@styled
def test_a_frame_has_the_pixels_of_the_figure_drawn_whole(live):
    frames, axes, line = live
    move(axes, line, 7.5)
    figure, axes, line = drawing()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    move(axes, line, 7.5)
    whole = FigureCanvasAgg(figure)
    whole.draw()
    frames.frame("the place")
    difference = np.abs(np.subtract(frames._canvas.buffer_rgba(), whole.buffer_rgba(), dtype=int))
    assert (difference.max(-1) > 3).mean() < 1e-3  # the letters on the legend, half transparent, are blended twice


def test_nothing_accumulates(live):
    frames, axes, line = live
    move(axes, line, 2)
    first = frames.frame("2")
    for place in (5, 1, 8):
        move(axes, line, place)
        assert frames.frame("a title that is too long " * place) != first  # it runs beyond the edge
    move(axes, line, 2)
    assert frames.frame("2") == first


def test_the_callers_settings_neither_matter_nor_change(live):
    frames, axes, line = live
    move(axes, line, 2)
    first = frames.frame("2")
    with matplotlib.rc_context({"text.antialiased": False, "font.size": 40}):
        assert frames.frame("2") == first
        assert matplotlib.rcParams["font.size"] == 40
