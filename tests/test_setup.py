"""The set-up, tools/setup.sh: on a small project whose packages come from an index in a folder, never the network."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NO_INDEX = "http://127.0.0.1:9/simple"  # nothing listens there: as without network, and as with a wrong index
# A Python that does not ask PyTorch's index, and copies a .venv that is made already.
STAND_IN = """#!/bin/sh
case "$*" in
    *urlopen*) exit {answer};;
    *_base_executable*) echo "$0"; exit;;
    "-m venv --clear "*) rm -rf "$4" && cp -R "{made}" "$4"; exit;;
esac
exec "{python}" "$@"
"""
UV = shutil.which("uv", path=os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent)]))
# A uv that writes down what it is asked for and fails: as one that pip brought, or an old one on PATH.
FAILING_UV = """#!/bin/sh
case "$*" in *--help) echo "--torch-backend"; exit;; esac
{ printf '%s\\n' "$@"; env | grep -E '^(UV_|SSL_CERT|ALL_PROXY)'; } >"$HOME/uv_was_asked"
echo "error: this uv fails"; exit 2
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "svae_lib"
version = "1"
dependencies = ["torch", "torchvision"]
optional-dependencies = { course = ["jupyterlab"], dev = ["pytest"] }
"""
BACKEND = """
import shutil
def build_editable(folder, *_):
    return shutil.copy("svae_lib-1-py3-none-any.whl", folder).rpartition("/")[2]
