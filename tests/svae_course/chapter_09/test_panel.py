"""The panel of airports: what the browser computes, against svae_lib, and its sliders from code."""

import numpy as np
import pytest
import torch

from svae_course.chapter_09.airports import directions, half_mass_angle, mixture, stored_fits
from svae_course.chapter_09.panel import EVERY, STEP, ClustersPanel, packed, static_preview
from svae_lib.plotting.projections import lonlat_to_point
from tests.tree import ROOT

MODULE = ROOT / "svae_course/chapter_09/panel.js"


def places() -> np.ndarray:
    """Longitude and latitude of what the panel shows, in degrees, (n, 2)."""
    return STEP * np.frombuffer(packed(directions()[::EVERY]), "<i2").reshape(-1, 2)


@pytest.mark.parametrize("kind", ["free", "tied"])
@pytest.mark.parametrize("count", [1, 2, 6, 10])
def test_clusters_and_certainty_in_the_browser(evaluate, kind, count):
    """To 1e-9, relative, over every airport that is shown; the counts hold both ends of the slider."""
    points, fit = lonlat_to_point(*np.radians(places()).T), stored_fits()[kind, count]
    shown = evaluate(MODULE, "m.assign(...it)", [points.tolist(), fit])
    exact = mixture(fit).predict_proba(points)
    assert shown["labels"] == exact.argmax(1).tolist()
    np.testing.assert_allclose(shown["certainty"], exact.max(1), rtol=1e-9)


def test_the_circle_that_holds_half_of_a_component(evaluate):
    kappas = [1e-6, 0.5, 3.0, 44.3, 1e3, 1e6]
    shown = evaluate(MODULE, "it.map(m.halfMassAngle)", kappas)
    np.testing.assert_allclose(shown, half_mass_angle(torch.tensor(kappas, dtype=torch.float64)), rtol=1e-9)


def test_places_are_kept_to_a_kilometer():
    assert len(packed(directions()[::EVERY])) < 20_000  # more would be moved out of the notebook
    error = np.linalg.norm(lonlat_to_point(*np.radians(places()).T) - directions()[::EVERY], axis=1)
    assert 6371 * error.max() < 1


def test_the_preview_does_not_show_the_answer_to_the_prediction():
    titles = [axes.get_title(loc="left") for axes in static_preview().axes]
    assert titles == ["3 clusters, κ tied", "7 clusters, κ tied", "7 clusters, κ free"]


def test_sliders_and_kind_from_code():
    panel = ClustersPanel(count=3)
    panel.set(**dict(panel.presets)["two, one κ"])
    assert (panel.count, panel.kind) == (2, "tied")
    panel.reset()
    assert panel.values == {"count": 3, "longitude": -90.0, "latitude": 30.0}
    assert {fit["count"] for fit in panel.fits} == set(range(1, 11))
