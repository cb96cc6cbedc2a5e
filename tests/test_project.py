"""The project's own files say what is true: README, the table of chapters, the environments."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.requirements import brought
from tests.tree import ROOT, tracked_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS = ["3.11", "3.12", "3.13"]
CUDA = ("nvidia-", "cuda-", "triton")  # torch itself asks for one version of each
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def run(*command, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=100)


# README


def python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("block", python_blocks(), ids=lambda block: block.split("\n")[0])
def test_the_python_of_readme_runs(block, capsys):
    exec(block.replace("epochs=20", "epochs=1"), {})  # the same code with less to wait for
    assert capsys.readouterr().out


def test_readme_holds_the_two_examples_and_their_length():
    library, distributions = python_blocks()
    assert "epochs=20" in library and "VonMisesFisher" in distributions
    assert sum(bool(line.strip()) for line in library.splitlines()) <= 10


@pytest.mark.parametrize(
    ("tool", "page"),
    [("chapters", "README.md"), ("results_table", "README.md"), ("heads_table", "run_files/README.md")],
)
def test_the_tables_of_chapters_and_of_results_are_up_to_date(tool, page, monkeypatch):
    """make notebooks would write the page that is there."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    text = (ROOT / page).read_text()
    assert import_module(tool).with_table(text) == text, "run make notebooks"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_the_projects_own_files_lead_somewhere(page):
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    own = [link.partition("#")[0] for link in links if "://" not in link]
    assert [link for link in own if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_command_named_is_there(page):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^\s*|`)make ([a-z][\w-]*)", page.read_text(), re.MULTILINE)
    assert named and set(named) <= set(targets)


def test_every_svae_command_of_readme_parses(capsys):
    """The flags exist: each training is asked for its plan, each other command for its help."""
    from svae_lib.cli import main

    shell = "\n".join(re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL))
    commands = [line.partition("#")[0].split() for line in shell.splitlines() if line.startswith("svae ")]
    assert len(commands) >= 10
    for _, *words in commands:
        if words[0] == "train" and "DIR" not in words:
            assert main([*words, "--dry-run"]) == 0, words
        else:
            with pytest.raises(SystemExit, match="^0$"):
                main([*words, "-h"])
    assert capsys.readouterr().err == ""


def test_the_data_sets_of_readme_are_those_of_the_library():
    from svae_lib.datasets import DATASETS

    section = (ROOT / "README.md").read_text().partition("## The data")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (\w+)(?: \(default\))? \| ([^|]+) \|", section, re.MULTILINE))
    rows.pop("name")
    assert list(rows) == list(DATASETS)
    for name, row in rows.items():
        counts = " + ".join(f"{count:,}" for count in DATASETS[name].counts)
        assert row.startswith(counts) or row.startswith("the same digits")


# One place for owner, repository, version


def test_owner_repository_and_version_agree_everywhere():
    import svae_lib

    repository = PROJECT["project"]["urls"]["Repository"].removeprefix("https://github.com/")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["repository-code"] == PROJECT["project"]["urls"]["Repository"]
    assert citation["version"] == svae_lib.__version__ == importlib.metadata.version("svae_lib")
    named = re.findall(r"(?:github\.com|mybinder\.org/v2/gh)/([\w-]+/[\w-]+)", (ROOT / "README.md").read_text())
    assert set(named) == {repository}
    owner, name = repository.split("/")
    assert PROJECT["project"]["urls"]["Documentation"] == f"https://{owner}.github.io/{name}"


def test_the_citation_names_both_papers():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    readme = (ROOT / "README.md").read_text()
    for paper in citation["references"]:
        assert paper["title"] in readme.replace("{VAE}", "VAE") and paper["url"] in readme
        assert all(author["family-names"] in readme for author in paper["authors"])
    assert {paper["url"][-10:] for paper in citation["references"]} == {"1804.00891", "1910.02912"}


def test_no_file_names_a_path_of_the_machine_it_was_written_on():
    here = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|opt|Users/\w+)/")
    found = [
        (path.name, line.strip()[:80])
        for path in tracked_files()
        if path != Path(__file__).resolve()
        for line in path.read_text().splitlines()
        if here.search(line)
    ]
    assert found == []


# Environments


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    locked = [Requirement(line) for line in lines]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in locked}


def requirements() -> list[str]:
    groups = PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()
    return [text for group in groups for text in group]


def test_every_dependency_is_pinned_and_the_pin_lies_in_its_range():
    for requirement in map(Requirement, requirements()):
        if requirement.name != "svae_lib":
            assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)]), requirement


def test_no_pin_excludes_a_python_that_we_promise():
    """Debian's 3.11.2 is a Python >= 3.11 too; a package once asked for 3.11.5, and nothing could be installed."""
    for installed in importlib.metadata.distributions():
        if pins().get(canonicalize_name(installed.name)) == installed.version:
            wanted = SpecifierSet(installed.metadata.get("Requires-Python", ""))
            refused = [python for python in PYTHONS if not wanted.contains(f"{python}.0")]
            assert refused == [], (installed.name, installed.version)


@pytest.mark.parametrize("system", ["Linux", "Darwin"])
@pytest.mark.parametrize("python", PYTHONS)
def test_all_that_is_installed_is_pinned_on_every_python(python, system):
    markers = {"python_version": python, "python_full_version": f"{python}.0"}
    markers |= {"platform_system": system, "sys_platform": system.lower()}
    names = brought(requirements(), **markers) - {"svae-lib"}
    assert {name for name in names if not name.startswith(CUDA)} - set(pins()) == set()


def test_the_command_is_installed():
    [command] = importlib.metadata.entry_points(group="console_scripts", name="svae")
    assert callable(command.load())


def test_binder_recognises_the_conda_environment():
    """repo2docker, without Docker: it must choose its conda way, and install only once the repository is there."""
    done = run(Path(sys.executable).with_name("jupyter-repo2docker"), "--no-build", "--debug", ".")
    assert done.returncode == 0, done.stderr
    recipe = done.stdout + done.stderr
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    [python] = [line for line in environment["dependencies"] if str(line).startswith("python=")]
    assert f"Building conda environment for {python}" in recipe
    assert 0 < recipe.index("COPY --chown=0:0 src/") < recipe.index("env update -p ${NB_PYTHON_PREFIX} --file")
    assert {"pip": ["-e .[course]"]} in environment["dependencies"]
    assert "pytorch-cpu" in environment["dependencies"] and environment["channels"] == ["conda-forge"]


def test_the_workflow_calls_make_test_on_every_python_that_is_promised():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"] == {"os": ["ubuntu-latest", "macos-latest"], "python": PYTHONS}
    assert any(step.get("run", "").startswith("make test") for step in job["steps"])
