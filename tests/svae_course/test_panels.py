"""What holds for every panel of the course, from Python; in the browser: tests/test_browser.py."""

import json

import numpy as np
import pytest

from svae_course.panels import PANELS
from svae_lib.errors import InputError
from svae_lib.widgets import Panel


@pytest.fixture(scope="module", params=PANELS)
def shown(request):
    return PANELS[request.param]


@pytest.fixture(scope="module")
def panel(shown):
    return shown.make()


def subclasses(base) -> list[type]:
    """Every panel class of the library and of the course."""
    return [cls for cls in base.__subclasses__() if cls.__module__.startswith(("svae_lib.", "svae_course."))]


def kinds() -> dict[str, type]:
    """Class of each panel, by the panel's name; anywidget and sliders of one panel alone make classes of their own."""
    kinds = {name: type(shown.make()) for name, shown in PANELS.items()}
    return {name: next(cls for cls in made.__mro__ if cls in subclasses(Panel)) for name, made in kinds.items()}


def anywhere(slider: dict, rng) -> float:
    """A place on the slider, one that its handle can take."""
    return slider["min"] + slider["step"] * int(
        rng.integers(round((slider["max"] - slider["min"]) / slider["step"]) + 1)
    )


def test_no_panel_is_forgotten_and_each_has_its_name():
    found = kinds()
    assert set(found.values()) == set(subclasses(Panel)) and len(set(found.values())) == len(PANELS)
    assert [cls.name for cls in found.values()] == list(PANELS)


def test_the_page_follows_from_the_values(shown, panel):
    rng = np.random.default_rng(0)
    for _ in range(50):
        panel.set(**{slider["name"]: anywhere(slider, rng) for slider in panel.spec["sliders"]})
    fresh = shown.make()
    fresh.set(**panel.values)
    assert fresh.page() == panel.page()
    panel.reset()


def test_its_settings_differ_and_are_taken_as_they_are(shown, panel):
    assert shown.settings[0] != shown.settings[1]
    for setting in shown.settings:
        panel.set(**setting)
        assert panel.values == setting
    panel.reset()


def test_every_slider_at_both_ends_and_beyond(panel):
    for slider in panel.spec["sliders"]:
        name = slider["name"]
        panel.set(**{name: 1e9})
        assert panel.values[name] == slider["max"]
        panel.set(**{name: -1e9})
        assert panel.values[name] == slider["min"]
    panel.reset()


def test_nonsense_from_code_is_one_friendly_line_and_moves_nothing(panel):
    before = panel.values
    for name in panel.values:
        for nonsense in ("x", None, float("nan")):
            with pytest.raises(InputError, match=f"{name} takes a number from .* to .*, not ") as error:
                panel.set(**{name: nonsense})
            assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="no slider 'unknown': choose from "):
        panel.set(unknown=1)
    assert panel.values == before


def test_every_preset_moves_it_and_reset_brings_it_back(panel):
    start = panel.page()
    for _, at in panel.presets:
        panel.set(**at)
        assert at.items() <= {name: getattr(panel, name) for name in at}.items()
    panel.reset()
    assert panel.page() == start


def test_what_a_notebook_stores_of_it_is_small_and_named(panel):
    bundle, metadata = panel._repr_mimebundle_()
    assert bundle["text/plain"] == metadata["image/png"]["alt"]
    assert bundle["application/vnd.svae.panel+json"]["panel"] == panel.name
    assert len(panel.fallback) < 100_000
    assert len(json.dumps(panel.page())) < 450_000


def test_a_closed_panel_leaves_nothing_behind(shown):
    """ipywidgets keeps every widget until it is closed."""
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    another = shown.make()
    assert set(_instances) > before
    another.close()
    assert set(_instances) == before
