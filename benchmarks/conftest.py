"""How many threads a benchmark has, and the table at the end."""

import pytest
import torch

from benchmarks import table
from benchmarks.timing import ROWS, Race
from tests.conftest import browser, chromium  # noqa: F401  (fixtures)


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
    parser.addoption(
        "--write-readme", action="store_true", help="put the table into README.md and benchmarks/README.md"
    )


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    if not ROWS:
        return
    terminalreporter.section("speed")
    terminalreporter.write(table.markdown(ROWS, table.machine()))
    if config.getoption("--write-readme") and exitstatus == 0:
        table.write(ROWS, table.machine())
