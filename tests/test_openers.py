"""Chapters 03 and 04 find their stored files whatever opens them, and whatever folder it is called from."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

from tests.tree import ROOT

SCRIPTS = ROOT / "notebooks" / "scripts"
FOUND = {
    "03_training_on_mnist": ("the walks we look at the stored model.", "10  Gaussian "),
    "04_product_space_latents": ("2xs1 and 5xs2", "5xs2                    3  -97.42"),
}
LOST = "missing|there are no weights|git checkout|no stored samples"
FOLDERS = {"root": ROOT, "scripts": SCRIPTS, "elsewhere": None}
MODULE = [sys.executable, "-m"]


def notebook_in(folder: Path, chapter: str) -> Path:
    """The chapter as its source has it, without outputs, in this folder."""
    notebook = jupytext.read(SCRIPTS / f"{chapter}.py")
    nbformat.write(notebook, folder / f"{chapter}.ipynb")
    return folder / f"{chapter}.ipynb"


def by_python(chapter: str, folder: Path) -> tuple[list, Path | None]:
    return [sys.executable, SCRIPTS / f"{chapter}.py"], None


def by_nbconvert(chapter: str, folder: Path) -> tuple[list, Path | None]:
    target = folder / "run.ipynb"
    options = ["--execute", "--to", "notebook", "--output", target]
    return [*MODULE, "nbconvert", *options, notebook_in(folder, chapter)], target


def by_papermill(chapter: str, folder: Path) -> tuple[list, Path | None]:
    pytest.importorskip("papermill", reason="papermill is not installed: pip install 'svae_lib[dev]'")
    target = folder / "run.ipynb"
    options = ["--no-progress-bar", "--kernel", "python3"]
    return [*MODULE, "papermill", *options, notebook_in(folder, chapter), target], target


def by_jupyter_execute(chapter: str, folder: Path) -> tuple[list, Path | None]:
    target = notebook_in(folder, chapter)
    return [*MODULE, "jupyter", "execute", "--inplace", "--kernel_name=python3", target], target


OPENERS = {"python": by_python, "nbconvert": by_nbconvert, "papermill": by_papermill, "execute": by_jupyter_execute}
# papermill's kernel works in the folder that it is called from, the others' in the notebook's own
QUICK = {("04_product_space_latents", opener, "elsewhere") for opener in ("python", "nbconvert", "execute")}
QUICK |= {("04_product_space_latents", "papermill", "root")}
CASES = [(chapter, opener, place) for chapter in FOUND for opener in OPENERS for place in FOLDERS]


def printed(notebook: Path) -> str:
    """All that the cells of an executed notebook printed."""
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.text for output in outputs if output.output_type == "stream")


@pytest.mark.parametrize(
    ("chapter", "opener", "place"),
    [pytest.param(*case, marks=[] if case in QUICK else pytest.mark.slow, id="-".join(case)) for case in CASES],
)
def test_stored_files_are_found(chapter, opener, place, tmp_path):
    home = tmp_path / "elsewhere"
    home.mkdir()
    command, notebook = OPENERS[opener](chapter, home)
    paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "IPYTHONDIR": str(tmp_path)}
    called_in = FOLDERS[place] or home
    done = subprocess.run(command, cwd=called_in, env=environment, capture_output=True, text=True, timeout=590)
    assert done.returncode == 0, done.stderr[-3000:]
    said = done.stdout if notebook is None else printed(notebook)
    assert all(line in said for line in FOUND[chapter]), said
    assert not re.search(LOST, said), said
