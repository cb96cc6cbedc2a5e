"""The concentration panel: what it shows, its preview, and its sliders driven from code."""

import numpy as np
import pytest
from scipy import stats

from svae_course.chapter_01.panel import ConcentrationPanel, concentration, static_preview, what_is_seen
from svae_course.vmf import marginal_density


@pytest.mark.parametrize("m", [2, 3, 5, 41, 200])
@pytest.mark.parametrize("kappa", [0.0, 1.0, 11.0, 200.0])
def test_the_density_of_w_has_mass_one_and_the_mean_that_is_shown(kappa, m):
    """By the midpoint rule in the angle, whose error on a smooth periodic function is far below this tolerance."""
    angle = (np.arange(4000) + 0.5) / 4000 * np.pi
    w = np.cos(angle)
    weight = marginal_density(kappa, m, w) * np.sin(angle) * np.pi / 4000
    view = concentration(kappa, m)
    assert weight.sum() == pytest.approx(1, abs=1e-5)
    assert (weight * w).sum() == pytest.approx(view.mean, abs=1e-5)


def test_the_kl_that_is_shown():
    assert concentration(10, 3).kl == pytest.approx(1.99573, abs=1e-5)
    assert concentration(50, 41).kl == pytest.approx(12.33476, abs=1e-5)
    assert concentration(0, 3).kl == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("m", [2, 3, 41])
def test_the_draws_are_the_distributions_and_stand_where_their_coordinates_say(m):
    view = concentration(10, m)
    length = np.linalg.norm(view.points, axis=-1)
    if m <= 3:
        np.testing.assert_allclose(length, 1)
    else:
        assert length.max() < 1
    assert (view.points[:, 1] == 0).all() == (m == 2)
    w = view.points[:, 2]
    assert abs(w.mean() - view.mean) < 5 * w.std() / len(w) ** 0.5  # five standard errors
    spread = (np.interp(w, view.grid, view.density) > 0).all()
    assert spread, "a draw where the density that is shown is zero"


@pytest.mark.parametrize("m", [2, 3, 4, 41, 200])
@pytest.mark.parametrize("kappa", [0, 10, 200])
def test_w_and_the_directions_follow_their_distributions(kappa, m):
    """Kolmogorov-Smirnov on 1,000 fixed samples: a p-value below 0.001 is a fault, or bad luck once in 1,000."""
    points = concentration(kappa, m).points
    angle = np.linspace(0, np.pi, 100_001)[1:-1]
    below = np.cumsum(marginal_density(kappa, m, np.cos(angle)) * np.sin(angle))
    assert stats.kstest(np.arccos(points[:, 2]), lambda a: np.interp(a, angle, below / below[-1])).pvalue > 1e-3
    if m > 2:  # a coordinate of a uniform point of S^{m-2}
        across = points[:, 0] / np.sqrt(1 - points[:, 2] ** 2)
        a_coordinate = stats.beta((m - 2) / 2, (m - 2) / 2, loc=-1, scale=2)
        assert stats.kstest(across, a_coordinate.cdf).pvalue > 1e-3


def test_samples_glide():
    """A step of a slider moves no sample far: the same random numbers make them."""
    for kappa, m in ((10, 3), (10, 4), (50, 100)):
        near, at = concentration(kappa + 0.5, m).points, concentration(kappa, m).points
        assert np.linalg.norm(near - at, axis=-1).max() < 0.12
        more = concentration(kappa, m + 1).points
        assert np.median(np.linalg.norm(more - at, axis=-1)) < 0.3


def test_the_preview_shows_the_same_data():
    figure = static_preview(((10, 3), (2, 5)))
    view = concentration(2, 5)
    np.testing.assert_array_equal(figure.axes[3].lines[0].get_ydata(), view.density)
    heights = figure.axes[3].patches[0].get_data().values
    assert heights.sum() * (2 / len(heights)) == pytest.approx(1)  # every draw is in the histogram


def test_the_stored_picture_leaves_the_answer_to_the_reader():
    """The chapter asks where the samples go as m grows, and where they are at kappa = 0."""
    titles = [axes.get_title("center") for axes in static_preview().axes[:3]]
    assert titles == [f"κ = {kappa}, m = 3: the whole sphere S²" for kappa in (2, 10, 100)]


def test_what_is_seen_is_said():
    assert [what_is_seen(m) for m in (2, 3, 7)] == ["the circle S¹", "the whole sphere S²", "3 of 7 coordinates"]


def test_every_preset_shows_another_distribution_than_the_panel_opens_with():
    """The reader presses a button and sees something happen."""
    panel = ConcentrationPanel()
    shown = [panel.values, *(at for _, at in panel.presets)]
    assert len({tuple(at.items()) for at in shown}) == len(shown) == 7


def test_a_teachers_own_start_and_presets():
    panel = ConcentrationPanel(kappa=2, m=5, presets={"mine": {"kappa": 7, "m": 9}})
    assert panel.values == {"kappa": 2, "m": 5}
    panel.set(**panel.presets[0][1])
    assert panel.values == {"kappa": 7, "m": 9}
    panel.set(kappa=-3, m=10**6)
    assert panel.values == {"kappa": 0, "m": 200}
    panel.reset()
    assert panel.values == {"kappa": 2, "m": 5}
