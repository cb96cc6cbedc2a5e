import numpy as np
import pytest

from svae_lib.errors import InputError
from svae_lib.plotting import dials, great_circle, swap_factors

CLOSE = {"atol": 2e-6}  # coordinates go through float32 pixels, (z + 2) / 4


def angles(points):
    return np.degrees(np.arctan2(points[..., 1], points[..., 0]))


@pytest.mark.parametrize("start", [(1.0, 0.0), (0.6, -0.8), (-0.8, 0.6)])
def test_a_walk_round_the_circle_starts_at_itself_and_turns_counterclockwise(glass, read_points, start):
    """The original swapped sine and cosine: its walk was mirrored and began elsewhere."""
    model = glass("s1")
    points = read_points(dials(model, model.image(*start), steps=8), model, 1, 8)[0]
    np.testing.assert_allclose(points[0], start, **CLOSE)
    turned = (angles(points) - angles(points[0])) % 360
    np.testing.assert_allclose((turned + 1) % 360 - 1, 45 * np.arange(8), atol=1e-3)


def test_a_dial_turns_its_own_circle_and_holds_the_others(glass, read_points):
    model = glass("3xs1")
    start = np.array([1.0, 0.0, 0.6, 0.8, 0.0, -1.0])
    points = read_points(dials(model, model.image(*start), steps=6), model, 3, 6)
    for number in range(3):
        own = slice(2 * number, 2 * number + 2)
        others = np.delete(points[number], own, axis=-1)
        np.testing.assert_allclose(others, np.broadcast_to(np.delete(start, own), others.shape), **CLOSE)
        np.testing.assert_allclose(np.linalg.norm(points[number, :, own], axis=-1), 1, **CLOSE)
        np.testing.assert_allclose(np.diff(np.unwrap(angles(points[number, :, own]), period=360)), 60, atol=1e-3)


def test_dials_need_circles(glass):
    model = glass("s1,s2")
    with pytest.raises(InputError, match="factor 2 of s1,s2 is s2"):
        dials(model, model.image(1.0, 0.0, 0.0, 0.0, 1.0))


def test_a_great_circle_leads_from_the_first_image_to_the_second_at_constant_speed(glass, read_points):
    model = glass("s3")
    first, second = np.array([0.0, 0.6, 0.0, 0.8]), np.array([0.0, 0.6, 0.0, -0.8])
    figure = great_circle(model, model.image(*first), model.image(*second), steps=5)
    arc, line = read_points(figure, model, 2, 5)
    for way in (arc, line):
        np.testing.assert_allclose(way[[0, -1]], [first, second], **CLOSE)
    np.testing.assert_allclose(np.linalg.norm(arc, axis=-1), 1, **CLOSE)
    steps = np.arccos((arc[1:] * arc[:-1]).sum(-1))
    np.testing.assert_allclose(steps, np.arccos(first @ second) / 4, atol=1e-5)
    assert np.linalg.norm(line[2]) == pytest.approx(0.6, abs=1e-5)
    assert figure.axes[0].texts[-2].get_text() == f"{np.degrees(np.arccos(first @ second)):.0f}°"


def test_a_great_circle_needs_a_sphere(glass):
    model = glass("e2")
    with pytest.raises(InputError, match="needs one sphere as the latent space, this model has e2"):
        great_circle(model, model.image(1.0, 0.0), model.image(0.0, 1.0))


def test_a_swap_exchanges_one_factor_and_nothing_else(glass, read_points):
    model = glass("s1,e2,s1")
    first, second = np.array([1, 0, 0.3, 0.4, 0, 1.0]), np.array([0, -1, -1.3, 0.9, -1, 0.0])
    figure = swap_factors(model, model.image(*first), model.image(*second))
    points = read_points(figure, model, 2, 4)
    np.testing.assert_allclose(points[:, 0], [first, second], **CLOSE)
    for number in range(3):
        own = slice(2 * number, 2 * number + 2)
        mixed = np.stack([first, second])
        mixed[:, own] = mixed[::-1, own].copy()
        np.testing.assert_allclose(points[:, 1 + number], mixed, **CLOSE)
