"""What the panels of chapters 00 to 02 compute in the browser, against Python, over grids with every slider's ends.

The tolerance is 1e-9, relative: a picture shows three digits, and another expansion, or a wrong term, shows up far
above it; what lies below 1e-290, near the end of float64, may be 0.
"""

import numpy as np
import pytest
import torch

from svae_course.chapter_00.figures import length_density
from svae_course.chapter_00.panel import EDGES, ShellPanel, shell
from svae_course.chapter_01.panel import BINS, ConcentrationPanel, concentration, what_is_seen
from svae_course.chapter_02.figures import naive_kl
from svae_course.chapter_02.panel import KLPanel, first_failing_dim
from svae_course.noise import normals, uniforms
from svae_course.vmf import limit_kl, marginal_density, vmf_at_pole
from svae_lib.ops.bessel import log_ive, vmf_quantities
from svae_lib.ops.sphere import log_surface_area
from tests.tree import ROOT

WIDGETS = ROOT / "svae_lib/widgets"
VMF, NOISE = WIDGETS / "vmf.js", WIDGETS / "noise.js"
SAMPLES = ROOT / "svae_course/chapter_01/samples.js"
DIMS = [2, 3, 4, 5, 8, 20, 41, 101, 199, 200, 201, 399, 400, 1500]
# the ends of the sliders and of the curves, and both sides of where the expansions change over
KAPPAS = [1e-3, 0.004, 0.4, 0.5, 1, 2, 9.5, 10, 20, 24, 44.7, 44.8, 50, 63.2, 63.3, 77, 101, 199.5, 200, 400, 500]
KAPPAS += [632, 633, 1e3, 1e4, 1e5]


def near(value, truth):
    np.testing.assert_allclose(np.array(value, dtype=float), np.asarray(truth), rtol=1e-9, atol=1e-290)


@pytest.mark.parametrize("panel", [ShellPanel, ConcentrationPanel, KLPanel])
def test_the_grid_holds_the_ends_of_every_slider(panel):
    for name, ends in {"m": DIMS, "kappa": [0, *KAPPAS]}.items():
        if name in panel.class_trait_names():
            slider = panel.class_traits()[name]
            assert slider.min in ends and slider.max in ends


def test_bessel_functions_ratio_and_kl(evaluate):
    rows = "it[0].flatMap((n) => it[1].map((k) => [m.logIve(n / 2 - 1, k), m.meanCosine(n, k), m.klToUniform(n, k)]))"
    kappas = torch.tensor(KAPPAS, dtype=torch.float64)
    truth = []
    for m in DIMS:
        exact = vmf_quantities(m / 2 - 1, kappas)
        truth.append(torch.stack([log_ive(m / 2 - 1, kappas), exact.ratio, exact.kl], -1))
    near(evaluate(VMF, rows, [DIMS, KAPPAS]), torch.cat(truth))


def test_at_kappa_0_it_is_the_uniform_distribution(evaluate):
    assert evaluate(VMF, "[m.meanCosine(5, 0), m.klToUniform(5, 0), m.logIve(0, 0), m.logIve(1, 0)]") == [
        0, 0, 0, -np.inf,
    ]  # fmt: skip
    near(evaluate(VMF, "m.marginalDensity(3, 0)(0.9)"), 0.5)


def test_densities_on_the_sphere_and_of_w(evaluate):
    w = [-0.999999, -0.9, -0.3, 0.0, 0.5, 0.98, 0.999999]
    kappas = [0, 0.5, 10, 77, 200, 400]
    expression = "it[0].map((n) => it[1].map((k) => it[2].map(m.{}(n, k))))"
    near(
        evaluate(VMF, expression.format("marginalDensity"), [DIMS[:-1], kappas, w]),
        [[marginal_density(k, m, np.array(w)) for k in kappas] for m in DIMS[:-1]],
    )
    height = torch.tensor(w, dtype=torch.float64)
    points = [torch.zeros(len(w), m, dtype=torch.float64) for m in DIMS[:-1]]
    for z in points:
        z[:, 0], z[:, 1] = height, (1 - height**2).sqrt()
    truth = np.array([[vmf_at_pole(k, z.shape[1]).log_prob(z).numpy() for k in kappas] for z in points])
    value = np.array(evaluate(VMF, expression.format("logDensity"), [DIMS[:-1], kappas, w]))
    # a logarithm has a zero: relative to what it is the difference of
    assert (np.abs(value - truth) <= 1e-9 * (np.abs(truth) + np.array(kappas)[:, None])).all()


