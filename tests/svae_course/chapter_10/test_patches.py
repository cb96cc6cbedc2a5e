"""The patches of chapter 10: their files are what the library reads, and the fault of each is the one that it names."""

import numpy as np
import pytest
import torch

from svae_course.chapter_10 import gallery, patches, verdict
from svae_lib import load_dataset
from svae_lib.errors import InputError


def test_the_library_reads_every_file_in_color(tmp_path):
    for name, images in patches.files().items():
        data = load_dataset(patches.write(tmp_path, name))
        splits = data.train, data.validation, data.test
        assert data.image_shape == (3, patches.SIDE, patches.SIDE)
        assert sum(map(len, splits)) == len(images)


def test_fresh_patches_share_no_pixel_with_an_augmented_one(monkeypatch):
    """Every pixel of the photographs gets a number of its own in place of its color."""
    start, numbered = 0, []
    for photo in patches.photographs():
        height, width = photo.shape[:2]
        numbers = start + np.arange(height * width).reshape(height, width)
        numbered.append(np.stack([numbers // 40_000, numbers // 200 % 200, numbers % 200], -1).astype(float))
        start += height * width
    monkeypatch.setattr(patches, "photographs", lambda: numbered)
    seen, unseen = ({tuple(each) for each in images.reshape(-1, 3).tolist()} for images in both())
    assert seen and unseen and not seen & unseen


def both():
    return patches.augmented(), patches.fresh()


def test_the_dark_file_is_eight_times_darker():
    files = patches.files()
    assert (files["dark"] == files["photographs"] // 8).all()


def test_the_nearest_image_and_the_contrast():
    images = torch.tensor([[[0.0, 0.0]], [[1.0, 0.0]]])
    distances, places = gallery.nearest(images, torch.tensor([[[1.0, 1.0]], [[1.0, 0.0]]]))
    assert distances.tolist() == pytest.approx([0.5**0.5, 0]) and places.tolist() == [1, 1]
    assert gallery.contrast(images).tolist() == [0, 0.5]
    chosen, nearest = gallery.nearest_pairs(images, images, count=1)
    assert chosen.tolist() == nearest.tolist() == [[[1.0, 0.0]]]


def test_scores_come_from_stored_runs_or_from_a_folder(tmp_path):
    scores = verdict.sweep_scores("results/10_patches.json")
    assert {"e2", "s2", "e5", "s5"} <= set(scores) and all(len(each) == 5 for each in scores.values())
    assert list(map(verdict.dimension, scores)) == sorted(map(verdict.dimension, scores))
    with pytest.raises(InputError):
        verdict.sweep_scores(tmp_path)
    with pytest.raises(InputError, match="mine is missing: give the folder into which `svae sweep` wrote"):
        verdict.sweep_scores(tmp_path / "mine")
