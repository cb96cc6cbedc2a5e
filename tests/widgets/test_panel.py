"""The base of the panels: its Python side, its modules joined into one, and a least panel in Chromium."""

import base64
import json
from pathlib import Path

import ipywidgets
import pytest
from traitlets import Bytes

from svae_lib.errors import InputError
from svae_lib.widgets import Choice, Panel, Slider
from svae_lib.widgets.bundle import bundle, script
from tests.tree import ROOT

HERE, WIDGETS = Path(__file__).parent, ROOT / "svae_lib/widgets"


class Minimal(Panel):
    name, label, module = "minimal", "a product", HERE / "minimal.js"
    fallback = b"png"
    m = Slider(3, min=2, max=50, label="coordinates m")
    kappa = Slider(1.0, min=0, max=10, step=0.5, label="concentration κ", unit=" units")
    look = Choice(("plain", "bold"), label="look")
    start = Choice(("", "seven"), label=None)
    data = Bytes(b"\x01\x02\x03").tag(sync=True)


@pytest.fixture
def panel():
    return Minimal(presets={"sharp": {"kappa": 10, "m": 2, "start": "seven"}})


def test_traits_and_set_take_what_the_sliders_can_show(panel):
    panel.kappa = 4.3
    assert panel.kappa == 4.5
    panel.set(kappa=1e9, m=-float("inf"))
    assert panel.values == {"m": 2, "kappa": 10.0} and isinstance(panel.m, int)
    panel.m = 7.4
    assert panel.m == 7 and isinstance(panel.m, int)


@pytest.mark.parametrize("nonsense", ["x", None, float("nan"), "5"])
def test_nonsense_is_one_line_and_moves_nothing(panel, nonsense):
    line = "kappa takes a number from 0 to 10, not "
    with pytest.raises(InputError, match=line):
        panel.set(m=9, kappa=nonsense)
    with pytest.raises(InputError, match=line):
        panel.kappa = nonsense
    with pytest.raises(InputError, match=line):
        Minimal(kappa=nonsense)
    assert panel.values == {"m": 3, "kappa": 1.0}


def test_names_that_are_no_sliders_are_refused(panel):
    for call in (panel.set, Minimal):
        with pytest.raises(InputError, match="no slider 'unknown': choose from m, kappa, look, start"):
            call(unknown=1)
    with pytest.raises(InputError, match="look takes one of 'plain', 'bold', not 'fat'"):
        panel.look = "fat"
    with pytest.raises(InputError, match="no slider 'q'"):
        Minimal(presets={"wrong": {"q": 1}})


def test_presets_are_pairs_and_reset_goes_back(panel):
    [[name, at]] = panel.presets
    panel.look = "bold"
    panel.set(**at)
    assert name == "sharp" and panel.values == {"m": 2, "kappa": 10.0} and panel.start == "seven"
    panel.reset()
    assert panel.values == {"m": 3, "kappa": 1.0} and panel.start == ""
    assert panel.look == "bold"  # as it was: a look is no place


def test_a_panel_is_observed_and_linked_with_any_widget(panel):
    seen, slider = [], ipywidgets.FloatSlider(2.0, max=100)
    panel.observe(lambda change: seen.append(change.new), "kappa")
    ipywidgets.link((slider, "value"), (panel, "kappa"))
    assert panel.kappa == 2
    slider.value = 3.3
    assert panel.kappa == 3.5  # the nearest step
    panel.kappa = 40
    assert slider.value == 10 and seen[-1] == 10
    link = ipywidgets.jslink((slider, "value"), (panel, "kappa"))
    assert link.target == (panel, "kappa")


def test_sliders_of_one_panel_alone_keep_their_order():
    class Dials(Panel):
        name, label, module = "dials of a test", "dials", HERE / "minimal.js"

        def __init__(self):
            self.add_traits(**{name: Slider(0, min=0, max=9, label=name) for name in ("sphere 2", "circle 1")})
            super().__init__(presets={"up": {"circle 1": 4}})

    panel = Dials()
    panel.set(**{"circle 1": 3})
    assert list(panel.values.items()) == [("sphere 2", 0), ("circle 1", 3)]
    assert [slider["name"] for slider in panel.spec["sliders"]] == ["sphere 2", "circle 1"]


