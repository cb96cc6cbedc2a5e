"""Dials: one a factor of a product of spheres, each ringed by the digits it leads to, and the digit where all stand."""

import numpy as np

from svae_lib.errors import InputError
from svae_lib.plotting.decoding import decode_images, embed_images, factors_of, is_sphere
from svae_lib.plotting.latent import angle
from svae_lib.plotting.live import LiveFigure
from svae_lib.plotting.style import INK, Picture, new_figure, styled

HAND, FRAME = {"color": "#bd1f01", "linewidth": 3, "solid_capstyle": "round"}, "#bd1f01"
AHEAD, RING = 12, 190  # digits round a dial, and the side in pixels of the square they lie in


def dial_frames(space, code: np.ndarray | None = None) -> list[np.ndarray]:
    """For each factor of a product of spheres the plane (2, m) in which its dial turns: where it is at 0 and at 90°.

    A circle's dial shows its angle, whatever the code. A larger sphere's dial turns along a great circle, through the
    code's own point and the axis that lies furthest from it; without a code, through the first two axes.
    Errors: InputError for a factor that is no sphere.
    """
    factors, prior = factors_of(space), space.prior()
    for number, (factor, _) in enumerate(factors, start=1):
        if not is_sphere(factor):
            raise InputError(f"dials need spheres: factor {number} of {space} is {factor}")
    frames = []
    for (factor, place), uniform in zip(factors, getattr(prior, "factors", (prior,)), strict=True):
        axes = np.eye(factor.event_size)
        start = axes[0] if code is None or is_sphere(factor, 1) else code[place] / np.linalg.norm(code[place])
        side = axes[1] if start[0] == 1 else axes[np.abs(start).argmin()]
        side = side - (side @ start) * start
        frames.append(float(uniform.radius) * np.stack([start, side / np.linalg.norm(side)]))
    return frames


def turned(frames: list[np.ndarray], degrees: np.ndarray) -> np.ndarray:
    """The code (..., sum of all m) at which each factor's dial stands at its angle (..., factors).

    >>> turned([np.eye(2), np.eye(2)], [90.0, 180.0]).round()
    array([ 0.,  1., -1.,  0.])
    """
    turns = np.moveaxis(np.radians(degrees), -1, 0)[..., None]
    return np.concatenate([np.cos(t) * a + np.sin(t) * b for t, (a, b) in zip(turns, frames, strict=True)], -1)


def digit_turns(model, images: dict[str, np.ndarray]) -> dict[str, tuple[list[np.ndarray], list[int]]]:
    """By the name of an image the frames of its code, and where its dials stand: at a circle's angle, else at 0."""
    found, places = {}, factors_of(model.latent_space)
    for name, image in images.items():
        code = embed_images(model, image[None])[0]
        turns = [round(float(angle(code[place]))) if is_sphere(factor, 1) else 0 for factor, place in places]
        found[name] = dial_frames(model.latent_space, code), turns
    return found


def dial_view(model, frames: list[np.ndarray], degrees) -> tuple[np.ndarray, np.ndarray]:
    """The image where the dials stand, (H, W), and, for each dial, those all round it, (factors, AHEAD, H, W)."""
    degrees = np.asarray(degrees, dtype=float)
    ahead = np.repeat(degrees[None], len(degrees) * AHEAD, axis=0).reshape(len(degrees), AHEAD, -1)
    for number in range(len(degrees)):
        ahead[number, :, number] = 360 * np.arange(AHEAD) / AHEAD
    codes = np.concatenate([turned(frames, degrees)[None], turned(frames, ahead).reshape(len(degrees) * AHEAD, -1)])
    images = decode_images(model, codes)
    return images[0], images[1:].reshape(len(degrees), AHEAD, *images.shape[1:])


def ring(images: np.ndarray) -> np.ndarray:
    """Images (AHEAD, H, W) laid upright round a dial, the first at the right, counterclockwise: (RING, RING)."""
    canvas, (height, width) = np.zeros((RING, RING)), images.shape[1:]
    reach = (RING - max(height, width)) / 2
    for turn, image in zip(2 * np.pi * np.arange(AHEAD) / AHEAD, images, strict=True):
        top = round(RING / 2 - reach * np.sin(turn) - height / 2)
        left = round(RING / 2 + reach * np.cos(turn) - width / 2)
        canvas[top : top + height, left : left + width] = image
    return canvas


