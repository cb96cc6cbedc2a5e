"""The concentration panel: what it shows, its preview, and its sliders driven from code."""

import numpy as np
import pytest
import torch

from svae_course.chapter_01.panel import (
    ConcentrationPanel,
    LiveGlobe,
    MarginalPicture,
    concentration,
    static_preview,
    what_is_seen,
)
from svae_course.vmf import marginal_density


@pytest.mark.parametrize("m", [2, 3, 5, 41, 200])
@pytest.mark.parametrize("kappa", [0.0, 1.0, 11.0, 200.0])
def test_the_density_of_w_has_mass_one_and_the_mean_that_is_shown(kappa, m):
    """By the midpoint rule in the angle, whose error on a smooth periodic function is far below this tolerance."""
    angle = (np.arange(4000) + 0.5) / 4000 * np.pi
    w = np.cos(angle)
    weight = marginal_density(kappa, m, w) * np.sin(angle) * np.pi / 4000
    view = concentration(kappa, m)
    assert weight.sum() == pytest.approx(1, abs=1e-5)
    assert (weight * w).sum() == pytest.approx(view.mean, abs=1e-5)


def test_the_kl_that_is_shown():
    assert concentration(10, 3).kl == pytest.approx(1.99573, abs=1e-5)
    assert concentration(50, 41).kl == pytest.approx(12.33476, abs=1e-5)
    assert concentration(0, 3).kl == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("m", [2, 3, 41])
def test_the_draws_are_the_distributions_and_stand_where_their_coordinates_say(m):
    view = concentration(10, m)
    length = np.linalg.norm(view.points, axis=-1)
    if m <= 3:
        np.testing.assert_allclose(length, 1)
    else:
        assert length.max() < 1
    assert (view.points[:, 1] == 0).all() == (m == 2)
    w = view.points[:, 2]
    assert abs(w.mean() - view.mean) < 5 * w.std() / len(w) ** 0.5  # five standard errors
    spread = (np.interp(w, view.grid, view.density) > 0).all()
    assert spread, "a draw where the density that is shown is zero"


def test_the_same_draws_each_time_and_the_readers_random_numbers_are_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second = concentration(7, 4), concentration(7, 4)
    np.testing.assert_array_equal(first.points, second.points)
    assert torch.equal(torch.rand(3), expected)


def test_the_live_picture_follows_and_the_preview_shows_the_same_data():
    picture = MarginalPicture()
    near, same, far = (picture.draw(concentration(kappa, 5)) for kappa in (10, 10, 50))
    assert near == same != far
    assert picture._live.figure.get_suptitle() == f"κ = 50, m = 5: KL {concentration(50, 5).kl:.2f} nats"
    figure = static_preview(((10, 3), (2, 5)))
    view = concentration(2, 5)
    np.testing.assert_array_equal(figure.axes[3].lines[0].get_ydata(), view.density)
    heights = figure.axes[3].patches[0].get_data().values
    assert heights.sum() * (2 / len(heights)) == pytest.approx(1)  # every draw is in the histogram


def test_the_live_globe_holds_its_draws_when_it_opens_and_follows(monkeypatch):
    """A FigureWidget opens empty of itself, and in a box the browser may draw it before its data come."""
    import ipywidgets

    opened, open_widget = [], ipywidgets.Widget.open
    monkeypatch.setattr(ipywidgets.Widget, "open", lambda self: (opened.append(self.get_state()), open_widget(self)))
    first, second = concentration(10, 3), concentration(20, 3)
    globe = LiveGlobe(first)
    state = next(state for state in opened if "_widget_data" in state)
    assert all(trace["x"]["shape"][0] > 0 for trace in state["_widget_data"])
    assert state["_widget_layout"]["title"]["text"] == "1,000 samples: the whole sphere S²"
    np.testing.assert_allclose(globe.widget.data[1].z, first.points[:, 2], atol=1e-6)
    globe.draw(second)
    np.testing.assert_allclose(globe.widget.data[1].z, second.points[:, 2], atol=1e-6)


def test_what_is_seen_is_said():
    assert [what_is_seen(m) for m in (2, 3, 7)] == ["the circle S¹", "the whole sphere S²", "3 of 7 coordinates"]


@pytest.fixture(scope="module")
def panel():
    return ConcentrationPanel()


def drawn(panel):
    """What stands on the globe (n, 3), and the picture beside it."""
    globe, image = panel.picture.children
    points = globe.data[1]
    return np.stack([points.x, points.y, points.z], -1), bytes(image.value)


def test_sliders_boxes_and_presets_move_globe_and_picture(panel):
    (first, picture), pictures = drawn(panel), set()
    for act in (
        lambda: setattr(panel.sliders["kappa"], "value", 20),
        lambda: setattr(panel.boxes["m"], "value", 30),
        panel.buttons["κ = 101, m = 101"].click,
        panel.buttons["uniform"].click,
    ):
        before = drawn(panel)[0]
        act()
        points, png = drawn(panel)
        assert np.abs(points - before).max() > 0.1
        pictures.add(png)
    assert len(pictures - {picture}) == 4
    panel.buttons["reset"].click()
    again, same = drawn(panel)
    np.testing.assert_array_equal(again, first)
    assert same == picture


def test_every_preset_shows_another_distribution_than_the_panel_opens_with(panel):
    """The reader presses a button and sees something happen."""
    panel.buttons["reset"].click()
    pictures = {drawn(panel)[1]}
    for name in panel.buttons:
        if name != "reset":
            panel.buttons[name].click()
            pictures.add(drawn(panel)[1])
    assert len(pictures) == len(panel.buttons)


def test_what_is_typed_beyond_the_range_is_brought_into_it(panel):
    panel.boxes["kappa"].value = -3
    panel.boxes["m"].value = 10**6
    assert panel.values == {"kappa": 0, "m": 200}
    panel.boxes["m"].value = 0
    assert panel.values == {"kappa": 0, "m": 2}


def test_the_title_says_honestly_what_the_globe_shows(panel):
    for m, said in ((2, "the circle S¹"), (3, "the whole sphere S²"), (41, "3 of 41 coordinates")):
        panel.set(m=m)
        assert panel.picture.children[0].layout.title.text == f"1,000 samples: {said}"


def test_a_teachers_own_start_and_presets():
    panel = ConcentrationPanel(kappa=2, m=5, presets={"mine": {"kappa": 7, "m": 9}})
    assert panel.values == {"kappa": 2, "m": 5}
    panel.buttons["mine"].click()
    assert panel.values == {"kappa": 7, "m": 9}


def test_it_has_a_still_picture_for_where_no_kernel_runs(panel):
    bundle, _ = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "ConcentrationPanel: sliders kappa, m; live where a kernel runs"
    assert panel.fallback.startswith(b"\x89PNG")
