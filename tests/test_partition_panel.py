"""The partition panel, driven from code."""

import pytest
import torch

from svae_lib.files import save_weights
from svae_lib.widgets import PartitionPanel
from tests.moved import each_moves

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
        panel.buttons["sure of nothing"].click,
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
