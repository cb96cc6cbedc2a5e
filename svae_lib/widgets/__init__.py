"""Panels that take your own model, and the base for panels of your own: computed and drawn in the browser."""

from svae_lib.errors import import_optional

for _module in ("ipywidgets", "anywidget"):
    import_optional(_module, extra="course")

from svae_lib.widgets.dials import DialsPanel  # noqa: E402  (after the one line a user without the extra reads)
from svae_lib.widgets.great_circle import GreatCirclePanel  # noqa: E402
from svae_lib.widgets.latent_globe import LatentGlobe  # noqa: E402
from svae_lib.widgets.panel import Choice, Panel, Slider  # noqa: E402

__all__ = ["Choice", "DialsPanel", "GreatCirclePanel", "LatentGlobe", "Panel", "Slider"]
