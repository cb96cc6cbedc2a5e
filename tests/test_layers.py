"""Imports run one way: a layer of svae_lib sees those below it, svae_course sees all of them, nothing imports back."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

ROOT = Path(__file__).resolve().parent.parent
# stand beside the layers and see each other alone
BESIDE = {"errors", "reading", "files", "locks", "memory", "process", "datasets", "threads"}
BELOW = {  # what each layer may import besides itself and what stands beside
    "ops": set(),
    "distributions": {"ops"},
    "clustering": {"ops", "distributions"},
    "latent_spaces": {"ops", "distributions"},
    "models": {"ops", "distributions", "latent_spaces"},
    "training": {"ops", "distributions", "latent_spaces", "models"},
    "comparison": set(),
    "evaluation": {"ops", "distributions", "latent_spaces", "models"},
    "plotting": {"ops", "distributions", "latent_spaces", "models"},
}
BELOW["widgets"] = {"plotting", *BELOW["plotting"]}
BELOW["experiment"] = {"comparison", "plotting", "training", "evaluation", *BELOW["training"]}
BELOW["cli"] = {"experiment", "widgets", *BELOW["experiment"]}
FRONT = {"__init__", "__main__"}  # load what is asked of them, from every layer


def imported(path: Path) -> set[str]:
    """Dotted names of the modules that a file imports anywhere, inside functions and by import_module(NAME) too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports of the project are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("import_module", "import_optional"):
            found |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return found


def layer(path: Path) -> str:
    return path.relative_to(ROOT / "svae_lib").parts[0].removesuffix(".py")


LIBRARY = sorted((ROOT / "svae_lib").rglob("*.py"))


@pytest.mark.parametrize("name", sorted({layer(path) for path in LIBRARY} - FRONT))
def test_a_layer_imports_only_what_lies_below(name):
    seen = {
        imported_name.split(".")[1]
        for path in LIBRARY
        if layer(path) == name
        for imported_name in imported(path)
        if imported_name.startswith("svae_lib.")
    }
    allowed = BESIDE if name in BESIDE else BELOW[name] | BESIDE
    assert seen - {name} <= allowed


def test_every_layer_named_exists():
    assert {layer(path) for path in LIBRARY} - FRONT == BESIDE | BELOW.keys()


def test_the_library_never_imports_the_course():
    assert [path for path in LIBRARY if any(name.startswith("svae_course") for name in imported(path))] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "svae_course").glob("chapter_*/*.py")), ids=lambda p: "/".join(p.parts[-2:])
)
def test_a_chapter_imports_no_later_one(path):
    chapters = {name.split(".")[1] for name in imported(path) if name.startswith("svae_course.chapter_")}
    assert all(chapter <= path.parent.name for chapter in chapters)


@pytest.mark.parametrize("missing", ["ipywidgets", "plotly"])
def test_the_course_without_its_extra_says_in_one_line_what_to_install(missing):
    code = f"import sys; sys.modules[{missing!r}] = None\nimport svae_course"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"InputError: this needs {missing}: pip install 'svae_lib[course]'")


@pytest.mark.parametrize(
    "folder", [path.parent for path in LIBRARY if path.name == "__init__.py"], ids=lambda p: p.name
)
def test_no_exported_name_hides_a_module(folder):
    package = import_module(".".join(folder.relative_to(ROOT).parts))
    assert {module.name for module in iter_modules([folder])}.isdisjoint(getattr(package, "__all__", ()))
