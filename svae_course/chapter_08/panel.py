"""The panel of chapter 08: three distributions around a direction at one KL to the uniform distribution."""

from pathlib import Path

from svae_course.chapter_08.figures import equal_kl
from svae_lib.plotting.style import Picture
from svae_lib.widgets import Panel, Slider

PRESETS = {
    "8 nats, m = 3": {"nats": 8, "m": 3},
    "6 nats, m = 11": {"nats": 6, "m": 11},
    "0.5 nats, m = 101": {"nats": 0.5, "m": 101},
    "10 nats, m = 101": {"nats": 10, "m": 101},
}


def static_preview(settings: tuple = ((3, 2.0), (20, 4.0), (101, 10.0))) -> Picture:
    """Densities and tails that FamiliesPanel shows, at some settings, as a still picture.

    Args:
        settings: (m, nats) of each column.

    Returns:
        A figure with two axes per setting.
    """
    return equal_kl(settings, "Three distributions at one KL, and their tails")


class FamiliesPanel(Panel):
    """Panel of three distributions around a direction whose KL to the uniform distribution is the same.

    Args:
        nats: where the slider of the KL starts.
        m: where the slider of the ambient dimension starts.
        presets: values of both sliders by name, one button each.

    Example:
        >>> panel = FamiliesPanel()
        >>> panel.set(nats=8)
        >>> panel.values
        {'nats': 8.0, 'm': 3}
    """

    name, label = "families", "Three distributions around a direction at the same KL"
    module = Path(__file__).with_name("panel.js")
    preview = staticmethod(static_preview)  # where no JavaScript runs
    nats = Slider(2.0, min=0.1, max=10, step=0.1, label="KL", unit="nats")
    m = Slider(3, min=2, max=200, label="ambient dimension m")

    def __init__(self, nats: float = 2.0, m: int = 3, presets: dict[str, dict[str, float]] = PRESETS):
        super().__init__(presets, nats=nats, m=m)
