"""The shell panel, driven from code."""

from svae_lib.widgets import ShellPanel


def test_slider_box_presets_and_reset_move_the_picture():
    panel = ShellPanel()
    first = bytes(panel.picture.value)
    assert first.startswith(b"\x89PNG")
    panel.sliders["m"].value = 3
    three = bytes(panel.picture.value)
    panel.boxes["m"].value = 20
    twenty = bytes(panel.picture.value)
    panel.buttons["m = 200"].click()
    assert panel.values == {"m": 200}
    assert len({first, three, twenty, bytes(panel.picture.value)}) == 4
    panel.buttons["m = 3"].click()
    assert bytes(panel.picture.value) == three
    panel.buttons["reset"].click()
    assert bytes(panel.picture.value) == first


def test_what_is_typed_beyond_the_range_is_brought_into_it():
    panel = ShellPanel(m=5)
    panel.boxes["m"].value = 10**6
    assert panel.values == {"m": 200}
    panel.boxes["m"].value = -1
    assert panel.values == {"m": 2}


def test_it_has_a_still_picture_for_where_no_kernel_runs():
    bundle, _ = ShellPanel()._repr_mimebundle_()
    assert bundle["text/plain"] == "ShellPanel: sliders m; live where a kernel runs"
    assert bundle["image/png"].startswith("iVBOR")
