"""Laws of the KL schedule and of what a training remembers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from svae_lib.training import History, Schedule


@given(st.integers(1, 50), st.integers(0, 20), st.integers(0, 20), st.floats(0, 5), st.floats(0, 30), st.floats(0, 40))
def test_the_term_is_the_formula(epoch, warmup, freeze, beta, target, kl):
    # 0 while e <= klf, then |min(1, (e - klf) / klw) beta KL - klt|, with weight 1 where klw is 0
    ramp = 1.0 if warmup == 0 else min(1.0, (epoch - freeze) / warmup)
    expected = 0.0 if epoch <= freeze else abs(ramp * beta * kl - target)
    term = Schedule(warmup, freeze, beta, target).term(epoch, torch.tensor(kl, dtype=torch.float64))
    assert term.item() == pytest.approx(expected, abs=1e-12)


def test_no_warmup_is_the_whole_kl_from_the_first_epoch():  # the reference divides by zero here
    assert Schedule(warmup=0).weight(1) == 1.0


def test_the_weight_never_falls_and_reaches_beta_at_the_end_of_the_warmup():
    schedule = Schedule(warmup=7, freeze=3, beta=2.0)
    weights = [schedule.weight(epoch) for epoch in range(1, 15)]
    assert weights == sorted(weights)
    assert weights[:3] == [0, 0, 0]
    assert schedule.end == 10
    assert weights[schedule.end - 2] < 2.0 == weights[schedule.end - 1] == weights[-1]


@pytest.mark.parametrize("schedule", [Schedule(freeze=2), Schedule(beta=0.0)])
def test_an_infinite_kl_without_weight_costs_nothing(schedule):
    assert schedule.term(1, torch.tensor(math.inf)) == 0


def test_a_target_pulls_from_both_sides():
    below, above = (torch.tensor(kl, requires_grad=True) for kl in (3.0, 9.0))
    for kl in (below, above):
        Schedule(target=5.0).term(1, kl).backward()
    assert (below.grad, above.grad) == (-1, 1)


def test_best_is_the_highest_and_a_gain_is_the_least_improvement():
    history = History()
    for elbo in (-10.0, -9.995, -9.5, -9.6, -9.495):  # the second and the last are better, but by less than 0.01
        history.rows.append({})
        history.update_best(elbo, min_improvement=0.01)
    assert (history.best_epoch, history.best_elbo) == (5, -9.495)
    assert (history.improved_epoch, history.improved_elbo) == (3, -9.5)
    assert history.stalled(look_ahead=2)
    assert not history.stalled(look_ahead=3)


def test_gains_too_small_to_count_add_up():
    history = History()
    for number in range(10):
        history.rows.append({})
        history.update_best(-10 + 0.006 * number, min_improvement=0.01)
    assert history.improved_epoch == 9  # every second step is 0.012 above the last gain


def test_seconds_per_epoch_is_the_median_without_the_first():
    assert History(rows=[{"seconds": s} for s in (90.0, 1.0, 2.0, 9.0)]).seconds_per_epoch == 2.0
    assert History(rows=[{"seconds": 90.0}]).seconds_per_epoch == 90.0
