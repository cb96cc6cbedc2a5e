"""Two ways from one digit to another, under the reader's hands."""

import ipywidgets as widgets

from svae_lib.plotting.great_circle import GreatCirclePicture, great_circle_triptych, typical_codes
from svae_lib.plotting.style import png
from svae_lib.widgets.base import SliderPanel

PAIRS = ((0, 8), (6, 7), (3, 1), (5, 0), (4, 9))


class GreatCirclePanel(SliderPanel):
    """A walk from one digit to another: on the great circle of the latent sphere, and beside it on the straight line.

    Shown are the images decoded a share t of the way, how far from the center they were decoded, how undecided their
    pixels are, and both ways as strips. A digit's end is the typical one among its images.

    model: a trained VAE whose latent space is one sphere. images (N, H, W) with labels (N,): where the ends are from.
    pairs: of digits, a button each.
    Errors: InputError for another latent space, and where a digit has no image.

    >>> import torch
    >>> from svae_lib import build_vae
    >>> panel = GreatCirclePanel(build_vae((28, 28), "s2"), torch.rand(10, 28, 28), range(10))
    >>> panel.set(first=3, second=8, share=25)
    """

    def __init__(self, model, images, labels, pairs: tuple[tuple[int, int], ...] = PAIRS):
        codes = typical_codes(model, images, labels)
        ways, picture = GreatCirclePicture(model, codes), widgets.Image(format="png")

        def draw(first: int, second: int, share: int) -> None:
            picture.value = ways.draw(first, second, share / 100)

        style = {"description_width": "11em"}
        sliders = {
            "first": widgets.IntSlider(2, 0, max(codes), description="from the digit", style=style),
            "second": widgets.IntSlider(4, 0, max(codes), description="to the digit", style=style),
            "share": widgets.IntSlider(50, 0, 100, step=2, description="share of the way (%)", style=style),
        }
        presets = {f"{first} to {second}": {"first": first, "second": second} for first, second in pairs}
        still = png(great_circle_triptych(model, codes))
        super().__init__(sliders, draw, picture, fallback=still, presets=presets, height=440)
