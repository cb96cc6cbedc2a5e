"""The partition panel: what it shows, its stored samples, and its sliders driven from code."""

import numpy as np
import pytest
import torch
from torch.distributions import kl_divergence

from svae_course.chapter_04.figures import TEN, partition
from svae_course.chapter_04.panel import PartitionPanel, factor_shapes, stored_samples
from svae_course.vmf import floor_kl
from svae_lib import parse_latent_space
from svae_lib.files import save_weights
from tests.moved import each_moves


@pytest.mark.parametrize("space", TEN)
def test_the_kls_add_up_to_that_of_the_product_distribution(space):
    built, row = parse_latent_space(space), partition(space)
    posterior = built.posterior(torch.randn(1, row.parameters, dtype=torch.float64))
    kappas = [factor.concentration.item() for factor in getattr(posterior, "factors", (posterior,))]
    view = factor_shapes(row.dims, kappas)
    expected = kl_divergence(posterior, built.double().prior()).item()
    assert view.kl.sum() == pytest.approx(expected, rel=1e-6)  # the space gives its prior in float32
    assert view.spread.shape == (10,)
    assert factor_shapes(row.dims, [1.0] * row.concentrations).kl.sum() == pytest.approx(floor_kl(space))


def test_a_vmf_is_as_wide_in_every_dimension_of_its_sphere_and_in_no_other():
    spread = factor_shapes((5, 5), (88.0, 5.0)).spread
    np.testing.assert_allclose(spread[:5], spread[0])
    np.testing.assert_allclose(spread[5:], spread[5])
    assert spread[5] > 3 * spread[0]
    assert factor_shapes((2, 4), (1e-9, 1e-9)).spread == pytest.approx([1] * 6)  # as wide as the prior


def test_stored_samples_are_found_and_what_is_missing_is_said(tmp_path):
    path = tmp_path / "samples.safetensors"
    save_weights(path, {"s5,s5": torch.full((24, 28, 28), 255, dtype=torch.uint8)})
    found = stored_samples(path, ("2xs5", "s10"))
    assert found["2xs5"].shape == (24, 28, 28) and found["2xs5"].max() == 1
    assert found["s10"] == "no stored samples of this partition"
    path.write_bytes(path.read_bytes()[:100])
    assert "not a complete safetensors file" in stored_samples(path, ("s10",))["s10"]
    assert "there are no weights" in stored_samples(tmp_path / "none", ("s10",))["s10"]


SPACES = ("s10", "s5,s5", "s4,s3,s3", "5xs2")


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / "samples.safetensors"
    save_weights(path, {space: torch.randint(0, 256, (24, 28, 28), dtype=torch.uint8) for space in SPACES})
    return path


def test_sliders_boxes_presets_and_the_toggle_move_the_picture(samples):
    panel = PartitionPanel(samples)
    first = each_moves(
        panel,
        lambda: setattr(panel.sliders["first"], "value", 51),
        lambda: setattr(panel.boxes["others"], "value", 6),
        *[lambda space=space: setattr(panel.partition, "value", space) for space in SPACES[:3]],
        panel.buttons["certain of none"].click,
    )
    assert panel.values == {"first": 1, "others": 1}
    panel.partition.value = SPACES[3]  # reset leaves the toggle as it is
    panel.buttons["reset"].click()
    assert bytes(panel.picture.value) == first


def test_one_sphere_has_no_others(samples):
    panel = PartitionPanel(samples)
    panel.partition.value = "s10"
    before = bytes(panel.picture.value)
    panel.sliders["others"].value = 150
    assert bytes(panel.picture.value) == before


def test_without_stored_samples_it_works_and_says_what_is_missing(samples, tmp_path):
    with_samples, without = PartitionPanel(samples), PartitionPanel(tmp_path / "missing.safetensors")
    assert bytes(without.picture.value) != bytes(with_samples.picture.value)
    without.sliders["first"].value = 100
    assert without.fallback.startswith(b"\x89PNG")


def test_it_has_a_still_picture_for_where_no_kernel_runs(samples):
    bundle, _ = PartitionPanel(samples)._repr_mimebundle_()
    assert bundle["text/plain"] == "PartitionPanel: sliders first, others; live where a kernel runs"
    assert "image/png" in bundle
