"""What the partition panel shows: a partition's bells at given concentrations, and images decoded from its prior."""

from textwrap import fill
from typing import NamedTuple

import numpy as np
from matplotlib.image import AxesImage
from matplotlib.text import Text

from svae_lib.errors import InputError
from svae_lib.files import load_weights
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.plotting.live import LiveFigure
from svae_lib.plotting.partitions import TEN, bells, partition
from svae_lib.plotting.style import INK, Picture, new_figure, styled, tile, to_numpy

COLORS = ("#3f90da", "#ffa90e", "#bd1f01", "#832db6", "#a96b59", "#717581")  # one a factor, then again from the first
WIDTHS = (1.15, 0.75, 1.3)
SAME_PRICE = (("s10", 50, 50), ("s5,s5", 88, 5), ("5xs2", 50, 5))


def stored_samples(path, spaces: tuple[str, ...]) -> dict[str, np.ndarray | str]:
    """For each space its images (N, H, W) from a safetensors file, in fifths of ink; or a line that says why not."""
    try:
        stored, missing = load_weights(path)[0], "no stored samples of this partition"
    except InputError as error:
        stored, missing = {}, f"no stored samples: {error}"
    found = {str(parse_latent_space(name)): np.round(to_numpy(images) / 51) / 5 for name, images in stored.items()}
    return {space: found.get(str(parse_latent_space(space)), missing) for space in spaces}


class PartitionPicture:
    """The spread of a partition's bells in each dimension, what each factor costs, and images from its prior."""

    @styled
    def __init__(self, samples_path, spaces: tuple[str, ...] = TEN):
        self._samples = stored_samples(samples_path, spaces)
        figure = new_figure(9.6, 3.7, " ")
        self._parts = draw_partition(figure.subplots(1, 3, width_ratios=WIDTHS), spaces)
        self._live = LiveFigure(figure, [*self._parts.spreads, *self._parts.costs, *self._parts[2:]])

    def draw(self, space: str, first: float, others: float) -> bytes:
        """The picture as PNG: this partition, the concentration of its first factor and that of all others."""
        return self._live.frame(fill_partition(self._parts, space, first, others, self._samples[space]))


class Parts(NamedTuple):
    """The artists that change: a bar a dimension, a bar a factor, the images, and what is said where there are none."""

    spreads: list
    costs: list
    images: AxesImage
    said: Text


def draw_partition(panels, spaces: tuple[str, ...]) -> Parts:
    """Three axes, large enough for every one of these spaces, for `fill_partition` to fill."""
    left, middle, right = panels
    rows = [partition(space) for space in spaces]
    dimensions = np.arange(max(sum(row.dims) for row in rows)) + 1
    factors = np.arange(max(row.concentrations for row in rows)) + 1
    spreads, costs = left.bar(dimensions, 0 * dimensions), middle.bar(factors, 0 * factors)
    left.set(title="spread across μ", xlabel="dimension", ylabel="share of the prior's", ylim=(0, 1.1))
    middle.set(title="KL of each factor", xlabel="factor", ylabel="nats", ylim=(0, 16))
    for axes, ticks in ((left, dimensions), (middle, factors)):
        axes.set_xticks(ticks)
        axes.grid(axis="x", visible=False)
    right.set_title("decoded, from the prior")
    right.set_anchor("N")
    right.set_axis_off()
    images = right.imshow(np.zeros((2, 2)), cmap=INK, vmin=0, vmax=1, extent=(0, 6, 0, 4))
    return Parts(spreads.patches, costs.patches, images, right.text(3, 2, "", ha="center", va="center", fontsize=10))


def fill_partition(parts: Parts, space: str, first: float, others: float, samples: np.ndarray | str) -> str:
    """Bring the artists to this partition and these concentrations; returns a line that says what it is."""
    row = partition(space)
    view = bells(row.dims, (first, *[others] * (row.concentrations - 1)))
    colors = [COLORS[number % len(COLORS)] for number in range(row.concentrations)]
    set_bars(parts.spreads, view.spread, np.repeat(colors, row.dims))
    set_bars(parts.costs, view.kl, colors)
    parts.images.set_visible(not isinstance(samples, str))
    if parts.images.get_visible():
        parts.images.set_data(tile(samples[:24], columns=6))
    parts.said.set_text(fill(samples, 34) if isinstance(samples, str) else "")
    said = f"κ = {first:g}" if row.concentrations == 1 else f"κ = {first:g}, the others {others:g}"
    bought = f"m = {row.coordinates} coordinates, encoder {row.parameters}"
    return f"{row.name}: {said}: KL = {view.kl.sum():.1f} nats; {bought}"


def set_bars(bars: list, heights: np.ndarray, colors) -> None:
    """These heights and colors for the first bars, and nothing for those that are left."""
    for number, bar in enumerate(bars):
        bar.set_visible(number < len(heights))
        if bar.get_visible():
            bar.set(height=heights[number], color=colors[number])


@styled
def partition_triptych(samples_path, settings: tuple = SAME_PRICE) -> Picture:
    """What the panel shows at three settings (space, first concentration, the others), a row each."""
    spaces = tuple(space for space, *_ in settings)
    samples = stored_samples(samples_path, spaces)
    figure = new_figure(8.2, 2.35 * len(settings), "Ten dimensions on one sphere, on two, on five")
    for part, (space, first, others) in zip(figure.subfigures(len(settings), 1), settings, strict=True):
        parts = draw_partition(part.subplots(1, 3, width_ratios=WIDTHS), spaces)
        part.suptitle(fill_partition(parts, space, first, others, samples[space]), x=0.01, ha="left", fontsize=11)
    return figure
