"""The site: it is built without a warning, asks no other machine for anything, and reads well on a phone and by ear."""

import base64
import functools
import http.server
import json
import posixpath
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import axe_playwright_python
import nbformat
import pytest
import torch
from bs4 import BeautifulSoup

from docs import build, chapters, command_line, glossary, reference
from svae_course.panels import PANELS
from svae_lib.plotting import image_grid
from tests.tree import ROOT

CHAPTERS = [path.stem for path in chapters.chapters()]
# Pages that stand for the rest in a browser; what can be read from the HTML is read from every page.
SHOWN = ["index", *CHAPTERS, "sharp_bits", "glossary", "library", "command_line", "reference/distributions", "search"]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
CONTRAST = """async () => { // a matter of styles: one element of each is asked
    const kinds = new Map(), look = (it) => `${it.localName}.${it.className}`, written = ({ childNodes }) =>
        [...childNodes].some(({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim());
    for (const it of [...document.querySelectorAll("body *")].filter(written)) {
        const kind = [it, it.parentElement, it.parentElement.parentElement].map(look).join();
        if (!kinds.has(kind)) kinds.set(kind, it);
    }
    const include = [...kinds.values()];
    return await axe.run({ include }, { resultTypes: ["violations"], preload: false, runOnly: ["color-contrast"] });
}"""
RULES = """async () => {
    for (const it of document.querySelectorAll("pre, mjx-container > svg")) it.textContent = it.textContent;
    const where = { exclude: [["dt.sig dl"]] }; // a long signature: Sphinx makes it definitions without terms
    const rules = { "color-contrast": { enabled: false } };
    return await axe.run(where, { resultTypes: ["violations"], preload: false, rules });
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built anew from what the build folder holds; in a folder of a folder, as on a server."""
    target = tmp_path_factory.mktemp("server") / "svae_lib"
    start = time.monotonic()
    command = [sys.executable, "-m", "docs.build", target]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    print(f"site: built in {time.monotonic() - start:.0f} s")
    return target


@pytest.fixture(scope="module")
def pages(site) -> dict[str, BeautifulSoup]:
    """Every page of the site, parsed, by its name without .html."""
    found = sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)
    return {
        path.relative_to(site).with_suffix("").as_posix(): BeautifulSoup(path.read_text(), "html.parser")
        for path in found
    }


