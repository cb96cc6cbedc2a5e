"""What every page needs to know of the project: where it lies, where it is published, and links into the repository."""

import posixpath
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
BUILD = ROOT / "build" / "site"  # what the site is made of
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
REPOSITORY = SETTINGS["project"]["urls"]["Repository"]
TAG = SETTINGS["tool"]["svae"]["tag"]
BINDER = REPOSITORY.replace("https://github.com/", "https://mybinder.org/v2/gh/") + f"/{TAG}?urlpath=lab/tree/notebooks"
# Files of the repository that are pages of the site; any other is linked in the repository, at the tag.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "run_files/README.md": "run_files.md",
    "run_files/SWEEPS.md": "sweeps.md",
    "run_files/SEVERAL_DEVICES.md": "several_devices.md",
    "benchmarks/README.md": "speed.md",
}
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#]+)(#[^)]*)?(?=\))")
ROW = re.compile(r"^\|.*", re.MULTILINE)
GLUED = re.compile(r"(?<=\d) (?=(?:ms|s|MB)\b)|(?<=<=) |(?<=±) ")  # in a narrow cell, a number stays with its unit


def on_the_site(text: str, folder: str = "") -> str:
    """Markdown of the repository with its links to other files as the site has them.

    Args:
        text: Markdown.
        folder: Where its file lies in the repository.

    Example:
        >>> on_the_site("[many](SWEEPS.md), [chapter](../notebooks/00_start_here.ipynb)", "run_files")
        '[many](sweeps.md), [chapter](00_start_here.ipynb)'
    """

    def target(match: re.Match) -> str:
        path = posixpath.normpath(posixpath.join(folder, match[1]))
        anchor = match[2] or ""
        if path == "README.md" and anchor:
            return "library.md" + anchor
        if path in PAGES:
            return PAGES[path] + anchor
        if path.startswith("notebooks/") and path.endswith(".ipynb"):
            return path.removeprefix("notebooks/") + anchor
        if path.endswith(".png"):
            return path
        return f"{REPOSITORY}/blob/{TAG}/{path}{anchor}"

    return ROW.sub(lambda row: GLUED.sub("\u00a0", row[0]), LINK.sub(target, text))
