"""Laws of training: what must hold of every fit; and one test for each fault of training that is known."""

import functools
import math

import pytest
import torch
from tqdm.auto import tqdm

from svae_lib.errors import InputError
from svae_lib.models import ELBO, build_vae
from svae_lib.training import Schedule, TrainingFailed, fit
from svae_lib.training.trainer import Trainer, TrainerConfig

quick = functools.partial(fit, epochs=3, batch_size=20, learning_rate=1e-2, progress=False)


@pytest.fixture
def watched(make_model):
    """A model that notes the images it was trained on, and whether it was in training mode, at every step."""

    def make(space="s2", **options):
        model = make_model(space, **options)
        model.seen, plain = [], model.elbo

        def elbo(x, noise=None):
            if torch.is_grad_enabled():
                model.seen.append((x.clone(), model.training))
            else:
                assert not model.training, "a model is validated in eval()"
            return plain(x, noise)

        model.elbo = elbo
        return model

    return make


@pytest.mark.parametrize("space", ["s2", "e2", "2xs1", "p2,e1"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "categorical"])
def test_learns(make_model, data, space, likelihood):
    rows = quick(make_model(space, likelihood=likelihood), data, epochs=6).rows
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert all(math.isfinite(value) for row in rows for value in row.values())
    assert rows[-1]["validation_elbo"] > rows[0]["validation_elbo"] + 1


def test_the_rows_add_up(make_model, data):
    for row in quick(make_model(), data, schedule=Schedule(warmup=2, target=1.0)).rows:
        for split in ("train", "validation"):
            parts = row[f"{split}_reconstruction"] - row[f"{split}_kl"]
            assert row[f"{split}_elbo"] == pytest.approx(parts, abs=1e-3)  # sums of 64 pixels in float32


def test_every_image_weighs_one_in_a_row(make_model, data):  # the last of 50 in steps of 20 is half a batch
    model = make_model(likelihood="gaussian")

    def level(x, noise=None):
        gray = x.sum((1, 2)) + 0 * model.head.weight.sum()
        return ELBO(gray, gray, 0 * gray)

    model.elbo = level
    row = quick(model, data, epochs=1).rows[0]
    mean = data.train.images.double().sum((1, 2)).mean() / 255
    assert row["train_reconstruction"] == pytest.approx(mean.item(), rel=1e-6)  # float32


def test_modes_are_set_and_the_best_model_is_left_in_eval(watched, data):
    model = watched()
    quick(model, data)
    assert all(training for _, training in model.seen)
    assert not model.training


def test_each_epoch_sees_every_image_once_in_a_new_order(watched, data):
    model = watched(likelihood="gaussian")
    quick(model, data, epochs=2)
    first, second = (torch.cat([x for x, _ in model.seen[i : i + 3]]) for i in (0, 3))
    assert not torch.equal(first, second)
    for seen in (first, second):
        assert sorted((255 * seen[:, 7, 7]).round().int().tolist()) == sorted(data.train.images[:, 7, 7].tolist())


def test_pixels_are_binarized_each_time_or_once(watched, data):
    means = {}
    for once in (False, True):
        model = watched()
        quick(model, data, epochs=2, binarize_once=once, learning_rate=1e-4)
        assert all(set(x.unique().tolist()) == {0.0, 1.0} for x, _ in model.seen)
        means[once] = [torch.cat([x for x, _ in model.seen[i : i + 3]]).sum(0) for i in (0, 3)]
    assert not torch.equal(*means[False])
    assert torch.equal(*means[True])


def test_binarized_pixels_have_the_intensities_as_their_mean(
    watched, data
):  # the fault: pixels 0..255 compared with U(0, 1)
    model = watched()
    quick(model, data, epochs=20)
    mean = torch.cat([x for x, _ in model.seen]).mean()
    # 64,000 pixels, each with a deviation below 0.5: five standard errors are 0.01
    assert abs(mean - data.train.images.float().mean() / 255) < 0.01


def test_the_best_weights_are_left(make_model, data, same, monkeypatch):
    model, kept = make_model(), {}
    scores = iter([-9.0, -5.0, -3.0, -7.0, -4.0])
    monkeypatch.setattr("svae_lib.training.trainer.Trainer.validate", lambda *_: {"validation_elbo": next(scores)})

    def keep(history):
        kept[history.epoch] = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    history = quick(model, data, epochs=5, on_epoch=keep)
    assert (history.best_epoch, history.best_elbo) == (3, -3.0)
    assert same(model.state_dict(), kept[3])


