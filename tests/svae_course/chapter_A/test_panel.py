"""The panel of four methods: what the browser computes, against Python, and its sliders from code."""

import math

import numpy as np
import pytest

from svae_course.chapter_A.methods import METHODS, errors, terms_needed, truth
from svae_course.chapter_A.panel import PRESETS, BesselPanel, static_preview
from tests.tree import ROOT

MODULE = ROOT / "svae_course/chapter_A/panel.js"
FUNCTIONS = dict(zip(METHODS, ("powerSeries", "largeArgument", "uniform", "continuedFraction"), strict=True))
SETTINGS = [(0, 0.5), (0, 500), (0.5, 20), (4, 20), (10, 3), (30, 200), (100, 1), (300, 10), (500, 0.5), (500, 500)]
SETTINGS += [tuple(at.values()) for at in PRESETS.values()]


def test_the_settings_hold_the_ends_of_both_sliders():
    order, x = (BesselPanel.class_traits()[name] for name in ("order", "x"))
    assert {(v, at) for v in (order.min, order.max) for at in (x.min, x.max)} <= set(SETTINGS)


@pytest.mark.parametrize("name", METHODS)
def test_running_values_in_the_browser(evaluate, name):
    """To 1e-9: of the ratio, and of I, so that it is absolute in its logarithm."""
    terms = min(400, METHODS[name].most)
    found = evaluate(MODULE, f"it[0].map(([v, x]) => m.{FUNCTIONS[name]}(v, x, it[1]))", [SETTINGS, terms])
    for (v, x), values in zip(SETTINGS, found, strict=True):
        exact, value = METHODS[name].values(float(v), float(x), terms), np.array(values, dtype=float)
        settled = errors(name, float(v), float(x), terms) < 1e3  # where a sum cancels, its sign is anyone's
        np.testing.assert_array_equal(np.isfinite(value)[settled], np.isfinite(exact)[settled])
        np.testing.assert_allclose(
            value[settled], exact[settled], rtol=1e-9 if METHODS[name].is_ratio else 0, atol=1e-9
        )


def test_terms_needed_in_the_browser(evaluate):
    found = evaluate(MODULE, "it.map(([v, x]) => m.termsNeeded(v, x))", SETTINGS)
    for (v, x), counts in zip(SETTINGS, found, strict=True):
        assert [float(count) for count in counts] == [float(terms_needed(n, float(v), float(x))) for n in METHODS]


def test_the_edges_of_the_map_are_edges(evaluate):
    """Twenty terms are enough on one side of the line, and not on the other."""
    orders = [0.03, 2.2, 40.0, 300.0]
    for number, name in enumerate(METHODS):
        for v, x in zip(orders, evaluate(MODULE, "m.edge(...it)", [number, orders]), strict=True):
            if x is None or not math.isfinite(x):
                continue
            below, above = (errors(name, v, x * shift, 20) <= 1e-10 for shift in (0.93, 1.08))
            left, right = (bool((good[1:] & good[:-1]).any()) for good in (below, above))  # twice running
            assert (left, right) == ((name in ("power series", "continued fraction")), not left), (name, v, x)
    for x, order in zip([0.5, 40.0], evaluate(MODULE, "m.lastOrder(it)", [0.5, 40.0]), strict=True):
        assert float(truth(order, x)) - x == pytest.approx(-1074 * math.log(2), rel=1e-9)


def test_numbers_that_no_float_holds_are_written_by_their_logarithm(evaluate):
    logs = [0.0, math.log(0.05), math.log(123.4), -2957.9035497384, math.log(9.999e-200), 1000 * math.log(10)]
    assert evaluate(MODULE, "it.map(m.inWords)", logs) == [
        "1", "0.05", "123", "2.51e-1285", "1.00e-199", "1.00e1000",
    ]  # fmt: skip


def test_the_preview_shows_three_settings():
    figure = static_preview()
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "v = 2, x = 10",
        "v = 20, x = 100",
        "v = 100, x = 1",
    ]
    assert all(len(axes.lines) == len(METHODS) + 1 for axes in figure.axes)


def test_sliders_from_code():
    panel = BesselPanel(order=7)
    panel.set(order=1e9, x=-1)
    assert panel.values == {"order": 500.0, "x": 0.5}
    panel.set(**PRESETS["v = 300, x = 10"])
    assert panel.values == {"order": 300.0, "x": 10.0}
    panel.reset()
    assert panel.values == {"order": 7.0, "x": 20.0}
