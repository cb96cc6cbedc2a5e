"""The slider panels, driven from code."""

import base64
import subprocess
import sys

import ipywidgets
import pytest

from svae_lib import build_vae
from svae_lib.widgets import LatentGlobe, SliderPanel


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


def test_the_latent_globe_turns_by_slider_and_by_hand():
    panel = LatentGlobe(build_vae((28, 28), "s2", hidden=(16,)), {"Greenwich": (0, 51)})
    globe, image = panel.picture.children
    front = bytes(image.value)
    assert front.startswith(b"\x89PNG")
    panel.sliders["longitude"].value = 90
    assert globe.layout.scene.camera.eye.y == pytest.approx(1.25)
    assert bytes(image.value) != front
    panel.buttons["reset"].click()
    assert bytes(image.value) == front
    panel.buttons["Greenwich"].click()
    assert panel.values == {"longitude": 0, "latitude": 51}
    globe.layout.scene.camera = {"eye": {"x": 0, "y": -1, "z": 1}}  # as the browser reports it
    assert panel.values == {"longitude": -90, "latitude": 45}
    assert panel.boxes["latitude"].value == 45
    assert panel.fallback.startswith(b"\x89PNG")


def test_without_ipywidgets_one_line_says_what_to_install():
    code = "import sys; sys.modules['ipywidgets'] = None\nimport svae_lib.widgets"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].endswith("this needs ipywidgets: pip install 'svae_lib[course]'")
