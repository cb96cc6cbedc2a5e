import numpy as np
import pytest
import torch

from svae_lib.errors import InputError
from svae_lib.plotting import digit_globe, digit_places
from svae_lib.plotting.globe import decode_at, globe_texture, globe_view
from svae_lib.plotting.projections import point_to_lonlat


class Flag(torch.nn.Module):
    """Decodes every point to the same flag: ink in the north half, or in the east half."""

    def __init__(self, glass, half):
        super().__init__()
        self.latent_space, self.likelihood, self.half = glass("s2").latent_space, self, half
        self.unused = torch.nn.Parameter(torch.zeros(()))

    def decode(self, z):
        flag = torch.zeros(8, 8)
        flag[(slice(0, 4), slice(None)) if self.half == "north" else (slice(None), slice(4, 8))] = 1.0
        return flag.expand(*z.shape[:-1], 8, 8)

    def mean(self, parameters):
        return parameters


def test_the_digit_in_front_is_decoded_there(glass):
    model = glass("s2")
    point = model.embed(torch.as_tensor(decode_at(model, -70, 35)))
    np.testing.assert_allclose(np.degrees(point_to_lonlat(point.numpy())), [-70, 35], atol=1e-3)  # float32 pixels


def test_digits_are_decoded_on_the_sphere_of_the_models_radius(glass):
    model = glass("s2", radius=1.5)
    assert model.embed(torch.as_tensor(decode_at(model, 10, 20))).norm().item() == pytest.approx(1.5, abs=1e-5)


@pytest.mark.parametrize("half", ["north", "east"])
def test_digits_stand_upright_on_the_globe(glass, half):
    """Right in front of each point that was decoded, ink lies on the flag's own side: above, or to the right."""
    from svae_lib.ops.sphere import fibonacci_sphere

    texture = globe_texture(Flag(glass, half), tiles=40)
    for longitude, latitude in np.degrees(np.array(point_to_lonlat(fibonacci_sphere(40).numpy()))).T[5:35]:
        view = globe_view(texture, longitude, latitude, size=320)[152:168, 152:168]
        ink, paper = (view[:7], view[9:]) if half == "north" else (view[:, 9:], view[:, :7])
        assert ink.min() == 1
        assert paper.max() == 0


def test_turning_east_moves_the_globe_to_the_left(glass):
    texture = globe_texture(Flag(glass, "north"))
    here, there = globe_view(texture, 0, 0), globe_view(texture, 30, 0)
    row, column, moved = 160, 160 + int(160 * np.sin(np.pi / 6)), 160
    np.testing.assert_array_equal(here[row - 3 : row + 3, column], there[row - 3 : row + 3, moved])


def test_the_digit_globe_is_twice_as_wide_as_high_on_the_page(glass):
    figure = digit_globe(glass("s2"))
    figure.draw_without_rendering()
    (left, top), (right, bottom) = figure.axes[0].transData.transform([(-(8**0.5), 2**0.5), (8**0.5, -(2**0.5))])
    assert (right - left) / abs(top - bottom) == pytest.approx(2)


def test_a_globe_needs_s2(glass):
    with pytest.raises(InputError, match="a globe needs the latent space s2, this model has e3"):
        digit_globe(glass("e3"))


def test_the_place_of_a_digit_is_the_middle_of_its_images(glass):
    model = glass("s2")
    images = model.decode(torch.tensor([[0.6, 0.8, 0.0], [0.6, -0.8, 0.0], [0.0, 0.0, -1.0]]))
    assert digit_places(model, images, torch.tensor([7, 7, 3])) == {"3": (0, -90), "7": (0, 0)}
