"""Without a package of the extra [course]: one line with the pip command, where the package is first needed."""

import os
import subprocess
import sys

import pytest

from tests.tree import ROOT

# each attempt prints its error, so that one process, which imports torch once, makes them all
ATTEMPTS = """
import sys

class Missing:
    def find_spec(name, *_):
        if name == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing)
from svae_lib import build_vae

def attempt(name, act):
    try:
        act()
        print(name, "works", sep=": ")
    except Exception as error:
        print(name, type(error).__name__, error, sep=": ")

def globe():
    from svae_lib.widgets import LatentGlobe
    LatentGlobe(build_vae((28, 28), "s2", hidden=(8,)))

def dials():
    from svae_lib.widgets import DialsPanel
    repr(DialsPanel(build_vae((28, 28), "2xs1", hidden=(8,)))._repr_mimebundle_())

attempt("course", lambda: __import__("svae_course"))
attempt("chapter", lambda: __import__("svae_course.chapter_01.panel"))
attempt("widgets", lambda: __import__("svae_lib.widgets"))
attempt("globe", globe)
attempt("dials", dials)
"""


@pytest.mark.parametrize(
    ("missing", "spared"), [("ipywidgets", []), ("anywidget", []), ("plotly", ["widgets", "globe", "dials"])]
)
def test_it_is_one_line_with_the_pip_command(missing, spared):
    code = [sys.executable, "-c", ATTEMPTS.format(missing=missing)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(code, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    line = f"InputError: this needs {missing}: pip install 'svae_lib[course]'"
    attempts = ("course", "chapter", "widgets", "globe", "dials")
    assert done.stdout.splitlines() == [f"{name}: {'works' if name in spared else line}" for name in attempts]
