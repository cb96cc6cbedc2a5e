"""The limits of CONTRIBUTING: the library is small, and so is each part of it; any folders of tests run together."""

import ast
import io
import subprocess
import sys
import tokenize

import pytest

from tests.tree import ROOT, tracked_files

MODULES = sorted(path for package in ("svae_lib", "svae_course") for path in (ROOT / package).rglob("*.py"))
BLANK = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def docstring_lines(tree: ast.Module) -> set[int]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node, clean=False)]
    return {line for node in nodes for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)}


def lines_of_code(source: str) -> int:
    """Lines that hold code: no blank ones, comments or docstrings."""
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in BLANK]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    return len(lines - docstring_lines(ast.parse(source)))


def test_lines_of_code_are_counted_without_what_explains_them():
    source = '"""A module,\nin two lines."""\n\nX = """a text\n\nin three"""\n\n\ndef f():  # a comment\n    """F."""\n'
    source += "    # another\n    return (\n        X\n    )\n"
    assert lines_of_code(source) == 3 + 1 + 3


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_its_classes_are_short(path):
    source = path.read_text()
    assert len(source.splitlines()) < 250
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    assert {node.name for node in classes if node.end_lineno - node.lineno + 1 >= 150} == set()


def test_no_line_is_long():
    """ruff counts the columns of Python; what else is code has the same limit."""
    code = [path for path in tracked_files() if path.suffix in {".py", ".js", ".css", ".sh"} or "." not in path.name]
    long = [(path.name, line) for path in code for line in path.read_text().splitlines() if len(line) > 120]
    assert long == []


def test_the_library_without_pictures_is_small():
    serve_the_eye = {"plotting", "widgets"}
    rooms = [path for path in (ROOT / "svae_lib").rglob("*.py") if serve_the_eye.isdisjoint(path.parts)]
    assert 1_000 < sum(lines_of_code(path.read_text()) for path in rooms) < 6_480


def test_any_choice_of_folders_of_tests_can_be_run_together():
    """Files of one name, their conftest.py above all, once got in each other's way where folders were named."""
    folders = sorted({path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "tests").glob("*/test_*.py")})
    assert {"tests/datasets", "tests/plotting", "tests/training"} <= set(folders)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *folders]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"{folder}/test_" in done.stdout for folder in folders)
