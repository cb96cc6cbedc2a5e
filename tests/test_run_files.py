"""The run files: a script's lines are commands that `svae train` understands, and a sweep's models can be built."""

import json
import os
import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from svae_lib import cli
from svae_lib.experiment.build import describe
from svae_lib.experiment.config import PAPERS
from svae_lib.experiment.sweep_file import read_sweep
from svae_lib.latent_spaces.names import parse_name

FOLDER = Path(__file__).parents[1] / "run_files"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
MODELS = {"vmf": 5, "normal": 5, "product": 8, "mixed": 3, "budget_10": 5, "budget_40": 7}
SECOND = PAPERS | {"batch_size": 100}  # the scripts of arXiv 1910.02912, on static MNIST
SETTINGS = {"vmf": PAPERS, "normal": PAPERS, "product": SECOND, "mixed": {}, "budget_10": SECOND, "budget_40": SECOND}
SWEEPS = {  # those of the papers: number of experiments, data set, settings
    "table_1": (100, "mnist", PAPERS),
    "partitions": (37, "static_mnist", SECOND),
    "ambient": (21, "mnist", PAPERS | {"validate_every": 2}),
    "gaussians": (18, "static_mnist", SECOND | {"epochs": 200, "beta": 1.0}),
}


def partitions(number: int, largest: int | None = None) -> set[tuple[int, ...]]:
    """All ways to write a number as a sum of parts, the largest first."""
    if number == 0:
        return {()}
    parts = range(1, min(number, largest or number) + 1)
    return {(part, *rest) for part in parts for rest in partitions(number - part, part)}


def dims(experiment) -> tuple[int, ...]:
    return tuple(sorted((factor.manifold_dim for factor in parse_name(experiment.latent).factors), reverse=True))


def test_every_file_is_in_the_readme_and_every_script_in_the_list():
    assert {script.stem for script in SCRIPTS} == set(MODELS)
    page = (FOLDER / "README.md").read_text()
    assert all(f"]({path.name})" in page for path in (*SCRIPTS, *FOLDER.glob("*.toml")))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_dry_run_plans_every_model_and_writes_nothing(script, tmp_path, monkeypatch, capsys):
    # the shell runs the script with a python that only notes its arguments; ours then runs them, without torch anew
    (tmp_path / "python").write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/lines\n')
    (tmp_path / "python").chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    subprocess.run(
        ["sh", script, "--dry-run"], env={**os.environ, "PYTHON": str(tmp_path / "python")}, check=True, timeout=60
    )
    for line in (tmp_path / "lines").read_text().splitlines():
        module, arguments = line.split()[:2], line.split()[2:]
        assert module == ["-m", "svae_lib"]
        assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""  # no warning: no flag that a model does not use
    for config in re.findall("^config  (.*)$", out, re.M):
        for name, value in SETTINGS[script.stem].items():
            assert f", {name} {value}," in config
    folders = re.findall(r"^folder  (.*)$", out, re.M)
    assert len(set(folders)) == len(folders) == MODELS[script.stem]
    assert list(work.iterdir()) == []


def test_the_budgets_are_kept():
    for budget in (10, 40):
        names = re.search(r"for latent in (.*); do", (FOLDER / f"budget_{budget}.sh").read_text())[1].split()
        for name in names:
            factors = re.findall(r"(?:(\d+)x)?s(\d+)", name)
            assert sum(int(count or 1) * int(dim) for count, dim in factors) == budget


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_of_the_papers_has_their_settings(name):
    count, dataset, settings = SWEEPS[name]
    experiments = list(read_sweep(FOLDER / f"{name}.toml").values())
    assert len(experiments) == count
    for experiment in experiments:
        assert experiment.select("dataset", *settings) == {"dataset": dataset, **settings}
        assert experiment.burn_in == (150 if experiment.covariance == "full" else 100)
    for experiment in experiments:
        if experiment.seed == 0:
            assert "latent space" in describe(experiment)


def test_the_partitions_are_all_there_once():
    spaces = [dims(experiment) for experiment in read_sweep(FOLDER / "partitions.toml").values()]
    assert len(partitions(9)) == 30 and len(partitions(5)) == 7
    assert len(spaces) == 37 and set(spaces) == partitions(9) | partitions(5)


def test_products_have_the_dimensions_of_a_sphere_or_of_the_space_around_it():
    experiments = read_sweep(FOLDER / "ambient.toml").values()
    sizes = {(len(space), sum(space), sum(space) + len(space)) for space in map(dims, experiments)}
    circles = {(z, z, 2 * z) for z in (2, 5, 10, 20)}
    assert sizes == circles | {(2, 3, 5), (5, 6, 11), (10, 11, 21)}  # R^11 and R^21 around S^10 and S^20
    assert [experiment.seed for experiment in experiments] == 7 * [0, 1, 2]


def test_silhouettes_have_three_arms_at_their_best():
    experiments = read_sweep(FOLDER / "caltech_silhouettes.toml").values()
    assert [(each.latent, each.seed) for each in experiments] == [
        (latent, seed) for latent in ("e40", "s40", "10xs4") for seed in range(3)
    ]
    assert {(each.dataset, each.radius, each.epochs) for each in experiments} == {
        ("caltech101_silhouettes", "sqrt_m", 80)
    }


def test_every_stored_run_is_of_a_sweep(monkeypatch):
    """So anyone can run it again."""
    monkeypatch.syspath_prepend(FOLDER.parent / "tools")
    store_runs = import_module("store_runs")
    for file, names in store_runs.SWEEPS.items():
        path = store_runs.NOTEBOOKS / "results" / file
        stored = {row["command"] for row in json.loads(path.read_bytes())} if path.exists() else set()
        sweeps = [read_sweep(FOLDER / f"{name}.toml").values() for name in names]
        assert stored <= {store_runs.command(each) for experiments in sweeps for each in experiments}, file
