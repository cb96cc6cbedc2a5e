"""The ledger of a partition, what its concentrations cost, and the scores of stored runs."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import kl_divergence

from svae_lib import parse_latent_space, plotting
from svae_lib.files import save_weights
from svae_lib.plotting.kl import floor_cost
from svae_lib.plotting.partition_panel import stored_samples
from svae_lib.plotting.partitions import TEN, TWELVE, bells, partition


@pytest.mark.parametrize("space", [*TEN, *TWELVE, "s3", "2xs1"])
def test_the_ledger_adds_up(space):
    row = partition(space)
    assert row.coordinates == sum(row.dims) + row.concentrations
    assert row.parameters == row.coordinates + row.concentrations
    parameters = torch.randn(3, row.parameters)
    assert parse_latent_space(space).posterior(parameters).sample().shape == (3, row.coordinates)


def test_the_two_budgets_are_kept():
    assert {sum(partition(space).dims) for space in TEN} == {10}
    assert {partition(space).coordinates for space in TWELVE} == {12}
    assert [partition(space).name for space in TEN] == ["10", "5+5", "4+3+3", "5×2"]


@pytest.mark.parametrize("space", TEN)
def test_bells_cost_what_the_product_distribution_costs(space):
    built, row = parse_latent_space(space), partition(space)
    posterior = built.posterior(torch.randn(1, row.parameters, dtype=torch.float64))
    kappas = [factor.concentration.item() for factor in getattr(posterior, "factors", (posterior,))]
    view = bells(row.dims, kappas)
    expected = kl_divergence(posterior, built.double().prior()).item()
    assert view.kl.sum() == pytest.approx(expected, rel=1e-6)  # the space gives its prior in float32
    assert view.spread.shape == (10,)
    assert bells(row.dims, [1.0] * row.concentrations).kl.sum() == pytest.approx(floor_cost(space))


def test_a_bell_is_as_wide_in_every_dimension_of_its_sphere_and_in_no_other():
    spread = bells((5, 5), (88.0, 5.0)).spread
    np.testing.assert_allclose(spread[:5], spread[0])
    np.testing.assert_allclose(spread[5:], spread[5])
    assert spread[5] > 3 * spread[0]
    assert bells((2, 4), (1e-9, 1e-9)).spread == pytest.approx([1] * 6)  # as wide as the prior


def test_the_ledger_draws_a_block_for_every_number():
    left, right = plotting.ledger().axes
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
    ranges = plotting.seed_ranges(ROWS, "test_log_likelihood")
    assert ranges == {"10": (-99.0, -98.0, 2), "5+5": (-98.5, -98.5, 1)}
    assert plotting.seed_ranges(ROWS, "test_kl")["5×2"] == (17.0, 17.0, 1)


@pytest.mark.parametrize(("rows", "dots"), [([], 0), (ROWS, 4)])
def test_every_run_is_a_dot_and_no_runs_are_no_error(rows, dots):
    figure = plotting.partition_scores(rows)
    costs = figure.axes[2]
    assert sum(line.get_marker() == "o" for line in costs.lines) == dots
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["10", "5+5", "4+3+3", "5×2"]


def test_stored_samples_are_found_and_what_is_missing_is_said(tmp_path):
    path = tmp_path / "samples.safetensors"
    save_weights(path, {"s5,s5": torch.full((24, 28, 28), 255, dtype=torch.uint8)})
    found = stored_samples(path, ("2xs5", "s10"))
    assert found["2xs5"].shape == (24, 28, 28) and found["2xs5"].max() == 1
    assert found["s10"] == "no stored samples of this partition"
    path.write_bytes(path.read_bytes()[:100])
    assert "not a whole safetensors file" in stored_samples(path, ("s10",))["s10"]
    assert "there are no weights" in stored_samples(tmp_path / "none", ("s10",))["s10"]
