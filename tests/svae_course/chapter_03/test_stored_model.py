"""Chapter 03 with its stored model missing, damaged or of another program: one friendly line, and it goes on."""

from pathlib import Path

import jupytext
import pytest

from svae_course import stored_files
from svae_lib import build_vae

SCRIPT = Path(__file__).parents[3] / "notebooks" / "scripts" / "03_training_on_mnist.py"
WEIGHTS = SCRIPT.parent.parent / "weights" / "s2.safetensors"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Run the cell that loads the stored model, where the course's weights/s2.safetensors holds these bytes."""
    (cell,) = (cell.source for cell in jupytext.read(SCRIPT).cells if "load_model(" in cell.source)
    monkeypatch.setattr(stored_files, "NOTEBOOKS", tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(stored: bytes | None) -> dict:
        if stored is not None:
            (tmp_path / "weights").mkdir()
            (tmp_path / "weights" / "s2.safetensors").write_bytes(stored)
        room = {"sphere": build_vae((28, 28), "s2", hidden=(16,))}
        exec(cell, room)
        return room

    return run


def test_the_stored_model_draws(load, capsys):
    room = load(WEIGHTS.read_bytes())
    assert room["atlas"] is not room["sphere"]
    assert str(room["atlas"].latent_space) == "s2"
    assert capsys.readouterr().out == "From here to the end of the walks we look at the stored model.\n"


@pytest.mark.parametrize("stored", [None, b"", b"no weights at all", WEIGHTS.read_bytes()[:5000]])
def test_without_it_the_live_model_draws(load, capsys, stored):
    room = load(stored)
    assert room["atlas"] is room["sphere"]
    problem, comfort, drawn_by = capsys.readouterr().out.splitlines()
    assert "s2.safetensors" in problem
    assert comfort == "The chapter goes on without it; `git checkout :/notebooks/weights` brings it back."
    assert drawn_by == "From here to the end of the walks we look at the model just trained."
