"""The dials panel, driven from code."""

import pytest
import torch

from svae_lib import build_vae
from svae_lib.errors import InputError
from svae_lib.widgets import DialsPanel
from tests.moved import each_moves


@pytest.fixture(scope="module")
def digits():
    return {"a one": torch.eye(28), "a two": torch.ones(28, 28)}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    return build_vae((28, 28), "s1,s2", hidden=(16,))


def test_sliders_boxes_presets_and_reset_move_the_picture(model, digits):
    panel = DialsPanel(model, digits)
    first = each_moves(
        panel,
        lambda: setattr(panel.sliders["circle 1"], "value", 90),
        lambda: setattr(panel.boxes["sphere 2"], "value", -45),
        panel.buttons["a one"].click,
        panel.buttons["a two"].click,
    )
    panel.buttons["reset"].click()
    assert panel.values == {"circle 1": 0, "sphere 2": 0}
    assert bytes(panel.picture.value) == first, "reset goes back to the first start, not only to the first angles"


def test_a_start_digit_stays_while_a_dial_is_turned_and_turned_back(model, digits):
    panel = DialsPanel(model, digits)
    panel.buttons["a one"].click()
    start = bytes(panel.picture.value)
    panel.sliders["sphere 2"].value = 120
    assert bytes(panel.picture.value) != start
    panel.sliders["sphere 2"].value = 0
    assert bytes(panel.picture.value) == start


def test_what_is_typed_beyond_the_range_is_brought_into_it(model):
    panel = DialsPanel(model)
    panel.boxes["circle 1"].value = 10**6
    assert panel.values["circle 1"] == 180


def test_nonsense_leaves_the_start_digit_as_it_is(model, digits):
    panel = DialsPanel(model, digits)
    panel.buttons["a one"].click()
    before = bytes(panel.picture.value)
    with pytest.raises(InputError, match="takes a number"):
        panel.set(**{"sphere 2": "x"})
    panel.sliders["sphere 2"].value = 5
    panel.sliders["sphere 2"].value = 0
    assert bytes(panel.picture.value) == before


def test_an_unknown_start_digit_is_refused_in_one_line(model, digits):
    with pytest.raises(InputError, match="no start digit 'a ten': choose from a one, a two"):
        DialsPanel(model, digits).set(start="a ten")


def test_it_has_a_still_picture_for_where_no_kernel_runs(model):
    bundle, _ = DialsPanel(model)._repr_mimebundle_()
    assert bundle["text/plain"] == "DialsPanel: sliders circle 1, sphere 2; live where a kernel runs"
    assert "image/png" in bundle


def test_a_flat_factor_is_refused_in_one_line():
    with pytest.raises(InputError, match="dials need spheres"):
        DialsPanel(build_vae((28, 28), "s1,e2", hidden=(8,)))
