"""Every data set goes through a training: two epochs, finite, and a lower loss than at the start."""

import math

import pytest
import torch

from svae_lib import build_vae, evaluate, fit
from svae_lib.datasets import dataset_names, held_out_images, load_dataset

CASES = [(name, "bernoulli") for name in dataset_names()] + [("frey_faces", "categorical"), ("frey_faces", "gaussian")]


@pytest.mark.parametrize(("name", "likelihood"), CASES)
def test_two_epochs_lower_the_loss(name, likelihood, small_sets):
    data = load_dataset(name, small_sets)
    torch.manual_seed(0)
    model = build_vae(data.image_shape, "s2", hidden=(32,), likelihood=likelihood)
    first, second = fit(model, data, epochs=2, batch_size=max(6, len(data.train) // 40), progress=False).rows
    assert math.isfinite(second["train_loss"]) and second["train_loss"] < first["train_loss"]
    assert second["validation_elbo"] > first["validation_elbo"]
    score = evaluate(model, held_out_images(data.test[:50], model.likelihood), num_importance_samples=5)
    assert math.isfinite(score.log_likelihood) and score.num_nan == 0
