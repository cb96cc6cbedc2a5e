"""The table of speed: the whole of it in benchmarks/README.md, the chosen rows in README.md."""

import os
import platform
from pathlib import Path

import torch

from benchmarks.timing import Row
from tools.marks import between

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- speed: written by make bench -->\n", "<!-- end of speed -->\n"

# What README.md shows, each named by what is measured and the peer; the third is one that misses its aim.
CHOSEN = [
    ("log ive, m = 41, 10^6 points", "scipy.special.ive"),
    ("rsample, m = 41, 10^4 draws", "power_spherical"),
    ("a step, e10, median of 30", "the bare network"),
    ("epoch, s10", "Gaussian"),
    ("epoch, 10xs4", "Gaussian"),
]


def machine() -> str:
    """The machine and the versions that the times hold for."""
    computer = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    versions = f"Python {platform.python_version()}, torch {torch.__version__.partition('+')[0]}"
    return f"Measured on {computer}, {versions}; medians of runs in turn."


def markdown(rows: list[Row], measured_on: str) -> str:
    """The line on the machine, and the rows as a table."""
    lines = [measured_on, "", "| what | ours | against | ratio | aim |", "|---|---|---|---|---|"]
    for row in rows:
        peer, ratio = f"{row.against} {row.theirs}".strip(), f"{row.ratio:.2f}" if row.ratio else ""
        lines.append(f"| {row.what} | {row.ours} | {peer} | {ratio} | {row.aim} |")
    return "\n".join(lines) + "\n"


def write(rows: list[Row], measured_on: str, root: Path = ROOT) -> None:
    """Put all rows into benchmarks/README.md, the chosen ones into README.md. Errors: SystemExit, nothing written."""
    by_name = {(row.what, row.against): row for row in rows}
    missing = [" against ".join(name) for name in CHOSEN if name not in by_name]
    if missing:
        raise SystemExit(f"not measured, so README.md and benchmarks/README.md stay: {'; '.join(missing)}")
    pages = {
        root / "benchmarks" / "README.md": rows,
        root / "README.md": [by_name[name] for name in CHOSEN],
    }
    texts = {page: between(page.read_text(), START, END, markdown(shown, measured_on)) for page, shown in pages.items()}
    for page, text in texts.items():
        page.write_text(text)
