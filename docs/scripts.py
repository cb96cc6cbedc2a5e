"""The scripts of the site, none from another machine: mathematics and, on pages that need them, live pictures."""

import re
import shutil
from importlib.metadata import files
from importlib.resources import as_file
from importlib.resources import files as resources
from pathlib import Path

from docs.project import ROOT
from svae_lib.widgets.bundle import script

RENDERER = ROOT / "svae_lib" / "widgets" / "labextension" / "remoteEntry.js"  # holds the one list of panels
PANEL_DATA = ROOT / "svae_course" / "panel_data"  # the large bytes of stored panels
MATHJAX = "tex-svg.js"  # MathJax 3 with its fonts, in one file
PANELS, PLOTLY, FIGURES = "panels.js", "plotly.min.js", "plotly_figures.js"
NEEDED = {'class="svae-mount"': [PANELS], 'class="plotly-figure"': [PLOTLY, FIGURES]}  # by what stands on a page


def panels() -> dict[str, Path]:
    """The modules of all panels, by name."""
    named = dict(re.findall(r'^ +\["([\w ]+)", "([\w/]+\.js)"\],', RENDERER.read_text(), re.MULTILINE))
    return {name: ROOT / path for name, path in named.items() if (ROOT / path).exists()}


def write(static: Path, plotly: bool) -> None:
    """Write the scripts into the folder of what pages load; plotly's 5 MB only where a page has a figure of it."""
    [mathjax] = [path for path in files("sphinx-mathjax-offline") if path.name == MATHJAX]
    shutil.copy2(mathjax.locate(), static)
    if plotly:
        with as_file(resources("plotly") / "package_data" / PLOTLY) as path:
            shutil.copy2(path, static)
    (static / PANELS).write_text(script(panels(), sorted(PANEL_DATA.glob("*.bin"))))


def add_what_is_needed(app, pagename, templatename, context, doctree) -> None:
    """Sphinx calls this with each page before it is written."""
    for mark, scripts in NEEDED.items():
        if mark in context.get("body", ""):
            for name in scripts:
                app.add_js_file(name)


def setup(app) -> dict:
    """Make this module an extension of Sphinx."""
    app.connect("html-page-context", add_what_is_needed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
