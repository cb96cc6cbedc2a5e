"""Experiments from flags by name, as the command line and a sweep's file give them."""

from dataclasses import Field, fields, replace
from typing import Any

from svae_lib.errors import InputError
from svae_lib.experiment.config import Experiment, PaperSpace

SPECS = (*fields(PaperSpace), *fields(Experiment))
RUNTIME = ("data_dir", "device", "threads")  # what every command may set that reads or makes runs


def flags_by_name() -> dict[str, Field]:
    """Every flag by its field's name and by its long names.

    >>> flags = flags_by_name()
    >>> flags["seed"] is flags["rs"], flags["learn_radius"] is flags["learn-radius"]
    (True, True)
    """
    long = {name.removeprefix("--"): spec for spec in SPECS for name in spec.metadata["names"] if name[:2] == "--"}
    return long | {spec.name: spec for spec in SPECS}


def choose(given: dict[str, Any], stored: Experiment | None = None) -> Experiment:
    """The experiment of values by field, laid over the one that a resumed run has stored.

    The fields of PaperSpace stand in place of `latent`. Errors: InputError for both, and as PaperSpace and Experiment.

    >>> choose({"name": "normal", "z": 5, "seed": 1}) == Experiment(latent="e5", seed=1)
    True
    """
    papers = {spec.name: given[spec.name] for spec in fields(PaperSpace) if spec.name in given}
    own = {name: value for name, value in given.items() if name not in papers}
    if "latent" in own and papers:
        raise InputError(f"--latent {own['latent']} stands in place of -n, -dis, -z and -zd: leave one or the other")
    space = PaperSpace(**papers)
    if papers:
        own["latent"] = space.latent
    return replace(stored, **own) if stored else Experiment(**own)
