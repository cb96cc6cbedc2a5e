"""The great circle panel, driven from code."""

import struct

import numpy as np
import pytest
import torch

from svae_lib import build_vae
from svae_lib.errors import InputError
from svae_lib.plotting.great_circle import two_ways, typical_codes
from svae_lib.widgets import GreatCirclePanel

IMAGES, LABELS = torch.rand(20, 6, 4, generator=torch.Generator().manual_seed(3)).round(), torch.arange(20) % 10


def vae(space="s2", **options):
    torch.manual_seed(0)
    return build_vae((6, 4), space, hidden=(16,), **options)


@pytest.fixture(scope="module")
def panel():
    return GreatCirclePanel(vae("s4"), IMAGES, LABELS)


def test_it_walks_by_name_by_set_and_back(panel):
    panel.set(first=0, second=8, fraction=51)
    assert panel.values == {"first": 0, "second": 8, "fraction": 52}
    panel.fraction, panel.first = 750, -1
    assert panel.values == {"first": 0, "second": 8, "fraction": 100}
    panel.reset()
    assert panel.values == {"first": 2, "second": 4, "fraction": 50}


def test_the_browser_is_given_the_codes_the_radius_and_the_end_of_the_axis(panel):
    codes = np.stack(list(typical_codes(vae("s4"), IMAGES, LABELS).values())).astype(float)
    sent = np.frombuffer(panel.codes).reshape(10, 5)
    np.testing.assert_allclose(sent, codes / np.linalg.norm(codes, axis=-1, keepdims=True), rtol=1e-12)
    assert panel.network["radius"] == pytest.approx(5**0.5)
    assert panel.top >= two_ways(vae("s4"), codes[3], codes[7], [0, 0.5, 1]).uncertainty.max()


def test_fewer_digits_leave_presets_and_ends_out():
    panel = GreatCirclePanel(vae(), IMAGES, LABELS % 4)
    assert panel.values == {"first": 0, "second": 3, "fraction": 50}
    assert [name for name, _ in panel.presets] == ["3 to 1"]
    panel.second = 9
    assert panel.second == 3


def test_where_the_browser_cannot_compute_the_kernel_sends_the_exact_images(panel):
    assert panel.exact == b""
    model = vae(network="cnn")
    panel = GreatCirclePanel(model, IMAGES, LABELS % 3)
    assert panel.network["table"] == [(0, 5, 6), (0, 1, 2), (0, 1, 21)]
    panel.set(first=2, second=0, fraction=30)
    assert struct.unpack("<3d", panel.exact[:24]) == (2, 0, 30)
    codes = typical_codes(model, IMAGES, LABELS % 3)
    ways = two_ways(model, codes[2], codes[0], [0.3])
    sent = np.frombuffer(panel.exact, np.uint8, offset=24).reshape(2, 6, 4) / 255
    np.testing.assert_allclose(sent, np.concatenate([ways.arc, ways.line]), atol=0.5 / 255)


def test_it_has_a_still_picture_for_where_no_javascript_runs(panel):
    bundle, _ = panel._repr_mimebundle_()
    assert bundle["text/plain"].startswith("GreatCirclePanel: two ways from one digit to another")
    assert panel.fallback.startswith(b"\x89PNG")


def test_it_needs_one_sphere_and_every_digit():
    with pytest.raises(InputError, match="this model has e2"):
        GreatCirclePanel(vae("e2"), IMAGES, LABELS)
    with pytest.raises(InputError, match="none of the 10 images shows 0, 2"):
        GreatCirclePanel(vae(), IMAGES[1::2], LABELS[1::2])
    with pytest.raises(InputError, match="a walk needs images of two digits"):
        GreatCirclePanel(vae(), IMAGES, 0 * LABELS)
