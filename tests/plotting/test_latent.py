import numpy as np
import pytest
import torch

from svae_lib.plotting import latent_scatter
from svae_lib.plotting.projections import hammer, point_to_lonlat

every_radius = pytest.mark.parametrize("radius", [1.0, 1.75])


def points_on(figure):
    return np.concatenate([np.asarray(c.get_offsets()) for c in figure.axes[0].collections])


@pytest.mark.parametrize("space", ["s1", "s2", "p2", "e2", "s1,s1"])
def test_spaces_of_two_dimensions_are_drawn(glass, space):
    model = glass(space)
    images = model.decode(model.latent_space.prior().sample((30,)))
    figure = latent_scatter(model, images, torch.arange(30) % 10)
    assert len(points_on(figure)) == 30
    assert len(figure.axes[0].collections) == 10  # one marker a digit
    assert figure.axes[0].get_xlabel()
    assert len(points_on(latent_scatter(model, images))) == 30


@pytest.mark.parametrize("space", ["s3", "e3", "s1,s2", "3xs1", "e2,e2"])
def test_others_are_not(glass, space):
    assert latent_scatter(glass(space), torch.zeros(3, 8, 8)) is None


@every_radius
def test_the_circle_is_not_mirrored(glass, radius):
    model = glass("s1", radius)
    place = np.array([[0.8, 0.6], [0.0, -1.0]], dtype=np.float32)
    drawn = points_on(latent_scatter(model, model.decode(radius * torch.as_tensor(place))))
    np.testing.assert_allclose(drawn, place, atol=1e-6)


@every_radius
def test_the_sphere_is_drawn_by_hammers_map(glass, radius):
    model = glass("s2", radius)
    place = np.array([[0.6, 0.0, 0.8], [0.0, 1.0, 0.0]], dtype=np.float32)
    drawn = points_on(latent_scatter(model, model.decode(radius * torch.as_tensor(place))))
    np.testing.assert_allclose(drawn.T, hammer(*point_to_lonlat(place)), atol=1e-5)


def test_two_circles_are_drawn_by_their_angles(glass):
    model = glass("s1,s1")
    drawn = points_on(latent_scatter(model, model.image(0.0, 1.0, -0.6, -0.8)[None]))
    np.testing.assert_allclose(drawn, [[90, np.degrees(np.arctan2(-0.8, -0.6))]], atol=1e-3)
