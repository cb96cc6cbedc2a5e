"""Stored files of the course are found from any working folder; one that is missing or damaged gives one line."""

import json
import re

import jupytext
import pytest

from svae_course import stored, stored_files, stored_runs
from svae_lib.errors import InputError
from tests.tree import ROOT

RUNS = "results/mnist.json"
RUN = {"latent_space": "s2", "test_log_likelihood": -133.0, "test_reconstruction": -129.0, "test_kl": 7}


@pytest.fixture
def no_checkout(monkeypatch, tmp_path):
    """As where svae_course is installed from a wheel: there is no folder of notebooks beside it."""
    monkeypatch.setattr(stored_files, "NOTEBOOKS", tmp_path / "site-packages" / "notebooks")


@pytest.mark.parametrize("place", ["", "notebooks", "notebooks/scripts", "tests"])
def test_from_any_folder_of_the_checkout(place, monkeypatch):
    monkeypatch.chdir(ROOT / place)
    assert stored(RUNS) == ROOT / "notebooks" / RUNS


def test_from_a_folder_elsewhere_even_one_that_holds_another(monkeypatch, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / RUNS).write_text("[]")
    monkeypatch.chdir(tmp_path)
    assert stored(RUNS) == ROOT / "notebooks" / RUNS
    assert len(stored_runs(RUNS)) >= 24


@pytest.mark.parametrize("kept", ["", "notebooks"])
@pytest.mark.parametrize("place", ["", "notebooks", "a/b"])
def test_without_a_checkout_in_the_working_folder_and_its_parents(no_checkout, monkeypatch, tmp_path, kept, place):
    file, here = tmp_path / kept / RUNS, tmp_path / place
    for folder in (file.parent, here):
        folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([RUN]))
    monkeypatch.chdir(here)
    assert stored(RUNS) == file
    assert stored_runs(RUNS) == [RUN]


def test_what_is_missing_is_named_where_it_belongs(no_checkout, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert stored("weights/none.safetensors") == tmp_path / "weights" / "none.safetensors"
    monkeypatch.setattr(stored_files, "NOTEBOOKS", ROOT / "notebooks")
    assert stored("weights/none.safetensors") == ROOT / "notebooks" / "weights" / "none.safetensors"
    with pytest.raises(InputError) as error:
        stored_runs("results/none.json")
    assert str(error.value).endswith("results/none.json is missing: `git checkout :/notebooks/results` restores it")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[",
        b"[]",
        b"{}",
        b"[1]",
        b"\xff\xfe",
        b"version https://git-lfs",
        b"[" * 100_000,
        json.dumps([RUN, {**RUN, "test_kl": "7"}]).encode(),
        json.dumps([{"latent_space": "s2"}]).encode(),
        (ROOT / "notebooks" / RUNS).read_bytes()[:1000],
    ],
)
def test_a_damaged_file_of_runs_is_one_line(content, no_checkout, monkeypatch, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / RUNS).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        stored_runs(RUNS)
    assert str(error.value) == f"{tmp_path / RUNS} is damaged: `git checkout :/notebooks/results` restores it"


@pytest.mark.parametrize("content", [None, b"[{]"])
@pytest.mark.parametrize("script", ["03_training_on_mnist", "04_product_space_latents"])
def test_a_chapter_without_its_runs_says_so_in_one_line_and_no_more(script, content, monkeypatch, tmp_path, capsys):
    """Nor does it show a picture or a table of no runs: its cells, up to the exercises, print nothing else."""
    chapter = jupytext.read(ROOT / "notebooks" / "scripts" / f"{script}.py")
    cells = [cell.source for cell in chapter.cells if cell.cell_type == "code"]
    first = next(number for number, cell in enumerate(cells) if "stored_runs(" in cell)
    last = next(number for number, cell in enumerate(cells) if "check.ex" in cell)
    imports = [line for line in cells[0].splitlines() if line.startswith(("import ", "from "))]
    names = [word for cell in cells[first:last] for word in cell.split('"') if re.match(r"results/\S+\.json", word)]
    monkeypatch.setattr(stored_files, "NOTEBOOKS", tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    for name in names if content is not None else []:
        (tmp_path / name).write_bytes(content)
    room = {}
    exec("\n".join(imports), room)
    for name in ("seed_comparison", "scale_story", "partition_scores"):
        monkeypatch.setattr(room["figures"], name, lambda runs: pytest.fail("a picture of no runs"), raising=False)
    for cell in cells[first:last]:
        exec(cell, room)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(names) > 0
    assert all(line.endswith("`git checkout :/notebooks/results` restores it") for line in lines)
