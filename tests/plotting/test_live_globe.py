"""The globes that plotly paints: what stands on them, and that turning by hand and by number agree."""

import numpy as np
import pytest

from svae_lib.errors import InputError
from svae_lib.ops.sphere import fibonacci_sphere
from svae_lib.plotting.live_globe import LiveDigitGlobe, digit_patches
from svae_lib.plotting.projections import facing, point_to_lonlat


@pytest.fixture
def turns():
    return []


@pytest.fixture
def globe(glass, turns):
    return LiveDigitGlobe(glass("s2"), lambda *place: turns.append(place))


def test_patches_lie_on_the_sphere_around_their_points_and_upright(glass, monkeypatch):
    """Every digit is replaced by a flag dark in its upper left quarter alone."""
    flag = np.zeros((8, 8))
    flag[:4, :4] = 1.0
    monkeypatch.setattr("svae_lib.plotting.globe.decode_images", lambda model, points: np.tile(flag, (40, 1, 1)))
    points, values, triangles = digit_patches(glass("s2"), tiles=40)
    np.testing.assert_allclose(np.linalg.norm(points, axis=-1), 1)
    assert values[triangles].max(-1).min() == 1  # a triangle without any is left to the paper
    patches = points.reshape(40, 16, 3), values.reshape(40, 16)
    for anchor, patch, shade in zip(fibonacci_sphere(40).numpy(), *patches, strict=True):
        seen = patch @ facing(*point_to_lonlat(anchor)).T  # east, north, outwards
        assert seen[:, 2].min() > 0.9
        dark = seen[shade == 1]
        assert dark[:, 0].max() < 0 < dark[:, 1].min()


def test_the_globe_turns_to_a_place_and_shows_its_digit(globe, turns):
    front = globe.digit(0, 0)
    globe.turn(-70, 35)
    eye = globe.widget.layout.scene.camera.eye
    np.testing.assert_allclose(np.degrees(point_to_lonlat([eye.x, eye.y, eye.z])), [-70, 35])
    assert globe.digit(0, 0) == front != globe.digit(-70, 35)
    globe.turn(-70, 90)
    assert turns == []  # only the reader's turns are reported


def test_a_turn_by_the_reader_is_reported_in_degrees(globe, turns):
    globe.widget.layout.scene.camera = {"eye": {"x": 0, "y": 0.9, "z": 0.9}}  # as the browser reports it
    assert turns == [(90, 45)]
    eye = globe.widget.layout.scene.camera.eye
    globe.turn(90, 45)
    assert globe.widget.layout.scene.camera.eye == eye  # it stays where the hand left it


def test_it_needs_s2(glass):
    with pytest.raises(InputError, match="a globe needs the latent space s2, this model has e3"):
        LiveDigitGlobe(glass("e3"), print)