def test_areas_and_the_gamma_function(evaluate):
    near(evaluate(VMF, "it.map(m.logSurfaceArea)", [1, *DIMS]), [log_surface_area(m) for m in (1, *DIMS)])
    x = [0.5, 1.5, 3.25, 12, 100, 750]
    near(evaluate(VMF, "it.map(m.logGamma)", x), torch.lgamma(torch.tensor(x, dtype=torch.float64)))


@pytest.mark.parametrize("seed", [0, 1, 2**31])
def test_the_same_random_numbers(evaluate, seed):
    near(evaluate(NOISE, "Array.from(m.uniforms(1000, it))", seed), uniforms(1000, seed))
    near(evaluate(NOISE, "Array.from(m.normals(1000, it))", seed), normals(1000, seed))


@pytest.mark.parametrize("m", [2, 3, 20, 199, 200])
def test_the_shell(evaluate, m):
    module, view = ROOT / "svae_course/chapter_00/panel.js", shell(m)
    shown = evaluate(module, "Object.values(m.shell(it)).map((values) => Array.from(values))", m)
    near(shown, [view.lengths, *view.places.T])
    heights = evaluate(module, "m.histogram(m.shell(it).lengths)", m)
    near(heights, np.histogram(view.lengths, EDGES, density=True)[0])
    moments = evaluate(module, "m.moments(m.shell(it).lengths)", m)
    near([moments["mean"], moments["deviation"]], [view.lengths.mean(), view.lengths.std()])
    r = [0.05, 1.0, 4.4, 14.1, 17.0]
    near(evaluate(module, "it[1].map(m.lengthDensity(it[0]))", [m, r]), length_density(m, np.array(r)))


@pytest.mark.parametrize("m", [2, 3, 4, 41, 200])
def test_the_samples_and_the_marginal(evaluate, m):
    for kappa in (0, 0.5, 10, 200):
        view = concentration(kappa, m)
        as_lists = "(({ points, ...rest }) => ({ points: [...points], ...rest }))(m.concentration(...it))"
        shown = evaluate(SAMPLES, as_lists, [kappa, m])
        points = np.array(shown["points"]).reshape(-1, 3)
        np.testing.assert_allclose(points, view.points, rtol=1e-9, atol=1e-12)  # of coordinates that may be 0
        near(shown["grid"], view.grid)
        near(shown["density"], view.density)
        near(shown["heights"], np.histogram(view.points[:, 2], BINS, range=(-1, 1), density=True)[0])
        near([shown["mean"], shown["kl"]], [view.mean, view.kl])
    assert evaluate(SAMPLES, "m.whatIsSeen(it)", m) == what_is_seen(m)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_naive_formula_fails_where_scipys_does_and_keeps_as_few_digits(evaluate, dtype):
    """Both round at every step; they may round differently, by an ulp of the largest term, of which there are four."""
    module, dims = ROOT / "svae_course/chapter_02/panel.js", [*range(2, 400, 9), 400]
    kappas = np.array([0.5, 1, 2, 9.5, 10, 64, 101, 200, 399.5, 400]).astype(dtype)
    value = np.array(
        evaluate(module, "it[0].map((n) => it[1].map((k) => m.naiveKL(n, k, it[2])))", [dims, kappas.tolist(), dtype])
    )
    truth = np.array([naive_kl(m, kappas) for m in dims], dtype=float)
    np.testing.assert_array_equal(np.isfinite(value), np.isfinite(truth))
    assert 0.1 < np.isfinite(truth).mean() < 0.95
    largest = np.array(dims)[:, None] * (1 + np.abs(np.log(kappas))) + 3 * kappas
    kept = np.isfinite(truth)
    # scipy's ive is good to some 1e-13, whatever the dtype
    allowed = (4 * np.finfo(dtype).eps * largest + 1e-12 * largest)[kept]
    assert (np.abs(value - truth)[kept] <= allowed).all()
    edges = evaluate(module, "it[0].map((k) => m.firstFailingDim(k, it[1]))", [kappas.tolist(), dtype])
    assert edges == [first_failing_dim(kappa, dtype) for kappa in kappas]


