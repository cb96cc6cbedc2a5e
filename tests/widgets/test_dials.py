"""The dials panel: its traits from Python, its codes and its digits in the browser."""

import json

import numpy as np
import pytest
import torch

from svae_lib import build_vae
from svae_lib.errors import InputError
from svae_lib.plotting.decoding import decode_images
from svae_lib.plotting.dials import AHEAD, dial_frames, dial_view, turned
from svae_lib.widgets import DialsPanel
from svae_lib.widgets.dials import FIRST_AXES
from tests.tree import ROOT

DIALS, SHIM = ROOT / "svae_lib/widgets/dials.js", ROOT / "svae_lib/widgets/shim.js"


@pytest.fixture(scope="module")
def digits():
    return {"a one": torch.eye(28), "a two": torch.ones(28, 28)}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    return build_vae((28, 28), "s1,s2", hidden=(16,))


@pytest.fixture(scope="module")
def other():
    """A decoder that no browser computes: a product of two circles, whose images stand in a table."""
    torch.manual_seed(3)
    return build_vae((28, 28), "2xs1", hidden=(16,), network="cnn")


def test_there_is_a_slider_for_each_dial_and_a_preset_for_each_start_digit(model, digits):
    panel = DialsPanel(model, digits)
    assert panel.values == {"circle 1": 0, "sphere 2": 0} and panel.start == FIRST_AXES
    panel.set(**{"circle 1": 90})
    assert panel.values == {"circle 1": 90, "sphere 2": 0}
    for name, at in panel.presets:
        panel.set(**at)
        assert panel.start == name and panel.values["sphere 2"] == 0
        code = model.embed(digits[name][None])[0].detach()
        assert np.linalg.norm(turned(panel._frames[name], list(panel.values.values())) - code.numpy()) < 0.02
    panel.reset()
    assert panel.values == {"circle 1": 0, "sphere 2": 0} and panel.start == FIRST_AXES


def test_a_start_digit_stays_while_a_dial_is_turned(model, digits):
    panel = DialsPanel(model, digits)
    panel.set(start="a one", **{"circle 1": 10})
    panel.set(**{"sphere 2": 120})
    assert panel.start == "a one" and panel.values == {"circle 1": 10, "sphere 2": 120}


def test_what_is_beyond_the_range_is_brought_into_it_and_nonsense_is_one_line(model, digits):
    panel = DialsPanel(model, digits)
    panel.set(**{"circle 1": 10**6})
    assert panel.values["circle 1"] == 180
    with pytest.raises(InputError, match="sphere 2 takes a number from -180 to 180, not 'x'"):
        panel.set(start="a two", **{"sphere 2": "x"})
    assert panel.start == FIRST_AXES
    with pytest.raises(InputError, match="start takes one of 'the first axes', 'a one', 'a two', not 'a ten'"):
        panel.set(start="a ten")


def test_it_has_a_still_picture_for_where_no_javascript_runs(model):
    bundle, _ = DialsPanel(model)._repr_mimebundle_()
    assert bundle["text/plain"].startswith("DialsPanel: Dials of the latent space s1,s2, and the digit")
    assert "image/png" in bundle


def test_a_flat_factor_is_refused_in_one_line():
    with pytest.raises(InputError, match="dials need spheres"):
        DialsPanel(build_vae((28, 28), "s1,e2", hidden=(8,)))


