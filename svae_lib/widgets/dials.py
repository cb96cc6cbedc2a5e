"""DialsPanel: a dial for every factor of a product of spheres."""

import ipywidgets as widgets

from svae_lib.errors import InputError
from svae_lib.plotting.dials import DialsPicture, digit_turns, static_preview
from svae_lib.plotting.style import png
from svae_lib.widgets.base import SliderPanel


class DialsPanel(SliderPanel):
    """Panel that turns one factor of a product of spheres at a time, with the digit it decodes to.

    On a circle the dial's angle is the code's angle. On a larger sphere the dial turns along one great circle: at 0
    it stands on the start digit's own code, and the circle leads from there toward a coordinate axis. Around each
    dial are the digits to which it leads while the others stay. Before a start digit's button is pressed, and after
    reset, 0 is the first coordinate axis on every factor.

    Args:
        model: a VAE whose latent space is a sphere or a product of spheres.
        images: start digits, (H, W) in [0, 1] by name ("a 3"), one button each; or None.

    Raises:
        InputError: a factor is not a sphere.

    Example:
        >>> from svae_lib import build_vae
        >>> panel = DialsPanel(build_vae((28, 28), "s1,s2"))
        >>> panel.set(**{"circle 1": 90})
        >>> panel.values
        {'circle 1': 90, 'sphere 2': 0}
    """

    def __init__(self, model, images: dict | None = None):
        self._starts, picture = digit_turns(model, images or {}), DialsPicture(model)
        self._frames, image = picture.frames, widgets.Image(format="png")

        def draw(**degrees: float) -> None:
            image.value = picture.draw(list(degrees.values()), self._frames)

        style = {"description_width": "8em"}
        sliders = {
            name: widgets.IntSlider(0, -180, 180, step=5, description=f"{name} (°)", style=style)
            for name in picture.names
        }
        self._axes = picture.frames
        presets = {name: dict(zip(sliders, at, strict=True)) for name, (_, at) in self._starts.items()}
        presets = {name: {"start": name} | turns for name, turns in presets.items()}
        still = [0] * len(sliders)
        settings = still, [120, *still[1:]], [*still[1:], -120]
        start = next(iter(self._starts.values()), (self._axes,))[0]
        fallback = png(static_preview(model, settings, start))
        super().__init__(sliders, draw, image, fallback=fallback, presets=presets, height=picture.height)

    def set(self, start: str | None = None, **degrees: float) -> None:
        """Move several dials and draw once.

        Args:
            start: name of the start digit, or None for the first axis of every factor.
            **degrees: by dial.

        Raises:
            InputError: the panel has no such start digit, or as SliderPanel.set.
        """
        if start is not None and start not in self._starts:
            raise InputError(f"no start digit {start!r}: choose from {', '.join(self._starts) or 'none'}")
        before, self._frames = self._frames, self._starts[start][0] if start else self._axes
        try:
            super().set(**degrees)
        except InputError:
            self._frames = before
            raise
