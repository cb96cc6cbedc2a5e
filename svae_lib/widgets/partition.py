"""One budget of dimensions, several partitions, under the reader's hands."""

import ipywidgets as widgets

from svae_lib.plotting.partition_panel import PartitionPicture, partition_triptych
from svae_lib.plotting.partitions import TEN, partition
from svae_lib.plotting.style import png
from svae_lib.widgets.base import SliderPanel

PRESETS = {
    "sure of all": {"first": 100, "others": 100},
    "sure of one factor": {"first": 100, "others": 1},
    "sure of all but one": {"first": 1, "others": 100},
    "sure of nothing": {"first": 1, "others": 1},
}


class PartitionPanel(SliderPanel):
    """What a budget of ten dimensions buys on one sphere and on several: 10; 5+5; 4+3+3; 5×2.

    Bars show how wide the posterior's bells are in each dimension and what they cost, in the color of their factor;
    beside them stand images decoded from the prior. Where there is but one factor, the second slider moves nothing.

    samples: a safetensors file with images (N, 28, 28), uint8, by the name of the space; where it is missing or damaged
    the panel says so in their place. `partition`, the toggle above the picture, chooses; reset leaves it as it is.
    """

    def __init__(self, samples, spaces: tuple[str, ...] = TEN, presets: dict[str, dict[str, float]] = PRESETS):
        picture, image = PartitionPicture(samples, spaces), widgets.Image(format="png")
        self.partition = widgets.ToggleButtons(options=[(partition(space).name, space) for space in spaces])
        self.partition.value = spaces[-1]

        def draw(first: float, others: float) -> None:
            image.value = picture.draw(self.partition.value, first, others)

        style = {"description_width": "11em"}
        sliders = {
            "first": widgets.IntSlider(50, min=1, max=200, description="κ of factor 1", style=style),
            "others": widgets.IntSlider(5, min=1, max=200, description="κ of the others", style=style),
        }
        still = png(partition_triptych(samples))
        super().__init__(sliders, draw, image, fallback=still, presets=presets, height=375)
        self._add_toggle("ten dimensions as", self.partition)
