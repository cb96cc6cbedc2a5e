"""A normal distribution that becomes a shell."""

import ipywidgets as widgets

from svae_lib.plotting.shell import LARGEST_M, ShellPicture, becoming_a_shell
from svae_lib.plotting.style import png
from svae_lib.widgets.base import SliderPanel


class ShellPanel(SliderPanel):
    """Points of a standard normal distribution in R^m, and how far they lie from the origin, as m changes.

    Each point is drawn at its own distance from the middle, in units of sqrt(m), in the direction of its first two
    coordinates: for m = 2 that is the cloud itself, for larger m a cloud with all its lengths and none of its angles.

    m: where the slider starts. presets: values of m, a button each.
    """

    def __init__(self, m: int = 2, presets: tuple[int, ...] = (3, 20, 200)):
        shell, picture = ShellPicture(), widgets.Image(format="png")

        def draw(m: int) -> None:
            picture.value = shell.draw(m)

        style = {"description_width": "9em"}
        slider = widgets.IntSlider(m, min=2, max=LARGEST_M, description="coordinates m", style=style)
        buttons = {f"m = {value}": {"m": value} for value in presets}
        super().__init__({"m": slider}, draw, picture, fallback=png(becoming_a_shell()), presets=buttons, height=370)
