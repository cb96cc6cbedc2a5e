"""Notation and glossary: one page, made of what chapter 00 says, and links to it from each chapter's first uses."""

import re
from functools import cache
from typing import NamedTuple

import nbformat

from docs.project import NOTEBOOKS

SOURCE = NOTEBOOKS / "00_start_here.ipynb"
ROW = re.compile(r"^\| (\$[^$|]+\$|[\w$\\ ]+) \|", re.MULTILINE)
TERM = re.compile(r"^- \*\*(.+?)\*\*(?=[: ])", re.MULTILINE)
# What is left alone: fenced and inline code, HTML, headings, links, displayed and inline mathematics
PROTECTED = re.compile(
    r"^```.*?^```|^#.*?$|^\|.*?$|`[^`\n]+`|<[^>]+>|!?\[[^\]]*\]\([^)]*\)|\$\$.*?\$\$|\$[^$]+\$",
    re.MULTILINE | re.DOTALL,
)
AS_WRITTEN = {"code": r"codes?(?= \$z\$|s? of )", "uniform": "uniform distribution"}  # words with another meaning too


class Entry(NamedTuple):
    """A term or a symbol: what it looks like in a chapter, its place on the page, and a symbol's meaning."""

    pattern: re.Pattern
    anchor: str
    meaning: str = ""


@cache
def text(heading: str) -> str:
    """Chapter 00's section under one of its two headings."""
    [cell] = [cell for cell in nbformat.read(SOURCE, as_version=4).cells if cell.source.startswith(f"## {heading}\n")]
    return cell.source.partition("\n")[2].strip()


def anchor(name: str) -> str:
    """The place of a term or a symbol on the page.

    Example:
        >>> anchor("von Mises-Fisher (vMF) distribution"), anchor(r"$q(z \\mid x)$")
        ('term-von-mises-fisher-vmf-distribution', 'term-q-z-mid-x')
    """
    return "term-" + re.sub(r"[^a-z0-9]+", "-", re.sub(r"\b([A-Z])\b", r"capital-\1", name).lower()).strip("-")


def plain(meaning: str) -> str:
    """The first part of a symbol's meaning that a link's title can show, which has no mathematics.

    Example:
        >>> plain(r"$\\mu^\\top z$, the cosine of the angle between $\\mu$ and $z$ |")
        'the cosine of the angle between μ and z'
    """
    text = meaning.replace(r"\mu", "μ").replace(r"\log", "log")
    parts = re.split(r"[:;,] | in \$| \(| \|", text)
    return next(part for part in parts if not re.search(r"[\\^]", part)).replace("$", "")


@cache
def entries() -> list[Entry]:
    """Every term and symbol, the longer ones first."""
    found = []
    for line in text("Notation").splitlines():
        if (row := ROW.match(line)) and row[1].startswith("$"):
            found.append(Entry(re.compile(re.escape(row[1])), anchor(row[1]), plain(line.split(" | ")[-1])))
    for term in sorted(TERM.findall(text("Glossary")), key=len, reverse=True):
        name = term.split(" (")[0]
        words = AS_WRITTEN.get(name.lower(), r"\s".join(map(re.escape, name.split(" "))))
        found.append(Entry(re.compile(rf"\b{words}\b", re.IGNORECASE), anchor(term)))
    return found


def link_first_uses(source: str, known: list[Entry], linked: set[str]) -> str:
    """Markdown whose first use of each entry is a link.

    Args:
        source: Markdown of one cell.
        known: What may be linked.
        linked: Anchors that the chapter has links to; new ones are added.

    Example:
        >>> seen = set()
        >>> link_first_uses("# Great circle\\n\\nA great circle, `great circle`.", entries(), seen), seen
        ('# Great circle\\n\\nA [great circle](glossary.md#term-great-circle), `great circle`.', {'term-great-circle'})
    """
    pieces, end = [], 0
    for match in [*PROTECTED.finditer(source), None]:
        prose = source[end : match.start() if match else len(source)]
        pieces.append(_link(prose, known, linked))
        if match:
            symbol = next((entry for entry in known if entry.pattern.fullmatch(match[0])), None)
            if match[0].startswith("$") and symbol and symbol.anchor not in linked:
                linked.add(symbol.anchor)
                pieces.append(f'[{match[0]}](glossary.md#{symbol.anchor} "{symbol.meaning}")')
            else:
                pieces.append(match[0])
            end = match.end()
    return "".join(pieces)


def _link(prose: str, known: list[Entry], linked: set[str]) -> str:
    for entry in known:
        if entry.anchor not in linked and (match := entry.pattern.search(prose)):
            linked.add(entry.anchor)
            rest = [each for each in known if each is not entry]
            before, after = prose[: match.start()], prose[match.end() :]
            link = f"[{match[0]}](glossary.md#{entry.anchor})"
            return _link(before, rest, linked) + link + _link(after, rest, linked)
    return prose


def page() -> str:
    """The page, with a place to link to at each symbol and term."""

    def place(name: str, shown: str) -> str:
        return f"[{shown}]{{#{anchor(name)}}}"

    notation = ROW.sub(lambda match: f"| {place(match[1], match[1])} |", text("Notation"))
    glossary = TERM.sub(lambda match: f"- {place(match[1], f'**{match[1]}**')}", text("Glossary"))
    return f"# Notation and glossary\n\n## Notation\n\n{notation}\n\n## Glossary\n\n{glossary}\n"
