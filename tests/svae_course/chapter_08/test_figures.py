"""The figures of three families at equal KL: the numbers that the text quotes, and the stored runs."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from svae_course import stored_runs
from svae_course.chapter_08 import figures
from svae_course.chapter_08.families import FAMILIES, angles, at_pole, beyond_right_angle, concentration_at_kl, kl


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("m", [2, 3, 50])
def test_the_concentration_has_the_kl_asked_for(family, m):
    for nats in (0.01, 2.0, 12.0):
        assert float(kl(family, m, concentration_at_kl(family, m, nats))) == pytest.approx(nats, rel=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("m", [2, 3, 30])
def test_angles_are_those_of_samples(family, m):
    """Kolmogorov and Smirnov on 5,000 samples; a right one falls below 1e-4 once in 10,000 cases, and the seed is
    fixed."""
    torch.manual_seed(0)
    found = angles(family, m, 1.5)
    w = at_pole(family, m, concentration_at_kl(family, m, 1.5)).sample((5000,))[:, 0].numpy()
    cdf = lambda angle: 1 - np.interp(angle, found.angle[::-1], found.beyond[::-1])  # noqa: E731
    assert stats.kstest(np.arccos(w.clip(-1, 1)), cdf).pvalue > 1e-4
    assert found.beyond[-1] == pytest.approx(1, abs=2e-3)
    assert abs(np.trapezoid(found.density[::-1], found.angle[::-1]) - 1) < 2e-3


def test_what_the_text_says_of_tails_and_concentrations():
    beyond = [beyond_right_angle(family, 3, 2.0) for family in FAMILIES]
    assert beyond[0] == pytest.approx(1 / (1 + math.exp(concentration_at_kl("von Mises-Fisher", 3, 2.0))), rel=2e-3)
    assert beyond[1] < beyond[0] / 20 and 400 < beyond[2] / beyond[0] < 600
    vmf, power, _ = (concentration_at_kl(family, 3, 8.0) for family in FAMILIES)
    assert power / vmf == pytest.approx(2, rel=1e-2)


def test_every_figure_is_drawn():
    for picture in (figures.same_concentration(), figures.equal_kl(), figures.moebius(), figures.sample_spread()):
        assert picture.axes and all(axes.get_xlabel() for axes in picture.axes)
    ratios = figures.draw_times(dims=(3,), draws=10, rounds=3)
    assert ratios["von Mises-Fisher"] == [1.0] and all(ratio > 0 for (ratio,) in ratios.values())


def test_stored_runs_are_compared_family_by_family():
    runs = stored_runs("results/heads_mnist_5k.json")
    table = figures.by_space(runs, "test_log_likelihood")
    assert list(table) == list(figures.SPACES)
    assert all(len(table[space][family]) >= 5 for space in table for family in ("von Mises-Fisher", "Power Spherical"))
    assert len(figures.seeds(runs).axes[0].lines) == 3 * len(table) + 3 + 1
    lines = figures.score_table(runs)
    assert all("p = " in line or "no test" in line for line in lines if "von Mises" not in line)


def test_runs_with_other_settings_are_left_out():
    run = {"latent_space": "s2", "radius": 1.0, "concentration_head": "softplus", "test_log_likelihood": -150.0}
    assert figures.by_space([run, {"latent_space": "e2"}], "test_log_likelihood")["2"]["von Mises-Fisher"] == []
    assert [figures.name_of(space) for space in ("2", "10", "5x2")] == ["S²", "S¹⁰", "5 × S²"]
