"""The latent sphere as a globe to turn."""

import ipywidgets as widgets

from svae_lib.plotting.globe import globe_triptych
from svae_lib.plotting.live_globe import LiveDigitGlobe
from svae_lib.plotting.style import png
from svae_lib.widgets.base import SliderPanel


class LatentGlobe(SliderPanel):
    """A globe of decoded digits; turn it, by mouse or by slider, and read large the digit decoded at its marked place.

    model: a trained VAE whose latent space is s2. presets: names of places, {"a seven": (longitude, latitude)}.
    Errors: InputError for another latent space.
    """

    def __init__(self, model, presets: dict[str, tuple[float, float]] | None = None):
        globe = LiveDigitGlobe(model, lambda longitude, latitude: self.set(longitude=longitude, latitude=latitude))
        image = widgets.Image(format="png")

        def draw(longitude: float, latitude: float) -> None:
            image.value = globe.digit(longitude, latitude)
            globe.turn(longitude, latitude)

        style = {"description_width": "8em"}
        sliders = {
            "longitude": widgets.IntSlider(0, -180, 180, step=5, description="longitude (°)", style=style),
            "latitude": widgets.IntSlider(0, -90, 90, step=5, description="latitude (°)", style=style),
        }
        places = {name: {"longitude": lon, "latitude": lat} for name, (lon, lat) in (presets or {}).items()}
        picture = widgets.HBox([globe.widget, image], layout=widgets.Layout(overflow="hidden"))
        super().__init__(sliders, draw, picture, fallback=png(globe_triptych(model)), presets=places, height=375)
