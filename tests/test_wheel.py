"""The wheel, installed into an empty environment, away from the checkout, with what its metadata asks for and no more.

No network is needed: what it asks for is linked into the new environment from where it is installed already.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.requirements import brought
from tests.tree import ROOT, tracked_files

PACKAGES = ("svae_lib", "svae_course")


def run(*command, cwd: Path) -> subprocess.CompletedProcess:
    hidden = ("PYTHON", "SVAE_")  # no PYTHONPATH to the checkout, no folder of data
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environment |= {"PYTHONNOUSERSITE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=200)


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """The files of a fresh clone: a build folder may hold older ones."""
    clone = tmp_path_factory.mktemp("clone")
    for path in tracked_files():
        if path.parent == ROOT or path.is_relative_to(ROOT / "svae_lib") or path.is_relative_to(ROOT / "svae_course"):
            copy = clone / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    return clone


@pytest.fixture(scope="module")
def wheel(clone, tmp_path_factory) -> Path:
    """Built by this environment's setuptools."""
    target = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        target,
        ".",
    ]
    done = run(*command, cwd=clone)
    assert done.returncode == 0, done.stderr
    [wheel] = target.glob("*.whl")
    return wheel


def test_it_holds_every_file_of_both_packages_and_the_mark_of_types(wheel):
    tracked = {path.relative_to(ROOT).as_posix() for path in tracked_files()}
    expected = {name for name in tracked if name.startswith(tuple(f"{package}/" for package in PACKAGES))}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name and ".data/" not in name}
    assert held == expected
    assert {f"{package}/py.typed" for package in PACKAGES} <= held


class Environment:
    """An empty virtual environment, away from the checkout, that holds the wheel and what its metadata asks for."""

    def __init__(self, folder: Path, wheel: Path):
        self.desk, self.bin = folder / "desk", folder / "bin"
        self.desk.mkdir()
        venv.create(folder, symlinks=True)
        pip = [sys.executable, "-m", "pip", "--python", self.bin / "python", "install", "--no-deps", "--no-index"]
        done = run(*pip, wheel, cwd=self.desk)
        assert done.returncode == 0, done.stderr
        [self.site] = folder.glob("lib/python*/site-packages")
        [self.svae_lib] = importlib.metadata.distributions(name="svae_lib", path=[str(self.site)])

    def bring(self, *extras: str) -> None:
        """Link what the wheel asks for with these extras, as an installation would bring it."""
        for name in brought(self.svae_lib.requires, extras):
            found = importlib.metadata.distribution(name)
            for top in {file.parts[0] for file in found.files} - {"..", "__pycache__"}:
                if not (self.site / top).exists():
                    (self.site / top).symlink_to(found.locate_file(top))

    def python(self, code: str) -> subprocess.CompletedProcess:
        return run(self.bin / "python", "-c", code, cwd=self.desk)


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("environment"), wheel)
    environment.bring()
    return environment


def test_it_brings_jupyterlabs_renderer_with_every_module_of_the_panels_at_its_place(environment):
    renderer, packages = environment.site.parents[2] / "share/jupyter/labextensions/svae-panels", environment.site
    entry = packages / "svae_lib/widgets/labextension"
    assert (renderer / "package.json").read_text() == (entry / "package.json").read_text()
    expected = {"remoteEntry.js": (entry / "remoteEntry.js").read_bytes()}
    for pattern in ("svae_lib/widgets/*.js", "svae_course/*/*.js", "svae_course/panel_data/*.bin"):
        expected |= {path.relative_to(packages).as_posix(): path.read_bytes() for path in packages.glob(pattern)}
    static = renderer / "static"
    assert {
        path.relative_to(static).as_posix(): path.read_bytes() for path in static.rglob("*") if path.is_file()
    } == expected


def test_an_editable_installation_brings_the_renderer_too(clone, wheel, tmp_path):
    """setuptools leaves data_files out of one, unless it is told that they are there."""
    build = f"from setuptools.build_meta import build_editable; build_editable({str(tmp_path)!r})"
    done = run(sys.executable, "-c", build, cwd=clone)
    assert done.returncode == 0, done.stderr
    [editable] = tmp_path.glob("*.whl")
    brought = [{name for name in zipfile.ZipFile(path).namelist() if ".data/" in name} for path in (editable, wheel)]
    assert brought[0] == brought[1] and any(name.endswith("widgets/panel.js") for name in brought[0])


def test_svae_train_runs_away_from_the_checkout(environment):
    done = run(environment.bin / "svae", "train", "--dry-run", cwd=environment.desk)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert "mnist_5k" in done.stdout
    assert list(environment.desk.iterdir()) == []  # nothing is written by a dry run


def test_the_library_needs_no_extra_and_the_course_names_its_own(environment):
    names = "import svae_lib; print(svae_lib.__file__, *[getattr(svae_lib, name) for name in svae_lib.__all__])"
    done = environment.python(names)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(environment.site))
    done = environment.python("import svae_course")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("pip install 'svae_lib[course]'")


def test_both_packages_import_whole_with_the_extra(environment):
    """In the end, because it adds to the environment."""
    environment.bring("course")
    code = f"""
import pkgutil, importlib
for package in map(importlib.import_module, {PACKAGES}):
    print(package.__file__)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""
    done = environment.python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(environment.site / package / "__init__.py") for package in PACKAGES]
