"""JupyterLab's renderer of panels knows those that there are, and loads nothing that a notebook names but them."""

import hashlib
import re
from pathlib import Path

import pytest

from svae_course.panels import PANELS
from svae_lib.widgets import Panel
from svae_lib.widgets.bundle import bundle
from tests.tree import ROOT

RENDERER = ROOT / "svae_lib/widgets/labextension/remoteEntry.js"


def known() -> dict[str, str]:
    """Modules by the panel's name, as the renderer lists them."""
    listed = re.search(r"const PANELS = new Map\(\[(.*?)\n  \]\);", RENDERER.read_text(), re.DOTALL)
    return dict(re.findall(r'\["([^"]+)", "([^"]+)"\]', listed[1]))


def subclasses(base: type) -> list[type]:
    """Every class of panels of the library and of the course."""
    return [cls for cls in base.__subclasses__() if cls.__module__.startswith(("svae_lib.", "svae_course."))]


def test_the_renderer_knows_every_panel_by_its_name_and_its_module():
    expected = {cls.name: Path(cls.module).relative_to(ROOT).as_posix() for cls in subclasses(Panel)}
    assert known() == expected
    assert set(known()) == set(PANELS)


def imports(module: Path) -> set[Path]:
    """Modules that this one imports, and theirs."""
    named = re.findall(r'^import .* from "(\.[^"]+)";$', module.read_text(), re.MULTILINE)
    found = {(module.parent / name).resolve() for name in named}
    return found.union(*map(imports, found))


@pytest.mark.parametrize("path", known().values())
def test_what_a_panel_imports_lies_where_the_renderer_is_mirrored(path):
    for module in {ROOT / path} | imports(ROOT / path):
        assert module.exists() and module.suffix == ".js"
        folder = module.parent.relative_to(ROOT).parts
        assert folder == ("svae_lib", "widgets") or (len(folder) == 2 and folder[0] == "svae_course")


@pytest.mark.parametrize("path", known().values())
def test_a_panel_with_all_that_it_imports_is_one_module(path, evaluate):
    """As anywidget loads it, from no address: nothing else is asked for."""
    load = """import(URL.createObjectURL(new Blob([it], { type: "text/javascript" })))"""
    exported = evaluate(ROOT / "svae_lib/widgets/shim.js", f"Object.keys((await {load}).default)", bundle(ROOT / path))
    assert exported == ["render"]


@pytest.mark.parametrize("module", sorted(ROOT.glob("svae_*/**/*.js")), ids=lambda path: path.name)
def test_a_module_is_short_and_turns_no_text_into_markup_or_code(module):
    text = module.read_text()
    assert len(text.splitlines()) < 250
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}


def test_stored_chapters_name_the_files_of_panel_data_and_no_other():
    texts = [path.read_text() for path in (ROOT / "notebooks").glob("*.ipynb")]
    named = {name for text in texts for name in re.findall(r"[0-9a-f]{16}\.bin", text)}
    files = {path.name: path.read_bytes() for path in (ROOT / "svae_course/panel_data").glob("*")}
    listed = re.search(r"const FILES = \[.*\n((?:    \".*\n)*)", RENDERER.read_text())[1]
    assert named == set(files) == set(re.findall(r"\w+\.bin", listed))  # asked for before they are needed
    assert all(name == f"{hashlib.sha256(data).hexdigest()[:16]}.bin" for name, data in files.items())