def test_what_only_python_decodes_is_there_exact_at_every_turn(other):
    panel = DialsPanel(other, {"a one": torch.eye(28)})
    panel.set(**{"circle 2": 77})
    image, ahead = dial_view(other, dial_frames(other.latent_space), [0, 77])
    images = np.frombuffer(panel.decoded, np.uint8).reshape(1 + 2 * AHEAD, 28, 28) / 255
    assert panel.decoded_at == [FIRST_AXES, 0, 77]
    np.testing.assert_allclose(images[0], image, atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(images[1:], ahead.reshape(-1, 28, 28), atol=0.5 / 255 + 1e-6)
    assert panel.network["error"] < 0.1  # of the table, for where no kernel runs
    assert "sizes" not in DialsPanel(build_vae((8, 8), "s2", hidden=(8,), network="cnn")).network


@pytest.mark.parametrize("name", ["s1", "s2", "s1,s4,s2", "5xs2"])
def test_codes_in_the_browser_are_those_of_python(evaluate, name):
    space = build_vae((4, 4), name, hidden=(4,)).latent_space
    frames = dial_frames(space, space.prior().sample().numpy())
    sizes = [frame.shape[-1] for frame in frames]
    rng = np.random.default_rng(0)
    turns = [*([end] * len(sizes) for end in (-180, 0, 180)), *rng.integers(-180, 181, (20, len(sizes))).tolist()]
    it = {"flat": np.concatenate(frames, -1).ravel().tolist(), "sizes": sizes, "turns": turns}
    planes = "const planes = m.planesOf(Float64Array.from(it.flat), it.sizes)"
    codes = evaluate(DIALS, f"(() => {{ {planes}; return it.turns.map((at) => m.turned(planes, at)); }})()", it)
    np.testing.assert_allclose(codes, turned(frames, turns), rtol=1e-9, atol=1e-12)
    around = evaluate(DIALS, "m.ahead(it, it.length - 1)", turns[-1])
    assert [at[:-1] for at in around] == [turns[-1][:-1]] * AHEAD
    assert [at[-1] for at in around] == [0, 30, 60, 90, 120, 150, -180, -150, -120, -90, -60, -30]
    a, b = codes[3], codes[4]
    units = [np.stack([a[i:j], b[i:j]]) / np.linalg.norm(a[i:j]) for i, j in places(sizes)]
    expected = np.degrees(np.sqrt(sum(np.arccos((u @ v).clip(-1, 1)) ** 2 for u, v in units)))
    assert evaluate(DIALS, "m.distance(...it)", [a, b, sizes]) == pytest.approx(expected, rel=1e-7)


def places(sizes):
    ends = np.cumsum(sizes)
    return zip(ends - sizes, ends, strict=True)


SHOWN = """(async () => {
    const { default: dials } = await import("/svae_lib/widgets/dials.js"), el = document.createElement("div");
    document.body.replaceChildren(el);
    m.mount(el, dials, it.page);
    const press = el.querySelectorAll("button")[it.button];
    press?.click();
    for (const [i, value] of Object.entries(it.turns)) {
        const range = el.querySelectorAll("input[type=range]")[i];
        range.value = value;
        range.dispatchEvent(new Event("input"));
    }
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const [canvas] = [...el.querySelectorAll("canvas")].slice(-1), { width, height } = canvas;
    const inks = canvas.getContext("2d").getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 3);
    return { inks: [...inks], said: el.querySelector(".say").textContent };
})()"""


def shown(evaluate, panel, turns, button=-1):
    page = json.loads(json.dumps(panel.page()))
    found = evaluate(SHIM, SHOWN, {"page": page, "turns": turns, "button": button})
    return np.array(found["inks"]).reshape(28, 28) / 255, found["said"]


def test_the_digit_on_the_screen_is_the_one_that_python_decodes(evaluate, model, digits):
    panel = DialsPanel(model, digits)
    inks, said = shown(evaluate, panel, {1: -150}, button=1)
    name, at = panel.presets[1]
    image = decode_images(model, turned(panel._frames[name], [at["circle 1"], -150]))
    assert name == "a two" and said.startswith(f"circle 1 at {at['circle 1']}°, sphere 2 at -150°; ")
    np.testing.assert_allclose(inks, image, atol=panel.network["error"] + 1 / 255)
    assert shown(evaluate, panel, {}, button=1)[1].endswith("; the nearest start digit is a two, 0° away")


def test_without_a_kernel_a_table_takes_over_and_where_there_is_none_the_digits_stay(evaluate, other):
    panel = DialsPanel(other)
    inks, said = shown(evaluate, panel, {0: 63, 1: -118})
    expected = decode_images(other, turned(dial_frames(other.latent_space), [63, -118]))
    np.testing.assert_allclose(inks, expected, atol=panel.network["error"] + 1 / 255)
    assert said == "circle 1 at 63°, circle 2 at -118°"
    torch.manual_seed(0)
    panel = DialsPanel(build_vae((28, 28), "s2", hidden=(8,), network="cnn"))
    stays, said = shown(evaluate, panel, {0: 90})
    np.testing.assert_array_equal(stays, shown(evaluate, panel, {})[0])
    assert said == "sphere 1 at 90°; the digits stay as they were stored: only Python can decode this network"


@pytest.mark.parametrize(
    "broken",
    [
        {"sizes": [2, 2]},
        {"sizes": "x"},
        {"sizes": [10**9, 3]},
        {"network": {}},
        {"network": {"shape": [1e9, 28]}},
        {"network": {"shape": [28, 28], "sizes": [5, 9, 784], "likelihood": "none"}},
    ],
)
def test_a_broken_state_is_an_error_and_no_panel(evaluate, model, broken):
    page = DialsPanel(model).page()
    page["state"] |= broken
    caught = (
        "(async () => { try { await SHOWN; return 'alive'; } catch (error) { return document.body.innerText; } })()"
    )
    assert evaluate(SHIM, caught.replace("SHOWN", SHOWN), {"page": page, "turns": {}, "button": -1}) == ""
