"""The map of the latent torus, flat and rolled up."""

import numpy as np
import pytest
import torch

from svae_lib import build_vae
from svae_lib.errors import InputError
from svae_lib.plotting.torus import doughnut, torus_of_digits, torus_texture


@pytest.mark.parametrize("radius", [1.0, "sqrt_m"])
def test_columns_count_circle_1_eastwards_and_rows_circle_2_downwards(glass, radius):
    model, length = glass("2xs1", radius), np.sqrt(2) if radius == "sqrt_m" else radius
    texture = torus_texture(model, 6, 4)
    for row, column in np.ndindex(4, 6):
        cell = texture[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        code = model.embed(torch.as_tensor(cell)).numpy()
        first, second = np.radians(-150 + 60 * column), np.radians(135 - 90 * row)
        # ink is drawn in steps of a fifth, and the coordinate is four times the ink
        expected = length * np.array([np.cos(first), np.sin(first), np.cos(second), np.sin(second)])
        np.testing.assert_allclose(code, expected, atol=0.4 + 1e-6)


def test_drawing_takes_no_random_numbers():
    model, before = build_vae((28, 28), "2xs1", hidden=(8,)), torch.get_rng_state()
    torus_texture(model, 2, 2)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("space", ["s2", "3xs1", "s1,s2", "s1,e1"])
def test_a_torus_needs_two_circles(glass, space):
    with pytest.raises(InputError, match=f"needs the latent space 2xs1, this model has {space}"):
        torus_texture(glass(space), 4, 4)


def test_the_doughnut_has_a_hole_and_shows_its_front():
    texture = np.zeros((40, 80))
    texture[:, 38:42] = 1  # a ring round the tube at angle 0 of circle 1, which is in front
    picture = doughnut(texture, size=100)
    middle = picture.shape[1] // 2
    assert np.isnan(picture[[0, 40, 99], [0, middle, 0]]).all()
    assert np.nanmax(picture[60:, middle]) == 1
    assert np.nanmax(picture[:40, middle]) < 1  # behind the hole there is shade, and no ink
    assert not np.isnan(picture[70:90, middle]).any()  # no gaps between the points


def test_opposite_edges_of_the_map_have_one_color():
    flat = torus_of_digits(build_vae((28, 28), "2xs1", hidden=(8,)), across=3).axes[1]
    colors = {}
    for line in flat.lines:
        x, y = line.get_data()
        if len(x) == 2:
            colors.setdefault("vertical" if x[0] == x[1] else "horizontal", []).append(line.get_color())
    assert len(colors["vertical"]) == len(colors["horizontal"]) == 2
    assert len(set(colors["vertical"])) == len(set(colors["horizontal"])) == 1
    assert colors["vertical"] != colors["horizontal"]
