"""The great circle between two digits beside the straight line: what is decoded on each, and how undecided it is."""

import numpy as np

from svae_lib.errors import InputError
from svae_lib.plotting.decoding import embed_images
from svae_lib.plotting.globe import draw_digit
from svae_lib.plotting.live import LiveFigure
from svae_lib.plotting.style import Picture, new_figure, show_canvas, styled, tile, to_numpy
from svae_lib.plotting.walks import TwoWays, two_ways

WAYS = {"great circle": "#3f90da", "straight line": "#bd1f01"}
SHARES = np.linspace(0, 1, 51)  # where the ways are decoded; every fifth place stands in the strip
COLUMNS = SHARES[::5]
GAP = 2  # pixels between the images of the strip
LAYOUT = {"width_ratios": [1, 1, 1.7], "height_ratios": [1.35, 1]}


def typical_codes(model, images, labels) -> dict[int, np.ndarray]:
    """For each digit the code of the image that lies nearest to the middle of that digit's codes on the latent sphere.

    images (N, H, W), labels (N,). Errors: InputError where a digit below the largest label has no image.
    """
    codes, labels = embed_images(model, images), to_numpy(labels)
    missing = sorted(set(range(labels.max() + 1)) - set(labels.tolist()))
    if missing:
        raise InputError(f"none of the {len(labels)} images shows {', '.join(map(str, missing))}: take more images")
    own = [codes[labels == label] for label in range(labels.max() + 1)]
    return {label: points[(points @ points.mean(0)).argmax()] for label, points in enumerate(own)}


class GreatCirclePicture:
    """Both ways between the codes of two digits, and what the decoder draws on each at a share t of the way."""

    @styled
    def __init__(self, model, codes: dict[int, np.ndarray]):
        self._model, self._codes, self._between = model, codes, {}
        figure = new_figure(8, 4.3, " ")
        axes = figure.subplot_mosaic("ABC;SSS", **LAYOUT)
        self._digits = [draw_way(axes[key], name) for key, name in zip("AB", WAYS, strict=True)]
        pairs = [(a, b) for a in codes for b in codes if a < b]
        self._curve = draw_undecided(axes["C"], top=max(self.ways(*pair).undecided.max() for pair in pairs))
        self._strip, self._mark = draw_strip(axes["S"], self.ways(*pairs[0]))
        digits = [artist for pair in self._digits for artist in pair]
        self._live = LiveFigure(figure, [*digits, *self._curve, self._strip, self._mark])

    def ways(self, first: int, second: int) -> TwoWays:
        """Both ways between two digits; computed once."""
        if (first, second) not in self._between:
            ends = self._codes[first], self._codes[second]
            self._between[first, second] = two_ways(self._model, *ends, SHARES)
        return self._between[first, second]

    def draw(self, first: int, second: int, t: float) -> bytes:
        """The picture as PNG, at the decoded place nearest to t."""
        ways, at = self.ways(first, second), place_of(t)
        for digit, way in zip(self._digits, (0, 1), strict=True):
            fill_way(digit, ways, way, at)
        fill_undecided(self._curve, ways, [at])
        self._strip.set_data(strip_of(ways))
        self._mark.set_xdata([mark_of(SHARES[at], ways)])
        so_far = f"{ways.t[at] * ways.degrees:.0f}° of {ways.degrees:.0f}°"
        return self._live.frame(f"From {first} to {second}, t = {ways.t[at]:.2f}: {so_far} on the great circle")


def place_of(t: float) -> int:
    return int(round(t * (len(SHARES) - 1)))


def draw_way(axes, name: str) -> tuple:
    """An empty frame for what is decoded on a way, in the way's color; returns the image and the text to fill."""
    image = draw_digit(axes)
    axes.spines[:].set_color(WAYS[name])
    axes.set_title(name, loc="center", color=WAYS[name])
    below = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center", "va": "top", "fontsize": 9}
    return image, axes.annotate("1.00 from the center", (0.5, 0), (0, -5), **below)


def fill_way(artists: tuple, ways: TwoWays, way: int, at: int) -> None:
    """Way 0 is the great circle, way 1 the straight line."""
    image, text = artists
    image.set_data((ways.arc, ways.line)[way][at])
    text.set_text(f"{ways.distance[at] if way else 1:.2f} from the center")


def draw_undecided(axes, top: float) -> list:
    """Empty axes for how undecided both ways are; returns the two lines, then the two rows of dots, to fill."""
    lines = [axes.plot([], [], color=color, label=name)[0] for name, color in WAYS.items()]
    dots = [axes.plot([], [], "o", color=color, markersize=8)[0] for color in WAYS.values()]
    axes.legend(loc="upper left", fontsize=9)
    axes.set(xlim=(0, 1), ylim=(0, 1.45 * top), xlabel="share t of the way", ylabel="Σ p(1 − p) (pixels)")
    axes.set_title("undecided pixels")
    return lines + dots


def fill_undecided(artists: list, ways: TwoWays, places: list[int]) -> None:
    for line, dots, undecided in zip(artists[:2], artists[2:], ways.undecided, strict=True):
        line.set_data(ways.t, undecided)
        dots.set_data(ways.t[places], undecided[places])


def strip_of(ways: TwoWays) -> np.ndarray:
    """Eleven places of the great circle above the same shares of the straight line, as one canvas."""
    columns = [place_of(t) for t in COLUMNS]
    return tile(np.concatenate([ways.arc[columns], ways.line[columns]]), columns=len(columns), gap=GAP)


def mark_of(t: float, ways: TwoWays) -> float:
    """Where the share t stands on the strip, in its pixels."""
    width = ways.arc.shape[2]
    return width / 2 - 0.5 + t * (len(COLUMNS) - 1) * (width + GAP)


def draw_strip(axes, ways: TwoWays) -> tuple:
    """The strip of both ways; returns the image, and the mark (or marks) above it."""
    show_canvas(axes, strip_of(ways))
    height = ways.arc.shape[1]
    for row, (name, color) in enumerate(WAYS.items()):
        axes.text(-6, row * (height + GAP) + height / 2, name.replace(" ", "\n"), color=color, ha="right", va="center")
    (mark,) = axes.plot([mark_of(0, ways)], [-5], "v", color="black", markersize=8, clip_on=False)
    return axes.images[0], mark


@styled
def great_circle_triptych(model, codes: dict[int, np.ndarray], pair: tuple[int, int] = (2, 4)) -> Picture:
    """What GreatCirclePicture shows of a pair of digits at three shares of the way, as a still picture."""
    ways = two_ways(model, codes[pair[0]], codes[pair[1]], SHARES)
    figure = new_figure(7.4, 4.4, f"From {pair[0]} to {pair[1]}, {ways.degrees:.0f}° on the great circle")
    axes = figure.subplot_mosaic("ABCU;abcU;SSSS", width_ratios=[1, 1, 1, 2.4], height_ratios=[1, 1, 1.2])
    places = [place_of(t) for t in (0.2, 0.5, 0.8)]
    for keys, at in zip(("Aa", "Bb", "Cc"), places, strict=True):
        for way, (key, name) in enumerate(zip(keys, WAYS, strict=True)):
            fill_way(draw_way(axes[key], name), ways, way, at)
            axes[key].set_title("" if way else f"t = {ways.t[at]:.1f}", loc="center", fontsize=11)
    fill_undecided(draw_undecided(axes["U"], ways.undecided.max()), ways, places)
    _, mark = draw_strip(axes["S"], ways)
    mark.set_data([mark_of(ways.t[at], ways) for at in places], [-5] * 3)
    return figure
