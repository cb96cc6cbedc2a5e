"""The price of a concentration under the reader's hands."""

import ipywidgets as widgets

from svae_lib.plotting.style import png
from svae_lib.plotting.underflow import DTYPES, KLPicture, kl_triptych
from svae_lib.widgets.base import SliderPanel, kappa_and_m

PRESETS = {
    "κ = 10, m = 11": {"kappa": 10, "m": 11},
    "κ = 10, m = 101": {"kappa": 10, "m": 101},
    "κ = 101, m = 101": {"kappa": 101, "m": 101},
    "κ = 1, m = 66": {"kappa": 1, "m": 66},
    "κ = 1, m = 299": {"kappa": 1, "m": 299},
}


class KLPanel(SliderPanel):
    """What a bell costs: its place on the curve of KL/m over kappa/m, and where the naive formula is infinite or NaN.

    kappa, m: where the sliders start. presets: {"name": {"kappa": 10, "m": 3}}, one button each. `floats`, the toggle
    above the picture, says in which floats the naive formula is computed; reset leaves it as it is.
    """

    def __init__(self, kappa: float = 10.0, m: int = 3, presets: dict[str, dict[str, float]] = PRESETS):
        still = KLPicture()
        image = widgets.Image(format="png", layout=widgets.Layout(object_fit="contain", object_position="0 0"))
        self.floats = widgets.ToggleButtons(options=DTYPES)

        def draw(kappa: float, m: int) -> None:
            image.value = still.draw(kappa, m, self.floats.value)

        sliders = kappa_and_m(kappa, m, least_kappa=0.5, most=400)
        super().__init__(sliders, draw, image, fallback=png(kl_triptych()), presets=presets, height=400)
        self._add_toggle("the naive formula in", self.floats)
