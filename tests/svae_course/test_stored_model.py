"""A stored model of the course that is missing, damaged or of another program: two friendly lines, and it goes on."""

from pathlib import Path

import pytest

import svae_lib
from svae_course import stored_files
from svae_course.stored_files import stored_model
from tests.tree import ROOT

WEIGHTS = (ROOT / "notebooks/weights/2xs1.safetensors").read_bytes()


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load the model where the course's file holds these bytes; to train it takes no time."""
    (tmp_path / "weights").mkdir()
    monkeypatch.setattr(stored_files, "NOTEBOOKS", tmp_path)
    monkeypatch.chdir(tmp_path)
    trained = []
    monkeypatch.setattr(svae_lib, "fit", lambda model, data, **_: trained.append(str(model.latent_space)))

    def run(stored: bytes | None) -> list[str]:
        if stored is not None:
            Path("weights", "2xs1.safetensors").write_bytes(stored)
        assert str(stored_model("2xs1", svae_lib.load_dataset("mnist_5k")).latent_space) == "2xs1"
        return trained

    return run


def test_the_stored_model_is_not_trained(load, capsys):
    assert load(WEIGHTS) == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("stored", [None, b"", b"no weights at all", WEIGHTS[:5000]])
def test_what_is_missing_or_damaged_is_said_and_replaced(load, capsys, stored):
    assert load(stored) == ["2xs1"]
    problem, cure = capsys.readouterr().out.splitlines()
    assert "2xs1.safetensors" in problem
    assert cure == "Instead, a short training; `git checkout :/notebooks/weights` brings the file back."
