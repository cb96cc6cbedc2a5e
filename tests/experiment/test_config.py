"""An Experiment is the flags and what a run stores: it comes back equal, and refuses what it does not know."""

import dataclasses
import json
import re

import pytest

from svae_lib.errors import InputError
from svae_lib.experiment import Experiment
from svae_lib.experiment.flags import long_flag
from svae_lib.latent_spaces.concentration_heads import CONCENTRATION_HEADS
from svae_lib.models.likelihoods import LIKELIHOODS
from svae_lib.models.networks import NETWORKS


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"latent": "s4,s4,e2", "hidden": (8, 9), "sigma": 0.5, "likelihood": "gaussian"},
        {"epochs": 7, "binarize_once": True},
    ],
)
def test_comes_back_equal_from_json(values):
    experiment = Experiment(**values)
    assert Experiment.from_json(experiment.to_json()) == experiment


def test_stores_what_defaults_became():
    stored = json.loads(Experiment(epochs=9, kl_freeze=2, dataset="frey_faces").to_json())
    assert (stored["kl_warmup"], stored["burn_in"], stored["likelihood"]) == (3, 5, "categorical")


def test_refuses_unknown_and_missing_keys_by_name():
    values = json.loads(Experiment().to_json())
    with pytest.raises(InputError, match=r"old/experiment\.json: unknown key 'zdim'"):
        Experiment.from_json(json.dumps(values | {"zdim": 3}), where="old/experiment.json")
    del values["beta"]
    with pytest.raises(InputError, match="missing key 'beta'"):
        Experiment.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '{"latent": "s2"', b"\xff\xfe\x00"])
def test_refuses_what_is_no_object(text):
    with pytest.raises(InputError, match=r"experiment\.json is not the JSON of an experiment"):
        Experiment.from_json(text)


@pytest.mark.parametrize(
    "name, value",
    [
        ("epochs", 0),
        ("epochs", 2.0),
        ("epochs", True),
        ("epochs", "3"),
        ("epochs", None),
        ("learning_rate", float("nan")),
        ("learning_rate", "0.1"),
        ("beta", -0.1),
        ("hidden", ()),
        ("hidden", (8, 0)),
        ("hidden", (8, 2.5)),
        ("hidden", 8),
        ("encoder_network", "rnn"),
        ("likelihood", "bce"),
        ("binarize_once", 1),
        ("latent", 3),
        ("verbosity", 3),
    ],
)
def test_refuses_wrong_values_from_python_too(name, value):
    with pytest.raises(InputError, match=f"{long_flag(name)}.* {re.escape(repr(value))}: "):
        Experiment(**{name: value})


@pytest.mark.parametrize("latent, piece", [("s2,q", "q"), ("", ""), ("0xs4", "0xs4")])
def test_refuses_a_latent_space_that_cannot_be_read(latent, piece):
    with pytest.raises(InputError, match=re.escape(f"latent space: cannot read {piece!r} in {latent!r}; write s9")):
        Experiment(latent=latent)


def test_whole_numbers_are_numbers_and_lists_are_tuples():
    experiment = Experiment(learning_rate=1, hidden=[8, 9])
    assert (experiment.learning_rate, experiment.hidden) == (1.0, (8, 9))
    assert hash(experiment) == hash(dataclasses.replace(experiment))


def test_a_field_that_came_later_is_what_it_was_before():
    stored = json.loads(Experiment(concentration_head="exp").to_json())
    del stored["concentration_head"]
    assert Experiment.from_json(json.dumps(stored)).concentration_head == "softplus"


def test_a_word_stands_in_place_of_a_number():
    assert Experiment.from_json(Experiment(radius="sqrt_m").to_json()).radius == "sqrt_m"
    assert Experiment(radius=2).radius == 2.0
    with pytest.raises(InputError, match="--radius 'sqrt': must be a number > 0, or sqrt_m"):
        Experiment(radius="sqrt")


def test_the_choices_are_those_of_the_library():
    """The command line knows them without torch."""
    choices = {spec.name: spec.metadata.get("choices") for spec in dataclasses.fields(Experiment)}
    assert choices["concentration_head"] == tuple(CONCENTRATION_HEADS)
    assert choices["encoder_network"] == choices["decoder_network"] == tuple(NETWORKS)
    assert choices["likelihood"] == tuple(LIKELIHOODS)
