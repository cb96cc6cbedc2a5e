"""What JavaScript computes of decoders and spheres, against svae_lib; the panels that show them, in Chromium."""

import base64

import numpy as np
import pytest
import torch

from svae_lib import build_vae
from svae_lib.ops.sphere import fibonacci_sphere, geodesic_distance, slerp
from svae_lib.plotting.decoding import decode_images
from svae_lib.plotting.great_circle import two_ways
from svae_lib.plotting.projections import facing, lonlat_to_point, orthographic_inverse, point_to_lonlat
from svae_lib.widgets import GreatCirclePanel, LatentGlobe
from svae_lib.widgets.decoder import probes, quantized, tabulated
from tests.tree import ROOT

WIDGETS = ROOT / "svae_lib/widgets"
EXACT = {"rtol": 0, "atol": 1e-9}
PLACES = np.array([[at, up] for at in (-180, -179.5, -60, 0, 33, 180) for up in (-90, -89.5, -20, 0, 51, 90)], float)
IMAGES, LABELS = torch.rand(20, 6, 4, generator=torch.Generator().manual_seed(3)).round(), torch.arange(20) % 3
DECODE = """(() => {
    const decode = m.decoder(it.network, Uint8Array.from(atob(it.weights), (c) => c.charCodeAt(0)).buffer);
    return decode(it.at).map((image) => [...image]);
})()"""
MOUNT = """(async () => {
    const { mount } = await import("/svae_lib/widgets/shim.js"), el = document.createElement("div");
    document.body.replaceChildren(el);
    const { Model } = await import("/svae_lib/widgets/shim.js");
    window.model = new Model(it.state, it.bytes);
    window.end = m.default.render({ model: window.model, el });
    window.frames2 = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    window.shown = (canvas) => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data].join();
})()"""


def decoded(evaluate, decoder, at) -> np.ndarray:
    """What decoder.js computes at these inputs."""
    it = {
        "network": decoder.network,
        "weights": base64.b64encode(decoder.weights).decode(),
        "at": np.asarray(at).tolist(),
    }
    return np.array(evaluate(WIDGETS / "decoder.js", DECODE, it)).reshape(len(at), *decoder.network["shape"])


@pytest.mark.parametrize(
    ("shape", "likelihood", "scale"),
    [
        ((9, 8), "bernoulli", 3),
        ((5, 4), "categorical", 1),
        ((3, 3, 4), "categorical", 2),
        ((3, 5, 7), "gaussian", 1),
        ((3, 5, 7), "gaussian", 3),
    ],
)
def test_a_decoder_in_the_browser_is_as_near_to_the_model_as_it_says(evaluate, shape, likelihood, scale):
    model = build_vae(shape, "s2", hidden=(16, 8), likelihood=likelihood)
    with torch.no_grad():
        for values in model.decoder.parameters():
            values.mul_(scale)
    decoder, points = quantized(model), probes(model)
    errors = np.abs(decoded(evaluate, decoder, points) - decode_images(model, points))
    assert errors.max() <= decoder.network["error"] + 1e-5  # float32 in both
    assert errors.mean() == pytest.approx(decoder.network["mean_error"], rel=0.1)  # which is rounded up to two figures


def test_a_table_in_the_browser_is_as_near_as_it_says(evaluate):
    def images_at(at):
        phase = at[:, :1] + 2 * at[:, 1:2] + np.array([0, 1.7, 4.0])[at[:, 2].round().astype(int), None]
        return 0.5 + 0.5 * np.sin(phase[:, None] + np.arange(6.0).reshape(2, 3))

    decoder = tabulated(images_at, [(0, 6, 60), (-1, 1, 30), (0, 2, 3)])
    at = np.random.default_rng(0).uniform([0, -1, 0], [6, 1, 2], (200, 3))
    at[:, 2] = at[:, 2].round()
    at[:2] = [0, -1, 0], [6, 1, 2]
    errors = np.abs(decoded(evaluate, decoder, at) - images_at(at))
    assert errors.max() <= 1.2 * decoder.network["error"] < 0.02  # the largest of other places
    beyond = decoded(evaluate, decoder, [[-7, -3, -1], [9, 2, 5]])
    np.testing.assert_array_equal(beyond, decoded(evaluate, decoder, at[:2]))


