"""Color is shown as color: what was decoded is read back from the pixels of the pictures, channels last."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from svae_lib.latent_spaces import parse_latent_space
from svae_lib.plotting import digit_globe, image_grid, kappa_by_digit, reconstructions, swap_factors, torus_of_digits
from svae_lib.plotting.dials import AHEAD, RING, ring
from svae_lib.plotting.globe import decode_at, globe_texture, globe_view
from svae_lib.plotting.great_circle import two_ways
from svae_lib.plotting.style import png, tile, to_pixels
from svae_lib.plotting.torus import doughnut, torus_texture


class Hue(torch.nn.Module):
    """Decodes a point to a page of one color: its first, second and last coordinate are red, green and blue."""

    def __init__(self, space):
        super().__init__()
        self.latent_space, self.likelihood = parse_latent_space(space, radius=1.0), self
        self.unused = torch.nn.Parameter(torch.zeros(()))

    def decode(self, z):
        return ((z[..., [0, 1, -1]] + 1) / 2)[..., None, None].expand(*z.shape[:-1], 3, 5, 7)

    def mean(self, parameters):
        return parameters

    def embed(self, x):
        return torch.nn.functional.normalize(torch.ones(len(x), self.latent_space.event_size), dim=-1)

    def encode(self, x):
        return self.latent_space.posterior(torch.ones(len(x), self.latent_space.parameter_size))


def test_channels_go_last_and_gray_has_none():
    color, gray = torch.rand(4, 3, 5, 7), torch.rand(4, 5, 7)
    assert np.array_equal(to_pixels(color), color.permute(0, 2, 3, 1).numpy())
    assert np.array_equal(to_pixels(gray), gray.numpy())
    assert np.array_equal(to_pixels(gray[:, None]), gray.numpy())


def test_tiles_of_color_stand_on_white():
    images = np.random.default_rng(0).random((3, 5, 7, 3))
    canvas = tile(images, columns=2, gap=1)
    assert canvas.shape == (11, 15, 3)
    assert np.array_equal(canvas[6:, :7], images[2])
    assert (canvas[5] == 1).all() and (canvas[6:, 8:] == 1).all()


@pytest.mark.parametrize("draw", [lambda x: image_grid(x, "a grid"), lambda x: reconstructions(x, x)])
def test_a_canvas_shows_the_images_in_their_colors(draw):
    images = torch.rand(4, 3, 5, 7)
    canvas = np.asarray(draw(images).axes[0].images[0].get_array())
    for column in range(4):
        assert np.array_equal(canvas[:5, 9 * column : 9 * column + 7], images[column].permute(1, 2, 0).numpy())


def test_a_png_of_color_images_keeps_their_colors():
    """48 colors would do for gray, axes and text."""
    images = torch.linspace(0, 1, 1_000).expand(3, -1).T.reshape(1_000, 3, 1, 1).expand(-1, 3, 4, 4).clone()
    images[:, 1] = 1 - images[:, 0]
    shown = Image.open(io.BytesIO(png(image_grid(images, "a thousand colors", columns=40)))).convert("RGB")
    assert len(shown.getcolors(1 << 24)) > 200


def test_the_globe_has_the_colors_of_its_places():
    model, places = Hue("s2"), np.radians([[0, 0], [90, 0], [0, 89]])
    texture = globe_texture(model, tiles=400, height=90)
    assert texture.shape == (90, 180, 3)
    for place in np.degrees(places):
        view = globe_view(texture, *place, size=41)
        assert view.shape == (41, 41, 4)
        assert view[0, 0, 3] == 0 and view[20, 20, 3] == 1  # transparent beside the globe
        front = view[16:25, 16:25, :3].reshape(-1, 3)
        front = front[(front < 1).any(-1)]  # without the white between the tiles
        np.testing.assert_allclose(np.median(front, 0), decode_at(model, *place)[0, 0], atol=0.1)
    assert np.asarray(digit_globe(model).axes[0].images[0].get_array()).shape[-1] == 4


def test_the_torus_has_the_colors_of_its_angles():
    model = Hue("2xs1")
    texture = torus_texture(model, 6, 4)
    assert texture.shape == (20, 42, 3)
    first = np.radians(-150)
    np.testing.assert_allclose(texture[0, 0, :2], [(np.cos(first) + 1) / 2, (np.sin(first) + 1) / 2], atol=1e-6)
    rolled = doughnut(texture, size=60)
    assert rolled.shape == (60, 84, 4)
    assert rolled[0, 0, 3] == 0 and rolled[45:50, 42, 3].min() == 1
    assert len(torus_of_digits(model, across=3).axes) == 2


@pytest.mark.parametrize("size", [(5, 7), (64, 64), (300, 200)])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_dial_takes_images_of_any_size(size, channels):
    canvas = ring(np.full((AHEAD, *size, *channels), 0.5))
    assert canvas.shape == (RING, RING, *channels)
    assert set(np.unique(canvas)) == {0.5, float(bool(channels))}  # on white


def test_two_ways_and_swapped_factors_in_color():
    ways = two_ways(Hue("s2"), [1, 0, 0], [0, 1, 0], [0, 0.5, 1])
    assert ways.arc.shape == ways.line.shape == (3, 5, 7, 3)
    np.testing.assert_allclose(ways.arc[0, 0, 0], [1, 0.5, 0.5])
    np.testing.assert_allclose(ways.uncertainty[:, 0], 5 * 7 * 0.5)
    canvas = np.asarray(
        swap_factors(Hue("2xs1"), np.zeros((3, 5, 7)), np.zeros((3, 5, 7))).axes[0].images[0].get_array()
    )
    assert canvas.shape == (12, 25, 3)


def test_the_images_of_least_certainty_are_shown_in_color():
    figure = kappa_by_digit(Hue("s2"), torch.rand(20, 3, 5, 7), torch.arange(20) % 10)
    assert np.asarray(figure.axes[1].images[0].get_array()).shape[-1] == 3
