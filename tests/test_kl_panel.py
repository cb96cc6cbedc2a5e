"""The KL panel, driven from code."""

import pytest

from svae_lib.widgets import KLPanel
from tests.moved import each_moves


@pytest.fixture(scope="module")
def panel():
    return KLPanel()


def test_sliders_boxes_presets_and_the_toggle_move_the_picture(panel):
    first = each_moves(
        panel,
        lambda: setattr(panel.sliders["kappa"], "value", 20),
        lambda: setattr(panel.boxes["m"], "value", 150),
        lambda: setattr(panel.floats, "value", "float64"),
        panel.buttons["κ = 1, m = 299"].click,
    )
    assert panel.values == {"kappa": 1, "m": 299}
    panel.floats.value = "float32"
    panel.buttons["reset"].click()
    assert bytes(panel.picture.value) == first


def test_what_is_typed_beyond_the_range_is_brought_into_it(panel):
    panel.boxes["kappa"].value = -3
    panel.boxes["m"].value = 10**6
    assert panel.values == {"kappa": 0.5, "m": 400}


def test_it_has_a_still_picture_for_where_no_kernel_runs(panel):
    bundle, _ = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "KLPanel: sliders kappa, m; live where a kernel runs"
    assert "image/png" in bundle
