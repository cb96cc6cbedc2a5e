"""How many threads a benchmark has, and the table at the end."""

import os
import platform
import re
from pathlib import Path

import pytest
import torch

from benchmarks.timing import ROWS, Race

README = Path(__file__).resolve().parent.parent / "README.md"
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
        readme = README.read_text()
        if START not in readme or END not in readme:
            raise pytest.UsageError(f"README.md has lost {START.strip()} or {END.strip()}")
        README.write_text(re.sub(f"(?s)(?<={re.escape(START)}).*?(?={re.escape(END)})", lambda _: text, readme))
