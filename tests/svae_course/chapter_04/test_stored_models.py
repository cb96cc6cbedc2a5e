"""Chapter 04 with a stored model missing, damaged or of another program: two friendly lines, and it goes on."""

from pathlib import Path

import jupytext
import pytest

import svae_lib
from svae_course import stored_files

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
WEIGHTS = (NOTEBOOKS / "weights" / "2xs1.safetensors").read_bytes()


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Run the cells up to the one that loads the models, where both files hold these bytes; training takes no time."""
    cells = [cell.source for cell in jupytext.read(NOTEBOOKS / "scripts" / "04_product_space_latents.py").cells]
    first = next(number for number, cell in enumerate(cells) if cell.startswith("import"))
    last = next(number for number, cell in enumerate(cells) if "load_model(stored(" in cell)
    (tmp_path / "weights").mkdir()
    monkeypatch.setattr(stored_files, "NOTEBOOKS", tmp_path)
    monkeypatch.chdir(tmp_path)
    trained = []
    monkeypatch.setattr(svae_lib, "fit", lambda model, data, **_: trained.append(str(model.latent_space)))

    def run(stored: bytes | None) -> list[str]:
        for name in ("2xs1", "5xs2"):
            if stored is not None:
                Path("weights", f"{name}.safetensors").write_bytes(stored)
        room = {}
        exec(cells[first], room)
        exec(cells[last], room)
        return trained

    return run


def test_the_stored_models_are_not_trained(load, capsys):
    assert load(WEIGHTS) == []
    assert capsys.readouterr().out.count("\n") == 2


@pytest.mark.parametrize("stored", [None, b"", b"no weights at all", WEIGHTS[:5000]])
def test_what_is_missing_or_damaged_is_said_and_replaced(load, capsys, stored):
    assert load(stored) == ["2xs1", "5xs2"]
    _, first, cure, second, again, spaces = capsys.readouterr().out.splitlines()
    assert "2xs1.safetensors" in first and "5xs2.safetensors" in second
    assert cure == again == "Instead, a short training; `git checkout :/notebooks/weights` brings the file back."
    assert spaces == "2xs1 and 5xs2"
