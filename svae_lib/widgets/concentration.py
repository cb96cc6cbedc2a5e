"""Kappa and m under the reader's hands."""

import ipywidgets as widgets

from svae_lib.plotting.concentration import LiveGlobe, MarginalPicture, concentration, concentration_triptych
from svae_lib.plotting.style import png
from svae_lib.widgets.base import SliderPanel, kappa_and_m

PRESETS = {
    "uniform": {"kappa": 0, "m": 3},
    "a small cap": {"kappa": 100, "m": 3},
    "κ = 10, m = 11": {"kappa": 10, "m": 11},
    "κ = 10, m = 101": {"kappa": 10, "m": 101},
    "κ = 101, m = 101": {"kappa": 101, "m": 101},
    "a circle": {"kappa": 2, "m": 2},
}


class ConcentrationPanel(SliderPanel):
    """Draws of a vMF distribution on a globe to turn, the law of w = <mu, z> and the KL, as kappa and m change.

    On the globe stand three coordinates of each draw: w, upwards, and two others. For m = 3 that is the sphere itself,
    for m = 2 a circle; for larger m it is a shadow of the sphere, and lies inside the ball.

    kappa, m: where the sliders start. presets: {"name": {"kappa": 10, "m": 3}}, one button each.
    """

    def __init__(self, kappa: float = 10.0, m: int = 3, presets: dict[str, dict[str, float]] = PRESETS):
        sliders = kappa_and_m(kappa, m, least_kappa=0, most=200)
        start = {name: slider.value for name, slider in sliders.items()}
        globe, marginal, image = LiveGlobe(concentration(**start)), MarginalPicture(), widgets.Image(format="png")

        def draw(kappa: float, m: int) -> None:
            view = concentration(kappa, m)
            image.value = marginal.draw(view)
            globe.draw(view)

        picture = widgets.HBox([globe.widget, image], layout=widgets.Layout(overflow="hidden"))
        super().__init__(sliders, draw, picture, fallback=png(concentration_triptych()), presets=presets, height=375)
