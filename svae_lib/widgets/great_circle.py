"""GreatCirclePanel: two ways from one digit to another."""

import ipywidgets as widgets

from svae_lib.plotting.great_circle import GreatCirclePicture, static_preview, typical_codes
from svae_lib.plotting.style import png
from svae_lib.widgets.base import SliderPanel

PAIRS = ((0, 8), (6, 7), (3, 1), (5, 0), (4, 9))


class GreatCirclePanel(SliderPanel):
    """Panel that walks from one digit to another, on the great circle of the latent sphere and on the straight line.

    Shown are the images decoded at a fraction t of the way, how far from the center they were decoded, how uncertain
    their pixels are, and both ways as strips. A digit's end is the typical one among its images.

    Args:
        model: a VAE whose latent space is one sphere.
        images: (N, H, W) in [0, 1], from which the ends are taken.
        labels: (N,) digits.
        pairs: of digits, one button each.

    Raises:
        InputError: the latent space is not one sphere, or a digit has no image.

    Example:
        >>> import torch
        >>> from svae_lib import build_vae
        >>> panel = GreatCirclePanel(build_vae((28, 28), "s2"), torch.rand(10, 28, 28), range(10))
        >>> panel.set(first=3, second=8, fraction=25)
    """

    def __init__(self, model, images, labels, pairs: tuple[tuple[int, int], ...] = PAIRS):
        codes = typical_codes(model, images, labels)
        ways, picture = GreatCirclePicture(model, codes), widgets.Image(format="png")

        def draw(first: int, second: int, fraction: int) -> None:
            picture.value = ways.draw(first, second, fraction / 100)

        style = {"description_width": "12em"}
        sliders = {
            "first": widgets.IntSlider(2, 0, max(codes), description="from the digit", style=style),
            "second": widgets.IntSlider(4, 0, max(codes), description="to the digit", style=style),
            "fraction": widgets.IntSlider(50, 0, 100, step=2, description="fraction of the way (%)", style=style),
        }
        presets = {f"{first} to {second}": {"first": first, "second": second} for first, second in pairs}
        still = png(static_preview(model, codes))
        super().__init__(sliders, draw, picture, fallback=still, presets=presets, height=440)
