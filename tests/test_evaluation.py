"""Every image weighs one, a NaN is reported, and the same model gives the same figures."""

import math

import numpy as np
import pytest
import torch

from svae_lib.datasets import ImageDataset, Split
from svae_lib.errors import InputError
from svae_lib.evaluation import classify_latents, embed, evaluate, save_embeddings
from svae_lib.models import build_vae


@pytest.fixture(scope="module")
def model():
    """One that finds bright pixels unlikely: the figures of the images below run from -100 to -1600."""
    torch.manual_seed(0)
    model = build_vae((28, 28), "s2", hidden=(16,))
    torch.nn.init.constant_(model.decoder.net[-1].bias, -2.0)
    return model


@pytest.fixture(scope="module")
def images():
    """From black to white, so that a wrong weight shows."""
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(11, 28, 28, generator=generator) < torch.linspace(0, 1, 11)[:, None, None]).float()


def test_a_short_last_batch_does_not_weigh_as_a_full_one(model, images):
    by_image = model.log_likelihood(images, 3)
    assert by_image.shape == (11,) and by_image.std() > 400
    scores = evaluate(model, images, num_importance_samples=3, batch_size=4)  # batches of 4, 4 and 3
    assert scores.log_likelihood == pytest.approx(by_image.mean().item(), abs=1)  # other draws, the same images
    mean_of_batch_means = np.mean([batch.mean() for batch in by_image.split(4)])
    assert abs(mean_of_batch_means - by_image.mean().item()) > 20


def test_the_parts_add_up_and_the_bounds_are_in_order(model, images):
    scores = evaluate(model, images, num_importance_samples=100)
    assert scores.elbo == scores.reconstruction - scores.kl
    assert scores.kl > 0 > scores.log_likelihood > scores.elbo
    assert (scores.num_images, scores.num_nan) == (11, 0)


def test_a_nan_image_is_counted_and_not_dropped(model, images):
    spoilt = images.clone()
    spoilt[3, 0, 0] = math.nan
    spoilt[7] = math.nan
    scores = evaluate(model, spoilt, num_importance_samples=2, batch_size=4)
    assert (scores.num_images, scores.num_nan) == (11, 2)
    assert math.isnan(scores.log_likelihood) and math.isnan(scores.elbo)
    assert model.log_likelihood(spoilt, 2).isnan().nonzero().flatten().tolist() == [3, 7]


def test_the_same_figures_at_any_time_and_the_global_state_untouched(model, images):
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = evaluate(model, images, num_importance_samples=3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(17)
    assert evaluate(model, images, num_importance_samples=3) == first
    assert evaluate(model, images, num_importance_samples=3, seed=1) != first


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_scored_in_eval_mode_and_set_back(model, images, training):
    seen = []
    handle = model.decoder.register_forward_hook(lambda module, inputs, output: seen.append(module.training))
    model.train(training)
    evaluate(model, images, num_importance_samples=2)
    handle.remove()
    assert model.training is training and seen and not any(seen)
    with pytest.raises(InputError, match="the model takes"):
        evaluate(model, torch.zeros(2, 5, 5), num_importance_samples=2)
    assert model.training is training


def test_nothing_to_evaluate_is_an_error(model, images):
    with pytest.raises(InputError, match="no images"):
        evaluate(model, images[:0])
    with pytest.raises(InputError, match="0 importance samples"):
        evaluate(model, images, num_importance_samples=0)


# --- what the latent space knows


def squares(count, seed):
    """Images of three classes, told apart by where their bright pixels are."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (count,), generator=generator)
    images = torch.zeros(count, 28, 28, dtype=torch.uint8)
    for image, label in zip(images, labels, strict=True):
        image[9 * label : 9 * label + 9] = 255
    return Split(images, labels)


@pytest.fixture(scope="module")
def dataset():
    return ImageDataset("squares", squares(300, 0), squares(20, 1), squares(60, 2))


@pytest.mark.parametrize("space", ["e2", "s2", "s1,s1", "p2,e2"])
def test_classes_that_the_latents_tell_apart_are_classified(dataset, space):
    torch.manual_seed(0)
    results = classify_latents(build_vae((28, 28), space), dataset, num_labels=(30, 200), num_draws=3)
    names = "k nearest neighbors", "logistic regression"
    assert [(r.classifier, r.num_labels) for r in results] == [(name, n) for name in names for n in (30, 200)]
    assert all(r.accuracy == 1 and r.standard_error == 0 and r.num_draws == 3 for r in results)


def test_latents_that_know_nothing_of_the_labels_are_at_chance(dataset):
    shuffled = {
        name: Split(split.images, torch.randint(3, (len(split),), generator=torch.Generator().manual_seed(9)))
        for name, split in (("train", dataset.train), ("test", dataset.test))
    }
    torch.manual_seed(0)
    noise = ImageDataset("noise", shuffled["train"], dataset.validation, shuffled["test"])
    for result in classify_latents(build_vae((28, 28), "s2"), noise, num_labels=(100,), num_draws=5):
        assert 0.1 < result.accuracy < 0.6 and result.standard_error > 0


def test_the_neighbors_are_near_in_the_geometrys_own_distance(dataset, monkeypatch):
    """With a distance that calls the farthest the nearest, the neighbors fail and the linear classifier does not."""
    torch.manual_seed(0)
    model = build_vae((28, 28), "s2")
    monkeypatch.setattr(model.latent_space, "distance", lambda a, b: (10 - torch.cdist(a, b)).clamp(min=0))
    neighbors, linear = classify_latents(model, dataset, num_labels=(200,), num_draws=2)
    assert neighbors.accuracy < 0.5 and linear.accuracy == 1


def test_classification_is_repeatable(dataset):
    torch.manual_seed(0)
    model = build_vae((28, 28), "s2")
    first = classify_latents(model, dataset, num_labels=(10,), num_draws=3)
    torch.rand(3)
    assert classify_latents(model, dataset, num_labels=(10,), num_draws=3) == first


def test_labels_that_are_not_there_are_an_error(model, dataset):
    bare = ImageDataset("faces", *(Split(s.images) for s in (dataset.train, dataset.validation, dataset.test)))
    with pytest.raises(InputError, match="'faces' has no labels"):
        classify_latents(model, bare)
    with pytest.raises(InputError, match="1000 labels of 300"):
        classify_latents(model, dataset)


def test_embeddings_go_to_a_file_whole_or_not_at_all(model, dataset, tmp_path, monkeypatch):
    path = tmp_path / "embeddings.npz"
    for _ in range(2):  # the second time over the first
        save_embeddings(path, model, dataset)
    with np.load(path) as arrays:
        kinds = "embeddings", "labels"
        assert set(arrays) == {f"{split}_{kind}" for split in ("train", "validation", "test") for kind in kinds}
        assert arrays["train_embeddings"].shape == (300, 3) and arrays["train_embeddings"].dtype == np.float32
        np.testing.assert_array_equal(arrays["test_labels"], dataset.test.labels)
        np.testing.assert_allclose(arrays["test_embeddings"], embed(model, dataset.test), rtol=1e-6)
    before = path.read_bytes()

    def fail(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        save_embeddings(path, model, dataset)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
