"""Every panel of the course by name, as its chapter makes it: tests, README's strip and the site read them here."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from svae_course.chapter_00.panel import ShellPanel
from svae_course.chapter_01.panel import ConcentrationPanel
from svae_course.chapter_02.panel import KLPanel
from svae_course.chapter_04.panel import PartitionPanel
from svae_course.chapter_05.panel import CircleTestPanel
from svae_course.chapter_05.scores import load_codes
from svae_course.chapter_06.panel import SeedsPanel
from svae_course.chapter_07.panel import GradientsPanel
from svae_course.chapter_08.panel import FamiliesPanel
from svae_course.chapter_09.panel import ClustersPanel
from svae_course.chapter_10.gallery import load_gallery
from svae_course.chapter_10.panel import FailuresPanel
from svae_course.chapter_A.panel import BesselPanel
from svae_course.stored_files import stored, stored_runs
from svae_lib import load_dataset, load_model
from svae_lib.datasets import to_unit
from svae_lib.widgets import DialsPanel, GreatCirclePanel, LatentGlobe, Panel

START_DIGITS = (0, 3, 7)


class CoursePanel(NamedTuple):
    """One panel: its chapter and what it teaches, how to make it, and two settings that show it."""

    title: str
    make: Callable[[], Panel]
    settings: tuple[dict, dict]


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Test digits (N, H, W) in [0, 1], and their labels (N,)."""
    test = load_dataset("mnist_5k").test
    return to_unit(test.images), test.labels


def model(space: str):
    """Stored model of the course with this latent space."""
    return load_model(stored(f"weights/{space}.safetensors"))


def dials() -> DialsPanel:
    """Chapter 04's panel of dials, with three start digits."""
    images, labels = digits()
    return DialsPanel(model("2xs1"), {f"a {digit}": images[labels == digit][0] for digit in START_DIGITS})


def circle_test() -> CircleTestPanel:
    """Chapter 05's panel of codes, with the stored runs."""
    rows = stored_runs("results/05_shapes.json") + stored_runs("results/05_arcs.json")
    return CircleTestPanel(load_codes(stored("results/05_codes.safetensors")), rows)


def failures() -> FailuresPanel:
    """Chapter 10's gallery, with its stored runs."""
    return FailuresPanel(*load_gallery(), stored_runs("results/10_patches.json"))


PANELS = {
    "shell": CoursePanel("00: a normal distribution becomes a shell", ShellPanel, ({"m": 3}, {"m": 60})),
    "concentration": CoursePanel(
        "01: how κ and m shape the vMF distribution",
        ConcentrationPanel,
        ({"kappa": 10, "m": 3}, {"kappa": 60, "m": 30}),
    ),
    "kl": CoursePanel(
        "02: the KL of κ, and where the naive formula underflows",
        KLPanel,
        ({"kappa": 10, "m": 3}, {"kappa": 10, "m": 150}),
    ),
    "latent globe": CoursePanel(
        "03: a latent sphere to turn",
        lambda: LatentGlobe(model("s2"), *digits()),
        ({"longitude": -120, "latitude": 20}, {"longitude": 60, "latitude": 20}),
    ),
    "great circle": CoursePanel(
        "03: two ways from one digit to another",
        lambda: GreatCirclePanel(model("s2"), *digits()),
        ({"first": 0, "second": 6, "fraction": 20}, {"first": 0, "second": 6, "fraction": 60}),
    ),
    "dials": CoursePanel(
        "04: one dial per factor", dials, ({"circle 1": 40, "circle 2": 0}, {"circle 1": 40, "circle 2": 120})
    ),
    "partition": CoursePanel(
        "04: one budget, several spheres",
        lambda: PartitionPanel(stored("results/04_samples.safetensors")),
        ({"first": 100, "others": 1}, {"first": 20, "others": 100}),
    ),
    "circle test": CoursePanel(
        "05: a circle on a line, on a circle, in a plane",
        circle_test,
        ({"covered": 50, "noise": 0.04}, {"covered": 100, "noise": 0.04}),
    ),
    "seeds": CoursePanel(
        "06: how often the wrong one wins",
        SeedsPanel,
        ({"seeds": 3, "difference": 0.5, "spread": 0.5}, {"seeds": 10, "difference": 0.5, "spread": 0.5}),
    ),
    "gradients": CoursePanel(
        "07: four estimators of a gradient",
        GradientsPanel,
        ({"kappa": 2, "m": 2, "offset": 0}, {"kappa": 2, "m": 2, "offset": 5}),
    ),
    "families": CoursePanel(
        "08: three distributions at one KL", FamiliesPanel, ({"nats": 2, "m": 3}, {"nats": 8, "m": 60})
    ),
    "clusters": CoursePanel(
        "09: airports in clusters",
        ClustersPanel,
        (
            {"count": 2, "longitude": -90, "latitude": 30},
            {"count": 6, "longitude": -20, "latitude": 30},
        ),
    ),
    "failures": CoursePanel(
        "10: eight runs, and what is wrong with them", failures, ({"run": 1, "clues": 3}, {"run": 4, "clues": 3})
    ),
    "bessel": CoursePanel(
        "A: four ways to a Bessel function", BesselPanel, ({"order": 0, "x": 100}, {"order": 300, "x": 10})
    ),
}
