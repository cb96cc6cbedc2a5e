"""The slider panels, driven from code."""

import base64
import subprocess
import sys

import ipywidgets
import pytest
from traitlets import TraitError

from svae_lib.errors import InputError
from svae_lib.widgets import SliderPanel


@pytest.fixture
def drawn():
    return []


@pytest.fixture
def panel(drawn):
    kappa = ipywidgets.FloatSlider(value=1, min=0, max=10, step=0.5)
    sliders = {"kappa": kappa, "m": ipywidgets.IntSlider(value=3, min=2, max=50)}
    picture = ipywidgets.Image(format="png")
    presets = {"sharp": {"kappa": 10, "m": 2}}
    return SliderPanel(sliders, lambda **at: drawn.append(at), picture, fallback=b"png", presets=presets, height=123)


def test_a_slider_moves_the_picture(panel, drawn):
    panel.sliders["kappa"].value = 5
    assert drawn == [{"kappa": 1, "m": 3}, {"kappa": 5, "m": 3}]


def test_a_box_moves_its_slider_and_a_slider_its_box(panel, drawn):
    panel.boxes["m"].value = 7
    assert panel.values == {"kappa": 1, "m": 7} == drawn[-1]
    panel.sliders["kappa"].value = 2.5
    assert panel.boxes["kappa"].value == 2.5


def test_what_is_typed_beyond_the_range_is_brought_into_it(panel, drawn):
    panel.boxes["kappa"].value = 1e9
    assert panel.values["kappa"] == 10
    panel.boxes["m"].value = -4
    assert panel.values["m"] == 2
    assert drawn[-1] == {"kappa": 10, "m": 2}


@pytest.mark.parametrize("nonsense", ["x", None, [], {}, 1j])
def test_a_slider_given_nonsense_from_code_says_so_and_stays(panel, drawn, nonsense):
    for name in panel.sliders:
        with pytest.raises(TraitError, match="'value' trait of an? .* instance"):
            panel.sliders[name].value = nonsense
        with pytest.raises(InputError, match=f"{name} takes a number from") as error:
            panel.set(**{name: nonsense})
        assert "\n" not in str(error.value)
    assert drawn == [{"kappa": 1, "m": 3}]
    assert [box.value for box in panel.boxes.values()] == [1, 3]


def test_what_is_no_number_is_dropped(panel, drawn):
    panel.sliders["kappa"].value = float("nan")
    panel.boxes["kappa"].value = float("nan")
    assert panel.boxes["kappa"].value == panel.values["kappa"] == 1
    assert all(at == {"kappa": 1, "m": 3} for at in drawn)
    with pytest.raises(InputError, match="kappa takes a number from 0 to 10, not nan"):
        panel.set(kappa=float("nan"))


def test_infinity_is_beyond_the_range(panel, drawn):
    panel.boxes["kappa"].value = float("inf")
    assert panel.boxes["kappa"].value == panel.values["kappa"] == drawn[-1]["kappa"] == 10
    panel.set(kappa=-float("inf"), m=float("inf"))
    assert panel.values == {"kappa": 0, "m": 50} == drawn[-1]


def test_a_name_that_is_no_sliders_moves_nothing(panel, drawn):
    with pytest.raises(InputError, match="no slider 'unknown': choose from kappa, m"):
        panel.set(kappa=2, unknown=1)
    assert len(drawn) == 1
    assert panel.values == {"kappa": 1, "m": 3}


def test_a_preset_moves_all_sliders_and_draws_once(panel, drawn):
    panel.buttons["sharp"].click()
    assert drawn[1:] == [{"kappa": 10, "m": 2}]
    panel.buttons["reset"].click()
    assert drawn[2:] == [{"kappa": 1, "m": 3}]


def test_a_panel_shows_its_fallback_where_no_kernel_runs(panel):
    bundle, metadata = panel._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == bundle["text/plain"]
    assert base64.b64decode(bundle["image/png"]) == b"png"
    assert bundle["text/plain"] == "SliderPanel: sliders kappa, m; live where a kernel runs"
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_the_page_does_not_jump(panel):
    assert panel.children[-1].layout.height == "123px"


def test_without_ipywidgets_one_line_says_what_to_install():
    code = "import sys; sys.modules['ipywidgets'] = None\nimport svae_lib.widgets"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].endswith("this needs ipywidgets: pip install 'svae_lib[course]'")


def test_a_closed_panel_leaves_nothing_behind(panel):
    """ipywidgets keeps every widget until it is closed, and a box does not close what is in it."""
    from ipywidgets.widgets.widget import _instances

    before = len(_instances)
    for _ in range(3):
        sliders = {"kappa": ipywidgets.FloatSlider(value=1, min=0, max=10)}
        another = SliderPanel(sliders, lambda kappa: None, ipywidgets.Image(format="png"), fallback=b"png")
        assert len(_instances) > before
        another.close()
        assert len(_instances) == before