def test_great_circles_and_angles(evaluate):
    """Near points, opposite ones and others, in three and in five dimensions."""
    rng = np.random.default_rng(0)
    for m in (3, 5):
        a, b = rng.normal(size=(2, 60, m))
        b[:20] = a[:20] + 1e-5 * b[:20]
        b[20:30] = -a[20:30] + 1e-3 * b[20:30]  # nearer to opposite, a great circle is not determined to 1e-9
        b[30] = a[30]
        a, b = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (a, b))
        t = np.linspace(0, 1, 60)
        expression = "it.a.map((a, i) => [...m.slerp(a, it.b[i], it.t[i]), m.angle(a, it.b[i])])"
        it = {"a": a.tolist(), "b": b.tolist(), "t": t.tolist()}
        found = np.array(evaluate(WIDGETS / "sphere.js", expression, it))
        ends = torch.as_tensor(a), torch.as_tensor(b)
        expected = torch.stack([slerp(*pair, fraction) for *pair, fraction in zip(*ends, t.tolist(), strict=True)])
        np.testing.assert_allclose(found[:, :m], expected, **EXACT)
        np.testing.assert_allclose(found[:, m], geodesic_distance(*ends), **EXACT)


def test_opposite_points_are_joined_by_some_great_circle(evaluate):
    middle = evaluate(WIDGETS / "sphere.js", "m.slerp([0, 0.6, 0.8], [0, -0.6, -0.8], 0.5)")
    np.testing.assert_allclose([np.linalg.norm(middle), middle @ np.array([0, 0.6, 0.8])], [1, 0], **EXACT)


def test_places_and_turns_of_a_globe(evaluate):
    at, up = np.radians(PLACES).T
    expression = (
        "it.map(([at, up]) => [m.toPoint(at, up), m.toLonLat(m.toPoint(at, up)), m.facing(at, up).flat()].flat())"
    )
    found = np.array(evaluate(WIDGETS / "sphere.js", expression, np.radians(PLACES).tolist()))
    points = lonlat_to_point(at, up)
    np.testing.assert_allclose(found[:, :3], points, **EXACT)
    away_from_poles = np.abs(PLACES[:, 1]) < 90
    np.testing.assert_allclose(found[away_from_poles, 3], point_to_lonlat(points)[0][away_from_poles], **EXACT)
    np.testing.assert_allclose(found[:, 4], up, rtol=0, atol=1e-7)  # near a pole its arc tangent loses half the digits
    np.testing.assert_allclose(found[:, 5:].reshape(-1, 3, 3), facing(at, up), **EXACT)
    spread = evaluate(WIDGETS / "sphere.js", "m.fibonacciSphere(200)")
    np.testing.assert_allclose(spread, fibonacci_sphere(200), rtol=0, atol=1e-7)  # which is float32


def test_a_dragged_globe_keeps_its_place_under_the_pointer(evaluate):
    """A step of 0.01 radii from the middle: the place that was there is then 0.01 to the right and below of it."""
    for longitude, latitude in PLACES[np.abs(PLACES[:, 1]) < 60]:
        place = evaluate(WIDGETS / "sphere.js", "m.dragged(it, 0.01, 0.01)", [longitude, latitude])
        east, north, _ = facing(*np.radians(place)) @ lonlat_to_point(*np.radians([longitude, latitude]))
        np.testing.assert_allclose([east, north], [0.01, -0.01], atol=2e-4)  # the second order of the step
        assert -180 <= place[0] < 180
    assert evaluate(WIDGETS / "sphere.js", "m.dragged([0, 80], 0, 5)")[1] == 90


