"""The concentration panel, driven from code."""

import numpy as np
import pytest

from svae_lib.widgets import ConcentrationPanel


@pytest.fixture(scope="module")
def panel():
    return ConcentrationPanel()


def drawn(panel):
    """What stands on the globe (n, 3), and the picture beside it."""
    globe, image = panel.picture.children
    points = globe.data[1]
    return np.stack([points.x, points.y, points.z], -1), bytes(image.value)


def test_sliders_boxes_and_presets_move_globe_and_picture(panel):
    (first, picture), pictures = drawn(panel), set()
    for act in (
        lambda: setattr(panel.sliders["kappa"], "value", 20),
        lambda: setattr(panel.boxes["m"], "value", 30),
        panel.buttons["κ = 101, m = 101"].click,
        panel.buttons["uniform"].click,
    ):
        before = drawn(panel)[0]
        act()
        points, png = drawn(panel)
        assert np.abs(points - before).max() > 0.1
        pictures.add(png)
    assert len(pictures - {picture}) == 4
    panel.buttons["reset"].click()
    again, same = drawn(panel)
    np.testing.assert_array_equal(again, first)
    assert same == picture


def test_every_preset_shows_another_bell_than_the_panel_opens_with(panel):
    """The reader presses a button and sees something happen."""
    panel.buttons["reset"].click()
    pictures = {drawn(panel)[1]}
    for name in panel.buttons:
        if name != "reset":
            panel.buttons[name].click()
            pictures.add(drawn(panel)[1])
    assert len(pictures) == len(panel.buttons)


def test_what_is_typed_beyond_the_range_is_brought_into_it(panel):
    panel.boxes["kappa"].value = -3
    panel.boxes["m"].value = 10**6
    assert panel.values == {"kappa": 0, "m": 200}
    panel.boxes["m"].value = 0
    assert panel.values == {"kappa": 0, "m": 2}


def test_the_title_says_honestly_what_the_globe_shows(panel):
    for m, said in ((2, "the circle S¹"), (3, "the whole sphere S²"), (41, "3 of 41 coordinates")):
        panel.set(m=m)
        assert panel.picture.children[0].layout.title.text == f"1,000 draws: {said}"


def test_a_teachers_own_start_and_presets():
    panel = ConcentrationPanel(kappa=2, m=5, presets={"mine": {"kappa": 7, "m": 9}})
    assert panel.values == {"kappa": 2, "m": 5}
    panel.buttons["mine"].click()
    assert panel.values == {"kappa": 7, "m": 9}


def test_it_has_a_still_picture_for_where_no_kernel_runs(panel):
    bundle, _ = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "ConcentrationPanel: sliders kappa, m; live where a kernel runs"
    assert panel.fallback.startswith(b"\x89PNG")