@pytest.fixture(scope="module")
def address(site):
    """The site on a server of this machine, in a subfolder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=site.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{site.name}"
        server.shutdown()


class Visit:
    """A page in a tab of its own, and what the browser said of it and asked for."""

    def __init__(self, context):
        self.complaints, self.asked = [], set()
        self.page = context.new_page()
        self.page.set_default_timeout(120_000)  # a machine may be busy
        self.page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(urlsplit(request.url)[:2]))

    def to(self, address: str) -> None:
        self.page.goto(address, wait_until="load")
        self.page.wait_for_function("!window.MathJax || MathJax.startup.promise.then(() => true)")


# What the HTML says


def test_every_page_has_one_title_and_headings_in_order(pages):
    assert {"index", *CHAPTERS, "sharp_bits", "glossary", "library", "command_line", "changelog"} <= set(pages)
    for name, page in pages.items():
        if name == "search":
            continue
        levels = [int(heading.name[1]) for heading in page.select_one("article").find_all(re.compile("^h[1-6]$"))]
        assert levels[0] == 1 and levels.count(1) == 1, name
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False)), (name, levels)


def test_every_link_into_the_site_leads_somewhere(site, pages):
    places = {name: {element["id"] for element in page.select("[id]")} for name, page in pages.items()}
    broken = []
    for name, page in pages.items():
        for element in page.select("[href], [src]"):
            address = element.get("href") or element.get("src")
            link = urlsplit(address)
            if link.scheme or link.netloc:
                assert element.name == "a", (name, element)  # a page takes nothing from another machine
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(link.path)))
            path = path if link.path else f"{name}.html"
            missing = link.fragment and unquote(link.fragment) not in places.get(path.removesuffix(".html"), ())
            if missing or not (site / path).is_file():
                broken.append((name, address))
    assert broken == []


def test_every_picture_says_what_it_shows(pages):
    for name, page in pages.items():
        for picture in page.select("article img"):
            alt = picture.get("alt", "")
            assert len(alt) > 10 and not re.search(r"\.(png|svg)|[0-9a-f]{16}", alt), (name, str(picture)[:200])


@pytest.mark.parametrize("stem", CHAPTERS)
def test_a_chapter_has_its_pictures_exercises_links_and_neighbors(pages, site, stem):
    page, notebook = pages[stem], nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    stored = [o for cell in notebook.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
    assert len(page.select("article img.figure")) == len(stored) > 0
    assert [p["alt"] for p in page.select("article img.figure")] == [o.metadata["image/png"]["alt"] for o in stored]
    folded = sum(cell.source.count("<summary>") for cell in notebook.cells)
    assert len(page.select("article details > summary")) == folded > 0
    binder, download = page.select(".chapter-links a")
    assert binder["href"].startswith("https://mybinder.org/") and binder["href"].endswith(f"{stem}.ipynb")
    assert (site / download["href"]).read_bytes() == (ROOT / "notebooks" / f"{stem}.ipynb").read_bytes()
    place = CHAPTERS.index(stem)
    following = CHAPTERS[place + 1] if place + 1 < len(CHAPTERS) else "sharp_bits"
    assert page.select_one("a.right-next")["href"] == f"{following}.html"
    assert page.select_one("a.left-prev")["href"] == (f"{CHAPTERS[place - 1]}.html" if place else "index.html")
    assert page.select("a[href^='glossary.html#term-']")


def test_sharp_bits_glossary_reference_and_command_line_leave_nothing_out(pages):
    bits = pages["sharp_bits"]
    assert [a["href"] for a in bits.select("article h2 > a.reference")] == [f"{stem}.html" for stem in CHAPTERS]
    words = pages["glossary"]
    assert all(words.find(id=entry.anchor) for entry in glossary.entries()) and len(glossary.entries()) > 20
    for room in reference.ROOMS:
        for name in reference.public_names(room):
            [described] = pages[f"reference/{room}"].select(f"dt[id='svae_lib.{room}.{name}']")
            assert described.find_next("dd").get_text(strip=True), (room, name)
    commands = pages["command_line"].get_text()
    assert {f"svae {name}" for name in ("train", "evaluate", "show", "sweep", "table", "data fetch")} <= {
        heading.get_text().removesuffix("#") for heading in pages["command_line"].select("h2")
    }
    flags = set(re.findall(r"(?<!\S)--?[a-z][\w-]*", command_line.page().replace("`", "")))
    assert len(flags) > 60 and all(flag in commands for flag in flags)


def test_docstrings_come_without_commands_of_tex_and_pages_are_light_without_javascript(pages):
    for name, page in pages.items():
        assert page.html["data-theme"] == "light", name  # what no script has set
        if name.startswith("reference/"):
            assert re.findall(r"\\[a-z]{2,}", page.article.get_text()) == [], name


# Bad input


def test_a_chapter_without_outputs_and_a_folder_of_something_else_are_refused_in_one_line(tmp_path):
    notebook = nbformat.read(chapters.chapters()[0], as_version=4)
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        cell.outputs = []
    nbformat.write(notebook, tmp_path / "07_new.ipynb")
    with pytest.raises(SystemExit, match=r"^site: 07_new.ipynb has no outputs: run make notebooks$"):
        chapters.page(tmp_path / "07_new.ipynb", tmp_path)
    with pytest.raises(SystemExit, match=r"^site: .* holds something else than a site: name another folder$"):
        build.main(tmp_path)
    assert (tmp_path / "07_new.ipynb").exists()


def test_text_of_a_notebook_cannot_end_a_script_or_an_attribute(tmp_path):
    state = {"format": 1, "panel": "</script><b>", "state": {}, "bytes": {}}
    data = {"image/png": base64.b64encode(image_grid(torch.zeros(1, 2, 2), " ")._repr_png_()[0]).decode()}
    output = nbformat.v4.new_output("display_data", {**data, chapters.PANEL: state, "text/plain": '"><b>'})
    chapters.show(output, tmp_path, "picture")
    shown = BeautifulSoup(output.data["text/html"], "html.parser")
    assert shown.find("b") is None and shown.img["alt"] == '"><b>'
    assert json.loads(shown.script.get_text()) == state


# In a browser


@pytest.mark.parametrize("scheme", [(390, "dark"), (1280, "light")], ids=str)
@pytest.mark.parametrize("way", ["file", "server"])
def test_pages_stay_on_this_machine_without_errors_and_without_sideways_scrolling(browser, site, address, way, scheme):
    width, theme = scheme
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme)
    root = site.as_uri() if way == "file" else address
    # the same files: a few of them say what a server, and another width, change
    for name in SHOWN if scheme == (390, "dark") and way == "file" else SHOWN[:3]:
        visit = Visit(context)
        visit.to(f"{root}/{name}.html")
        assert visit.complaints == [], name
        assert visit.asked <= {urlsplit(root)[:2], ("data", ""), ("blob", "")}, name
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert visit.page.evaluate("document.documentElement.dataset.theme") == theme
        assert visit.page.evaluate("[...document.images].every((i) => i.complete && i.naturalWidth)"), name
        cut = "(kind) => [...document.querySelectorAll(kind)].some((it) => it.scrollWidth > it.clientWidth + 1)"
        assert not visit.page.evaluate(cut, ".prev-next-area a, .formulas mjx-container"), name
        if name in CHAPTERS:
            formulas = visit.page.locator(".math")
            assert formulas.count() > 1 and formulas.count() == formulas.locator("> mjx-container").count(), name
        visit.page.close()
    context.close()


@pytest.mark.parametrize("way", ["file", "server"])
def test_search_finds_a_page(browser, site, address, way):
    context = browser.new_context()
    visit = Visit(context)
    visit.page.goto((site.as_uri() if way == "file" else address) + "/search.html?q=implicit+gradient")
    visit.page.wait_for_selector("#search-results li a")
    assert visit.complaints == []
    context.close()


def broken_rules(page, script: str) -> list[str]:
    """What axe says of a page, a line for each element."""
    violations = page.evaluate(script)["violations"]
    return [f"{it['id']}: {node['html'][:150]}: {node['failureSummary']}" for it in violations for node in it["nodes"]]


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_page_and_every_panel_keeps_the_rules_of_accessibility(browser, site, pages, tmp_path, whole):
    """Axe's rules on what readers see, contrast in dark and light on two; whole: rules on all, contrast on those."""
    shown = [json.loads(it.get_text())["panel"] for page in pages.values() for it in page.select(".svae-mount script")]
    assert set(shown) == set(PANELS)
    PANELS["kl"].make().save(tmp_path / "kl.html")
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    broken, start = {}, time.monotonic()
    names = pages if whole else SHOWN
    paths = {"a saved panel": tmp_path / "kl.html"} | {name: site / f"{name}.html" for name in names}
    contrasted = {"a saved panel", *(SHOWN if whole else SHOWN[:2])}
    for name, path in paths.items():
        visit = Visit(context)
        visit.to(path.as_uri())
        visit.page.evaluate("code => { new Function(code)(); }", AXE)
        for theme in ("dark", "light") if name in contrasted else ():
            visit.page.emulate_media(color_scheme=theme)
            themes = "[...document.querySelectorAll('html[data-theme], .svae-panel')].map((it) => it.dataset.theme)"
            visit.page.wait_for_function(f"theme => {themes}.every((it) => it === theme)", arg=theme)
            broken[name, theme] = broken_rules(visit.page, CONTRAST)
        broken[name, "rules"] = broken_rules(visit.page, RULES)
        visit.page.close()
    context.close()
    print(f"accessibility: {len(paths)} pages in {time.monotonic() - start:.0f} s")
    assert {where: found for where, found in broken.items() if found} == {}