@pytest.mark.parametrize("channels", [(), (3,)])
def test_every_pixel_of_the_globe_shows_its_own_tile(evaluate, channels):
    """Of a tile the upper left quarter is bright, each tile's in its own way; the map of tiles may miss an edge."""
    size, values = 80, np.zeros((200, 8, 8, *channels), int)
    values[:, :4, :4] = np.linspace(50, 249, 200).astype(int).reshape(-1, 1, 1, *(1 for _ in channels))
    tiles = fibonacci_sphere(200).numpy()
    frames, half = facing(*point_to_lonlat(tiles)), 0.95 * np.sqrt(np.pi / 200)
    across = (np.arange(size) + 0.5 - size / 2) / (size / 2 - 1)
    expression = """(() => {
        const pixels = new Uint8ClampedArray(4 * it.size ** 2), values = Uint8Array.from(it.values);
        const colors = { ink: [255, 255, 255], ground: [0, 0, 0] };
        m.fillGlobe(pixels, it.size, it.rotation, m.tilesOf(200), { values, shape: it.shape }, colors);
        return [...pixels];
    })()"""
    for place in ((0, 0), (-130, 70), (20, -90)):
        rotation = facing(*np.radians(place))
        it = {"size": size, "rotation": rotation.tolist(), "shape": values.shape[1:], "values": values.ravel().tolist()}
        found = np.array(evaluate(WIDGETS / "globe.js", expression, it)).reshape(size, size, 4)
        points = orthographic_inverse(across[None, :], -across[:, None], *np.radians(place))
        disc = np.isfinite(points[..., 0])
        assert np.array_equal(disc, found[..., 3] > 0)
        points = points[disc]
        nearest = (points @ tiles.T).argmax(-1)
        east, north = (np.einsum("nd,nd->n", points, frames[nearest, axis]) / half for axis in (0, 1))
        bright = (east > -1) & (east < 0) & (north > 0) & (north < 1)
        shown = np.where(bright, values[nearest, 0, 0].reshape(len(points), -1)[:, 0], 0)
        assert (found[disc][:, :3] == shown[:, None]).all(-1).mean() > 0.99


@pytest.fixture(scope="module")
def globe():
    torch.manual_seed(0)
    return LatentGlobe(build_vae((6, 4), "s2", hidden=(16,)), IMAGES, LABELS)


def test_the_globe_turns_by_key_by_preset_and_by_trait(evaluate, globe):
    evaluate(WIDGETS / "latent_globe.js", MOUNT, globe.page())
    expression = """(async () => {
        const [big, small] = document.querySelectorAll("canvas"), seen = [], texts = [];
        const note = async () => {
            await frames2();
            seen.push(shown(small));
            texts.push(document.querySelector(".say").textContent);
        };
        await note();
        for (const key of ["ArrowRight", "ArrowUp"]) {
            const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
            if (big.dispatchEvent(event)) throw new Error("the page takes the key too");
            await note();
        }
        document.querySelector(".presets button").click();
        await note();
        model.set("longitude", -180);
        await note();
        [...document.querySelectorAll(".presets button")].at(-1).click();
        await note();
        return { different: new Set(seen).size, back: seen[0] === seen.at(-1), texts };
    })()"""
    result = evaluate(WIDGETS / "latent_globe.js", expression)
    at, up = globe.presets[0][1].values()
    places = [(0, 0), (5, 0), (5, 5), (at, up), (-180, up), (0, 0)]
    words = ": the image decoded there is framed"
    assert result["texts"] == [f"longitude {at:g}°, latitude {up:g}°{words}" for at, up in places]
    assert result["different"] == 5 and result["back"]


