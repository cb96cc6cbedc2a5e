"""What every test stands on: the same random numbers each time, no window, and the real data where they are.

`make test` runs the files of tests, doctests and chapters side by side, a worker of pytest-xdist a core.
"""

import base64
import os
import shutil
import signal
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
signal.signal(signal.SIGINT, signal.default_int_handler)  # started in the background, a shell's commands ignore Ctrl-C
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# The files that take longest, begun first: so no worker is still at one of them when the others have ended.
LONG = ["test_browser.py", "test_site.py", ".ipynb", "test_sweep.py", "test_openers.py", "test_cli.py", "test_ends.py"]
hypothesis.settings.register_profile("svae_lib", deadline=None, derandomize=True)
hypothesis.settings.load_profile("svae_lib")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A worker for each core that this process may keep busy; each takes a gigabyte, so at most four."""
    from svae_lib.threads import available_cores

    return min(available_cores(), 4)


def pytest_collection_modifyitems(items) -> None:
    def rank(item) -> int:
        file = item.nodeid.partition("::")[0]
        return next((place for place, name in enumerate(LONG) if file.endswith(name)), len(LONG))

    items.sort(key=rank)
    for item in items:
        if item.path.suffix == ".ipynb":
            _put_bytes_back(item.cell.get("outputs", []), item.path.parent.parent / "svae_course" / "panel_data")


def _put_bytes_back(outputs: list[dict], folder: Path) -> None:
    """What a stored panel names by a file, `make notebooks` took out of it: nbval compares it with a live panel's."""
    for output in outputs:
        page = output.get("data", {}).get("application/vnd.svae.panel+json", {})
        for trait, name in page.pop("files", {}).items():
            page["bytes"][trait] = base64.b64encode((folder / name).read_bytes()).decode()


@pytest.fixture(scope="session", autouse=True)
def _a_core_a_worker():
    if "PYTEST_XDIST_WORKER" in os.environ:
        import torch

        torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seed():
    import torch

    torch.manual_seed(0)


@pytest.fixture
def glass():
    """A model whose images are its latent points: glass("s2")."""
    from tests.glass import GlassModel

    return GlassModel


@pytest.fixture
def real_data() -> Path:
    """The folder of the real data sets, which SVAE_DATA names."""
    if "SVAE_DATA" not in os.environ:
        pytest.skip("SVAE_DATA does not name a folder of real data sets")
    return Path(os.environ["SVAE_DATA"])


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; SVAE_REQUIRE_BROWSER=1 turns the skip without it into a failure."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        message = "no Chromium on PATH: install the system's chromium package to run the browser tests"
        (pytest.fail if os.environ.get("SVAE_REQUIRE_BROWSER") == "1" else pytest.skip)(message)
    return found


@pytest.fixture(scope="module")
def browser(chromium):
    """Playwright's Chromium, for one module: while it is open an asyncio loop runs, and `asyncio.run` is refused."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def evaluate(browser):
    """Runs JavaScript over an ES module of the project: evaluate(path, "m.f(3)"); see tests/widgets/javascript.py."""
    from tests.widgets.javascript import Modules

    with Modules(browser) as modules:
        yield modules.evaluate