def test_an_output_holds_all_that_a_browser_needs(panel):
    panel.set(m=11)
    bundle, metadata = panel._repr_mimebundle_()
    assert set(bundle) == {
        "application/vnd.jupyter.widget-view+json",
        "application/vnd.svae.panel+json",
        "image/png",
        "text/plain",
    }
    assert base64.b64decode(bundle["image/png"]) == b"png"
    assert (
        metadata["image/png"]["alt"] == bundle["text/plain"] == "Minimal: a product; it moves wherever JavaScript runs"
    )
    page = json.loads(json.dumps(bundle["application/vnd.svae.panel+json"]))
    assert page["format"] == 1 and page["panel"] == "minimal"
    assert page["bytes"] == {"data": "AQID"}
    assert page["state"]["m"] == 11 and page["state"]["spec"]["start"] == {"m": 3, "kappa": 1.0, "start": ""}
    assert set(page["state"]) == {"m", "kappa", "look", "start", "presets", "spec"}


def test_modules_are_joined_each_once_in_a_scope_of_its_own():
    text = bundle(HERE / "minimal.js")
    assert text.count("=> { // panel.js") == text.count("=> { // style.js") == 1
    assert "import " not in text and text.count("export ") == 1


def test_a_module_of_another_form_is_refused(tmp_path):
    (tmp_path / "a.js").write_text('import x from "./b.js";\n')
    with pytest.raises(ValueError, match="a.js:1: 'import x"):
        bundle(tmp_path / "a.js")
    (tmp_path / "c.js").write_text('export const A = "</script>";\n')
    with pytest.raises(ValueError, match="ends a script"):
        script({"c": tmp_path / "c.js"})


@pytest.fixture(scope="module")
def saved(browser, tmp_path_factory):
    """The panel as a page of its own, opened from its file."""
    path = tmp_path_factory.mktemp("page") / "minimal.html"
    Minimal(presets={"sharp": {"kappa": 10, "m": 2, "start": "seven"}}).save(path)
    page, complaints = browser.new_page(viewport={"width": 800, "height": 700}), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector(".svae-panel")
    yield page
    page.close()
    assert complaints == []


def test_a_saved_page_moves_by_key_box_preset_and_choice(saved):
    says, slider = saved.locator(".svae-panel .say"), saved.get_by_role("slider", name="concentration")
    saved.get_by_role("button", name="reset").click()
    saved.wait_for_function("document.querySelector('.say').textContent == 'κ = 1, m = 3, plain: 3'")
    slider.press("ArrowRight")
    saved.wait_for_function("document.querySelector('.say').textContent == 'κ = 1.5, m = 3, plain: 4.5'")
    assert slider.get_attribute("aria-valuetext") == "1.5 units"
    box = saved.get_by_role("spinbutton", name="concentration")
    for typed, value in ("3.3", "3.5"), ("99999", "10"), ("", "10"), ("-7", "0"):
        box.fill(typed)
        box.press("Enter")
        assert box.input_value() == value
    saved.get_by_role("radio", name="bold").check(force=True)
    saved.get_by_role("button", name="sharp").click()
    saved.wait_for_function("document.querySelector('.say').textContent == 'κ = 10, m = 2, bold: 20'")
    assert saved.get_by_role("img", name=f"a product. {says.text_content()}").count() == 1
    saved.wait_for_function("document.querySelector('.aloud').textContent == 'κ = 10, m = 2, bold: 20'")


def test_what_a_slider_can_take_is_the_same_in_javascript(evaluate):
    values = [0, 0.2, 0.25, 3.3, 9.99, 10, 1e9, -1e300, 0.1 + 0.2]
    slider = Minimal().spec["sliders"][1]
    found = evaluate(WIDGETS / "panel.js", "it[1].map((x) => m.snap(it[0], x))", [slider, values])
    panel = Minimal()
    for value, snapped in zip(values, found, strict=True):
        panel.kappa = value
        assert panel.kappa == snapped
    nonsense = 'm.snap(it, "") ?? m.snap(it, "x") ?? m.snap(it, null) ?? m.snap(it, [1]) ?? m.snap(it, NaN)'
    assert evaluate(WIDGETS / "panel.js", nonsense, slider) is None
