"""The panel of three families at one KL: what the browser computes, against svae_lib, and its sliders from code."""

import numpy as np
import pytest

from svae_course.chapter_08.families import FAMILIES, angles, beyond_right_angle, concentration_at_kl
from svae_course.chapter_08.panel import FamiliesPanel, static_preview
from tests.tree import ROOT

MODULE = ROOT / "svae_course/chapter_08/panel.js"
SETTINGS = [(2, 0.1), (2, 10), (3, 2), (3, 8), (11, 6), (64, 0.1), (101, 0.5), (200, 10)]


def test_the_settings_hold_the_ends_of_both_sliders():
    sliders = FamiliesPanel.class_traits()
    ends = [(sliders["m"].min, sliders["nats"].min), (sliders["m"].max, sliders["nats"].max)]
    assert SETTINGS[0] == ends[0] and SETTINGS[-1] == ends[1]


def test_concentrations_densities_and_tails_in_the_browser(evaluate):
    """To 1e-9, relative; what lies below 1e-290 may be 0."""
    found = evaluate(MODULE, "it.map(([dim, nats]) => m.atEqualKL(dim, nats))", SETTINGS)
    for (m, nats), shown in zip(SETTINGS, found, strict=True):
        assert [each["name"] for each in shown["found"]] == list(FAMILIES)
        for each in shown["found"]:
            exact = angles(each["name"], m, nats)
            assert each["kappa"] == pytest.approx(concentration_at_kl(each["name"], m, nats), rel=1e-9)
            np.testing.assert_allclose(shown["angle"], exact.angle, rtol=1e-12)
            np.testing.assert_allclose(each["density"], exact.density, rtol=2e-8, atol=1e-200)
            np.testing.assert_allclose(each["beyond"], exact.beyond, rtol=2e-8, atol=1e-200)
            assert each["beyond90"] == pytest.approx(beyond_right_angle(each["name"], m, nats), rel=2e-8, abs=1e-200)


def test_the_preview_shows_three_dimensions_and_their_concentrations():
    figure = static_preview()
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == [
        "m = 3, 2 nats",
        "m = 20, 4 nats",
        "m = 101, 10 nats",
    ]
    assert all(len(axes.lines) == 3 for axes in figure.axes)


def test_sliders_from_code():
    panel = FamiliesPanel(nats=5)
    panel.set(nats=1e9, m=-1)
    assert panel.values == {"nats": 10.0, "m": 2}
    panel.set(**dict(panel.presets)["0.5 nats, m = 101"])
    assert panel.values == {"nats": 0.5, "m": 101}
    panel.reset()
    assert panel.values == {"nats": 5.0, "m": 3}