def test_the_best_is_looked_for_after_the_burn_in(make_model, data):
    assert quick(make_model(), data, epochs=8, learning_rate=0.3, burn_in=6).best_epoch in (7, 8)
    assert quick(make_model(), data, epochs=8, schedule=Schedule(warmup=7)).best_epoch == 8
    assert quick(make_model(), data, epochs=2, schedule=Schedule(warmup=100)).best_epoch == 2  # the last always counts


def test_stops_when_nothing_is_gained(make_model, data):
    still = quick(make_model(), data, epochs=40, learning_rate=1e-12, look_ahead=4, burn_in=3)
    assert still.epoch == 8  # the fourth epoch is the first that counts; four more bring nothing
    assert quick(make_model(), data, epochs=10, look_ahead=10).epoch == 10


def test_validates_every_few_epochs_and_at_the_end(make_model, data):
    rows = quick(make_model(), data, epochs=7, validate_every=3, validation_samples=5).rows
    assert [row["epoch"] for row in rows if "validation_elbo" in row] == [3, 6, 7]
    assert all(row["validation_log_likelihood"] > row["validation_elbo"] for row in rows if "validation_elbo" in row)


def test_validation_scores_the_same_pixels_with_the_same_noise(make_model, data):
    rows = quick(make_model(), data, epochs=3, learning_rate=1e-12).rows
    assert len({row["validation_elbo"] for row in rows}) == 1


def test_a_run_is_a_function_of_its_seed(make_model, data, same):
    runs = []
    for seed, elsewhere in ((3, 10), (3, 11), (4, 10)):
        model = make_model()
        torch.manual_seed(elsewhere)  # the caller's noise is no part of it
        before = torch.get_rng_state()
        quick(model, data, seed=seed)
        assert torch.equal(before, torch.get_rng_state())
        runs.append(model.state_dict())
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


def test_a_learned_radius_is_trained(make_model, data):  # the reference never trained it
    from svae_lib.latent_spaces import Sphere

    model = build_vae((8, 8), Sphere(2, learn_radius=True), hidden=(16,))
    before = model.latent_space.radius.item()
    quick(model, data)
    assert abs(model.latent_space.radius.item() - before) > 1e-3


@pytest.mark.parametrize(
    ("name", "option"), [("2xs2,s3", "learn_radius"), ("2xe2,e3", "learn_scale")], ids=["radius", "scale"]
)
def test_learned_radii_and_scales_have_their_own_learning_rate(data, name, option):
    from svae_lib.latent_spaces import parse_latent_space

    moved = {}
    for rate in (None, 0.01, 0.1, 1e-12):
        torch.manual_seed(0)
        model = build_vae((8, 8), parse_latent_space(name, **{option: True}), hidden=(16,))
        before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        quick(model, data, radius_learning_rate=rate)
        moved[rate] = {name: (weight - before[name]).abs().max() for name, weight in model.named_parameters()}
    radii = [name for name in before if name.endswith(("log_radius", "log_scale"))]
    assert len(radii) == 2 and moved[None] == moved[0.01]  # the rate of all the rest
    for name in radii:
        assert moved[0.1][name] > 5 * moved[None][name] > 0
        assert moved[1e-12][name] < 1e-6
    others = set(before) - set(radii)
    assert all(moved[1e-12][name] > 0 for name in others)


def test_mixed_precision_learns_and_leaves_float32_weights(make_model, data):
    pytest.importorskip("lightning_fabric")
    model = make_model()
    seen = set()
    model.decoder.net[0].register_forward_hook(lambda layer, inputs, output: seen.add(output.dtype))
    history = fit(model, data, epochs=8, batch_size=10, precision="bf16-mixed", progress=False)
    assert torch.bfloat16 in seen  # in training; validation is exact
    assert history.rows[-1]["train_elbo"] > history.rows[0]["train_elbo"]
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    with pytest.raises(InputError, match="precision 'half': choose from 32-true, bf16-mixed"):
        fit(model, data, epochs=1, precision="half", progress=False)


def test_clipping_bounds_the_step(make_model, data):
    norms = []
    for clip in (None, 0.5):
        model = make_model()
        parameters = list(model.parameters())
        step = torch.optim.Adam.step

        def spy(self, *args, parameters=parameters, step=step, **options):
            norms[-1].append(torch.stack([p.grad.norm() for p in parameters]).norm().item())
            return step(self, *args, **options)

        norms.append([])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch.optim.Adam, "step", spy)
            quick(model, data, epochs=1, clip=clip)
    assert max(norms[0]) > 1
    assert max(norms[1]) < 0.5 * (1 + 1e-5)  # float32


