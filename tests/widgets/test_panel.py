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


def test_a_readers_own_panel_needs_no_name_and_shows_its_live_view():
    class Own(Panel):
        label, module = "my own", HERE / "minimal.js"
        m = Slider(3, min=2, max=50, label="coordinates m")

    bundle, _ = Own()._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}


def test_modules_are_joined_each_once_in_a_scope_of_its_own():
    text = bundle(HERE / "minimal.js")
    assert text.count("=> { // panel.js") == text.count("=> { // style.js") == 1
    assert "import " not in text and text.count("export ") == 1


def test_a_module_of_another_form_is_refused(tmp_path):
    (tmp_path / "a.js").write_text('import x from "./b.js";\n')
    with pytest.raises(ValueError, match="a.js:1: 'import x"):
        bundle(tmp_path / "a.js")
    (tmp_path / "d.js").write_text("export const A = 1, B = 2;\n")
    with pytest.raises(ValueError, match="d.js:1: 'export const A = 1, B = 2;'"):
        bundle(tmp_path / "d.js")
    (tmp_path / "e.js").write_text('import { f, g } from "./f.js";\n')
    (tmp_path / "f.js").write_text("export function f(x) {}\n")
    with pytest.raises(ValueError, match="f.js does not export g"):
        bundle(tmp_path / "e.js")
    (tmp_path / "c.js").write_text('export const A = "</script>";\n')
    with pytest.raises(ValueError, match="ends a script"):
        script({"c": tmp_path / "c.js"})


@pytest.fixture(scope="module")
def saved(browser, tmp_path_factory):
    """The panel as a page of its own, opened from its file."""
    path = tmp_path_factory.mktemp("page") / "minimal.html"
    Minimal(presets={"sharp": {"kappa": 10, "m": 2, "start": "seven"}}).save(path)
    page, complaints = browser.new_page(viewport={"width": 800, "height": 700}, has_touch=True), []
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
        assert ("slider's end" in saved.locator(".say").inner_text()) == (typed in ("99999", "-7")), "said what it did"
    saved.get_by_role("radio", name="bold").check(force=True)
    saved.get_by_role("button", name="sharp").click()
    saved.wait_for_function("document.querySelector('.say').textContent == 'κ = 10, m = 2, bold: 20'")
    assert saved.get_by_role("img", name=f"a product. {says.text_content()}").count() == 1
    saved.wait_for_function("document.querySelector('.aloud').textContent == 'κ = 10, m = 2, bold: 20'")


def test_a_wheel_scrolls_the_page_and_a_finger_moves_a_slider(saved):
    saved.emulate_media(color_scheme="light", forced_colors="none")
    saved.set_viewport_size({"width": 390, "height": 300})
    saved.evaluate("scrollTo(0, 0)")
    box = saved.get_by_role("spinbutton", name="concentration")
    box.click()
    before = box.input_value()
    saved.mouse.wheel(0, 100)
    saved.wait_for_function("scrollY > 50")
    assert box.input_value() == before
    saved.evaluate("scrollTo(0, 0)")
    place = saved.get_by_role("slider", name="concentration").bounding_box()
    for share, value in (0.99, "10"), (0.01, "0"):
        saved.touchscreen.tap(place["x"] + share * place["width"], place["y"] + place["height"] / 2)
        saved.wait_for_function("([box, value]) => box.value == value", arg=[box.element_handle(), value])


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


MOUNTED = """(async ([page, act]) => {
    const { mount } = await import("/svae_lib/widgets/shim.js");
    const el = document.createElement("div"), frame = () => new Promise((done) => setTimeout(done, 120));
    document.body.append(el);
    try {
        const end = mount(el, m.default, page, new Map([["a.bin", new ArrayBuffer(3)]]));
        return await new Function("el", "end", "frame", `return (async () => ${act})()`)(el, end, frame);
    } catch (error) {
        return `${error.message}; ${el.children.length} left`;
    } finally { el.remove(); }
})(it)"""


@pytest.fixture
def mounted(evaluate):
    """Value of an expression over a mounted page's `el`, `end` and `frame`; else the error, and what is left in it."""
    return lambda page, act: evaluate(HERE / "minimal.js", MOUNTED, [page, act])


def changed(page: dict, **state) -> dict:
    """The page with parts of its state changed; parts of the specification are named spec_NAME."""
    page = json.loads(json.dumps(page))
    for name, value in state.items():
        place = page["state"]["spec"] if name.startswith("spec_") else page["state"]
        place[name.removeprefix("spec_")] = value
    return page


