"""Chapters and panels in a real JupyterLab in a real Chromium: they run clean, stay on this machine, and panels move
with a kernel and without one."""

import json
import os
import platform
import shutil
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from svae_course.panels import PANELS
from tests.lab import NOTEBOOK, OpenNotebook, serve
from tests.shown_panel import ShownPanel

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MIME = "application/vnd.svae.panel+json"
ERRORS = '[data-mime-type="application/vnd.jupyter.error"], .jp-RenderedText[data-mime-type*="stderr"]'
MAKE = "from svae_course.panels import PANELS\npanels = {name: it.make() for name, it in PANELS.items()}"
LINKED = """import ipywidgets
near, far = ipywidgets.FloatText(), ipywidgets.FloatText()
ipywidgets.jslink((near, "value"), (panels["kl"], "kappa"))
far_link = ipywidgets.link((far, "value"), (panels["kl"], "kappa"))"""
VALUES = "import json; print(json.dumps([list(panel.values.values()) for panel in panels.values()]))"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Fresh copies of the chapters, and a notebook of all panels that nobody has run."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(FOLDER, root, ignore=shutil.ignore_patterns("scripts", ".*"), dirs_exist_ok=True)
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata.language_info.version = platform.python_version()  # of another Python JupyterLab takes note
        nbformat.write(notebook, root / path.name)
    cells = [new_code_cell(MAKE), *(new_code_cell(f"panels[{name!r}]") for name in PANELS)]
    metadata = nbformat.read(NOTEBOOKS[0], as_version=4).metadata
    metadata.language_info.version = platform.python_version()
    nbformat.write(new_notebook(cells=cells, metadata=metadata), root / "panels.ipynb")
    return root


@pytest.fixture(scope="module")
def lab(chromium, root, tmp_path_factory):
    """The address of a JupyterLab on these copies."""
    with serve(tmp_path_factory.mktemp("lab"), root) as address:
        yield address


def stored_panels(path: Path) -> list[dict]:
    """What the outputs of a notebook hold for its panels, in their order."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return [output.data[MIME] for cell in cells for output in cell.outputs if MIME in output.get("data", {})]


def stored_picture(path: Path) -> str:
    """The first PNG of a notebook, in base64."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    data = [output.get("data", {}) for cell in cells for output in cell.outputs]
    return next(it["image/png"] for it in data if "image/png" in it)


def shown_panels(notebook: OpenNotebook, count: int) -> list[ShownPanel]:
    """The panels of an open notebook, once so many are there."""
    notebook.page.wait_for_function(f"document.querySelectorAll('section.svae-panel').length == {count}")
    return [ShownPanel(panel) for panel in notebook.page.locator("section.svae-panel").all()]


def check_quiet(notebook: OpenNotebook) -> None:
    """No error in the console, and nothing asked of another machine."""
    assert notebook.complaints == []
    assert {host for host in notebook.hosts if host} == {"127.0.0.1"}


# Every chapter


class Chapter(OpenNotebook):
    """A chapter, first as it is stored and nobody trusts it, then run from top to bottom."""

    def __init__(self, browser, address: str, path: Path):
        super().__init__(browser, address, path.name)
        self.stored = stored_panels(path)
        shown_panels(self, len(self.stored))
        self.trusted_as_stored, self.changed_by_opening = self.is_trusted, self.is_changed
        self.command("notebook:clear-all-cell-outputs")  # what the tests then see is what this run made
        shown_panels(self, 0)
        self.run_all()

    def screenshot(self, path: Path) -> None:
        """The chapter from top to bottom in one picture."""
        height = self.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
        self.page.set_viewport_size({"width": 1280, "height": height + 150})
        self.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
        self.page.wait_for_timeout(1_000)  # for the page to lay itself out anew
        self.page.screenshot(path=path)


COUNTS = f"{NOTEBOOK}.content.widgets.flatMap(({{ model }}) => model.type == 'code' ? [model.executionCount] : [])"
# Whole chapters: those that everybody reads, and with the slow tests the others. Panels are tested below, all of them.
RUN = [*NOTEBOOKS[:5], *(pytest.param(path, marks=pytest.mark.slow) for path in NOTEBOOKS[5:])]


@pytest.fixture(scope="module", params=RUN, ids=lambda path: path.stem)
def chapter(request, lab, browser):
    chapter = Chapter(browser, lab, request.param)
    if "SVAE_SCREENSHOTS" in os.environ:  # a folder, for a person to look at
        chapter.screenshot(Path(os.environ["SVAE_SCREENSHOTS"]) / f"{request.param.stem}.png")
    yield chapter
    chapter.page.close()