def test_a_finger_that_goes_up_scrolls_the_page_and_sideways_turns_the_globe(evaluate, globe):
    evaluate(WIDGETS / "latent_globe.js", MOUNT, globe.page())
    expression = """(async () => {
        const big = document.querySelector("canvas"), places = [];
        big.setPointerCapture = () => {}; // which takes none of these pointers, for they are not real
        for (const [pointerType, x, y] of [["touch", 5, -60], ["touch", -60, 5], ["mouse", 5, -60]]) {
            model.set("longitude", 0);
            model.set("latitude", 0);
            const send = (type, clientX, clientY) => {
                big.dispatchEvent(new PointerEvent(type, { pointerType, clientX, clientY }));
            };
            send("pointerdown", 0, 0);
            for (const part of [0.25, 0.5, 0.75, 1]) send("pointermove", part * x, part * y);
            send("pointercancel", x, y);
            send("pointermove", 300, 300);
            places.push([model.get("longitude"), model.get("latitude")]);
        }
        return [places, getComputedStyle(big).touchAction];
    })()"""
    (up, sideways, mouse), action = evaluate(WIDGETS / "latent_globe.js", expression)
    assert up == [0, 0] and action == "pan-y"
    assert sideways[0] > 10 and abs(sideways[1]) < 3
    assert mouse[1] < -10


def test_the_globe_shows_digits_or_points_and_follows_the_theme(evaluate, globe):
    evaluate(WIDGETS / "latent_globe.js", MOUNT, globe.page())
    expression = """(async () => {
        const big = document.querySelector("canvas"), seen = [];
        for (const mode of ["digits", "points"]) {
            for (const color of ["rgb(20, 20, 20)", "rgb(250, 250, 250)"]) {
                document.querySelector(".svae-panel").style.background = color;
                model.set("mode", mode);
                model.set("longitude", model.get("longitude") + 0.5);
                await frames2();
                seen.push(shown(big));
            }
        }
        return new Set(seen).size;
    })()"""
    assert evaluate(WIDGETS / "latent_globe.js", expression) == 4


def test_with_a_kernel_the_exact_image_takes_the_tables_place(evaluate):
    torch.manual_seed(0)
    panel = LatentGlobe(build_vae((6, 4), "s2", hidden=(16,), network="cnn"))
    page = panel.page()
    evaluate(WIDGETS / "latent_globe.js", MOUNT, page)
    panel.set(longitude=40, latitude=-30)
    flag = panel.exact[:16] + bytes(range(0, 240, 10))
    expression = """(async () => {
        const say = () => document.querySelector(".say").textContent.endsWith("by the model itself"), said = [say()];
        model.set("longitude", 40);
        model.set("latitude", -30);
        await frames2();
        said.push(say());
        model.set("exact", new DataView(Uint8Array.from(it).buffer));
        await frames2();
        said.push(say());
        return [said, shown(document.querySelectorAll("canvas")[1])];
    })()"""
    said, pixels = evaluate(WIDGETS / "latent_globe.js", expression, list(flag))
    assert said == [True, False, True]
    assert [int(v) for v in pixels.split(",")][3::4] == pytest.approx(list(flag[16:]), abs=1)


