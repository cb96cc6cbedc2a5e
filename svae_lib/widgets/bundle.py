"""ES modules and what they import, written into one: for anywidget, and for pages that must work from a file.

The modules run as they lie; to be joined, their imports and exports are single lines of one form:

    import { a, b } from "./x.js";
    export function f(x) {     export class C {     export const D = 1;
    export default { render };
"""

import base64
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

SHIM = Path(__file__).with_name("shim.js")
_IMPORT = re.compile(r'import \{ ([\w, ]+) \} from "(\.[\w./-]+\.js)";')
_EXPORT = re.compile(r"export (?:(?:async )?function\*? (\w+)\(|class (\w+) |const (\w+) = (?!.*, \w+ = .*;$))")
_DEFAULT = re.compile(r"export default ")


@cache
def _parsed(module: Path) -> tuple[str, dict[Path, str], list[str]]:
    """Body of a module without imports and exports; names imported, by module; names exported."""
    lines, imports, exports = [], {}, []
    for number, line in enumerate(module.read_text(encoding="utf-8").splitlines(), 1):
        if found := _IMPORT.fullmatch(line):
            imports[(module.parent / found[2]).resolve()] = found[1]
        elif found := _EXPORT.match(line):
            exports.append(found[1] or found[2] or found[3])
            lines.append(line.removeprefix("export "))
        elif _DEFAULT.match(line):
            exports.append("widget")
            lines.append(_DEFAULT.sub("const widget = ", line))
        elif line.startswith(("import ", "export ")):
            raise ValueError(f"{module}:{number}: {line!r} has not the form that bundle.py joins")
        else:
            lines.append(line)
    return "\n".join(lines), imports, exports


def _joined(modules: list[Path]) -> tuple[str, dict[Path, str]]:
    """Each module once, after those it imports, in a scope of its own; the name of each one's exports."""
    names, parts = {}, []

    def visit(module: Path) -> None:
        if module in names:
            return
        body, imports, exports = _parsed(module)
        for imported, what in imports.items():
            visit(imported)
            if missing := set(what.split(", ")) - set(_parsed(imported)[2]):
                raise ValueError(f"{module}: {imported.name} does not export {', '.join(sorted(missing))}")
        names[module] = f"svae_{len(names)}"
        taken = "".join(f"const {{ {what} }} = {names[source]};\n" for source, what in imports.items())
        inner = f"{taken}{body}\nreturn {{ {', '.join(exports)} }};"
        parts.append(f"const {names[module]} = (() => {{ // {module.name}\n{inner}\n}})();")

    for module in modules:
        visit(module)
    return "\n".join(parts), names


def bundle(module: Path) -> str:
    """One ES module with all that this one imports; its default export is the same.

    Args:
        module: path of a module with a default export.

    Returns:
        The text.

    Example:
        >>> bundle(SHIM.with_name("axes.js")).splitlines()[-1]  # after style.js and panel.js
        'export default svae_2.widget;'
    """
    module = module.resolve()
    text, names = _joined([module])
    return f"{text}\nexport default {names[module]}.widget;"


def script(panels: dict[str, Path], files: Iterable[Path] = ()) -> str:
    """One classic script that brings the panels of a page to life, from a server or from a file.

    On the page each panel is a frame, <div class="svae-mount">, with its still picture and, as
    <script type="application/json">, what Panel.page() returns.

    Args:
        panels: modules by the panel's name.
        files: those that stored panels name in place of their largest bytes.

    Returns:
        The text.
    """
    data = {path.name: base64.b64encode(path.read_bytes()).decode() for path in files}
    text, names = _joined([SHIM, *(module.resolve() for module in panels.values())])
    known = ", ".join(f"{json.dumps(name)}: {names[module.resolve()]}.widget" for name, module in panels.items())
    whole = f"(() => {{\n{text}\n{names[SHIM]}.mountAll({{ {known} }}, {json.dumps(data)});\n}})();"
    if "</script" in whole.lower():
        raise ValueError("a module must not hold the text that ends a script on a page")
    return whole
