import numpy as np
import pytest
import torch

from svae_lib.errors import InputError
from svae_lib.plotting import two_ways, typical_codes
from svae_lib.plotting.great_circle import FRACTIONS, mark_of, static_preview, strip_of

NORTH, EAST = np.array([0.0, 0.0, 1.0]), np.array([0.6, 0.8, 0.0])
CLOSE = {"atol": 2e-6}  # coordinates go through float32 pixels, (z + 2) / 4


def test_the_arc_stays_on_the_sphere_and_the_line_runs_through_the_ball(glass):
    model = glass("s2")
    ways = two_ways(model, NORTH, EAST, FRACTIONS)
    arc, line = (model.embed(torch.as_tensor(images)).numpy() for images in (ways.arc, ways.line))
    np.testing.assert_allclose(np.linalg.norm(arc, axis=-1), 1, **CLOSE)
    np.testing.assert_allclose(np.linalg.norm(line, axis=-1), ways.distance, **CLOSE)
    assert ways.degrees == pytest.approx(90)
    assert ways.distance.min() == pytest.approx(np.sqrt(0.5))
    for way in (arc, line):
        np.testing.assert_allclose(way[[0, -1]], [NORTH, EAST], **CLOSE)


def test_the_great_circle_runs_at_constant_speed(glass):
    model = glass("s3")
    first, second = np.array([0.0, 0.6, 0.0, 0.8]), np.array([0.0, 0.6, 0.0, -0.8])
    ways = two_ways(model, first, second, np.linspace(0, 1, 5))
    arc, line = (model.embed(torch.as_tensor(images)).numpy() for images in (ways.arc, ways.line))
    for way in (arc, line):
        np.testing.assert_allclose(way[[0, -1]], [first, second], **CLOSE)
    np.testing.assert_allclose(np.linalg.norm(arc, axis=-1), 1, **CLOSE)
    steps = np.arccos((arc[1:] * arc[:-1]).sum(-1))
    np.testing.assert_allclose(steps, np.arccos(first @ second) / 4, atol=1e-5)
    assert np.linalg.norm(line[2]) == pytest.approx(0.6, abs=1e-5)
    assert ways.degrees == pytest.approx(np.degrees(np.arccos(first @ second)))


@pytest.mark.parametrize("radius", [0.5, 3.0])
def test_both_ways_are_decoded_on_a_sphere_of_the_models_radius(glass, radius):
    model = glass("s2", radius)
    ways = two_ways(model, radius * NORTH, radius * EAST, [0, 0.5, 1])
    arc, line = (model.embed(torch.as_tensor(images)).numpy() for images in (ways.arc, ways.line))
    np.testing.assert_allclose(np.linalg.norm(arc, axis=-1), radius, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(line, axis=-1), radius * ways.distance, rtol=1e-5)


def test_uncertainty_is_the_variance_of_the_pixels(glass):
    """The glass model's image of (x, y, z) has the pixels (x + 2) / 4, ...: at the start 1/2, 1/2 and 3/4."""
    ways = two_ways(glass("s2"), NORTH, EAST, [0, 1])
    np.testing.assert_allclose(ways.uncertainty[:, 0], 1 / 4 + 1 / 4 + 3 / 16)
    np.testing.assert_allclose(ways.uncertainty[:, 1], 0.65 * 0.35 + 0.7 * 0.3 + 1 / 4, rtol=1e-6)


def test_the_typical_image_of_a_digit_is_the_one_in_the_middle(glass):
    model = glass("s2")
    sharp = [[np.cos(a), np.sin(a), 0.0] for a in (0.0, 0.5, 1.2)]
    codes = typical_codes(model, model.decode(torch.tensor([*sharp, [0, 0, -1.0]])), torch.tensor([1, 1, 1, 0]))
    np.testing.assert_allclose(codes[1], sharp[1], **CLOSE)
    np.testing.assert_allclose(codes[0], [0, 0, -1], **CLOSE)


def test_a_digit_without_images_is_named(glass):
    model = glass("s2")
    with pytest.raises(InputError, match="none of the 2 images shows 0, 2: take more images"):
        typical_codes(model, model.decode(torch.eye(3)[:2]), [1, 3])


def test_the_mark_stands_over_the_images_of_the_strip(glass):
    """At every tenth of the way the mark is in the middle of the column that was decoded there."""
    ways = two_ways(glass("s2"), NORTH, EAST, FRACTIONS)
    strip = strip_of(ways)
    for column, t in enumerate(np.linspace(0, 1, 11)):
        middle = mark_of(t, ways) + 0.5
        at = int(round(t * (len(FRACTIONS) - 1)))
        for row, images in enumerate((ways.arc, ways.line)):
            shown = strip[10 * row : 10 * row + 8, int(middle) - 4 : int(middle) + 4]
            np.testing.assert_array_equal(shown, images[at], err_msg=f"column {column}")


def test_the_preview_shows_three_fractions_of_the_way(glass):
    model = glass("s2")
    figure = static_preview(model, {0: NORTH, 1: EAST}, pair=(0, 1))
    ways = two_ways(model, NORTH, EAST, FRACTIONS)
    shown = {axes.get_title("center"): axes.images[0].get_array() for axes in figure.axes if axes.images}
    for fraction in (0.2, 0.5, 0.8):
        np.testing.assert_array_equal(shown[f"t = {fraction}"], ways.arc[int(round(50 * fraction))])
    (uncertainty,) = (axes for axes in figure.axes if axes.get_xlabel())
    for dots, values in zip(uncertainty.lines[2:], ways.uncertainty, strict=True):
        np.testing.assert_allclose(dots.get_xdata(), [0.2, 0.5, 0.8])
        np.testing.assert_allclose(dots.get_ydata(), values[[10, 25, 40]])


def test_a_walk_needs_a_sphere(glass):
    with pytest.raises(InputError, match="needs one sphere as the latent space, this model has 2xs1"):
        two_ways(glass("s1,s1"), np.ones(4), np.ones(4), [0.5])
    with pytest.raises(InputError, match="needs one sphere as the latent space, this model has e2"):
        two_ways(glass("e2"), np.ones(2), np.ones(2), [0.5])