def test_the_limit_of_the_collapsed_curve(evaluate):
    a = [0.002, 0.1, 1, 30, 250]
    near(evaluate(ROOT / "svae_course/chapter_02/panel.js", "it.map(m.limitKL)", a), limit_kl(np.array(a)))


def test_four_digits_as_python_writes_them(evaluate):
    numbers = [1.99573, 0.00757321, 0.33124, 48.195341, 123.456, float("nan"), float("inf")]
    shown = evaluate(ROOT / "svae_course/chapter_02/panel.js", "it.map(m.four)", numbers)
    assert shown == [f"{number:.4g}" for number in numbers]


SHOWN = """(async ([page, width, walk, keys]) => {
  const { mount } = await import("/svae_lib/widgets/shim.js"), el = document.createElement("div");
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  el.style.width = `${width}px`;
  document.body.replaceChildren(el);
  const end = mount(el, m.default, page);
  for (const values of walk) {
    for (const [name, value] of Object.entries(values)) {
      const at = page.state.spec.sliders.findIndex((slider) => slider.name === name);
      const control = el.querySelectorAll("input[type=range]")[at] ?? el.querySelector(`input[value="${value}"]`);
      if (control.type === "radio") control.click();
      else { control.value = value; control.dispatchEvent(new Event("input")); }
    }
    await frame();
  }
  for (const key of keys) el.querySelector("canvas[tabindex]").dispatchEvent(new KeyboardEvent("keydown", { key }));
  await frame();
  const picture = el.querySelector(".picture"), whole = [picture, ...picture.querySelectorAll("*")];
  const right = Math.max(...whole.map((it) => it.getBoundingClientRect().right)) - el.getBoundingClientRect().left;
  const seen = {
    say: el.querySelector(".say").textContent, alt: picture.getAttribute("aria-label"), right,
    svg: picture.outerHTML.replace(/svae-(clip|panel)-\\d+/g, ""),
    paint: [...el.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()).join(),
  };
  end();
  return { ...seen, left: el.childNodes.length };
})(it)"""
PANELS = {
    ShellPanel: ({"m": 20}, "m = 20: mean of |z| 4.41, standard deviation 0.71"),
    ConcentrationPanel: ({"kappa": 50, "m": 41}, "κ = 50, m = 41: KL 12.33 nats, mean of w 0.675"),
    KLPanel: (
        {"kappa": 1, "m": 299, "floats": "float64"},
        "κ = 1, m = 299: KL = 0.001672 nats; naively, in float64: nan",
    ),
}


@pytest.fixture(params=PANELS, ids=lambda kind: kind.name)
def shown(request, evaluate):
    """The panel at this width, after this walk of values and these keys on its globe."""
    panel = request.param()
    return request.param, lambda width, *walk, keys=(): evaluate(
        panel.module, SHOWN, [panel.page(), width, list(walk), list(keys)]
    )


def test_the_picture_follows_the_values_alone_and_says_them(shown):
    kind, look = shown
    values, said = PANELS[kind]
    ends = [{name: kind.class_traits()[name].max for name in values if name != "floats"}, {"m": 2}]
    straight, around = look(900, values), look(900, *ends, values)
    assert straight["say"] == said and straight["alt"].endswith(said)
    assert straight == around
    first = look(900)
    assert first["say"] != said
    assert (first["svg"], first["paint"]) != (straight["svg"], straight["paint"])
    assert straight["left"] == 0  # an ended panel leaves nothing behind


@pytest.mark.parametrize("width", [320, 560, 1400])
def test_nothing_of_the_picture_is_cut_off(shown, width):
    kind, look = shown
    assert look(width, PANELS[kind][0])["right"] <= width


def test_keys_turn_the_globe_and_home_turns_it_back(evaluate):
    panel = ConcentrationPanel()
    first, left, back = (
        evaluate(panel.module, SHOWN, [panel.page(), 700, [], keys])["paint"]
        for keys in ([], ["ArrowLeft", "ArrowUp"], ["ArrowLeft", "ArrowUp", "Home"])
    )
    assert first == back != left
