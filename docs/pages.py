"""Pages made of the repository's own Markdown: home and the library from README, the guides, the changelog."""

import re

from PIL import Image

from docs.chapters import chapters, framed
from docs.project import PAGES, ROOT, on_the_site

FIRST_OF_LIBRARY = "## The library in ten lines"
COMMANDS = "## The command line"


def readme() -> tuple[str, dict[str, str]]:
    """README in two: what stands before its section on the library, and each section from there on, by its heading."""
    text = on_the_site((ROOT / "README.md").read_text())
    home, found, rest = text.partition(FIRST_OF_LIBRARY + "\n")
    if not found:
        raise SystemExit(f"site: README.md has lost its section {FIRST_OF_LIBRARY!r}")
    parts = re.split(r"^(## .+)\n", found + rest, flags=re.MULTILINE)[1:]
    return home, dict(zip(parts[::2], parts[1::2], strict=True))


def home() -> str:
    """README's beginning, its pictures and commands, and the whole site's table of contents."""
    sections = {
        "The course": [path.stem for path in chapters()] + ["sharp_bits", "glossary"],
        "The library": ["library", "reference/index"],
        "The command line": ["command_line", "sweeps", "several_devices", "run_files"],
        "The project": ["speed", "changelog"],
    }
    trees = [
        f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```"
        for caption, names in sections.items()
    ]
    text, _ = readme()
    text = re.sub(r"(?<=\n\n)!\[[^]]*\]\(([^)]*)\)", wide, text)
    text = re.sub(r"(?m)^Read them on \[the site\].*?\n\n", "", text, flags=re.DOTALL)
    text = re.sub(r"(?m)^(\|.*\|)[^|\n]*\|$", r"\1", text)  # without the column of links: the pages have them
    return "\n\n".join([text, *trees]) + "\n"


def wide(picture: re.Match) -> str:
    """A picture of README; one whose words would not be read on a narrow page is scrolled there."""
    width = Image.open(ROOT / picture[1]).width
    return framed(f"\n\n{picture[0]}{{.figure}}\n\n", width) if width > 1000 else picture[0]


def library() -> str:
    """README's sections on the library, in its order."""
    _, sections = readme()
    text = "".join(heading + "\n" + body for heading, body in sections.items() if heading != COMMANDS)
    return f"# The library\n\n{text}"


def commands() -> str:
    """README's section on the command line."""
    return "# The command line\n" + readme()[1][COMMANDS]


def guides() -> dict[str, str]:
    """The other Markdown files of the repository that are pages, by the page's name."""
    others = {source: page for source, page in PAGES.items() if page != "index.md"}
    return {
        page: on_the_site((ROOT / source).read_text(), source.rpartition("/")[0]) for source, page in others.items()
    }
