"""Figures of chapter 00: the density of |z|, and codes of a needle that turns."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats

from svae_course.chapter_00.figures import angle_histograms, compass_codes, length_density, prior_rows, tug_of_war
from svae_lib.latent_spaces import parse_latent_space


@pytest.mark.parametrize("m", [1, 2, 3, 20, 200])
def test_the_density_of_the_length_is_the_chi_distributions(m):
    r = np.linspace(0.05, 20, 400)
    np.testing.assert_allclose(length_density(m, r), stats.chi(m).pdf(r), rtol=1e-10, atol=1e-300)


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


def one_turn(model, steps=24):
    """Pictures whose codes go once round the unit circle, clockwise from the north; in one dimension, their height."""
    angle = 2 * np.pi * torch.arange(steps) / steps
    codes = torch.stack([angle.sin(), angle.cos()], -1)
    return model.decode(codes[:, 1:] if model.latent_space.event_size == 1 else codes)


def words(axes):
    return {text.get_text(): np.array(text.xy) for text in axes.texts}


def test_each_direction_stands_at_its_own_code_in_the_plane_and_on_the_circle(glass):
    for space in ("e2", "s1"):
        model = glass(space)
        places = words(compass_codes({"a name": model}, one_turn(model)).axes[0])
        assert sorted(places) == sorted(["N", "30", "60", "E", "120", "150", "S", "210", "240", "W", "300", "330"])
        for name, place in {"N": (0, 1), "E": (1, 0), "S": (0, -1), "30": (0.5, 0.75**0.5)}.items():
            np.testing.assert_allclose(places[name], place, atol=1e-6)  # float32 pixels


def test_a_circle_of_another_radius_is_drawn_whole_on_its_prior():
    model = SimpleNamespace(latent_space=parse_latent_space("s1"), parameters=lambda: iter([torch.zeros(1)]))
    model.embed = lambda images: 2**0.5 * images.flatten(1)
    turn = 2 * np.pi * torch.arange(24) / 24
    axes = compass_codes({"a circle": model}, torch.stack([turn.sin(), turn.cos()], -1)[:, None]).axes[0]
    for line in axes.lines:  # the prior, and the codes
        np.testing.assert_allclose(np.linalg.norm(line.get_xydata(), axis=1), 2**0.5, rtol=1e-6)
        assert np.abs(line.get_xydata()).max() < min(axes.get_xlim()[1], axes.get_ylim()[1])


def test_a_line_is_drawn_over_the_direction_and_comes_back(glass):
    model = glass("e1")
    axes = compass_codes({"a line": model}, one_turn(model)).axes[0]
    path = axes.lines[0].get_xydata()
    np.testing.assert_allclose(path[[0, -1]], [[0, 1], [360, 1]], atol=1e-6)
    np.testing.assert_allclose(words(axes)["S"], [180, -1], atol=1e-6)


def test_every_model_has_its_own_axes_with_its_name(glass):
    figure = compass_codes({"one": glass("e2"), "two": glass("s1")}, one_turn(glass("s1")))
    assert [axes.get_title("left") for axes in figure.axes] == ["one", "two"]


def test_the_paths_in_the_plane_are_closed(glass):
    model = glass("e2")
    path = compass_codes({"a plane": model}, one_turn(model)).axes[0].lines[0].get_xydata()
    np.testing.assert_array_equal(path[0], path[-1])


def test_the_rows_are_the_data_and_what_each_model_samples(glass):
    model = glass("s1")
    model.sample = lambda count: torch.full((count, 8, 8), 0.25)
    figure = prior_rows({"a circle": model}, torch.full((5, 8, 8), 0.75))
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    assert canvas[:8, :8].mean() == 0.75
    assert canvas[10:18, 40:48].mean() == 0.25
    assert [text.get_text() for text in figure.axes[0].texts] == ["data", "a circle"]
