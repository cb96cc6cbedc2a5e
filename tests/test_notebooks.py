"""The rules of the course: source and notebook are a pair, chapters are short, light, pictured and put into words."""

import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SCRIPTS = sorted((NOTEBOOKS / "scripts").glob("*.py"))


@pytest.fixture(params=SCRIPTS, ids=lambda path: path.stem)
def script(request):
    return jupytext.read(request.param)


@pytest.fixture
def path(request, script):
    return NOTEBOOKS / f"{request.node.callspec.id}.ipynb"


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def lengths(notebook):
    return sorted(len([line for line in cell.source.splitlines() if line.strip()]) for cell in code(notebook))


def has_picture(cell):
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


def tags(cell):
    return cell.metadata.get("tags", [])


def test_every_notebook_has_a_source_and_every_source_a_notebook():
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == {path.stem for path in SCRIPTS} != set()


def test_source_and_notebook_are_a_pair(path, script):
    """Cell by cell: what `make notebooks` ran is what the source says; --sync goes by file times and may miss it."""
    pairs = [
        [(cell.cell_type, cell.source, tags(cell)) for cell in each.cells] for each in (script, jupytext.read(path))
    ]
    assert pairs[0] == pairs[1], "run `make notebooks`"


@pytest.mark.parametrize("newer", [".py", ".ipynb"])
def test_jupytext_leaves_a_fresh_clone_as_it_is(newer, tmp_path):
    """A clone's files have any order of times, so the tree must stay clean whichever of a pair counts as the newer."""
    shutil.copy(NOTEBOOKS.parent / "pyproject.toml", tmp_path)
    pairs = [file for path in SCRIPTS for file in (path, NOTEBOOKS / f"{path.stem}.ipynb")]
    copies = [tmp_path / file.relative_to(NOTEBOOKS.parent) for file in pairs]
    for file, copy in zip(pairs, copies, strict=True):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
        os.utime(copy, (0, 1e9 + 100 * (copy.suffix == newer)))
    command = [sys.executable, "-m", "jupytext", "--sync", *(copy for copy in copies if copy.suffix == ".ipynb")]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    changed = [file.name for file, copy in zip(pairs, copies, strict=True) if file.read_bytes() != copy.read_bytes()]
    assert changed == []


def test_it_was_run_from_top_to_bottom_without_an_error(notebook):
    cells = code(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


def test_it_holds_no_widget_state_and_nothing_of_this_machine(path, notebook):
    assert "widgets" not in notebook.metadata
    assert notebook.metadata.kernelspec.name == "python3"
    text = path.read_text()
    assert "widget-view" not in text, "a view without its kernel shows an error where the picture should be"
    assert not re.search(r"/(home|root|Users|tmp)/", text)


def test_it_is_light(path, notebook):
    assert path.stat().st_size <= 350_000
    for cell in code(notebook):
        assert sum(len(str(output)) for output in cell.outputs) <= 100_000, cell.source


def test_its_cells_are_short(notebook):
    counts = lengths(notebook)
    assert statistics.median(counts) <= 5
    assert counts[int(0.9 * (len(counts) - 1))] <= 14
    assert counts[-1] <= 25


def test_most_outputs_are_checked(notebook):
    cells = code(notebook)
    assert sum("nbval-ignore-output" in tags(cell) for cell in cells) <= 0.3 * len(cells)
    assert not [cell for cell in cells if "nbval-skip" in tags(cell) or "raises-exception" in tags(cell)]


def test_every_picture_is_put_into_words(notebook):
    """A text of its own, no heading or list, follows each picture, at the latest after one more cell of code."""
    pictured = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code" and has_picture(cell)]
    assert pictured
    for index in pictured:
        after = next(cell.source for cell in notebook.cells[index + 1 : index + 3] if cell.cell_type == "markdown")
        paragraph = after.partition("\n\n")[0]
        assert re.match(r"[\w$]", paragraph), notebook.cells[index].source
        assert len(paragraph.split()) >= 15, paragraph


def test_every_picture_says_what_it_is_to_those_who_do_not_see_it(notebook):
    shown = [output for cell in code(notebook) for output in cell.outputs if "image/png" in output.get("data", {})]
    assert all(len(output.metadata["image/png"]["alt"].split()) >= 3 for output in shown)


def test_there_is_a_picture_every_so_many_words(notebook):
    """About one every 150 words: the words before the exercises, to the pictures there, with a third to spare."""
    before = [cell for cell in notebook.cells[: [c.source for c in notebook.cells].index(exercises(notebook))]]
    words = sum(len(cell.source.split()) for cell in before if cell.cell_type == "markdown")
    pictures = sum(cell.cell_type == "code" and has_picture(cell) for cell in before)
    assert words / pictures <= 200


def exercises(notebook) -> str:
    return next(source for source in prose(notebook) if "## Exercises" in source)


def test_headings_descend_one_step_at_a_time(notebook):
    levels = [len(mark) for source in prose(notebook) for mark in re.findall(r"^(#+) ", uncoded(source), re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


def uncoded(source: str) -> str:
    return re.sub(r"```.*?```", "", source, flags=re.DOTALL)


def test_no_line_begins_with_a_number_that_jupyterlab_takes_for_a_list(notebook):
    """A year at the end of a sentence, wrapped to the front of a line, is an item of its own there."""
    assert not re.findall(r"^\s*\d\d+[.)](?:\s.*)?$", "\n".join(prose(notebook)), re.MULTILINE)


def test_links_and_pictures_in_the_text_are_whole(notebook):
    for source in map(uncoded, prose(notebook)):
        for alt, target in re.findall(r"!\[(.*?)\]\((.*?)\)", source):
            assert len(alt.split()) >= 3, f"{target} needs a text for those who do not see it"
            assert (NOTEBOOKS / target).is_file(), target
        for name, target in re.findall(r"(?<!!)\[([^\]]*)\]\(([^)]*)\)", source):
            assert name.strip()
            assert re.fullmatch(r"https://\S+|[\w./-]+|#[\w-]+", target), target
        assert source.count("$$") % 2 == 0
        assert source.count("<details>") == source.count("</details>") == source.count("<summary>")


def test_it_keeps_to_the_page_plan(notebook):
    text = "\n".join(prose(notebook))
    heads = ["## The question", "## Predict", "## Exercises", "## What we saw", "## Sharp bits", "## References"]
    places = [text.find(head) for head in heads]
    assert min(places) >= 0
    assert places == sorted(places)
    assert re.search(r"\d+ minutes", prose(notebook)[0])
    assert text.count("$$") / 2 <= 4, "at most four displayed equations"
    saw = text[places[3] : places[4]]
    assert len(re.findall(r"^- ", saw, re.MULTILINE)) == 3


def test_each_chapter_leads_to_its_neighbors_at_its_top_and_at_its_end():
    first = {path.stem: jupytext.read(path).cells[0].source for path in SCRIPTS}
    titles = {stem: opening.splitlines()[0].removeprefix("# ") for stem, opening in first.items()}
    names = list(titles)
    for place, script in enumerate(SCRIPTS):
        before, after = names[max(place - 1, 0) : place], names[place + 1 : place + 2]
        links = [("Previous", name) for name in before] + [("Next", name) for name in after]
        expected = [f"{word}: [{titles[name]}]({name}.ipynb)" for word, name in links]
        cells = jupytext.read(script).cells
        for cell in (cells[0], cells[-1]):
            assert cell.source.replace(" ·\n", " · ").endswith(" · ".join(expected)), script.stem
