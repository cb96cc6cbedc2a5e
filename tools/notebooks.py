"""Run notebooks/scripts/*.py into notebooks/*.ipynb, and bring README's table of chapters up to date.

Called by `make notebooks`; `python tools/notebooks.py 03 04` runs only the chapters whose names begin so.
"""

import re
import sys
import time
import tomllib
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
SCRIPTS = sorted((NOTEBOOKS / "scripts").glob("[0-9][0-9]_*.py"))
MARKS = "<!-- chapters: written by make notebooks -->\n", "<!-- end of chapters -->\n"


def build(script: Path) -> None:
    """Execute a script as a notebook and write it with its outputs, and nothing in it that changes from run to run."""
    notebook = jupytext.read(script)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", store_widget_state=False, record_timing=False,
                            resources={"metadata": {"path": str(NOTEBOOKS)}})
    client.execute()
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info.pop("version", None)
    nbformat.write(notebook, NOTEBOOKS / f"{script.stem}.ipynb")


def chapter(script: Path) -> tuple[str, str]:
    """The question and the minutes that a chapter's first cell names."""
    opening = jupytext.read(script).cells[0].source
    question = re.search(r"^[#>*_ ]*([^#>*_ ].*\?)[*_ ]*$", opening, re.MULTILINE)
    minutes = re.search(r"(\d+)\s+minutes", opening)
    if not question or not minutes:
        raise SystemExit(f"{script.name}: the first cell must hold its question on a line, and say 'NN minutes'")
    return question[1], minutes[1]


def chapter_table() -> str:
    """The Markdown table of the chapters that exist, with links that open them in Binder."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    repository = project["project"]["urls"]["Repository"].removeprefix("https://github.com/")
    binder = f"https://mybinder.org/v2/gh/{repository}/{project['tool']['svae']['tag']}?urlpath=lab/tree/notebooks"
    rows = ["| chapter | question | minutes | |", "|---|---|---|---|"]
    for script in SCRIPTS:
        name, (question, minutes) = script.stem, chapter(script)
        rows.append(f"| [{name}](notebooks/{name}.ipynb) | {question} | {minutes} "
                    f"| [open in Binder]({binder}/{name}.ipynb) |")
    return "\n".join(rows) + "\n"


def with_table(readme: str) -> str:
    """README's text with the table between its two marks."""
    before, _, rest = readme.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not end:
        raise SystemExit("README.md has lost the marks that the table of chapters stands between")
    return f"{before}{MARKS[0]}{chapter_table()}{MARKS[1]}{after}"


def main(wanted: list[str]) -> None:
    chosen = [script for script in SCRIPTS if not wanted or script.name.startswith(tuple(wanted))]
    if not chosen:
        raise SystemExit(f"no chapter begins so; there are {', '.join(script.stem for script in SCRIPTS)}")
    for script in chosen:
        started = time.monotonic()
        print(f"notebooks: {script.stem}", end=" ", flush=True)
        build(script)
        print(f"{time.monotonic() - started:.0f} s")
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text()))
    print("notebooks: README's table of chapters is up to date")


if __name__ == "__main__":
    main(sys.argv[1:])
