"""The shell panel: its samples, its preview, and its slider driven from code."""

import numpy as np
import pytest
from scipy import stats

from svae_course.chapter_00.panel import ShellPanel, shell, static_preview


@pytest.mark.parametrize("m", [2, 3, 20, 200])
def test_the_points_shown_follow_that_distribution(m):
    """Kolmogorov-Smirnov on 1,000 fixed samples: a p-value below 0.001 is a fault, or bad luck once in 1,000."""
    assert stats.kstest(shell(m).lengths, stats.chi(m).cdf).pvalue > 1e-3


@pytest.mark.parametrize("m", [2, 7, 200])
def test_each_point_is_drawn_at_its_own_distance_in_the_direction_of_its_first_two_coordinates(m):
    view, flat = shell(m), shell(2)
    np.testing.assert_allclose(np.linalg.norm(view.places, axis=-1) * np.sqrt(m), view.lengths)
    across = view.places[:, 0] * flat.places[:, 1] - view.places[:, 1] * flat.places[:, 0]
    np.testing.assert_allclose(across, 0, atol=1e-12)
    assert ((view.places * flat.places).sum(-1) > 0).all()


def test_another_coordinate_moves_no_point_inwards():
    assert (shell(51).lengths >= shell(50).lengths).all()


def test_the_still_picture_shows_the_points_of_each_m():
    figure = static_preview((2, 20))
    for axes, m in zip(figure.axes[:2], (2, 20), strict=True):
        np.testing.assert_array_equal(axes.lines[0].get_xydata(), shell(m).places)
        assert axes.get_title("center") == f"m = {m}"


def test_every_point_is_counted_in_the_histogram():
    bars = static_preview((200,)).axes[1].patches[0].get_data()
    assert (bars.values * np.diff(bars.edges)).sum() == pytest.approx(1)


def test_the_stored_picture_leaves_the_answer_to_the_reader():
    """The chapter asks what happens on the way to 200; three values that are too few to say it."""
    assert [axes.get_title("center") for axes in static_preview().axes[:3]] == ["m = 2", "m = 3", "m = 4"]


def test_the_slider_from_code():
    panel = ShellPanel(m=5)
    assert panel.presets == [["m = 3", {"m": 3}], ["m = 20", {"m": 20}], ["m = 200", {"m": 200}]]
    for beyond, end in ((10**6, 200), (-1, 2)):
        panel.m = beyond
        assert panel.values == {"m": end}
    panel.reset()
    assert panel.values == {"m": 5}
