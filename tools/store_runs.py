"""Store the long runs that the chapters show: their scores with command and seed, three models, and samples.

    svae sweep run_files/mnist_spaces.toml --data-dir DIR -ld runs      about four hours of one core
    python tools/store_runs.py runs/mnist_spaces

A run that is missing is left out and named, so that the others can be looked at while it trains.
"""

import json
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path

import torch

from svae_lib import Experiment
from svae_lib.experiment import RunFolder, load_run, save_model
from svae_lib.experiment.flags import flag_names
from svae_lib.files import atomic_write, save_weights
from svae_lib.latent_spaces.names import parse_name

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SEEDS = range(3)
TABLES = {
    "03_mnist.json": ("e2", "s2", "e3", "s3", "e5", "s5", "e10", "s10"),
    "04_partitions.json": ("s10", "s5,s5", "s4,s3,s3", "5xs2"),
}
WEIGHTS = ("s2", "2xs1", "5xs2")  # seed 0
NOT_STORED = ("seconds_per_epoch", "num_nan")  # a time says more of the machine than of the run


def command(experiment: Experiment) -> str:
    """The shortest `svae train` that means this experiment."""
    if {factor.family for factor in parse_name(experiment.latent).factors} == {"euclidean"}:  # neither has an effect
        defaults = {"radius": Experiment.radius, "concentration_head": Experiment.concentration_head}
        experiment = replace(experiment, **defaults)
    values = asdict(experiment)
    for name in [name for name in values if name not in ("latent", "seed")]:
        # what is left out and comes back by itself need not be said
        shorter = {other: value for other, value in values.items() if other != name}
        if Experiment(**shorter) == experiment or name in ("data_dir", "device", "threads"):
            values = shorter
    flags = {spec.name: flag_names(spec)[0] for spec in fields(Experiment)}
    return " ".join(["svae train", *(f"{flags[name]} {value}" for name, value in values.items())])


def finished(runs: Path, space: str, seed: int) -> RunFolder | None:
    run = RunFolder(runs / f"mnist-{space.replace(',', '_')}-{seed}")
    if run.finished:
        return run
    print(f"left out: {run.path} is not there, or not finished", file=sys.stderr)


def row(run: RunFolder) -> dict:
    kept = {name: round(value, 3) if isinstance(value, float) else value for name, value in run.metrics.items()}
    return {"command": command(run.experiment)} | {n: kept[n] for n in kept if n not in NOT_STORED}


def store(runs: Path) -> None:
    spaces = dict.fromkeys([*WEIGHTS, *(space for table in TABLES.values() for space in table)])
    found = {(space, seed): run for space in spaces for seed in SEEDS if (run := finished(runs, space, seed))}
    for name, table in TABLES.items():
        rows = [json.dumps(row(found[key])) for key in found if key[0] in table]
        atomic_write(NOTEBOOKS / "results" / name, ("[\n" + ",\n".join(rows) + "\n]\n").encode())
    for space in WEIGHTS:
        if folder := found.get((space, 0)):
            run, path = load_run(folder.path), NOTEBOOKS / "weights" / f"{space}.safetensors"
            save_model(path, run.model, run.experiment, dtype=torch.float16, command=command(run.experiment))
    samples = {}
    for space in TABLES["04_partitions.json"]:
        if folder := found.get((space, 0)):
            run = load_run(folder.path)
            torch.manual_seed(0)
            samples[space] = (255 * run.model.sample(24)).round().to(torch.uint8)
    save_weights(NOTEBOOKS / "results" / "04_samples.safetensors", samples, what="24 mean images from each prior")


if __name__ == "__main__":
    store(Path(sys.argv[1]))
