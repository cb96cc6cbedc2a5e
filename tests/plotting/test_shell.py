import numpy as np
import pytest
import torch
from scipy import stats

from svae_lib.plotting.shell import angle_histograms, becoming_a_shell, length_density, shell, tug_of_war


@pytest.mark.parametrize("m", [1, 2, 3, 20, 200])
def test_the_density_of_the_length_is_the_chi_distributions(m):
    r = np.linspace(0.05, 20, 400)
    np.testing.assert_allclose(length_density(m, r), stats.chi(m).pdf(r), rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("m", [2, 3, 20, 200])
def test_the_points_shown_follow_that_law(m):
    """Kolmogorov-Smirnov on 1,000 fixed draws: a p-value below 0.001 is a wrong law, or bad luck once in 1,000."""
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
    figure = becoming_a_shell((2, 20))
    for axes, m in zip(figure.axes[:2], (2, 20), strict=True):
        np.testing.assert_array_equal(axes.lines[0].get_xydata(), shell(m).places)
        assert axes.get_title("center") == f"m = {m}"


def test_every_point_is_counted_in_the_histogram():
    bars = becoming_a_shell((200,)).axes[1].patches[0].get_data()
    assert (bars.values * np.diff(bars.edges)).sum() == pytest.approx(1)


@pytest.mark.parametrize("m", [3, 20, 100])
def test_area_and_density_meet_where_their_product_is_largest(m):
    area, density, product = (line.get_xydata() for line in tug_of_war(m).axes[0].lines[:3])
    step = area[1, 0] - area[0, 0]
    assert product[product[:, 1].argmax(), 0] == pytest.approx(np.sqrt(m - 1), abs=step)
    np.testing.assert_allclose(area[:, 1] * density[:, 1], product[:, 1], rtol=1e-9)


def test_angles_are_shown_in_degrees_and_all_of_them():
    bars = angle_histograms({5: torch.tensor([0.1, 1.0, 3.1])}).axes[0].patches[0].get_data()
    assert (bars.values * np.diff(bars.edges)).sum() == pytest.approx(1)
    np.testing.assert_array_equal(np.flatnonzero(bars.values), np.degrees([0.1, 1.0, 3.1]) // 3)
