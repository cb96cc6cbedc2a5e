"""LatentGlobe: a latent sphere as a globe to turn."""

import ipywidgets as widgets

from svae_lib.plotting.globe import static_preview
from svae_lib.plotting.live_globe import LiveDigitGlobe
from svae_lib.plotting.style import png
from svae_lib.widgets.base import SliderPanel


class LatentGlobe(SliderPanel):
    """Globe of decoded digits, turned by mouse or by slider, with the digit at its marked place shown large.

    Args:
        model: a VAE whose latent space is s2.
        presets: places by name, {"a seven": (longitude, latitude)} in degrees, one button each; or None.

    Raises:
        InputError: the latent space is not s2.

    Example:
        >>> from svae_lib import build_vae
        >>> panel = LatentGlobe(build_vae((28, 28), "s2"), {"Greenwich": (0, 51)})
        >>> panel.buttons["Greenwich"].click()
        >>> panel.values
        {'longitude': 0, 'latitude': 51}
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
        super().__init__(sliders, draw, picture, fallback=png(static_preview(model)), presets=places, height=375)
