"""The reference: a page for each room of the library with every public name, and how its docstrings are read."""

import re
from importlib import import_module
from inspect import getdoc, isclass, isfunction, signature

from sphinx.util.inspect import stringify_signature

ROOMS = (
    "distributions",
    "ops",
    "latent_spaces",
    "models",
    "training",
    "evaluation",
    "experiment",
    "datasets",
    "clustering",
    "plotting",
    "widgets",
)
SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises|References|Example|Examples|Shapes|Errors):$")
# Classes with references of their own: each that defines a member must be named, not its children alone.
STRANGERS = "Distribution, Module, BaseEstimator, Exception, object, AnyWidget, DOMWidget, Widget, LoggingHasTraits, "
STRANGERS += "HasTraits, HasDescriptors, TraitType, BaseDescriptor, tuple, BaseException"
HIDDEN = "set_fit_request, set_score_request, get_metadata_routing"  # scikit-learn's own affairs
MEMBERS = f"   :members:\n   :inherited-members: {STRANGERS}\n   :exclude-members: {HIDDEN}\n"

TEX = {"mu": "μ", "kappa": "κ", "sigma": "σ", "beta": "β", "sum": "Σ", "sqrt": "√", "le": "≤", "pm": "±"}
KEPT = ("log", "exp", "min", "max")  # as TeX sets them: upright words


def public_names(room: str) -> dict[str, object]:
    """The classes and functions that a room of the library offers, by name.

    Example:
        >>> list(public_names("training"))
        ['fit', 'fit_stacked', 'History', 'Schedule', 'TrainingFailed']
    """
    module = import_module(f"svae_lib.{room}")
    names = getattr(module, "__all__", None) or ["VonMisesFisherClustering"]
    found = {name: getattr(module, name) for name in sorted(names, key=str.lower)}
    return {name: value for name, value in found.items() if isclass(value) or isfunction(value)}


def first_sentence(value: object) -> str:
    """What a docstring opens with, in one line of reStructuredText."""
    opening = " ".join((getdoc(value) or "").partition("\n\n")[0].split())
    return literal(from_tex(re.split(r"(?<=\.) ", opening)[0]))


def pages() -> dict[str, str]:
    """The pages in reStructuredText, by the page's name."""
    found = {f"reference/{room}.rst": room_page(room) for room in ROOMS}
    found["reference/index.rst"] = index()
    return found


def index() -> str:
    """What `import svae_lib` offers, and the rooms."""
    import svae_lib

    where = {name: f"svae_lib.{room}.{name}" for room in ROOMS for name in public_names(room)}
    top = [name for name in svae_lib.__all__ if name in where]
    return "\n".join(
        [
            *heading("Reference", "="),
            "What ``from svae_lib import ...`` offers:",
            "",
            *table([(f":py:obj:`{name} <{where[name]}>`", getattr(svae_lib, name)) for name in top]),
            "",
            "Each room of the library has a page, with everything that it offers:",
            "",
            ".. toctree::",
            "   :maxdepth: 1",
            "",
            *[f"   {room}" for room in ROOMS],
            "",
        ]
    )


def room_page(room: str) -> str:
    """One room: its docstring, a table of its names, then each name in full."""
    module, names = import_module(f"svae_lib.{room}"), public_names(room)
    lines = [*heading(f"svae_lib.{room}", "="), *escape((getdoc(module) or "").splitlines()), ""]
    lines += table([(f":py:obj:`{name} <svae_lib.{room}.{name}>`", value) for name, value in names.items()])
    for name, value in names.items():
        directive = "autoclass" if isclass(value) else "autofunction"
        lines += ["", *heading(name, "-"), f".. {directive}:: svae_lib.{room}.{name}"]
        lines += [MEMBERS] if isclass(value) else []
    return "\n".join(lines) + "\n"


def heading(text: str, mark: str) -> list[str]:
    """A heading of reStructuredText."""
    return [text, mark * len(text), ""]


def table(rows: list[tuple[str, object]]) -> list[str]:
    """A table of names with the first sentences of their docstrings."""
    lines = [".. list-table::", "   :widths: 30 70", ""]
    for name, value in rows:
        lines += [f"   * - {name}", f"     - {first_sentence(value)}"]
    return lines


def literal(line: str) -> str:
    """A line of plain text in reStructuredText: `code` as a literal, other marks as they are, also "N." and "k.".

    Example:
        >>> literal("|x| of `y`, a * b, loc_")
        '\\\\|x\\\\| of ``y``, a \\\\* b, loc\\\\_'
    """
    pieces = re.split(r"(`+[^`]+`+)", line)
    plain = [re.sub(r"([*|\\]|_(?!\w)|(?<=\b[A-Za-z])\.)", r"\\\1", piece) for piece in pieces[::2]]
    code = [f"``{piece.strip('`')}``" for piece in pieces[1::2]]
    return "".join(text for pair in zip(plain, [*code, ""], strict=True) for text in pair)


def from_tex(line: str) -> str:
    r"""A line with the few commands of TeX that docstrings have as characters.

    Example:
        >>> from_tex(r"r/\sqrt{\kappa} \log p, \sqrt{s^2 / n}, \sum_j p_j")
        'r/√κ log p, √(s^2 / n), Σ_j p_j'
    """
    line = re.sub(r"\\(\w[a-z]*)", lambda name: TEX.get(name[1], name[1] if name[1] in KEPT else name[0]), line)
    line = re.sub(r"√\{(\w)\}", r"√\1", line)
    return re.sub(r"√\{([^{}]*)\}", r"√(\1)", line)


def escape(lines: list[str]) -> list[str]:
    """A docstring in reStructuredText for napoleon: an indented equation as it is, text as text."""
    found, section, equation = [], "", False
    for number, line in enumerate(lines):
        if not section.startswith("Example"):
            line = from_tex(line)
        after_blank = number > 0 and not lines[number - 1].strip()
        if match := SECTION.match(line):
            section = match[1]
        if not section and line.startswith("    "):
            if after_blank and not equation:
                found += [".. code-block:: text", "   :class: equation", ""]
            equation = True
            found.append(line[1:])  # by three, as the directive's options are
            continue
        equation = equation and not line.strip()
        found.append(line if section.startswith("Example") or match else literal(line))
    return found


def process(app, what, name, value, options, lines: list[str]) -> None:
    """Sphinx calls this with each docstring before napoleon, which takes a property's first words for a type."""
    lines[:] = ["\\ "] * (what in ("attribute", "property")) + escape(lines)


def skip(app, what, name, value, skipped, options) -> bool | None:
    """Sphinx calls this with each member; a named tuple's fields are described where the class is."""
    return True if (getdoc(value) or "").startswith("Alias for field number") else None


def arguments(app, what, name, value, options, found: str | None, returned: str | None) -> tuple | None:
    """Sphinx calls this with each signature; of a widget it took that of `__new__`, which passes on what it gets."""
    if what == "class" and (found or "").startswith("(*args"):
        return stringify_signature(signature(value), unqualified_typehints=True), returned
    return None


def setup(app) -> dict:
    """Make this module an extension of Sphinx."""
    app.connect("autodoc-process-signature", arguments)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", process, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
