"""What holds for every slider panel of the course."""

import ipywidgets
import numpy as np
import pytest

from svae_course.panels import PANELS
from svae_lib.errors import InputError
from svae_lib.widgets import Panel, SliderPanel


@pytest.fixture(scope="module", params=PANELS)
def shown(request):
    if not isinstance(PANELS[request.param].make(), SliderPanel):
        pytest.skip("drawn in the browser")
    return PANELS[request.param]


@pytest.fixture(scope="module")
def panel(shown):
    return shown.make()


def subclasses(base) -> list[type]:
    """Every panel class of the library and of the course."""
    return [cls for cls in base.__subclasses__() if cls.__module__.startswith(("svae_lib.", "svae_course."))]


def seen(picture) -> list:
    """All that a picture shows, its parts one after the other."""
    if isinstance(picture, ipywidgets.Image):
        return [bytes(picture.value)]
    if isinstance(picture, ipywidgets.Box):
        return [part for child in picture.children for part in seen(child)]
    return [picture.to_json()]


def anywhere(slider, rng) -> float:
    """A place on the slider, one that its handle can take."""
    return slider.min + slider.step * int(rng.integers(round((slider.max - slider.min) / slider.step) + 1))


def test_no_panel_is_forgotten():
    panels = [shown.make() for shown in PANELS.values()]
    assert {type(panel) for panel in panels if isinstance(panel, SliderPanel)} == set(subclasses(SliderPanel))
    drawn_in_the_browser = [panel.name for panel in panels if isinstance(panel, Panel)]
    assert drawn_in_the_browser == ["shell", "concentration", "kl", "latent globe"]


def test_nothing_accumulates_and_the_picture_follows_from_the_values(shown, panel):
    rng = np.random.default_rng(0)
    for _ in range(50):
        panel.set(**{name: anywhere(slider, rng) for name, slider in panel.sliders.items()})
    fresh = shown.make()
    fresh.set(**panel.values)
    assert seen(panel.picture) == seen(fresh.picture)


def test_its_settings_differ_and_a_frame_is_small(shown, panel):
    frames = []
    for setting in shown.settings:
        panel.set(**setting)
        assert panel.values == setting
        frames.append(seen(panel.picture))
    assert frames[0] != frames[1]
    assert all(len(part) < 60_000 for part in frames[0] if isinstance(part, bytes))


def test_every_slider_at_both_ends_and_beyond(panel):
    for name, slider in panel.sliders.items():
        panel.boxes[name].value = 1e9
        assert panel.values[name] == slider.max
        panel.boxes[name].value = -1e9
        assert panel.values[name] == slider.min


def test_nonsense_from_code_is_one_friendly_line_and_moves_nothing(panel):
    before = panel.values
    for name in panel.sliders:
        for nonsense in ("x", None, float("nan")):
            with pytest.raises(InputError, match=f"{name} takes a number from .* to .*, not ") as error:
                panel.set(**{name: nonsense})
            assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="no slider 'unknown': choose from "):
        panel.set(unknown=1)
    assert panel.values == before


def test_every_button_goes_where_it_says(panel):
    for button in panel.buttons.values():
        button.click()
    first = seen(panel.picture)
    panel.buttons["reset"].click()
    assert seen(panel.picture) == first  # reset is the last button


def test_the_stored_picture_is_small_and_named(panel):
    bundle, metadata = panel._repr_mimebundle_()
    assert bundle["text/plain"] == metadata["image/png"]["alt"]
    assert len(panel.fallback) < 100_000
