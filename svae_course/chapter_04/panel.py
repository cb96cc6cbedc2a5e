"""The panel of chapter 04: the posterior of a partition at given concentrations, and images decoded from its prior."""

from pathlib import Path
from textwrap import fill
from typing import NamedTuple

import numpy as np
import traitlets
from matplotlib.image import AxesImage
from matplotlib.text import Text
from torch.distributions import kl_divergence

from svae_course.chapter_04.figures import TEN, partition
from svae_course.vmf import vmf_at_pole
from svae_lib.distributions import HypersphericalUniform
from svae_lib.errors import InputError
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.plotting.style import DIGIT_CMAP, FACTOR_COLORS, Picture, new_figure, styled, tile, to_numpy
from svae_lib.reading import load_weights
from svae_lib.widgets.panel import Choice, Panel, Slider

WIDTHS = (1.15, 0.75, 1.3)
SHOWN = 24  # images
EQUAL_KL = (("s10", 50, 50), ("s5,s5", 88, 5), ("5xs2", 50, 5))
PRESETS = {
    "certain of all": {"first": 100, "others": 100},
    "certain of one factor": {"first": 100, "others": 1},
    "certain of all but one": {"first": 1, "others": 100},
    "certain of none": {"first": 1, "others": 1},
}


class FactorShapes(NamedTuple):
    """KL and spread of a vMF on each factor of a partition."""

    kl: np.ndarray  # (factors,), to the uniform distribution, nats
    spread: np.ndarray  # (dimensions,): the standard deviation of a coordinate across mu, over that of the prior


def factor_shapes(dims: tuple[int, ...], kappas) -> FactorShapes:
    """KL and spread of a vMF on each factor.

    Args:
        dims: manifold dimension of each factor.
        kappas: concentration of each factor.

    Returns:
        One KL per factor, one spread per dimension.

    Example:
        >>> factor_shapes((2, 2), (10.0, 10.0)).kl.round(5)
        array([1.99573, 1.99573])
    """
    vmfs = [vmf_at_pole(kappa, d + 1) for d, kappa in zip(dims, kappas, strict=True)]
    costs = [kl_divergence(vmf, HypersphericalUniform(d + 1)).item() for d, vmf in zip(dims, vmfs, strict=True)]
    prior_variance = [1 / (d + 1) for d in dims]  # of a coordinate of a uniform point
    ratios = [vmf.variance[1:] / variance for vmf, variance in zip(vmfs, prior_variance, strict=True)]
    return FactorShapes(np.array(costs), np.concatenate([ratio.sqrt().numpy() for ratio in ratios]))


def stored_samples(path, spaces: tuple[str, ...]) -> dict[str, np.ndarray | str]:
    """Stored samples of each space.

    Args:
        path: a safetensors file with images (N, H, W), uint8, by the name of the space.
        spaces: latent spaces, by name.

    Returns:
        By space, its images in fifths of [0, 1], or a line that says why there are none.
    """
    try:
        stored, missing = load_weights(path)[0], "no stored samples of this partition"
    except InputError as error:
        stored, missing = {}, f"no stored samples: {error}"
    found = {str(parse_latent_space(name)): np.round(to_numpy(images) / 51) / 5 for name, images in stored.items()}
    return {space: found.get(str(parse_latent_space(space)), missing) for space in spaces}


class Parts(NamedTuple):
    """Artists that change: one bar per dimension, one bar per factor, the images, and the line where there are none."""

    spreads: list
    costs: list
    images: AxesImage
    message: Text


def draw_partition(panels, spaces: tuple[str, ...]) -> Parts:
    """Three axes, large enough for every one of these spaces; returns what `fill_partition` fills."""
    left, middle, right = panels
    rows = [partition(space) for space in spaces]
    dimensions = np.arange(max(sum(row.dims) for row in rows)) + 1
    factors = np.arange(max(row.concentrations for row in rows)) + 1
    spreads, costs = left.bar(dimensions, 0 * dimensions), middle.bar(factors, 0 * factors)
    left.set(title="spread across μ", xlabel="dimension", ylabel="relative to prior", ylim=(0, 1.1))
    middle.set(title="KL of each factor", xlabel="factor", ylabel="nats", ylim=(0, 16))
    for axes, ticks in ((left, dimensions), (middle, factors)):
        axes.set_xticks(ticks)
        axes.grid(axis="x", visible=False)
    right.set_title("decoded, from the prior")
    right.set_anchor("N")
    right.set_axis_off()
    images = right.imshow(np.zeros((2, 2)), cmap=DIGIT_CMAP, vmin=0, vmax=1, extent=(0, 6, 0, 4))
    return Parts(spreads.patches, costs.patches, images, right.text(3, 2, "", ha="center", va="center", fontsize=10))


