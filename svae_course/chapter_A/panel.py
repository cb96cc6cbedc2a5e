"""The panel of appendix A: four ways to compute a modified Bessel function, term by term."""

from pathlib import Path

from svae_course.chapter_A.figures import convergence
from svae_lib.plotting.style import Picture
from svae_lib.widgets import Panel, Slider

PRESETS = {
    "v = 0, x = 100": {"order": 0, "x": 100},
    "v = 0, x = 400": {"order": 0, "x": 400},
    "v = 10, x = 3": {"order": 10, "x": 3},
    "v = 300, x = 10": {"order": 300, "x": 10},
}


def static_preview(settings: tuple = ((2, 10.0), (20, 100.0), (100, 1.0))) -> Picture:
    """Errors over the number of terms that BesselPanel shows, at some settings, as a still picture.

    Args:
        settings: (order, x) of each column.

    Returns:
        A figure with one axes per setting.
    """
    return convergence(settings, "Four ways to a Bessel function: the error after n terms")


class BesselPanel(Panel):
    """Panel of four methods for a modified Bessel function: their errors term by term, and where ten digits are cheap.

    Args:
        order: where the slider of the order v starts.
        x: where the slider of the argument starts.
        presets: values of both sliders by name, one button each.

    Example:
        >>> panel = BesselPanel()
        >>> panel.set(x=100)
        >>> panel.values
        {'order': 4.0, 'x': 100.0}
    """

    name, label = "bessel", "Four ways to compute a modified Bessel function, and their errors"
    module = Path(__file__).with_name("panel.js")
    preview = staticmethod(static_preview)  # where no JavaScript runs
    order = Slider(4.0, min=0, max=500, step=0.5, label="order v")
    x = Slider(20.0, min=0.5, max=500, step=0.5, label="argument x")

    def __init__(self, order: float = 4.0, x: float = 20.0, presets: dict[str, dict[str, float]] = PRESETS):
        super().__init__(presets, order=order, x=x)
