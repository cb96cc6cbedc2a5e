"""Runs from Python: what differs from the command line, and a run of each kind of model."""

import json
import math
import os

import numpy as np
import pytest
import torch

from svae_lib import build_vae, parse_latent_space
from svae_lib.errors import InputError
from svae_lib.experiment import Experiment, load_model, load_run, run_experiment, save_model


@pytest.fixture
def images(tmp_path):
    """Twelve bars in each place, of noisy grey: a set that two epochs get better on."""
    random = np.random.default_rng(0)
    levels = random.integers(0, 60, (120, 8, 8))
    for number in range(120):
        levels[number, :, number % 4 * 2 :][:, :2] += 190
    np.savez(tmp_path / "bars.npz", images=levels.astype(np.uint8), labels=np.arange(120) % 4)
    return str(tmp_path / "bars.npz")


def small(images, **values) -> Experiment:
    quick = {"epochs": 2, "batch_size": 10, "learning_rate": 0.01, "hidden": (16,), "num_importance_samples": 3}
    return Experiment(dataset=images, device="cpu", **(quick | {"kl_warmup": 0} | values))


@pytest.mark.parametrize(
    "values",
    [
        {"latent": "10xs4"},
        {"latent": "s4,s4,e2"},
        {"latent": "e3", "covariance": "full"},
        {"latent": "e3", "covariance": "single"},
        {"encoder_network": "cnn", "decoder_network": "cnn"},
        {"encoder_network": "cnn"},
        {"decoder_network": "cnn", "likelihood": "gaussian"},
        {"learn_radius": True, "radius": 2.0, "latent": "s2,p2"},
        {"learn_scale": True, "latent": "e2,e1"},
        {"latent": "s40"},
        {"latent": "s99"},
        {"latent": "p9", "concentration_floor": 0.0},
        {"likelihood": "gaussian", "sigma": 0.2},
        {"likelihood": "categorical"},
        {
            "kl_target": 2.0,
            "kl_freeze": 1,
            "beta": 2.0,
            "binarize_once": True,
            "clip": 1.0,
            "validate_log_likelihood": True,
        },
    ],
    ids=str,
)
def test_each_kind_of_run_ends_finite_and_better_than_it_began(images, tmp_path, values):
    metrics = run_experiment(small(images, **values), tmp_path / "run")
    assert all(math.isfinite(value) for key, value in metrics.items() if key.startswith("test_"))
    rows = load_run(tmp_path / "run").rows
    assert rows[1]["train_reconstruction"] > rows[0]["train_reconstruction"]
    assert (tmp_path / "run" / "latent.png").exists() == (values.get("latent", "s2") in ("s2", "e2"))


def test_the_metrics_are_those_of_the_best_weights_and_stay_so(images, tmp_path):
    from svae_lib.experiment.run import score

    before = torch.get_rng_state()
    metrics = run_experiment(small(images), tmp_path / "run")
    assert torch.equal(before, torch.get_rng_state())
    run = load_run(tmp_path / "run")
    assert run.metrics == metrics
    assert score(run.experiment, run.model, run.data).items() <= metrics.items()


def test_a_normal_model_is_normal(images, tmp_path):  # -n normal of the reference trains a vMF
    from torch.distributions import Independent, Normal

    run_experiment(small(images, latent="e2"), tmp_path / "run")
    posterior = load_run(tmp_path / "run").model.encode(torch.zeros(1, 8, 8))
    assert isinstance(posterior, Independent)
    assert isinstance(posterior.base_dist, Normal)


def test_the_seed_decides_and_nothing_else(images, tmp_path):
    kept = []
    for name, seed, elsewhere in (("a", 0, 5), ("b", 0, 6), ("c", 1, 5)):
        torch.manual_seed(elsewhere)
        kept.append(run_experiment(small(images, seed=seed), tmp_path / name)["test_elbo"])
    assert kept[0] == kept[1] != kept[2]


def test_another_experiment_is_refused_but_not_another_machine(images, tmp_path):
    from dataclasses import replace

    experiment = small(images)
    metrics = run_experiment(experiment, tmp_path / "run")
    assert run_experiment(replace(experiment, device="auto", print_every=7), tmp_path / "run", resume=True) == metrics
    with pytest.raises(InputError, match="was started with --seed 0, not 3"):
        run_experiment(replace(experiment, seed=3), tmp_path / "run", resume=True)
    with pytest.raises(InputError, match="exists"):
        run_experiment(experiment, tmp_path / "run")


def test_a_folder_that_cannot_be_made_is_reported(images, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot make the folder"):
        run_experiment(small(images), tmp_path / "file" / "run")


def test_what_was_interrupted_before_the_metrics_is_finished(images, tmp_path):
    experiment = small(images)
    metrics = run_experiment(experiment, tmp_path / "run")
    for name in ("metrics.json", "best.safetensors", "latent.png"):
        os.unlink(tmp_path / "run" / name)
    with pytest.raises(InputError, match="not finished"):
        load_run(tmp_path / "run")
    again = run_experiment(experiment, tmp_path / "run", resume=True)
    assert again == metrics | {"peak_memory_megabytes": again["peak_memory_megabytes"]}
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == again
    assert (tmp_path / "run" / "latent.png").exists()


def test_a_model_is_its_file_wherever_that_lies(images, tmp_path):
    run_experiment(small(images, latent="s2,s1"), tmp_path / "run")
    run, copy = load_run(tmp_path / "run"), tmp_path / "copy.safetensors"
    copy.write_bytes((tmp_path / "run" / "best.safetensors").read_bytes())
    x = torch.rand(3, 8, 8)
    for path in (tmp_path / "run", copy):
        model = load_model(path)
        assert not model.training
        assert torch.equal(model.embed(x), run.model.embed(x))


def test_half_of_the_digits_draw_the_same_picture(images, tmp_path):
    model = build_vae((8, 8), parse_latent_space("s2"), (16,))
    save_model(tmp_path / "half.safetensors", model, small(images), dtype=torch.float16)
    save_model(tmp_path / "whole.safetensors", model, small(images))
    again = load_model(tmp_path / "half.safetensors")
    z = model.latent_space.prior().sample((5,))
    assert {parameter.dtype for parameter in again.parameters()} == {torch.float32}
    # float16 keeps 11 bits: pixels, whose slope is at most 1/4 of 16 sums, move by far less than one gray level in 256
    assert (again.likelihood.mean(again.decode(z)) - model.likelihood.mean(model.decode(z))).abs().max() < 1 / 256
    assert os.path.getsize(tmp_path / "half.safetensors") < 0.7 * os.path.getsize(tmp_path / "whole.safetensors")


def test_weights_that_cannot_be_used_are_named_in_one_line(images, tmp_path):
    from safetensors.torch import save_file

    model, path = build_vae((8, 8), parse_latent_space("s2"), (16,)), tmp_path / "model.safetensors"
    with pytest.raises(InputError, match=r"there are no weights .*model\.safetensors"):
        load_model(path)
    save_model(path, model, small(images, latent="s3"))
    with pytest.raises(InputError, match=r"model\.safetensors holds another model's weights"):
        load_model(path)
    save_model(path, model, small(images))
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(InputError, match=r"model\.safetensors is not a complete"):
        load_model(path)
    save_file(model.state_dict(), path)
    with pytest.raises(InputError, match="holds no experiment"):
        load_model(path)
