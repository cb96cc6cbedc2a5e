"""How many threads a benchmark has, and the table at the end."""

import os
import platform
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.timing import ROWS, Race

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
sys.path.insert(0, str(ROOT / "tools"))

from marks import between  # noqa: E402  (tools/ is no package)

START, END = "<!-- speed: written by make bench -->\n", "<!-- end of speed -->\n"


@pytest.fixture(params=[1], ids=["1 thread"])
def threads(request):
    """So many threads of torch's: operations are compared on one, where the work counts and not how it is shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture
def race(threads):
    return Race()


def pytest_addoption(parser):
    parser.addoption("--write-readme", action="store_true", help="put the table into README.md")


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    if not ROWS:
        return
    lines = ["| what | ours | against | ratio | aim |", "|---|---|---|---|---|"]
    lines += [f"| {r.what} | {r.ours} | {r.peer} | {f'{r.ratio:.2f}' if r.ratio else ''} | {r.aim} |" for r in ROWS]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
    text = f"Measured on {machine}torch {torch.__version__.partition('+')[0]}; medians of runs in turn.\n\n"
    text += "\n".join(lines) + "\n"
    terminalreporter.section("speed")
    terminalreporter.write(text)
    if config.getoption("--write-readme") and exitstatus == 0:
        README.write_text(between(README.read_text(), START, END, text))
