import numpy as np
import pytest

from svae_lib.plotting.projections import (
    facing,
    hammer,
    hammer_inverse,
    lonlat_to_point,
    orthographic_inverse,
    point_to_lonlat,
)

ANYWHERE = np.random.default_rng(0).uniform([-3.1, -1.5], [3.1, 1.5], (200, 2)).T


def test_places_come_back_from_points_and_from_the_map():
    np.testing.assert_allclose(point_to_lonlat(3.0 * lonlat_to_point(*ANYWHERE)), ANYWHERE, atol=1e-12)
    np.testing.assert_allclose(hammer_inverse(*hammer(*ANYWHERE)), ANYWHERE, atol=1e-9)


def test_hammers_map_is_twice_as_wide_as_high():
    """The original drew it in a square: its digits were squeezed to half their width."""
    (width, _), (_, height) = hammer(np.pi, 0.0), hammer(0.0, np.pi / 2)
    assert width / height == pytest.approx(2)


def test_hammers_map_keeps_areas():
    """|d(x, y) / d(longitude, latitude)| = cos(latitude), by central differences (error h^2, here 1e-10)."""
    longitude, latitude = ANYWHERE
    h = 1e-5
    dx, dy = (np.subtract(*(np.array(hammer(longitude + s, latitude)) for s in (h, -h))) / (2 * h)).reshape(2, -1)
    ex, ey = (np.subtract(*(np.array(hammer(longitude, latitude + s)) for s in (h, -h))) / (2 * h)).reshape(2, -1)
    np.testing.assert_allclose(dx * ey - dy * ex, np.cos(latitude), rtol=1e-6)


def test_outside_of_the_ellipse_is_nowhere():
    assert np.isnan(hammer_inverse(np.array(2.8), np.array(1.0))).all()
    assert np.isnan(orthographic_inverse(np.array(0.9), np.array(0.9), 0.0, 0.0)).all()


@pytest.mark.parametrize(("longitude", "latitude"), [(0.0, 0.0), (1.0, 0.5), (-2.0, -1.2)])
def test_a_globe_is_not_mirrored(longitude, latitude):
    """The place asked for faces the reader, east of it lies to the right, north of it above, and nothing is scaled."""
    rotation = facing(longitude, latitude)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    east, north, front = (
        rotation @ lonlat_to_point(longitude + np.array([0.1, 0, 0]), latitude + np.array([0, 0.1, 0])).T
    )
    np.testing.assert_allclose([east[2], north[2], front[2]], [0, 0, 1], atol=1e-12)
    assert east[0] > 0
    assert north[1] > 0
    corner = orthographic_inverse(np.array(0.3), np.array(-0.2), longitude, latitude)
    np.testing.assert_allclose((rotation @ corner)[:2], [0.3, -0.2], atol=1e-12)


def test_hammers_map_has_east_to_the_right_and_north_up():
    x, y = hammer(np.array([0.5, 0.0]), np.array([0.0, 0.5]))
    assert x[0] > 0
    assert y[1] > 0
