"""GreatCirclePanel: two ways from one digit to another."""

import struct
from itertools import combinations, combinations_with_replacement
from pathlib import Path

import numpy as np
import traitlets

from svae_lib.errors import InputError
from svae_lib.plotting.great_circle import static_preview, two_ways, typical_codes
from svae_lib.widgets.decoder import quantized, tabulated
from svae_lib.widgets.panel import Panel, Slider

PAIRS = ((0, 8), (6, 7), (3, 1), (5, 0), (4, 9))
STARTING_PAIR = 2, 4


class GreatCirclePanel(Panel):
    """Panel that walks from one digit to another, on the great circle of the latent sphere and on the straight line.

    Shown are the images decoded at a fraction t of the way, how far from the center they were decoded, how uncertain
    their pixels are, and both ways as strips. A digit's end is the typical one among its images. A fully connected
    decoder is computed in the browser; of any other, a table of the images on all ways is interpolated there, and while
    a kernel runs the two large images are the model's own.

    Args:
        model: a VAE whose latent space is one sphere.
        images: (N, H, W) in [0, 1], or (N, 3, H, W), from which the ends are taken.
        labels: (N,) digits, or other integers from 0.
        pairs: of digits, one button each; those without images are left out.

    Attributes:
        first: digit at t = 0.
        second: digit at t = 1.
        fraction: of the way, percent.

    Raises:
        InputError: the latent space is not one sphere, a digit has no image, or there is only one.

    Example:
        >>> import torch
        >>> from svae_lib import build_vae
        >>> panel = GreatCirclePanel(build_vae((28, 28), "s2"), torch.rand(10, 28, 28), range(10))
        >>> panel.set(first=3, second=8, fraction=25)
        >>> panel.fraction
        26
    """

    name = "great circle"
    label = "two ways from one digit to another"
    module = Path(__file__).with_name("great_circle.js")
    network = traitlets.Dict().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    codes = traitlets.Bytes().tag(sync=True)  # float64 (digits, m), of the unit sphere
    top = traitlets.Float().tag(sync=True)  # of the axis of the uncertainty: the largest on any way
    exact = traitlets.Bytes().tag(sync=True)  # first, second and fraction; both images there, uint8

    def __init__(self, model, images, labels, pairs: tuple[tuple[int, int], ...] = PAIRS):
        codes = typical_codes(model, images, labels)
        last, directions = max(codes), np.stack(list(codes.values())).astype(float)
        if last == 0:
            raise InputError("a walk needs images of two digits, and all labels are 0")
        self._model, self._codes = model, codes
        every = [two_ways(model, codes[a], codes[b], np.linspace(0, 1, 11)) for a, b in combinations(codes, 2)]
        network, weights = quantized(model) or self._table()
        network["radius"] = float(model.latent_space.radius)
        self._start_pair = STARTING_PAIR if max(STARTING_PAIR) <= last else (0, last)
        first, second = self._start_pair
        self.add_traits(
            first=Slider(first, min=0, max=last, label="from the digit"),
            second=Slider(second, min=0, max=last, label="to the digit"),
            fraction=Slider(50, min=0, max=100, step=2, label="fraction of the way (%)", unit="%"),
        )
        known = [pair for pair in pairs if max(pair) <= last]
        super().__init__(
            {f"{first} to {second}": {"first": first, "second": second} for first, second in known},
            network=network,
            weights=weights,
            codes=(directions / np.linalg.norm(directions, axis=-1, keepdims=True)).astype("<f8").tobytes(),
            top=float(max(ways.uncertainty.max() for ways in every)),
        )
        if "table" in network:
            self.observe(self._decode, ["first", "second", "fraction"])
            self._decode()

    def preview(self):
        """The ways at three fractions, for where no JavaScript runs."""
        return static_preview(self._model, self._codes, self._start_pair)

    def _table(self):
        """Images on the ways between all pairs of digits."""
        pairs = list(combinations_with_replacement(self._codes, 2))
        count = min(max(2_000 // len(pairs), 5), 21)

        def images_at(places: np.ndarray) -> np.ndarray:
            found = {}
            for number in np.unique(places[:, 0].astype(int)):
                chosen = np.flatnonzero(places[:, 0] == number)
                first, second = pairs[number]
                ways = two_ways(self._model, self._codes[first], self._codes[second], places[chosen, 2])
                images = np.where(places[chosen, 1].reshape(-1, *[1] * (ways.arc.ndim - 1)) > 0, ways.line, ways.arc)
                found |= dict(zip(chosen.tolist(), images, strict=True))
            return np.stack([found[place] for place in range(len(places))])

        return tabulated(images_at, [(0, len(pairs) - 1, len(pairs)), (0, 1, 2), (0, 1, count)])

    def _decode(self, _change=None) -> None:
        """Send the exact images at the place where both ways are."""
        at = self.first, self.second, self.fraction
        ways = two_ways(self._model, self._codes[at[0]], self._codes[at[1]], [self.fraction / 100])
        images = np.rint(255 * np.stack([ways.arc, ways.line])).astype(np.uint8)
        self.exact = struct.pack("<3d", *at) + images.tobytes()