BROKEN = {
    "no network": ({"network": None}, {}),
    "a likelihood of an object's own": ({"likelihood": "constructor"}, {}),
    "huge sizes": ({"sizes": [3, 1e9, 24]}, {}),
    "a shape of text": ({"shape": ["<img src=x onerror=alert(1)>", 4]}, {}),
    "too few weights": ({}, {"weights": "AAAA"}),
    "points without labels": ({}, {"labels": ""}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_state_leaves_nothing_behind(evaluate, globe, name):
    change, data = BROKEN[name]
    page = globe.page()
    network = change["network"] if "network" in change else {**page["state"]["network"], **change}
    page["state"]["network"], page["bytes"] = network, {**page["bytes"], **data}
    expression = """(async () => {
        const { mount } = await import("/svae_lib/widgets/shim.js"), el = document.createElement("div");
        try { mount(el, m.default, it); } catch (error) { return [error.message, el.childElementCount]; }
        return ["alive", 1];
    })()"""
    message, left = evaluate(WIDGETS / "latent_globe.js", expression, page)
    assert "broken" in message and left == 0


@pytest.fixture(scope="module", params=["mlp", "cnn"])
def walk(request):
    """A model in a space of four dimensions whose three codes lie far apart, and its panel."""
    torch.manual_seed(0)
    model = build_vae((6, 4), "s4", hidden=(16,), network=request.param)
    with torch.no_grad():
        for values in model.decoder.parameters():  # else all its images are nearly the same
            values.mul_(3)
    codes = torch.nn.functional.normalize(torch.randn(20, 5), dim=-1)
    model.embed = lambda images: codes[: len(images)]
    return model, GreatCirclePanel(model, IMAGES, LABELS % 3)


def test_both_ways_are_pythons(evaluate, walk):
    model, panel = walk
    codes, t = np.frombuffer(panel.codes).reshape(3, 5).copy(), np.linspace(0, 1, 26)
    it = {"codes": codes.tolist(), "t": t.tolist(), "network": panel.network}
    it["weights"] = base64.b64encode(panel.weights).decode()
    expression = """(() => {
        const bytes = new DataView(Uint8Array.from(atob(it.weights), (c) => c.charCodeAt(0)).buffer);
        const imagesOf = m.imagesOn(it.network, bytes, it.codes), found = [];
        for (const [a, b] of [[0, 1], [2, 0], [1, 1]]) {
            for (const t of it.t) {
                const { points, distance, degrees } = m.between(it.codes[a], it.codes[b], t);
                const images = imagesOf(a, b, t).map((image) => [...image]);
                found.push({ points, distance, degrees, images, uncertainty: images.map(m.uncertaintyOf) });
            }
        }
        return found;
    })()"""
    found = evaluate(WIDGETS / "great_circle.js", expression, it)
    for number, (a, b) in enumerate([(0, 1), (2, 0), (1, 1)]):
        ways, at = two_ways(model, codes[a], codes[b], t), found[26 * number : 26 * (number + 1)]
        start, end = torch.as_tensor(codes[a]), torch.as_tensor(codes[b])
        line = codes[a] + t[:, None] * (codes[b] - codes[a])
        both = np.stack([slerp(start, end, torch.as_tensor(t)), line], 1)
        np.testing.assert_allclose([one["points"] for one in at], both, **EXACT)
        np.testing.assert_allclose([one["distance"] for one in at], ways.distance, **EXACT)
        np.testing.assert_allclose([one["degrees"] for one in at], 26 * [ways.degrees], **EXACT)
        images = np.stack([ways.arc, ways.line], 1).reshape(26, 2, -1)
        error = 1.2 * panel.network["error"] + 1e-5  # of other places than those where it was measured
        np.testing.assert_allclose([one["images"] for one in at], images, atol=error)
        np.testing.assert_allclose([one["uncertainty"] for one in at], ways.uncertainty.T, atol=24 * error)


def test_the_walk_moves_by_key_by_preset_and_by_trait(evaluate, walk):
    _, panel = walk
    evaluate(WIDGETS / "great_circle.js", MOUNT, panel.page())
    expression = """(async () => {
        const canvases = () => [...document.querySelectorAll("canvas")].map(shown), texts = [], seen = [];
        const curves = [...document.querySelectorAll("svg path[stroke-dasharray]")];
        const whole = () => curves.every((path) => path.getAttribute("d").split("L").length === 51);
        const note = async () => {
            for (let tries = 0; tries < 2 || (!whole() && tries < 200); tries++) await frames2();
            if (!whole()) throw new Error("the curves end before they are whole");
            seen.push(canvases().join());
            texts.push(document.querySelector(".say").textContent);
        };
        await note();
        model.set("fraction", 20);
        await note();
        document.querySelector("input[type=range]").value = 1;
        document.querySelector("input[type=range]").dispatchEvent(new Event("input"));
        await note();
        [...document.querySelectorAll(".presets button")].at(-1).click();
        await note();
        return { different: new Set(seen).size, back: seen[0] === seen[3], texts };
    })()"""
    result = evaluate(WIDGETS / "great_circle.js", expression)
    assert result["different"] == 3 and result["back"]
    pairs = [text.split(",")[0] for text in result["texts"]]
    assert pairs == ["from 0 to 2", "from 0 to 2", "from 1 to 2", "from 0 to 2"]