"""


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def wheel(folder: Path, name: str, files: dict[str, str], extra: str = "") -> None:
    """Write name-1-py3-none-any.whl into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    about = f"{name}-1.dist-info"
    files = files | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{extra}",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as archive:
        for file, text in (files | {f"{about}/RECORD": record}).items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, text)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A .venv with pip and nothing else."""
    folder = tmp_path_factory.mktemp("made") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


def stand_in(path: Path, made: Path, answer: int) -> str:
    """A Python whose set-up is quick; 0 is the answer of a network that works, 1 that of one that does not."""
    return str(executable(path, STAND_IN.format(answer=answer, made=made, python=Path(sys._base_executable).resolve())))


@pytest.fixture
def python(tmp_path, made) -> str:
    return stand_in(tmp_path / "python3", made, answer=1)


@pytest.fixture
def index(tmp_path) -> str:
    """The address of an index of packages that are only a name; its uv fails."""
    simple = tmp_path / "index"
    for name in ("torch", "torchvision", "jupyterlab", "pytest"):
        wheel(simple / name, name, {f"{name}/__init__.py": ""})
    wheel(simple / "uv", "uv", {"uv-1.data/scripts/uv": FAILING_UV})
    for folder in simple.iterdir():
        (folder / "index.html").write_text(
            "".join(f'<a href="{file.name}">{file.name}</a>' for file in folder.iterdir())
        )
    return simple.as_uri()


@pytest.fixture
def project(tmp_path) -> Path:
    """A project that is set up as this one is; its path has spaces."""
    folder = tmp_path / "a folder with spaces"
    folder.mkdir()
    (folder / "tools").mkdir()
    for name in ("tools/setup.sh", "tools/uv_as_pip.py", "Makefile"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / "constraints.txt").write_text("torch==1\n")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    needs = "".join(f"Requires-Dist: {name}\n" for name in ("torch", "torchvision"))
    for extra, name in (("course", "jupyterlab"), ("dev", "pytest")):
        needs += f"Provides-Extra: {extra}\nRequires-Dist: {name} ; extra == '{extra}'\n"
    wheel(folder, "svae_lib", {"svae_lib.py": ""}, needs)
    (folder / "svae_lib/widgets").mkdir(parents=True)
    (folder / "svae_lib/widgets/panel.js").write_text("// older\n")
    return folder


def set_up(project: Path, *command: str, **environment: str) -> subprocess.CompletedProcess:
    """Call tools/setup.sh, or the command, with nothing of this machine's configuration of pip and uv."""
    foreign = ("PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "PYTHON", "TORCH_INDEX", "MAKE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    clean |= {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0", "HOME": str(project)}
    clean |= {"UV_CACHE_DIR": str(project / "cache"), "UV_NO_CONFIG": "1", "PYTHON": sys.executable} | environment
    command = command or ("sh", "tools/setup.sh")
    return subprocess.run(command, cwd=project, env=clean, capture_output=True, text=True, timeout=300)


def with_uv(directory: Path, uv: str | None) -> str:
    """A PATH whose uv is this one; with None one that does not run, as pyenv's stand-in does not."""
    directory.mkdir()
    if uv:
        (directory / "uv").symlink_to(uv)
    else:
        executable(directory / "uv", "#!/bin/sh\necho 'uv: command not found' >&2; exit 127\n")
    return f"{directory}{os.pathsep}{os.environ['PATH']}"


def one_line(done: subprocess.CompletedProcess) -> str:
    """What the failed set-up said on standard error."""
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    return done.stderr


# Installing


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_wrong_index_is_reported_in_one_line_and_the_second_call_fixes_it(
    installer, project, index, python, tmp_path
):
    """With pip there is a uv too, that of the index, which pip brings and which fails."""
    if installer == "uv" and not UV:
        pytest.skip("no uv here")
    here = {"PATH": with_uv(tmp_path / "bin", UV if installer == "uv" else None), "PYTHON": python}
    error = one_line(set_up(project, **here, PIP_INDEX_URL=NO_INDEX))
    assert {"uv": f"Failed to fetch: {NO_INDEX}", "pip": "Could not find a version"}[installer] in error
    assert "check the network, the index (pip config list)" in error
    assert not (project / ".venv/svae_lib.stamp").exists()

    done = set_up(project, "make", "setup", **here, PIP_INDEX_URL=index)
    assert done.returncode == 0 and done.stderr == "", done
    assert done.stdout.endswith("setup: .venv is ready\n")
    assert ("pip installs" in done.stdout) == (installer == "pip") == (project / "uv_was_asked").exists()
    installed = "import torch, torchvision, jupyterlab, pytest, svae_lib, pip"
    assert set_up(project, project / ".venv/bin/python", "-P", "-c", installed).returncode == 0

    module = project / "svae_lib/widgets/panel.js"
    module.write_text("// newer\n")
    again = set_up(project, **here, PIP_INDEX_URL=NO_INDEX)
    assert (again.returncode, again.stdout, again.stderr) == (0, "setup: .venv is up to date\n", "")
    shown = project / ".venv/share/jupyter/labextensions/svae-panels/static/svae_lib/widgets/panel.js"
    assert shown.read_text() == "// newer\n" and not shown.is_symlink()  # JupyterLab shows what is edited
    with (project / "constraints.txt").open("a") as constraints:
        constraints.write("pytest==1\n")
    changed = set_up(project, **here, PIP_INDEX_URL=index)
    assert changed.returncode == 0 and "bringing .venv up to date" in changed.stdout
    assert "making .venv" not in changed.stdout


def test_a_half_made_venv_is_made_anew(project, index, python, tmp_path):
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").symlink_to("/no/such/python")
    (project / ".venv/left over").touch()
    done = set_up(project, PATH=with_uv(tmp_path / "bin", UV), PYTHON=python, PIP_INDEX_URL=index)
    assert done.returncode == 0 and done.stderr == "" and not (project / ".venv/left over").exists()


def test_uv_is_given_what_pip_is_configured_with(project, tmp_path):
    uv = executable(project / "uv", FAILING_UV)
    configuration = tmp_path / "pip.conf"
    configuration.write_text(
        "[global]\nindex-url = https://first.example/simple\nextra-index-url = https://second.example/simple\n"
        "    https://third.example/simple\nfind-links = /wheels\ntrusted-host = first.example\nno-index = true\n"
        "cert = /bundle.pem\nproxy = http://proxy.example:3128\n[install]\nconstraint = /constraints.txt\n"
    )
    command = sys.executable, "-P", ROOT / "tools/uv_as_pip.py", uv, "--constraint", "ours.txt", "--editable", ".[dev]"
    set_up(project, *command, PIP_CONFIG_FILE=str(configuration), PIP_FIND_LINKS="/others", PIP_TIMEOUT="90")
    asked = (project / "uv_was_asked").read_text().splitlines()
    assert asked[:2] == ["pip", "install"] and asked[2] == f"--python={sys.executable}"
    pairs = list(zip(asked, asked[1:], strict=False))
    for option, value in [
        ("--default-index", "https://first.example/simple"),
        ("--index", "https://second.example/simple"),
        ("--index", "https://third.example/simple"),
        ("--find-links", "/others"),  # a variable goes before a file, with pip
        ("--allow-insecure-host", "first.example"),
        ("--constraints", "/constraints.txt"),
        ("--constraints", "ours.txt"),
        ("--editable", ".[dev]"),
    ]:
        assert (option, value) in pairs, asked
    assert "--no-index" in asked and "/wheels" not in asked and "--no-deps" not in asked
    assert {"SSL_CERT_FILE=/bundle.pem", "ALL_PROXY=http://proxy.example:3128", "UV_HTTP_TIMEOUT=90"} <= set(asked)


def test_uv_keeps_its_own_configuration_where_pip_has_none(project):
    uv = executable(project / "uv", FAILING_UV)
    command = sys.executable, "-P", ROOT / "tools/uv_as_pip.py", uv, "--no-deps", "torch"
    set_up(project, *command, UV_DEFAULT_INDEX="https://own.example/simple", SSL_CERT_FILE="/own.pem")
    asked = (project / "uv_was_asked").read_text().splitlines()
    assert asked[3:6] == ["--no-deps", "--index-strategy=unsafe-best-match", "torch"]
    assert {"UV_DEFAULT_INDEX=https://own.example/simple", "SSL_CERT_FILE=/own.pem"} <= set(asked)
    assert "--default-index" not in asked


# Where torch comes from


def test_torch_is_chosen_for_the_machine_where_pytorch_answers(project, made, tmp_path):
    """uv chooses; pip takes the index of CPU wheels, unless there is an NVIDIA GPU. Neither gets through a proxy."""
    uv = executable(tmp_path / "failing uv", FAILING_UV)
    path = with_uv(tmp_path / "bin", str(uv))
    executable(tmp_path / "bin/uname", "#!/bin/sh\necho Linux\n")
    python = stand_in(tmp_path / "python3", made, answer=0)
    error = one_line(set_up(project, PATH=path, PYTHON=python, PIP_PROXY=NO_INDEX))
    assert "error: this uv fails" in error
    assert "UV_TORCH_BACKEND=auto" in (project / "uv_was_asked").read_text().splitlines()
    gpu = shutil.which("nvidia-smi") or Path("/proc/driver/nvidia").exists()
    assert ("https://download.pytorch.org/whl/cpu" in (project / ".venv/setup.log").read_text()) == (not gpu)


def test_torch_index_is_asked_first_and_for_torch_alone(project, index, python, tmp_path):
    uv = executable(tmp_path / "failing uv", FAILING_UV)
    here = {"PATH": with_uv(tmp_path / "bin", str(uv)), "PYTHON": python, "TORCH_INDEX": f"{index}/"}
    done = set_up(project, **here, PIP_INDEX_URL=index)
    assert done.returncode == 0 and f"from {index}/ (TORCH_INDEX)" in done.stdout
    asked = (project / "uv_was_asked").read_text().splitlines()
    assert asked[asked.index("--default-index") + 1] == f"{index}/" and "--no-deps" in asked
    assert asked[asked.index("torch") + 1] == "torchvision" and ".[course,dev]" not in asked
    assert "UV_TORCH_BACKEND=auto" not in asked
    assert set_up(project, **here).stdout == "setup: .venv is up to date\n"


# Where nothing can be installed


@pytest.fixture
def old_python(tmp_path):
    """An interpreter too old: it answers as Python 3.9 does to what the set-up asks of it."""
    return executable(
        tmp_path / "python3.9",
        '#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2\n[ "$1 $2" = "-c " ] || [ "$1" = -V ]\n',
    )


def test_an_old_python_is_refused_in_one_line(old_python, project):
    done = set_up(project, PYTHON=str(old_python))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == f"setup: PYTHON={old_python} is Python 3.9.2: svae_lib needs Python >= 3.11\n"


def test_a_python_that_is_not_there_is_reported_in_one_line(project):
    done = set_up(project, PYTHON="/no/such/python")
    assert "/no/such/python does not run" in one_line(done) and done.stdout == ""


def test_a_python_without_venv_is_reported_in_one_line(project, tmp_path):
    """Debian's python3 without python3-venv."""
    python = executable(
        tmp_path / "python3",
        '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; *_base_executable*) echo "$0"; exit;; esac\n'
        f'exec "{sys.executable}" "$@"\n',
    )
    error = one_line(set_up(project, PYTHON=str(python)))
    assert "lacks venv or ensurepip" in error and "python3-venv" in error
    assert not (project / ".venv").exists()


def test_a_file_in_the_place_of_the_folder_is_reported_in_one_line_and_kept(project):
    (project / ".venv").write_text("mine")
    error = one_line(set_up(project))
    assert "cannot make .venv" in error and "move away what stands in its place" in error
    assert (project / ".venv").read_text() == "mine"


def test_a_read_only_folder_is_reported_in_one_line(project):
    project.chmod(0o555)
    command = ["sh", "tools/setup.sh"]
    if os.geteuid() == 0:  # who may write everywhere, but not on a read-only mount
        mount = 'mount --bind . "$PWD" && mount -o remount,ro,bind "$PWD" && cd "$PWD"'
        command = ["unshare", "--mount", "sh", "-c", f"{mount} && exec sh tools/setup.sh"]
        if not shutil.which("unshare") or set_up(project, *command[:4], mount).returncode:
            pytest.skip("root may write here")
    error = one_line(set_up(project, *command))
    project.chmod(0o755)
    assert "cannot make .venv" in error and f"make {project} writable" in error