class Poison:
    """Makes the loss of given training steps NaN, counted over the whole training."""

    def __init__(self, model, *steps):
        self.calls, self.steps, self.plain = 0, steps, model.elbo
        model.elbo = self

    def __call__(self, x, noise=None):
        bound = self.plain(x, noise)
        self.calls += torch.is_grad_enabled()
        bad = torch.is_grad_enabled() and (not self.steps or self.calls in self.steps)
        return ELBO(*(part * (math.nan if bad else 1.0) for part in bound))


def test_a_nan_restarts_from_the_last_good_epoch_with_other_noise(make_model, data, same):
    model, plain = make_model(), make_model()
    Poison(model, 5)  # the second of three steps of the second epoch
    kept = {}
    history = quick(model, data, on_epoch=lambda h: kept.update({h.epoch: h.rows[-1]["train_loss"]}))
    undisturbed = quick(plain, data)
    assert history.restarts == 1
    assert [row["restarts"] for row in history.rows] == [0, 1, 1]
    assert kept[1] == undisturbed.rows[0]["train_loss"]
    assert kept[2] != undisturbed.rows[1]["train_loss"]  # the same noise would bring the same NaN
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert not same(model.state_dict(), plain.state_dict())


@pytest.mark.parametrize("max_restarts", [0, 2])
def test_restarts_are_counted_and_end(make_model, data, max_restarts):  # those of the reference never count
    model = make_model()
    poison = Poison(model)
    with pytest.raises(TrainingFailed, match=f"epoch 1, step 1, after {max_restarts} restarts"):
        quick(model, data, max_restarts=max_restarts)
    assert poison.calls == 3 * (max_restarts + 1)


def test_the_failing_epoch_and_step_are_named(make_model, data):
    model = make_model()
    Poison(model, 8)
    with pytest.raises(TrainingFailed, match="epoch 3, step 2"):
        quick(model, data, max_restarts=0)


def test_an_update_that_breaks_the_weights_after_the_last_loss_is_found(make_model, data):
    model, steps = make_model(), []

    def explode(gradient):
        steps.append(1)
        return gradient * (math.nan if len(steps) == 3 else 1.0)  # the last step of the first epoch

    model.head.weight.register_hook(explode)
    history = quick(model, data, validate_every=3)  # no validation sees it either
    assert history.restarts == 1
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_the_last_good_state_stays_as_it_was(make_model, data):
    """Two restarts from one state must begin alike: neither Adam's moments nor the weights may move in it."""
    import copy

    model = make_model()
    config = TrainerConfig(batch_size=20, learning_rate=0.01, min_improvement=0.01, max_restarts=5)
    trainer, bar = Trainer(model, data, config), tqdm(disable=True)
    trainer.accept(trainer.train_epoch(1, bar)[0], may_be_best=False)
    before = copy.deepcopy(trainer.last_good_state)
    trainer.restart("")
    trainer.train_epoch(2, bar)
    after = trainer.last_good_state
    for kept, moved in zip(before["optimizer"]["state"].values(), after["optimizer"]["state"].values(), strict=True):
        assert all(torch.equal(kept[name], moved[name]) for name in kept)
    assert all(torch.equal(tensor, after["model"][name]) for name, tensor in before["model"].items())


def test_a_validation_that_is_nan_restarts_too(make_model, data):
    model, broken = make_model(), [True]
    plain = model.elbo

    def elbo(x, noise=None):
        bad = not torch.is_grad_enabled() and broken and broken.pop()
        return ELBO(*(part * (math.nan if bad else 1.0) for part in plain(x, noise)))

    model.elbo = elbo
    history = quick(model, data)
    assert history.restarts == 1
    assert math.isfinite(history.best_elbo)


@pytest.mark.parametrize("name", ["epochs", "batch_size", "save_every"])
def test_refuses_numbers_below_one(make_model, data, name):
    with pytest.raises(InputError, match=f"{name} is 0: give 1 or more"):
        fit(make_model(), data, **{"epochs": 1, name: 0}, progress=False)


def test_refuses_empty_splits(make_model, data):
    import dataclasses

    for split in ("train", "validation"):
        with pytest.raises(InputError, match="bars has no"):
            quick(make_model(), dataclasses.replace(data, **{split: data.test[:0]}))


def test_one_image_in_a_batch_larger_than_the_data(make_model, data):
    import dataclasses

    one = dataclasses.replace(data, train=data.train[:1], validation=data.validation[:1])
    assert quick(make_model(), one, epochs=1, batch_size=1000).epoch == 1
