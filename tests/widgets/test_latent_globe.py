"""LatentGlobe, driven from code: what it sends to the browser, and what it refuses."""

import struct

import numpy as np
import pytest
import torch

from svae_lib import build_vae
from svae_lib.errors import InputError
from svae_lib.plotting.globe import decode_at, digit_places
from svae_lib.widgets import LatentGlobe

IMAGES, LABELS = torch.rand(20, 6, 4, generator=torch.Generator().manual_seed(3)).round(), torch.arange(20) % 3


def vae(**options):
    torch.manual_seed(0)
    return build_vae((6, 4), "s2", hidden=(16,), **options)


@pytest.fixture(scope="module")
def panel():
    return LatentGlobe(vae(), IMAGES, LABELS)


@pytest.fixture(scope="module")
def of_convolutions():
    return LatentGlobe(vae(network="cnn"), presets={"Greenwich": (0, 51)})


def sent(panel) -> np.ndarray:
    return np.frombuffer(panel.exact, np.uint8, offset=16).reshape(6, 4) / 255


def test_it_turns_by_name_by_set_and_back(panel):
    panel.longitude = 90.2
    assert panel.values == {"longitude": 90.0, "latitude": 0.0}
    panel.set(latitude=-400)
    assert panel.latitude == -90
    panel.reset()
    assert panel.values == {"longitude": 0.0, "latitude": 0.0}


def test_its_presets_are_the_mean_places_of_the_labels_unless_given(panel, of_convolutions):
    places = digit_places(vae(), IMAGES, LABELS)
    assert panel.presets == [[name, {"longitude": at, "latitude": up}] for name, (at, up) in places.items()]
    assert of_convolutions.presets == [["Greenwich", {"longitude": 0.0, "latitude": 51.0}]]


def test_its_points_are_the_codes_of_the_images(panel):
    points = np.frombuffer(panel.points, np.int8).reshape(-1, 3) / 127
    codes = vae().embed(IMAGES).numpy()
    np.testing.assert_allclose(points, codes / np.linalg.norm(codes, axis=-1, keepdims=True), atol=0.5 / 127 + 1e-6)
    assert np.frombuffer(panel.labels, np.uint16).tolist() == LABELS.tolist() and panel.names == ["0", "1", "2"]


def test_points_need_images(of_convolutions):
    assert of_convolutions.spec["choices"] == [] and of_convolutions.mode == "digits"
    with pytest.raises(InputError, match="this globe has no points"):
        of_convolutions.mode = "points"
    unlabeled = LatentGlobe(vae(), IMAGES)
    unlabeled.mode = "points"
    assert unlabeled.names == [""] and unlabeled.presets == []


def test_where_the_browser_cannot_compute_the_kernel_sends_the_exact_image(panel, of_convolutions):
    assert panel.exact == b"" and "table" not in panel.network
    for place in ({"longitude": -70, "latitude": 35}, {"longitude": 0, "latitude": 90}):
        of_convolutions.set(**place)
        assert struct.unpack("<2d", of_convolutions.exact[:16]) == tuple(place.values())
        np.testing.assert_allclose(
            sent(of_convolutions), decode_at(vae(network="cnn"), *place.values()), atol=0.5 / 255
        )
    of_convolutions.reset()


@pytest.mark.parametrize("radius", ["sqrt_m", 0.5])
def test_the_browser_is_told_the_radius(radius):
    model = vae()
    model.latent_space = type(model.latent_space)(2, radius=radius)
    expected = 3**0.5 if radius == "sqrt_m" else radius
    assert LatentGlobe(model).network["radius"] == pytest.approx(expected)


def test_what_cannot_be_a_globe_is_refused_in_one_line(glass):
    with pytest.raises(InputError, match="a globe needs the latent space s2, this model has e3"):
        LatentGlobe(glass("e3"))
    with pytest.raises(InputError, match="19 labels for 20 images: give one for each"):
        LatentGlobe(vae(), IMAGES, LABELS[1:])


def test_a_model_of_any_class_becomes_a_table(glass):
    assert LatentGlobe(glass("s2")).network["table"] == [(-180, 180, 37), (-90, 90, 19)]