def test_it_runs_clean_and_asks_no_other_machine(chapter):
    assert chapter.page.locator(ERRORS).all_inner_texts() == []
    counts = chapter.page.evaluate(COUNTS)  # a folded cell shows none
    assert len(counts) > 5 and counts == list(range(1, len(counts) + 1))
    check_quiet(chapter)


def test_to_open_it_is_not_to_change_it(chapter):
    """JupyterLab compares kernelspec and language_info with its kernel's, and else asks whether to save."""
    assert not chapter.trusted_as_stored
    assert not chapter.changed_by_opening


def test_every_live_globe_shows_its_points(chapter):
    counts = chapter.page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].map(globe => globe.data.map(trace => trace.x.length))"
    )
    assert all(traces and all(traces) for traces in counts)


def test_every_slider_moves_its_figure_by_key_by_typing_and_by_preset(chapter):
    panels = shown_panels(chapter, len(chapter.stored))
    assert len(panels) >= 1
    for panel in panels:
        assert len(panel.handles) == len(panel.boxes) >= 1
        for number, handle in enumerate(panel.handles):
            panel.move_by_key(handle)
            low, high = map(float, panel.ends(handle))
            panel.moves(lambda n=number, v=low, p=panel: p.type_in(n, f"{v:g}"))
            assert panel.values[number] == low
            panel.move_by_key(handle)  # an angle's two ends are one picture
            if panel.values[number] != high:  # a slider of two places is there already
                panel.moves(lambda n=number, p=panel: p.type_in(n, "99999"))
            assert panel.values[number] == high
        panel.moves(panel.presets[-1].click)
        panel.moves(panel.presets[0].click)
    check_quiet(chapter)


# Every panel, with a kernel and without one


def check_each_moves(notebook: OpenNotebook, stored: list[dict]) -> list[ShownPanel]:
    """Each panel by key, by pointer and by preset, without an error or a change of the notebook."""
    panels = shown_panels(notebook, len(stored))
    was_changed = notebook.is_changed
    for panel, page in zip(panels, stored, strict=True):
        names = [slider["name"] for slider in page["state"]["spec"]["sliders"]]
        for picture in panel.on_picture:  # first, because reset need not turn back what is no slider's
            panel.turn_picture(picture)
        panel.presets[-1].click()
        panel.settle()
        first = panel.picture
        for handle in panel.handles:
            panel.move_by_key(handle)
        panel.move_by_pointer(panel.handles[0])
        _, at = page["state"]["presets"][-1]
        panel.presets[-2].click()
        panel.settle()
        found = dict(zip(names, panel.values, strict=True))
        assert found == found | {name: value for name, value in at.items() if name in names}
        panel.moves(panel.presets[-1].click)
        panel.settle()
        assert panel.picture == first, panel.label
    assert notebook.is_changed == was_changed
    check_quiet(notebook)
    return panels


@pytest.fixture(scope="module")
def panels(lab, browser, root):
    """The notebook of all panels, run and saved; its kernel goes on."""
    notebook = OpenNotebook(browser, lab, "panels.ipynb")
    notebook.run_all()
    notebook.command("docmanager:save")
    yield notebook
    notebook.page.close()


@pytest.fixture(scope="module")
def stored(panels, root) -> list[dict]:
    stored = stored_panels(root / "panels.ipynb")
    assert len(stored) == len(PANELS)
    return stored


def check_python_follows(notebook: OpenNotebook, panels: list[ShownPanel]) -> None:
    """Both ways: what moves in the browser is set in Python, and what Python sets is drawn."""
    for panel in panels:
        panel.move_by_key(panel.handles[0])
    assert json.loads(notebook.in_kernel(VALUES)) == [panel.values for panel in panels]
    for panel, name in zip(panels, PANELS, strict=True):
        first, second = PANELS[name].settings
        for setting in (second, first):
            assert notebook.in_kernel(f"panels[{name!r}].set(**{setting!r})") == ""
            panel.settle()
        panel.moves(lambda n=name, at=second: notebook.in_kernel(f"panels[{n!r}].set(**{at!r})"))


def test_a_panel_with_a_kernel_moves_and_python_follows(panels, stored):
    check_python_follows(panels, check_each_moves(panels, stored))


def test_a_link_with_another_widget_goes_both_ways(panels, stored):
    """jslink runs in the browser, link in the kernel."""
    kl = shown_panels(panels, len(stored))[list(PANELS).index("kl")]
    assert panels.in_kernel(LINKED) == ""
    for name, value in (("near", 40), ("far", 70.5)):
        kl.moves(lambda it=f"{name}.value = {value}": panels.in_kernel(it))
        assert kl.values[0] == value
    kl.move_by_key(kl.handles[0])
    expected, end = f"{kl.values[0]} {kl.values[0]}", time.monotonic() + 30
    while panels.in_kernel("print(near.value, far.value, end='')") != expected:  # near's message may come later
        assert time.monotonic() < end


