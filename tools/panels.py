"""Every slider panel of the course, as its chapter makes it, for the tests and README's strip; a new one is a line."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from svae_lib import load_dataset, load_model, widgets
from svae_lib.datasets import to_unit
from svae_lib.widgets import SliderPanel

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
DIALED = (0, 3, 7)


class Shown(NamedTuple):
    """One panel: what it teaches, how to make it, and two settings that show it."""

    title: str
    make: Callable[[], SliderPanel]
    settings: tuple[dict, dict]


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """The test digits (N, H, W) in [0, 1], and their labels."""
    test = load_dataset("mnist_5k").test
    return to_unit(test.images), test.labels


def stored(name: str):
    return load_model(NOTEBOOKS / "weights" / f"{name}.safetensors")


def dials() -> SliderPanel:
    images, labels = digits()
    return widgets.DialsPanel(stored("2xs1"), {f"a {digit}": images[labels == digit][0] for digit in DIALED})


PANELS = {
    "shell": Shown("00: a normal distribution becomes a shell", widgets.ShellPanel, ({"m": 3}, {"m": 60})),
    "concentration": Shown(
        "01: what κ and m make of a bell",
        widgets.ConcentrationPanel,
        ({"kappa": 10, "m": 3}, {"kappa": 60, "m": 30}),
    ),
    "kl": Shown(
        "02: what κ costs, and where the formula dies",
        widgets.KLPanel,
        ({"kappa": 10, "m": 3}, {"kappa": 10, "m": 150}),
    ),
    "latent globe": Shown(
        "03: a latent sphere to turn",
        lambda: widgets.LatentGlobe(stored("s2"), {"Greenwich": (0, 51)}),
        ({"longitude": -120, "latitude": 20}, {"longitude": 60, "latitude": 20}),
    ),
    "great circle": Shown(
        "03: two ways from one digit to another",
        lambda: widgets.GreatCirclePanel(stored("s2"), *digits()),
        ({"first": 0, "second": 6, "share": 20}, {"first": 0, "second": 6, "share": 60}),
    ),
    "dials": Shown("04: a dial a factor", dials, ({"circle 1": 40, "circle 2": 0}, {"circle 1": 40, "circle 2": 120})),
    "partition": Shown(
        "04: one budget, several spheres",
        lambda: widgets.PartitionPanel(NOTEBOOKS / "results" / "04_samples.safetensors"),
        ({"first": 100, "others": 1}, {"first": 20, "others": 100}),
    ),
}
