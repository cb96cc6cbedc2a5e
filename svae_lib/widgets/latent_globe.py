"""The latent sphere as a globe to turn."""

import ipywidgets as widgets

from svae_lib.plotting.globe import GlobePicture, globe_triptych
from svae_lib.plotting.style import png
from svae_lib.widgets.base import SliderPanel


class LatentGlobe(SliderPanel):
    """A globe of decoded digits; turn it, and read large the digit decoded at the marked point that faces you.

    model: a trained VAE whose latent space is s2. presets: names of places, {"a seven": (longitude, latitude)}.
    """

    def __init__(self, model, presets: dict[str, tuple[float, float]] | None = None):
        globe, picture = GlobePicture(model), widgets.Image(format="png")

        def draw(longitude: float, latitude: float) -> None:
            picture.value = globe.draw(longitude, latitude)

        style = {"description_width": "8em"}
        sliders = {
            "longitude": widgets.IntSlider(0, -180, 180, step=5, description="longitude (°)", style=style),
            "latitude": widgets.IntSlider(0, -90, 90, step=5, description="latitude (°)", style=style),
        }
        places = {name: {"longitude": lon, "latitude": lat} for name, (lon, lat) in (presets or {}).items()}
        super().__init__(sliders, draw, picture, fallback=png(globe_triptych(model)), presets=places, height=400)
