"""Figures of chapter 04: the budget of dimensions, the shapes of posteriors, the scores of stored runs."""

import math

import pytest
import torch

from svae_course.chapter_04 import figures
from svae_course.chapter_04.figures import TEN, TWELVE, partition
from svae_lib import parse_latent_space


@pytest.mark.parametrize("space", [*TEN, *TWELVE, "s3", "2xs1"])
def test_the_budget_adds_up(space):
    row = partition(space)
    assert row.coordinates == sum(row.dims) + row.concentrations
    assert row.parameters == row.coordinates + row.concentrations
    parameters = torch.randn(3, row.parameters)
    assert parse_latent_space(space).posterior(parameters).sample().shape == (3, row.coordinates)


def test_the_two_budgets_are_kept():
    assert {sum(partition(space).dims) for space in TEN} == {10}
    assert {partition(space).coordinates for space in TWELVE} == {12}
    assert [partition(space).name for space in TEN] == ["10", "5+5", "4+3+3", "5×2"]


def test_the_budget_draws_a_block_for_every_number():
    left, right = figures.dimension_budget().axes
    widths = {axes: {} for axes in (left, right)}
    for axes in (left, right):
        for patch in axes.patches:
            widths[axes].setdefault(round(patch.get_y() + patch.get_height() / 2), []).append(patch.get_width())
    assert [sum(blocks) for blocks in widths[left].values()] == [11, 12, 13, 15]
    assert [sum(blocks) for blocks in widths[right].values()] == [12] * 5


ROWS = [
    {"latent_space": space, "test_log_likelihood": score, "test_reconstruction": score + 9, "test_kl": 20.0 - number}
    for number, (space, score) in enumerate([("s10", -99.0), ("s10", -98.0), ("2xs5", -98.5), ("5xs2", math.nan)])
]


def test_scores_are_gathered_by_partition_however_the_space_is_written():
    ranges = figures.seed_ranges(ROWS, "test_log_likelihood")
    assert ranges == {"10": (-99.0, -98.0, 2), "5+5": (-98.5, -98.5, 1)}
    assert figures.seed_ranges(ROWS, "test_kl")["5×2"] == (17.0, 17.0, 1)


def test_splits_are_compared_with_the_first_space_over_seeds_of_the_same_head():
    best = {"radius": "sqrt_m", "concentration_head": "inverse_variance"}
    scores = {"s40": [-96.0, -96.5, -96.2], "10xs4": [-93.2, -93.3, -93.4], "40xs1": [-96.7]}
    rows = [{"latent_space": s, "test_log_likelihood": x} | best for s, xs in scores.items() for x in xs]
    papers = {"latent_space": "s40", "test_log_likelihood": 0.0, "radius": 1.0, "concentration_head": "softplus"}
    learned = {"latent_space": "40xs1", "test_log_likelihood": -92, "command": "svae train --learn-radius"} | best
    flat = {"latent_space": "e40", "test_log_likelihood": -91}
    lines = figures.split_table([*rows, papers, learned, flat])
    assert lines.pop(-2).startswith("40xs1, learned radius     1  -92.00")
    one, split, circles, flat = figures.split_table([*rows, papers, flat])
    assert one.split() == ["s40", "3", "-96.23", "±", "0.63"]
    assert split.startswith("10xs4      3  -93.30 ± 0.25      +2.93  p = 0.00")
    assert circles.endswith("-0.47  one seed: no test") and flat.startswith("e40        1  -91.00")
    assert figures.split_table([]) == []


@pytest.mark.parametrize(("rows", "dots"), [([], 0), (ROWS, 4)])
def test_every_run_is_a_dot_and_no_runs_are_no_error(rows, dots):
    figure = figures.partition_scores(rows)
    costs = figure.axes[2]
    assert sum(line.get_marker() == "o" for line in costs.lines) == dots
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["10", "5+5", "4+3+3", "5×2"]


def test_one_vmf_is_round_the_product_of_two_is_not_and_both_have_the_same_kl():
    sphere, torus = figures.posterior_shapes().axes
    (round_,), (oval,) = (
        [line.get_xydata() for line in axes.lines if len(line.get_xdata()) > 1] for axes in (sphere, torus)
    )
    spread, wide = round_.std(0), oval.std(0)
    assert spread[0] / spread[1] == pytest.approx(1, abs=0.15)  # 600 draws: three standard errors are 0.12
    assert wide[0] / wide[1] > 2.5  # sqrt(100 / 10) = 3.2
    costs = [float(axes.get_title(loc="left").split(": ")[1].split()[0]) for axes in (sphere, torus)]
    assert costs[0] == costs[1]


def test_posterior_shapes_leave_the_readers_random_numbers_alone():
    before = torch.get_rng_state()
    figures.posterior_shapes()
    assert torch.equal(torch.get_rng_state(), before)
