"""The example scripts: every line of them is a command that `svae train` understands."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from svae_lib import cli

FOLDER = Path(__file__).parents[1] / "run_files"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
MODELS = {"vmf": 5, "normal": 5, "product": 8, "mixed": 3, "budget_10": 5, "budget_40": 7}


def test_every_script_is_in_the_list_and_in_the_readme():
    assert {script.stem for script in SCRIPTS} == set(MODELS)
    assert all(f"({script.name})" in (FOLDER / "README.md").read_text() for script in SCRIPTS)


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
    folders = re.findall(r"^folder  (.*)$", out, re.M)
    assert len(set(folders)) == len(folders) == MODELS[script.stem]
    assert list(work.iterdir()) == []


def test_the_budgets_are_kept():
    for budget in (10, 40):
        names = re.search(r"for latent in (.*); do", (FOLDER / f"budget_{budget}.sh").read_text())[1].split()
        for name in names:
            factors = re.findall(r"(?:(\d+)x)?s(\d+)", name)
            assert sum(int(count or 1) * int(dim) for count, dim in factors) == budget
