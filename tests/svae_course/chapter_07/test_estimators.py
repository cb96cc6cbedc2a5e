"""Estimators of a gradient: their formulas against autograd through the sampler and the library, and figures."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Beta

from svae_course import stored_runs
from svae_course.chapter_07 import figures, scores
from svae_course.chapter_07.estimators import (
    ESTIMATORS,
    draws,
    estimates,
    fraction,
    grid,
    learned,
    lost_nats,
    moments,
    spreads,
)
from svae_course.chapter_07.training import GRADIENTS, SPACES, UncorrectedVonMisesFisher, build, by_factor
from svae_lib import VonMisesFisher


def accepted(kappa, m, n):
    """Wood's sampler in his own letters, differentiated by autograd; log_accept as a function of kappa at fixed y."""
    root = (4 * kappa**2 + (m - 1) ** 2).sqrt()
    b = (root - 2 * kappa) / (m - 1)
    x0 = (1 - b) / (1 + b)
    z = Beta(*torch.full((2,), (m - 1) / 2, dtype=kappa.dtype)).sample((2 * n,))
    w = (1 - (1 + b) * z) / (1 - (1 - b) * z)
    log_accept = kappa * (w - x0) + (m - 1) * torch.log((1 - x0 * w) / (1 - x0**2))
    kept = torch.rand(2 * n).log() < log_accept.detach()
    return w[kept][:n], log_accept[kept][:n]


