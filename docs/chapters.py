"""The chapters as pages: their stored outputs with alternative texts, links to the glossary, panels that stay alive."""

import base64
import html
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import nbformat

from docs.glossary import entries, link_first_uses
from docs.project import BINDER, NOTEBOOKS

PANEL = "application/vnd.svae.panel+json"
PLOTLY = "application/vnd.plotly.v1+json"
MOVED = ("## Notation", "## Glossary")  # of a chapter: they have a page of their own
# A line, or two, that the theme's own links replace.
NEIGHBORS = re.compile(r"\n*^(Previous|Next): .*(\n.+)?\Z", re.MULTILINE)

FORMULA = re.compile(r"^\$\$(.+?)\$\$$", re.MULTILINE | re.DOTALL)


def chapters() -> list[Path]:
    """The notebooks, in order; a chapter written later appears by itself."""
    found = sorted(NOTEBOOKS.glob("[0-9A-Z]*_*.ipynb"))
    if not found:
        raise SystemExit(f"site: no chapter in {NOTEBOOKS}: run make notebooks")
    return found


def title(path: Path) -> str:
    """A chapter's heading, "3 · Training on MNIST".

    Example:
        >>> title(chapters()[0])
        '0 · Start here'
    """
    return nbformat.read(path, as_version=4).cells[0].source.partition("\n")[0].removeprefix("# ")


def page(path: Path, pictures: Path) -> nbformat.NotebookNode:
    """A chapter as the site shows it.

    Args:
        path: The notebook.
        pictures: The folder that its pictures are written to.

    Errors:
        SystemExit: No cell has an output.
    """
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = (
            FORMULA.sub(in_parts, NEIGHBORS.sub("", cell.source)) if cell.cell_type == "markdown" else cell.source
        )
    notebook.cells = [cell for cell in notebook.cells if cell.source and not cell.source.startswith(MOVED)]
    if not any(cell.get("outputs") for cell in notebook.cells):
        raise SystemExit(f"site: {path.name} has no outputs: run make notebooks")
    first, linked = notebook.cells[0], set()
    heading, question, rest = first.source.split("\n\n", 2)
    rest = rest.replace("(#Notation)", "(glossary.md#notation)").replace("(#Glossary)", "(glossary.md#glossary)")
    first.source = "\n\n".join([heading, question, links_of(path), rest])
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            cell.source = link_first_uses(cell.source, entries(), linked)
        for place, output in enumerate(cell.get("outputs", [])):
            show(output, pictures, f"{path.stem}-{number:02d}-{place}")
    return notebook


def in_parts(formula: re.Match) -> str:
    r"""A formula as its parts beside each other, which on a narrow page stand below each other.

    Example:
        >>> print(FORMULA.sub(in_parts, r"$$a = 1, \qquad b = 2$$"))
        <div class="formulas">
        <BLANKLINE>
        $$a = 1,$$
        <BLANKLINE>
        $$b = 2$$
        <BLANKLINE>
        </div>
    """
    parts = re.split(r"\s*\\q?quad\s+", formula[1])
    if len(parts) == 1 or any(part.count("{") != part.count("}") for part in parts):
        return formula[0]
    return "\n\n".join(['<div class="formulas">', *[f"$${part}$$" for part in parts], "</div>"])


def links_of(path: Path) -> str:
    """The line under a chapter's question: run it elsewhere, or take it along."""
    return (
        f'<p class="chapter-links"><a href="{BINDER}/{path.name}">Open in Binder</a> '
        f'<a href="notebooks/{path.name}" download>Download the notebook</a></p>'
    )


def show(output: nbformat.NotebookNode, pictures: Path, name: str) -> None:
    """Give an output the HTML of its picture, its panel or its plotly figure; others stay as they are.

    A panel's picture stands until its script replaces it, and stays where there is none.
    """
    data = output.get("data", {})
    shown = ""
    if "image/png" in data:
        alt = output.metadata.get("image/png", {}).get("alt") or data.get("text/plain", "picture")
        shown = picture(base64.b64decode(data["image/png"]), alt, pictures / f"{name}.png")
    for kind, mark in ((PANEL, "svae-mount"), (PLOTLY, "plotly-figure")):
        if kind in data:
            shown = f'<div class="{mark}">{shown}{json_in_html(data[kind])}</div>'
    if shown:
        output.data = nbformat.from_dict({"text/html": shown, "text/plain": data.get("text/plain", "")})


def json_in_html(data: dict) -> str:
    """JSON in an element that the browser does not run; no text in it can end the element."""
    return f'<script type="application/json">{json.dumps(data).replace("<", chr(92) + "u003c")}</script>'


def picture(png: bytes, alt: str, path: Path) -> str:
    """Write a PNG and return its element, with its size, so that nothing moves when it comes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png)
    width, height = struct.unpack(">II", png[16:24])
    place = f'src="_static/pictures/{path.name}" width="{width}" height="{height}"'
    return framed(f'<img class="figure dark-light" {place} alt="{html.escape(alt)}">', width)


def framed(image: str, width: int) -> str:
    """A picture, in HTML or in Markdown, in the frame in which it is scrolled where the page is too narrow for it."""
    return f'<div class="figure-frame" style="--width: {width}">{image}</div>'


def sharp_bits() -> str:
    """The page of the sharp bits of all chapters."""
    parts = ["# Sharp bits", "What trips people up, from every chapter."]
    for path in chapters():
        parts += [f"## [{title(path)}]({path.name})", *sections(path, "## Sharp bits")]
    return "\n\n".join(parts) + "\n"


def sections(path: Path, heading: str) -> Iterator[str]:
    """The text of a chapter under a heading, without it, up to the next one of its level."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            found = re.search(rf"^{heading}\n(.*?)(?=^## |\Z)", cell.source, re.MULTILINE | re.DOTALL)
            if found:
                yield re.sub(r"\n\n[^\n-].*:\Z", "", found[1].strip())  # what leads over to a cell of code
