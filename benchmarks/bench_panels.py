"""Panels in Chromium: from a key to the painted picture, a frame of a drag, and from a stored chapter's cells to its
first panel alive in JupyterLab, before anything runs."""

import shutil
import statistics

import pytest

from benchmarks.timing import record
from svae_course.panels import PANELS
from tests.lab import OpenNotebook, serve
from tests.shown_panel import ShownPanel
from tests.tree import ROOT

GLOBES = {"concentration", "latent globe", "great circle", "clusters"}  # a sphere, or images decoded for each frame
CHAPTERS = sorted(ROOT.glob("notebooks/*.ipynb"))
KEYS = 40
# A task that is posted in a frame runs once that frame is painted.
PAINTED = """handle => {
    window.painted = [];
    handle.addEventListener("keydown", ({ timeStamp }) => requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.painted.push(performance.now() - timeStamp);
        port2.postMessage(0);
    }));
}"""
FRAMES = """async (handle) => {
    const times = [], middle = (Number(handle.min) + Number(handle.max)) / 2;
    for (let i = 0; i < 90; i++) {
        handle.value = middle + (i % 30) * Number(handle.step);
        handle.dispatchEvent(new Event("input", { bubbles: true }));
        times.push(await new Promise(requestAnimationFrame));
    }
    return times.slice(1).map((time, i) => time - times[i]);
}"""
FIRST = """new MutationObserver((_, observer) => {
    if (document.querySelector(".jp-CodeCell")) window.cells ??= performance.now();
    if (!document.querySelector("section.svae-panel svg, section.svae-panel canvas")) return;
    window.alive = performance.now();
    observer.disconnect();
}).observe(document, { childList: true, subtree: true });"""


@pytest.mark.parametrize("name", PANELS)
def test_a_key_and_a_drag(name, browser, tmp_path):
    PANELS[name].make().save(tmp_path / "panel.html")
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.goto((tmp_path / "panel.html").as_uri())
    page.wait_for_selector("section.svae-panel")
    panel = ShownPanel(page.locator("section.svae-panel"))
    panel.settle()
    times, frames = [], []
    for handle in panel.handles:
        handle.evaluate(PAINTED)
        for number in range(KEYS):
            handle.press("ArrowLeft" if number % 4 == 3 else "ArrowRight")
            panel.settle()
        times += page.evaluate("window.painted")
        frames += handle.evaluate(FRAMES)
    page.close()
    aim = "<= 34 ms" if name in GLOBES else "<= 16 ms"
    for what, figure in (("median", statistics.median(times)), ("fastest", min(times))):
        record(f"panel {name}: key to painted picture, {what} of {len(times)}", figure / 1e3, None, aim)
    record(f"panel {name}: a frame of a drag, median", statistics.median(frames) / 1e3, None, "<= 33 ms")


@pytest.fixture(scope="module")
def lab(chromium, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    for path in CHAPTERS:
        shutil.copy(path, root)
    with serve(tmp_path_factory.mktemp("lab"), root) as address:
        yield address


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_first_panel_of_a_stored_chapter(chapter, lab, browser):
    notebook = OpenNotebook(browser, lab, chapter.name, watch=FIRST)
    notebook.page.wait_for_function("window.alive")
    seconds = notebook.page.evaluate("Math.max(0, window.alive - window.cells)") / 1e3
    notebook.page.close()
    record(f"first panel of {chapter.stem}, from its cells on", seconds, None, "<= 1 s", "s")
