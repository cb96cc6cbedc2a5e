"""Write the table of chapters into README.md, from the first cell of each notebooks/scripts/NN_name.py."""

import re
import tomllib
from pathlib import Path

import jupytext
from marks import between

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
START, END = "<!-- chapters: written by make notebooks -->\n", "<!-- end of chapters -->\n"


def chapter(opening: str) -> tuple[str, str, str]:
    """Title, question and minutes from a chapter's first cell: "# 3 · TITLE", "**QUESTION?**", "30 minutes."."""
    found = re.match(r"# \w+ · (.+)\n\n\*\*(.+\?)\*\*\n\n(\d+) minutes\b", opening)
    if not found:
        raise SystemExit(f'a chapter opens with "# N · TITLE", "**QUESTION?**", "NN minutes", this one:\n{opening}')
    return found.groups()


def table() -> str:
    """One row per chapter that exists, with the addresses of pyproject.toml: on the site, and in Binder at the tag."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    repository = project["project"]["urls"]["Repository"].removeprefix("https://github.com/")
    site = project["project"]["urls"]["Documentation"]
    binder = f"https://mybinder.org/v2/gh/{repository}/{project['tool']['svae']['tag']}?urlpath=lab/tree/notebooks"
    rows = ["| chapter | question | minutes | |", "|---|---|---|---|"]
    for script in sorted((ROOT / "notebooks" / "scripts").glob("*_*.py")):
        title, question, minutes = chapter(jupytext.read(script).cells[0].source)
        name = f"[{script.stem.partition('_')[0]} {title}](notebooks/{script.stem}.ipynb)"
        links = f"[read]({site}/{script.stem}.html) · [open in Binder]({binder}/{script.stem}.ipynb)"
        rows.append(f"| {name} | {question} | {minutes} | {links} |")
    return "\n".join(rows) + "\n"


def with_table(readme: str) -> str:
    """README's text with the table in place of what is between its two marks."""
    return between(readme, START, END, table())


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