def test_every_panel_of_a_chapter_moves_by_key_and_stays_a_picture_without_javascript(browser, site):
    panels = {stem: len(re.findall('class="svae-mount"', (site / f"{stem}.html").read_text())) for stem in CHAPTERS}
    assert sum(panels.values()) >= 7
    for javascript in (True, False):
        context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=javascript)
        for stem in (stem for stem, count in panels.items() if count):
            visit = Visit(context)
            visit.page.goto((site / f"{stem}.html").as_uri(), wait_until="load")
            assert visit.page.locator(".svae-mount img").count() == (0 if javascript else panels[stem]), stem
            assert javascript or visit.page.locator("button:visible").count() == 0, stem  # they would do nothing
            if javascript:
                assert visit.page.locator(".svae-mount .svae-panel").count() == panels[stem]
                for panel in visit.page.locator(".svae-panel").all():
                    moves(panel)
            assert visit.complaints == [], stem
            visit.page.close()
        context.close()


def moves(panel) -> None:
    """Move the panel's first slider by a key and see its number, its status line and its picture follow."""
    slider, said = panel.locator("input[type=range]").first, panel.locator(".say")
    before, sentence = slider.input_value(), said.text_content()
    slider.press("ArrowLeft" if before == slider.get_attribute("max") else "ArrowRight")
    assert slider.input_value() != before
    for _ in range(100):
        if said.text_content() != sentence:
            return
        panel.page.wait_for_timeout(50)
    pytest.fail(f"the panel still says {sentence!r}")