def test_a_page_that_is_reloaded_finds_its_kernel(panels, stored):
    """The output holds where each panel began; the kernel knows where each is now."""
    for name, shown in PANELS.items():
        assert panels.in_kernel(f"panels[{name!r}].set(**{shown.settings[1]!r})") == ""
    panels.command("docmanager:save")
    panels.reload()
    expected, end = json.loads(panels.in_kernel(VALUES)), time.monotonic() + 60
    while [panel.values for panel in shown_panels(panels, len(stored))] != expected:
        assert time.monotonic() < end
    check_python_follows(panels, check_each_moves(panels, stored))


def test_a_panel_of_a_restarted_kernel_moves(panels, stored):
    panels.restart_kernel()
    check_each_moves(panels, stored)


def test_a_notebook_that_is_closed_and_opened_again(panels, stored, lab, browser):
    panels.shut_down()
    again = OpenNotebook(browser, lab, "panels.ipynb")
    check_each_moves(again, stored)
    assert not again.is_changed
    again.page.close()


def test_a_notebook_that_nobody_trusts_is_alive_before_anything_runs(panels, stored, lab, browser, root):
    notebook = nbformat.read(root / "panels.ipynb", as_version=4)
    notebook.cells.append(new_markdown_cell("Written by a stranger."))
    nbformat.write(notebook, root / "strange.ipynb")
    strange = OpenNotebook(browser, lab, "strange.ipynb")
    assert not strange.is_trusted
    check_each_moves(strange, stored)
    assert not strange.is_changed
    strange.page.close()


# What a notebook may hold that is no panel


def broken(page: dict) -> dict[str, dict]:
    """Stored panels that cannot be shown, by what is wrong with them."""

    def state(**changes):
        return page | {"state": page["state"] | changes}

    spec = page["state"]["spec"]
    markup = "<img src=x onerror='window.harm = true'>"
    return {
        "an unknown name": page | {"panel": "../../evil"},
        "a name of every object": page | {"panel": "constructor"},
        "a newer format": page | {"format": 2},
        "no state": page | {"state": None},
        "no page": [],
        "a range of texts": state(spec=spec | {"sliders": [spec["sliders"][0] | {"min": markup}]}),
        "a hundred sliders": state(spec=spec | {"sliders": spec["sliders"] * 50}),
        "an endless range": state(spec=spec | {"sliders": [spec["sliders"][0] | {"max": "NaN"}]}),
    }


def odd(page: dict) -> dict[str, dict]:
    """Stored panels with values that stand for nothing: they are shown where they start."""
    name = page["state"]["spec"]["sliders"][0]["name"]
    markup = "<img src=x onerror='window.harm = true'>"
    values = {"markup": markup, "a list": [1] * 10_000, "nothing": None, "not a number": "NaN", "beyond": 1e300}
    pages = {what: page | {"state": page["state"] | {name: value}} for what, value in values.items()}
    spec = page["state"]["spec"]
    marked = page["state"] | {"spec": spec | {"label": markup}, "presets": [[markup, {name: markup}], 7, [8, None]]}
    return pages | {"markup in words": page | {"state": marked}}


def test_a_broken_panel_stays_a_picture_and_runs_nothing(stored, lab, browser, root):
    """One line in the console says why; what is only odd is shown where it starts."""
    page, png = stored[list(PANELS).index("kl")], stored_picture(root / "panels.ipynb")
    cells = []
    for data in (*broken(page).values(), *odd(page).values()):
        output = new_output("display_data", data={MIME: data, "image/png": png, "text/plain": "a panel"})
        output.metadata = {"image/png": {"alt": "its picture"}}
        cells.append(new_code_cell("panel", outputs=[output]))
    metadata = nbformat.read(root / "panels.ipynb", as_version=4).metadata
    nbformat.write(new_notebook(cells=cells, metadata=metadata), root / "broken.ipynb")
    notebook = OpenNotebook(browser, lab, "broken.ipynb")
    panels = shown_panels(notebook, len(odd(page)))
    pictures = notebook.page.locator(".jp-OutputArea-output img[alt='its picture']")
    assert pictures.count() == len(broken(page))
    assert sum("stays a picture" in line for line in notebook.warnings) == len(broken(page))
    for panel in panels:
        assert all(low <= value <= high for handle, value in zip(panel.handles, panel.values, strict=True)
                   for low, high in [map(float, panel.ends(handle))])  # fmt: skip
        panel.move_by_key(panel.handles[0])
    assert not notebook.is_changed
    assert notebook.page.evaluate("window.harm") is None
    check_quiet(notebook)
    notebook.page.close()
