"""Build the site: `python -m docs.build [FOLDER]`, from the repository's root; `make site` calls it.

The pages' sources are written into build/site from README, the notebooks, the docstrings and the parser, then Sphinx
makes HTML of them. Nothing is executed, and what has not changed is not read again.
"""

import shutil
import sys
import time
from pathlib import Path

import nbformat
from sphinx.cmd.build import build_main

from docs import chapters, command_line, glossary, pages, reference, scripts
from docs.project import BUILD, NOTEBOOKS, ROOT


def assemble(source: Path, static: Path, extra: Path) -> None:
    """Write everything that Sphinx reads.

    Args:
        source: The folder of the pages' sources; what is no longer written is removed from it.
        static: The folder of what pages load: styles, scripts, the pictures of the chapters.
        extra: The folder of what is published as it is: the notebooks, to download.
    """
    for folder in (static, extra):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs" / "static", static)
    shutil.copytree(NOTEBOOKS / "figures", source / "notebooks" / "figures", dirs_exist_ok=True)
    texts = {
        "index.md": pages.home(),
        "library.md": pages.library(),
        "command_line.md": pages.commands() + command_line.page(),
        "sharp_bits.md": chapters.sharp_bits(),
        "glossary.md": glossary.page(),
        **pages.guides(),
        **reference.pages(),
    }
    (extra / "notebooks").mkdir(parents=True)
    for path in chapters.chapters():
        texts[path.name] = nbformat.writes(chapters.page(path, static / "pictures"))
        shutil.copy2(path, extra / "notebooks")
    scripts.write(static, plotly=any("plotly-figure" in text for text in texts.values()))
    for name, text in texts.items():
        write(source / name, text)
    for path in [*source.glob("*.*"), *source.glob("reference/*")]:
        if path.relative_to(source).as_posix() not in texts:
            path.unlink()


def write(path: Path, text: str) -> None:
    """Write a text, unless the file holds it already: Sphinx goes by times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def build(target: Path) -> int:
    """Build the site into a folder; return Sphinx's exit status, which a warning makes 1."""
    html = BUILD / "html"
    shutil.rmtree(html, ignore_errors=True)  # Sphinx leaves pages there that are no more
    assemble(BUILD / "source", BUILD / "static", BUILD / "extra")
    flags = ["-q", "-W", "-b", "html", "-c", ROOT / "docs", "-d", BUILD / "trees"]
    if status := build_main([*map(str, [*flags, BUILD / "source", html])]):
        return status
    for page in html.rglob("*.html"):  # light where no script says what the reader's system is
        page.write_text(page.read_text().replace('data-theme="auto">', 'data-theme="light">', 1))
    try:
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(html, target)
    except OSError as error:
        raise SystemExit(f"site: cannot write {target}: {error.strerror}: name another folder") from None
    return 0


def main(target: Path) -> int:
    """Build, and say how long it took and where to look."""
    if target.exists() and any(target.iterdir()) and not (target / "searchindex.js").exists():
        raise SystemExit(f"site: {target} holds something else than a site: name another folder")
    start = time.monotonic()
    if status := build(target):
        return status
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"site: {time.monotonic() - start:.0f} s, {size / 1e6:.0f} MB; open {target / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "site").resolve()))