class DialsPicture:
    """Every dial with its hand and its ring of digits, and beside them the digit decoded where all the hands stand."""

    @styled
    def __init__(self, model):
        self.model, self.frames, self.names = model, dial_frames(model.latent_space), dial_names(model.latent_space)
        cells = len(self.names) + 1
        columns = cells if cells < 4 else -(-cells // 2)
        rows = -(-cells // columns)
        self.height = 265 * rows + 40
        figure = new_figure(2.85 * columns, self.height / 100, "The digit where all the dials stand")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for spare in axes[cells:]:
            spare.set_axis_off()
        self._dials = [draw_dial(each) for each in axes[: cells - 1]]
        self._digit = draw_decoded(axes[cells - 1])
        self._live = LiveFigure(figure, [part for dial in self._dials for part in dial] + [self._digit])

    def draw(self, degrees, frames: list[np.ndarray] | None = None) -> bytes:
        """The picture as PNG with the dials at these degrees, turning in these frames (the first axes', if None)."""
        image, ahead = dial_view(self.model, frames or self.frames, degrees)
        self._digit.set_data(image)
        for dial, name, turn, images in zip(self._dials, self.names, degrees, ahead, strict=True):
            turn_dial(dial, name, turn, images)
        return self._live.frame("Each dial is ringed by the digits that turning it leads to")


def dial_names(space) -> list[str]:
    """What stands above each dial.

    >>> from svae_lib import parse_latent_space
    >>> dial_names(parse_latent_space("s1,s2"))
    ['circle 1', 'sphere 2']
    """
    kinds = ["circle" if is_sphere(factor, 1) else "sphere" for factor, _ in factors_of(space)]
    return [f"{kind} {number}" for number, kind in enumerate(kinds, start=1)]


def draw_dial(axes) -> tuple:
    """An empty dial; returns its ring of digits, its hand and its title for `turn_dial`."""
    round_ = np.linspace(0, 2 * np.pi, 121)
    images = axes.imshow(np.zeros((2, 2)), cmap=INK, vmin=0, vmax=1, extent=(-1, 1, -1, 1), interpolation="bilinear")
    axes.plot(0.62 * np.cos(round_), 0.62 * np.sin(round_), color="#717581", linewidth=1)
    for turn in 2 * np.pi * np.arange(AHEAD) / AHEAD:
        axes.plot(*(np.outer([np.cos(turn), np.sin(turn)], [0.57, 0.62])), color="#717581", linewidth=1)
    (hand,) = axes.plot([], [], **HAND)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal")
    axes.set_axis_off()
    return images, hand, axes.set_title(" ", loc="center", fontsize=11)


def turn_dial(dial: tuple, name: str, degrees: float, images: np.ndarray) -> None:
    """Bring a dial to this angle, with these images (AHEAD, H, W) around it."""
    canvas, hand, title = dial
    canvas.set_data(ring(images))
    hand.set_data([0, 0.58 * np.cos(np.radians(degrees))], [0, 0.58 * np.sin(np.radians(degrees))])
    title.set_text(f"{name}: {degrees:g}°")


def draw_decoded(axes):
    """An empty frame in the color of the hands; returns the image to fill."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FRAME, linewidth=2)
    axes.set_title("decoded", loc="center", fontsize=11)
    return axes.imshow(np.zeros((2, 2)), cmap=INK, vmin=0, vmax=1)


@styled
def dials_triptych(model, settings, frames: list[np.ndarray] | None = None) -> Picture:
    """What DialsPicture shows at each of `settings` (one angle a factor), a row a setting, as a still picture."""
    frames, names = frames or dial_frames(model.latent_space), dial_names(model.latent_space)
    figure = new_figure(1.95 * (len(names) + 1), 2.1 * len(settings) + 0.3, "Dials, and the digit where they all stand")
    for row, degrees in zip(figure.subplots(len(settings), len(names) + 1, squeeze=False), settings, strict=True):
        image, ahead = dial_view(model, frames, degrees)
        for axes, name, turn, images in zip(row, names, degrees, ahead, strict=False):
            turn_dial(draw_dial(axes), name, turn, images)
        draw_decoded(row[-1]).set_data(image)
    return figure
