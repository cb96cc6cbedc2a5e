"""Laws of a stack: its models are what they would be alone, no model depends on another, nothing is lost."""

import functools
import math

import pytest
import torch

from svae_lib.errors import InputError
from svae_lib.training import Schedule, fit, fit_stacked
from svae_lib.training.checkpoints import load_checkpoint
from svae_lib.training.stack import Stack

SPACES = ["s2", "s4", "e2", "p2", "c3", "2xs1,e2"]
quick = functools.partial(fit_stacked, seeds=[0, 1, 2], epochs=3, batch_size=20, learning_rate=1e-2, progress=False)


@pytest.fixture
def make_models(make_model):
    return lambda space="s2", **options: [make_model(space, seed=seed, **options) for seed in (1, 2, 3)]


@pytest.fixture
def images():
    return torch.rand(3, 7, 8, 8, generator=torch.Generator().manual_seed(0)).round()


def test_a_stack_of_one_is_the_model(make_model, images):
    """The same bound from the same noise, and the same gradients; in float32, summed in another order."""
    for options in ({}, {"network": "cnn", "likelihood": "gaussian"}, {"likelihood": "categorical"}):
        model = make_model("s4,s4", **options)
        stack = Stack([model], torch.device("cpu"))
        (noise,) = model.latent_space.noise(1, 7)
        alone, stacked = model.elbo(images[0], noise), stack.elbo(images[:1], noise)
        for one, other in zip(alone, stacked, strict=True):
            torch.testing.assert_close(other[0], one, rtol=1e-5, atol=1e-4)
        alone.total.mean().backward()
        stacked.total.mean().backward()
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(stack.weights[name].grad[0], parameter.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("space", SPACES)
def test_each_model_has_its_own_weights_and_images(make_models, images, space):
    models = make_models(space)
    kl = Stack(models, torch.device("cpu")).elbo(images).kl  # on which noise has no influence
    for model, x, found in zip(models, images, kl, strict=True):
        torch.testing.assert_close(found, model.elbo(x).kl, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("space", "likelihood"), [("s2", "gaussian"), *((space, "bernoulli") for space in SPACES)])
def test_learns(make_models, data, space, likelihood):
    for history in quick(make_models(space, likelihood=likelihood), data, epochs=6):
        rows = history.rows
        assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
        assert all(math.isfinite(value) for row in rows for value in row.values())
        assert rows[-1]["validation_elbo"] > rows[0]["validation_elbo"] + 1


def test_scores_are_distributed_as_those_of_single_trainings(make_model, data):
    """Eight seeds each way; four standard errors of the difference of the means."""
    models = [make_model("s4", seed=seed) for seed in range(8)]
    options = {"epochs": 8, "batch_size": 20, "learning_rate": 1e-2, "schedule": Schedule(warmup=2), "progress": False}
    stacked = [history.best_elbo for history in fit_stacked(models, data, seeds=range(8), **options)]
    models = [make_model("s4", seed=seed) for seed in range(8)]
    single = [fit(model, data, seed=seed, **options).best_elbo for seed, model in enumerate(models)]
    one, other = torch.tensor(stacked), torch.tensor(single)
    assert (one.mean() - other.mean()).abs() < 4 * ((one.var() + other.var()) / 8).sqrt()


def test_no_model_depends_on_anothers_weights(make_models, make_model, data, same):
    models, others = make_models(), make_models()
    others[1] = make_model(seed=77)
    quick(models, data)
    quick(others, data)
    alike = [same(one.state_dict(), other.state_dict()) for one, other in zip(models, others, strict=True)]
    assert alike == [True, False, True]


def test_one_that_is_not_finite_ends_alone(make_models, data, same):
    sound, models = make_models(), make_models()
    quick(sound, data)
    with torch.no_grad():
        models[1].head.bias[0] = math.nan
    ends = quick(models, data)
    assert ends[1] == "epoch 1, step 1" and [ends[i].epoch for i in (0, 2)] == [3, 3]
    assert all(same(models[i].state_dict(), sound[i].state_dict()) for i in (0, 2))


def test_every_image_is_seen_once_an_epoch_in_an_order_of_each_model(make_models, data, monkeypatch):
    seen, elbo = [], Stack.elbo

    def watched(self, x, noise=None):
        if torch.is_grad_enabled():
            seen.append(x[:, :, 7, 7])  # the image's number
        return elbo(self, x, noise)

    monkeypatch.setattr(Stack, "elbo", watched)
    quick(make_models(likelihood="gaussian"), data, epochs=1)
    numbers = (255 * torch.cat(seen, 1)).round().long()
    assert all(sorted(row.tolist()) == list(range(50)) for row in numbers)
    assert not torch.equal(numbers[0], numbers[1])


def test_each_has_its_own_end_and_its_best_weights(make_models, data):
    models = make_models()
    histories = quick(models, data, epochs=30, look_ahead=2, min_improvement=0.2, learning_rate=0.03)
    assert len({history.epoch for history in histories}) > 1
    for model, history in zip(models, histories, strict=True):
        assert history.stalled(2) or history.epoch == 30
        assert history.best_elbo == max(row["validation_elbo"] for row in history.rows)
        assert not model.training


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_an_interrupted_stack_ends_with_the_same_weights(make_models, data, same, tmp_path, likelihood):
    """Ctrl-C after the fourth of seven epochs."""
    options = {"epochs": 7, "look_ahead": 2, "min_improvement": 0.2, "learning_rate": 0.03}
    make_models = functools.partial(make_models, likelihood=likelihood)
    whole, parts = make_models(), make_models()
    histories = quick(whole, data, **options)
    options |= {"checkpoints": [tmp_path / f"{i}.pt" for i in range(3)], "save_every": 100}

    def stop(histories):
        if max(history.epoch for history in histories) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quick(parts, data, on_epoch=stop, **options)
    assert [load_checkpoint(path)["epoch"] for path in options["checkpoints"]] == [4, 4, 4]
    again = make_models()
    resumed = quick(again, data, resume=True, **options)
    assert all(same(one.state_dict(), other.state_dict()) for one, other in zip(whole, again, strict=True))
    assert [one.best_elbo for one in resumed] == [other.best_elbo for other in histories]


def test_a_checkpoint_of_a_stack_is_one_of_fit_too(make_models, data, tmp_path):
    models, paths = make_models(), [tmp_path / f"{i}.pt" for i in range(3)]
    quick(models, data, checkpoints=paths)
    (alone,) = make_models()[1:2]
    history = fit(alone, data, epochs=5, batch_size=20, seed=1, checkpoint=paths[1], resume=True, progress=False)
    assert history.epoch == 5
    with pytest.raises(InputError, match="with seed 1, not 0"):
        fit(alone, data, epochs=5, seed=0, checkpoint=paths[1], resume=True, progress=False)
    with pytest.raises(InputError, match=r"of epochs \[3, 5\]"):
        quick(make_models(), data, checkpoints=paths, resume=True)
    with pytest.raises(InputError, match="of another model"):
        quick(make_models("s3"), data, seeds=[0, 0, 0], checkpoints=paths[:1] * 3, resume=True)


def test_what_cannot_be_stacked_is_refused(make_model):
    cpu = torch.device("cpu")
    with pytest.raises(InputError, match="differ in nothing but their weights"):
        Stack([make_model("s2"), make_model("s2", network="cnn")], cpu)
    with pytest.raises(InputError, match="differ in nothing but their weights"):
        Stack([make_model("s3"), make_model("p3")], cpu)


def test_the_random_state_of_the_caller_stays(make_models, data):
    models = make_models()
    before = torch.get_rng_state()
    quick(models, data, epochs=1)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_recorded_step_is_the_step_it_was(make_models, data, same, monkeypatch):
    recorded, direct = make_models(), make_models()
    quick(recorded, data, epochs=6, device="cuda")
    monkeypatch.setattr("svae_lib.training.stacked_trainer._replayed", lambda step: step)
    quick(direct, data, epochs=6, device="cuda")
    assert all(same(one.state_dict(), other.state_dict()) for one, other in zip(recorded, direct, strict=True))