def fill_partition(parts: Parts, space: str, first: float, others: float, samples: np.ndarray | str) -> str:
    """Bring the artists to this partition and these concentrations; returns a line that says what it is."""
    row = partition(space)
    view = factor_shapes(row.dims, (first, *[others] * (row.concentrations - 1)))
    colors = [FACTOR_COLORS[number % len(FACTOR_COLORS)] for number in range(row.concentrations)]
    set_bars(parts.spreads, view.spread, np.repeat(colors, row.dims))
    set_bars(parts.costs, view.kl, colors)
    parts.images.set_visible(not isinstance(samples, str))
    if parts.images.get_visible():
        parts.images.set_data(tile(samples[:SHOWN], columns=6))
    parts.message.set_text(fill(samples, 34) if isinstance(samples, str) else "")
    kappas = f"κ = {first:g}" if row.concentrations == 1 else f"κ = {first:g}, the others {others:g}"
    counts = f"m = {row.coordinates} coordinates, the encoder gives {row.parameters}"
    return f"{row.name}: {kappas}: KL = {view.kl.sum():.1f} nats; {counts}"


def set_bars(bars: list, heights: np.ndarray, colors) -> None:
    """These heights and colors for the first bars, and nothing for those that are left."""
    for number, bar in enumerate(bars):
        bar.set_visible(number < len(heights))
        if bar.get_visible():
            bar.set(height=heights[number], color=colors[number])


@styled
def static_preview(samples_path, settings: tuple = EQUAL_KL) -> Picture:
    """Bars and images that PartitionPanel shows, at some settings, as a still picture.

    Args:
        samples_path: see `stored_samples`.
        settings: (space, first concentration, the others) of each row.

    Returns:
        A figure with three axes per setting.
    """
    spaces = tuple(space for space, *_ in settings)
    samples = stored_samples(samples_path, spaces)
    figure = new_figure(8.2, 2.35 * len(settings), "Ten dimensions on one sphere, on two, on five")
    for part, (space, first, others) in zip(figure.subfigures(len(settings), 1), settings, strict=True):
        parts = draw_partition(part.subplots(1, 3, width_ratios=WIDTHS), spaces)
        part.suptitle(fill_partition(parts, space, first, others, samples[space]), x=0.01, ha="left", fontsize=11)
    return figure


def packed(images: np.ndarray) -> bytes:
    """Images in fifths of [0, 1], three pixels a byte, for the browser.

    Args:
        images: (N, H, W), N H W a multiple of 3.

    Returns:
        The bytes, a + 6 b + 36 c for pixels of a, b and c fifths.

    Example:
        >>> list(packed(np.array([[[0.2, 0.0, 1.0]]])))
        [181]
    """
    fifths = np.rint(5 * images).astype(np.uint8).reshape(-1, 3)
    return (fifths @ np.array([1, 6, 36], dtype=np.uint8)).tobytes()


class PartitionPanel(Panel):
    """Panel of a budget of ten dimensions on one sphere and on several: 10; 5+5; 4+3+3; 5×2.

    Bars show how wide the posterior is in each dimension and the KL of each factor, in the color of the factor; beside
    them stand images decoded from the prior. Where there is but one factor, the second slider moves nothing.

    Args:
        samples: a safetensors file with images (N, 28, 28), uint8, by the name of the space; where it is missing or
            damaged the panel says so in their place.
        spaces: the partitions to choose from.
        presets: values of both sliders by name, one button each.

    Attributes:
        partition: the latent space that is shown, one of `spaces`; reset leaves it as it is.

    Example:
        >>> panel = PartitionPanel("no_such_file")
        >>> panel.set(partition="s5,s5", first=88)
        >>> panel.values
        {'first': 88, 'others': 5}
    """

    name, module = "partition", Path(__file__).with_name("panel.js")
    label = "Ten dimensions on one sphere or on several: spread, KL and decoded images"
    first = Slider(50, min=1, max=200, label="κ of factor 1")
    others = Slider(5, min=1, max=200, label="κ of the others")
    rows = traitlets.List().tag(sync=True)  # of each space its counts, and the line that says why it has no images
    images = traitlets.Bytes().tag(sync=True)  # `packed`, of the spaces that have some

    def __init__(self, samples, spaces: tuple[str, ...] = TEN, presets: dict[str, dict[str, float]] = PRESETS):
        self.add_traits(partition=Choice(spaces, label="ten dimensions as"))
        found = stored_samples(samples, spaces)
        images = [each[:SHOWN] for each in found.values() if not isinstance(each, str)]
        super().__init__(
            presets,
            partition=spaces[-1],
            rows=[
                partition(space)._asdict() | {"space": space, "message": each if isinstance(each, str) else ""}
                for space, each in found.items()
            ],
            images=b"".join(map(packed, images)),
        )
        self._samples = samples

    def preview(self):
        """Picture of three settings of equal KL."""
        return static_preview(self._samples)
