"""The panel of four estimators: what the browser computes, against Python and svae_lib, and its sliders from code."""

import numpy as np

from svae_course.chapter_07.estimators import ESTIMATORS, draws, estimates, moments, spreads
from svae_course.chapter_07.panel import GradientsPanel, heights, static_preview
from tests.tree import ROOT

FOLDER = ROOT / "svae_course/chapter_07"
SETTINGS = [(0.1, 2, 0), (2, 2, 5), (1.7, 3, 0.5), (10, 4, 0), (8, 11, 1), (30, 50, 0), (0.1, 100, 10), (30, 100, 10)]


def test_the_settings_hold_the_ends_of_every_slider():
    sliders = GradientsPanel.class_traits()
    for place, name in enumerate(("kappa", "m", "offset")):
        values = [setting[place] for setting in SETTINGS]
        assert (min(values), max(values)) == (sliders[name].min, sliders[name].max)


def test_moments_estimates_and_their_spread_in_the_browser(evaluate):
    """To 1e-9, relative; far from mu a single estimate may be 0 to float64."""
    module = FOLDER / "estimates.js"
    assert evaluate(module, "m.ESTIMATORS") == list(ESTIMATORS)
    found = evaluate(module, "it.map((each) => m.spreads(...each))", SETTINGS)
    for (kappa, m, offset), shown in zip(SETTINGS, found, strict=True):
        truth, x = moments(kappa, m).truth, np.array(shown["x"])
        np.testing.assert_allclose(shown["truth"], truth, rtol=1e-9)
        np.testing.assert_allclose(shown["spreads"], list(spreads(kappa, m, offset).values()), rtol=1e-9)
        inner = np.abs(x) < 8
        for name, values in zip(ESTIMATORS, shown["values"], strict=True):
            exact = estimates(kappa, m, offset, x)[name] / truth
            np.testing.assert_allclose(np.array(values)[inner], exact[inner], rtol=1e-9, atol=1e-9)


def test_the_histogram_in_the_browser(evaluate):
    expression = "it.map(([kappa, m_, offset]) => [0, 1, 2, 3].map((i) => m.heights({ kappa, m: m_, offset }, i)))"
    found = evaluate(FOLDER / "panel.js", expression, SETTINGS)
    for setting, shown in zip(SETTINGS, found, strict=True):
        exact = [heights(*setting, name) for name in ESTIMATORS]
        np.testing.assert_allclose(shown, exact, atol=0.0021)  # two draws may lie on an edge
        assert len(draws(*setting[:2])) == 1000


def test_the_preview_shows_three_settings_and_not_what_is_missing():
    figure = static_preview()
    assert len(figure.axes) == 3 and "score function" in figure.get_suptitle()


def test_sliders_from_code():
    panel = GradientsPanel(kappa=5)
    panel.set(kappa=1e9, m=-1, offset=3)
    assert panel.values == {"kappa": 30.0, "m": 2, "offset": 3.0}
    panel.reset()
    assert panel.values == {"kappa": 5.0, "m": 2, "offset": 0.0}