@pytest.mark.parametrize(
    "broken",
    [
        {"spec": None},
        {"spec": "<img src=x onerror=alert(1)>"},
        {"spec_label": ["a"]},
        {"spec_label": "a" * 10_000},
        {"spec_sliders": [{"name": "m"}]},
        {"spec_sliders": {"length": 1}},
        {"spec_sliders": [{"name": "m", "label": "m", "unit": "", "min": 3, "max": 2, "step": 1}]},
        {"spec_sliders": [{"name": "m", "label": "m", "unit": "", "min": 2, "max": 3, "step": 0}]},
        {"spec_choices": [{"name": "look", "label": "look", "options": []}]},
        {"spec_choices": [{"name": "look", "label": "look", "options": ["a"] * 10_000}]},
        {"spec_start": None},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_a_broken_state_is_an_error_and_leaves_nothing(mounted, panel, broken):
    assert mounted(changed(panel.page(), **broken), "0") == "the panel's state is broken; 0 left"


def test_a_newer_page_and_a_missing_file_are_errors(mounted, panel):
    newer = panel.page() | {"format": 2}
    assert mounted(newer, "0") == "unknown or newer panel; 0 left"
    assert mounted(panel.page() | {"files": {"data": "b.bin"}}, "0") == "a file of its data is missing; 0 left"
    assert mounted(panel.page() | {"files": {"data": "a.bin"}}, "el.children.length") == 1


def test_values_of_another_type_are_what_the_panel_came_with(mounted, panel):
    page = changed(panel.page(), m="7", kappa=[1], look={"a": 1}, presets=[["x"], 3, ["<b>y</b>", {"m": 4}]])
    assert mounted(page, 'el.querySelector(".say").textContent') == "κ = 1, m = 7, plain: 7"
    assert mounted(page, '[...el.querySelectorAll("button")].map((it) => it.textContent)') == ["<b>y</b>", "reset"]
    assert mounted(changed(panel.page(), spec_label="<b>bold</b>"), 'el.querySelectorAll("b").length') == 0


def test_a_move_is_drawn_at_once_and_then_once_a_frame(mounted, panel):
    act = """{
        const [m, kappa] = el.querySelectorAll("input[type=range]"), say = el.querySelector(".say"), frames = [];
        let painted = 0;
        await frame();
        const count = () => { painted++; if (el.children.length) requestAnimationFrame(count); };
        requestAnimationFrame(count);
        new MutationObserver((records) => { for (const _ of records) frames.push(painted); })
            .observe(say, { childList: true });
        const move = () => { for (const [range, value] of [[m, 9], [kappa, 2], [m, 11]]) {
            range.value = value; range.dispatchEvent(new Event("input"));
        } };
        move();
        const first = say.textContent;
        await frame();
        const text = say.textContent, draws = frames.length, apart = new Set(frames).size;
        end();
        move();
        await frame();
        return [first, text, draws, apart, frames.length, el.children.length, say.textContent == text];
    }"""
    first, last = "κ = 1, m = 9, plain: 9", "κ = 2, m = 11, plain: 22"
    assert mounted(panel.page(), act) == [first, last, 2, 2, 2, 0, True]


def test_the_first_change_is_read_aloud_however_soon_it_comes(mounted, panel):
    act = """{
        const [aloud, slider] = ["output", "input[type=range]"].map((it) => el.querySelector(it)), first = aloud.value;
        slider.value = 9;
        slider.dispatchEvent(new Event("input"));
        for (let tries = 0; !aloud.value && tries < 20; tries++) await frame();
        return [first, aloud.value];
    }"""
    assert mounted(panel.page(), act) == ["", "κ = 1, m = 9, plain: 9"]


def contrast(one: list[float], other: list[float]) -> float:
    """WCAG's contrast of two colors, 0 to 255 each."""

    def luminance(color):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in color)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("theme", "ground"), [("light", [255] * 3), ("dark", [17] * 3)])  # JupyterLab's
def test_the_palette_stands_out_from_the_ground(evaluate, theme, ground):
    act = f"""(() => {{
        const style = document.createElement("style"), root = document.createElement("div");
        style.textContent = m.CSS; root.className = "svae-panel"; root.dataset.theme = "{theme}";
        document.body.append(style, root);
        const found = it.map((i) => getComputedStyle(root).getPropertyValue(`--c${{i}}`));
        style.remove(); root.remove();
        return found;
    }})()"""
    for color in evaluate(WIDGETS / "style.js", act, list(range(10))):
        assert contrast([int(color[i : i + 2], 16) for i in (1, 3, 5)], ground) >= 3, color  # WCAG 1.4.11


@pytest.mark.parametrize("width", [320, 390, 800, 1400])
@pytest.mark.parametrize("look", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_a_saved_page_fits(saved, width, look):
    saved.emulate_media(**{"color_scheme": "light", "forced_colors": "none"} | look)
    saved.set_viewport_size({"width": width, "height": 700})
    saved.wait_for_function("document.querySelector('.picture').getBoundingClientRect().width > 0")
    assert saved.evaluate("document.documentElement.scrollWidth <= innerWidth")
    theme = "dark" if look.get("color_scheme") == "dark" else "light"
    saved.wait_for_function(f"document.querySelector('.svae-panel').dataset.theme == '{theme}'")
    for part in saved.locator(".svae-panel :is(input, button, .say, .picture)").all():
        box = part.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("[0, 10, false, 5]", [[0, "0"], [2, "2"], [4, "4"], [6, "6"], [8, "8"], [10, "10"]]),
        ("[-0.3, 0.3, false, 3]", [[-0.2, "−0.2"], [0, "0.0"], [0.2, "0.2"]]),
        (
            "[0.002, 250, true, 9]",
            [[10.0**power, text] for power, text in enumerate(("0.01", "0.1", "1", "10", "100"), -2)],
        ),
        ("[1, 20, true, 9]", [[1, "1"], [2, "2"], [5, "5"], [10, "10"], [20, "20"]]),
        ("[1e-6, 10, true, 4]", [[1e-6, "10⁻⁶"], [1e-4, "10⁻⁴"], [0.01, "0.01"], [1, "1"]]),
    ],
)
def test_ticks_stand_at_round_numbers(evaluate, call, expected):
    found = evaluate(WIDGETS / "axes.js", f"m.ticks(...{call})")
    assert [text for _, text in found] == [text for _, text in expected]
    assert [value for value, _ in found] == pytest.approx([value for value, _ in expected])


def test_a_curve_leaves_out_what_is_not_finite(evaluate):
    path = "m.curve([0, 1, 2, 3, 4], [1, 2, NaN, 4, Infinity])"
    assert evaluate(WIDGETS / "axes.js", path) == "M0.0 1.0L1.0 2.0M3.0 4.0"
