"""The great circle panel, driven from code."""

import pytest
import torch

from svae_lib import build_vae
from svae_lib.errors import InputError
from svae_lib.widgets import GreatCirclePanel
from tests.moved import each_moves

IMAGES, LABELS = torch.rand(20, 28, 28, generator=torch.Generator().manual_seed(3)).round(), torch.arange(20) % 10


@pytest.fixture(scope="module")
def panel():
    torch.manual_seed(0)
    return GreatCirclePanel(build_vae((28, 28), "s2", hidden=(16,)), IMAGES, LABELS)


def test_sliders_boxes_and_presets_move_the_picture(panel):
    first = each_moves(
        panel,
        lambda: setattr(panel.sliders["fraction"], "value", 52),
        lambda: setattr(panel.boxes["first"], "value", 3),
        lambda: setattr(panel.sliders["second"], "value", 7),
        panel.buttons["0 to 8"].click,
    )
    assert panel.values == {"first": 0, "second": 8, "fraction": 52}
    panel.buttons["reset"].click()
    assert bytes(panel.picture.value) == first


def test_what_is_typed_beyond_the_range_is_brought_into_it(panel):
    panel.boxes["fraction"].value, panel.boxes["first"].value = 750, -1
    assert panel.values["fraction"] == 100
    assert panel.values["first"] == 0
    panel.buttons["reset"].click()


def test_a_digit_may_be_walked_to_itself(panel):
    panel.set(first=4, second=4, fraction=30)
    assert bytes(panel.picture.value).startswith(b"\x89PNG")


def test_it_has_a_still_picture_for_where_no_kernel_runs(panel):
    bundle, _ = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "GreatCirclePanel: sliders first, second, fraction; live where a kernel runs"
    assert "image/png" in bundle


def test_it_needs_one_sphere_and_every_digit():
    with pytest.raises(InputError, match="this model has e2"):
        GreatCirclePanel(build_vae((28, 28), "e2", hidden=(16,)), IMAGES, LABELS)
    with pytest.raises(InputError, match="none of the 10 images shows 0, 2"):
        GreatCirclePanel(build_vae((28, 28), "s2", hidden=(16,)), IMAGES[1::2], LABELS[1::2])