@pytest.mark.parametrize(("kappa", "m"), [(2.0, 2), (2.0, 3), (8.0, 11)])
def test_the_formulas_are_what_autograd_gives_through_the_sampler(kappa, m):
    torch.manual_seed(0)
    k = torch.tensor(kappa, dtype=torch.float64, requires_grad=True)
    w, log_accept = accepted(k, m, 50)
    moved = torch.stack([torch.autograd.grad(each, k, retain_graph=True)[0] for each in w])
    score = torch.stack([torch.autograd.grad(each, k, retain_graph=True)[0] for each in log_accept])
    x = np.arctanh(w.detach().numpy())
    found = estimates(kappa, m, 0.0, x)
    np.testing.assert_allclose(found["without correction"], moved, rtol=1e-7)
    shifted = estimates(kappa, m, 1.0, x)["with correction"] - found["with correction"]  # the score itself
    np.testing.assert_allclose(shifted - shifted[0], score - score[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kappa", [0.1, 2.0, 30.0])
@pytest.mark.parametrize("m", [2, 3, 11, 100])
def test_three_are_without_bias_and_the_fourth_has_the_fraction_of_the_formula(kappa, m):
    """Sums over the grid are exact; the implicit gradient's own nodes are good to 1e-8 (4e-7 at m = 2)."""
    x, weights = grid(kappa, m)
    assert weights @ np.tanh(x) == pytest.approx(moments(kappa, m).ratio, rel=1e-12)
    for offset in (0.0, 10.0):
        found = spreads(kappa, m, offset)
        assert found["without correction"].mean == pytest.approx(fraction(kappa, m), rel=1e-12)
        for name in ("score function", "with correction", "implicit"):
            assert found[name].mean == pytest.approx(1, rel=1e-7)
        assert found["implicit"].deviation == pytest.approx(spreads(kappa, m)["implicit"].deviation)


def test_draws_have_the_distribution_of_w():
    """Five standard errors of 1,000 fixed draws."""
    for kappa, m in ((2.0, 2), (8.0, 11), (30.0, 100)):
        w, (ratio, _, truth) = np.tanh(draws(kappa, m)), moments(kappa, m)
        assert abs(w.mean() - ratio) < 5 * math.sqrt(truth / 1000)


def test_what_the_text_says():
    assert [round(100 * float(fraction(2.0, 2))), round(100 * float(fraction(7.8, 11)))] == [52, 93]
    least = {m: fraction(np.geomspace(0.05, 50 * m, 2000), m).min() for m in (2, 11, 41, 101)}
    assert [round(100 * (1 - each)) for each in least.values()] == [49, 7, 2, 1]
    assert fraction(10.0, 2) > 0.89 and fraction(100.0, 2) > 0.98
    assert [round(float(learned(4.0, 2, exact, adapts)), 1) for adapts in (False, True) for exact in (True, False)] == [
        4.0, 2.1, 3.3, 1.0,
    ]  # fmt: skip
    signal = np.geomspace(2.05, 60, 500)
    assert lost_nats(signal, 2, adapts=True).max() == pytest.approx(1 / 3, abs=0.01)
    assert lost_nats(np.geomspace(11.5, 60, 500), 11, adapts=True).max() < 0.02
    with_c, without_c = spreads(2.0, 2, 10.0)["with correction"], spreads(2.0, 2)["with correction"]
    assert 10 < with_c.deviation / without_c.deviation < 15
    assert without_c.deviation < spreads(2.0, 2)["implicit"].deviation


def test_the_uncorrected_distribution_has_the_same_samples_and_the_biased_gradient():
    """Five standard errors of 20,000 samples."""
    for kappa, m in ((2.0, 2), (8.0, 11)):
        slopes, samples = [], []
        for family in (VonMisesFisher, UncorrectedVonMisesFisher):
            torch.manual_seed(0)
            k = torch.tensor(kappa, dtype=torch.float64, requires_grad=True)
            z = family(torch.eye(m, dtype=torch.float64)[0], k).rsample((20_000,))
            slopes.append(torch.autograd.grad(z[:, 0].mean(), k)[0].item() / moments(kappa, m).truth)
            samples.append(z.detach())
        assert torch.equal(*samples)
        spread = spreads(kappa, m)
        for slope, name in zip(slopes, ("implicit", "without correction"), strict=True):
            assert abs(slope - spread[name].mean) < 5 * spread[name].deviation / math.sqrt(20_000)


def test_samples_carried_along_the_implicit_velocity_keep_the_distribution():
    moved = {name: figures.carried(name, 0.5, 5.0, 2, count=4000) for name in ("implicit", "without correction")}
    ratio, _, truth = moments(5.0, 2)
    assert abs(moved["implicit"].mean() - ratio) < 5 * math.sqrt(truth / 4000)
    assert moved["without correction"].mean() < ratio - 0.1


def test_both_gradients_train_one_model():
    x, outputs = torch.rand(7, 28, 28).round(), {}
    for gradient in GRADIENTS:
        model = build("10xs1", gradient, 0)
        torch.manual_seed(0)
        bound = model.elbo(x)
        outputs[gradient] = bound.total.detach()
        bound.total.mean().backward()
        costs, kappas = by_factor(model, x)
        assert len(costs) == len(kappas) == 10 and costs == sorted(costs, reverse=True)
    assert torch.equal(*outputs.values())


def test_every_figure_is_drawn():
    pictures = [figures.velocities(), figures.bias([(2, 2.0, 0.5)]), figures.where_training_stops()]
    for picture in (*pictures, figures.deviations()):
        assert picture.axes and all(axes.get_xlabel() for axes in picture.axes)
    assert len(figures.deviations().axes[0].lines) == len(ESTIMATORS)


def test_stored_runs_hold_both_gradients_with_the_same_seeds():
    runs = stored_runs("results/07_gradients.json")
    for space in {run["latent_space"] for run in runs}:
        assert space in SPACES
        seeds = scores.by_gradient(runs, space, lambda run: run["seed"])
        assert seeds["exact"] == seeds["uncorrected"] and len(seeds["exact"]) >= 3
    found = scores.by_gradient(runs, "10xs1", scores.awake)
    assert np.mean(found["exact"]) > np.mean(found["uncorrected"])
    assert len(scores.score_table(runs)) == len({run["latent_space"] for run in runs})
