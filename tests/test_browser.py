"""Every chapter in a real JupyterLab in a real Chromium: it runs clean, stays on this machine, and its sliders move."""

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TOKEN = "svae-lib-test"
SETTINGS = {
    # the news pop-up asks a server elsewhere; cells out of sight are not in the page unless windowing is off
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
FOLDERS = [f"JUPYTER_{name}_DIR" for name in ("CONFIG", "DATA", "RUNTIME")]
FOLDERS += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"]
ERRORS = '[data-mime-type="application/vnd.jupyter.error"], .jp-RenderedText[data-mime-type*="stderr"]'


@pytest.fixture(scope="module")
def lab(chromium, tmp_path_factory):
    """A JupyterLab on fresh copies of the chapters, with settings and folders of its own; yields its address."""
    home = tmp_path_factory.mktemp("lab")
    places = {name: home / name.lower() for name in FOLDERS}
    for name, settings in SETTINGS.items():
        file = places["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    root = home / "notebooks"
    shutil.copytree(FOLDER, root, ignore=shutil.ignore_patterns("scripts", ".*"))
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":  # what the test then sees is what this run made
                cell.update(outputs=[], execution_count=None)
        notebook.metadata.language_info.version = platform.python_version()  # of another Python JupyterLab takes note
        nbformat.write(notebook, root / path.name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": root,
        "IdentityProvider.token": TOKEN,
        "LabApp.expose_app_in_browser": True,
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--{name}={value}" for name, value in options.items()]
    address, log = f"http://127.0.0.1:{port}", home / "log"
    environment = {**os.environ, **{name: str(path) for name, path in places.items()}}
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for_server(server, f"{address}/api/status?token={TOKEN}", log)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_for_server(server: subprocess.Popen, address: str, log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not come up:\n{log.read_text()[-3000:]}")


class Chapter:
    """One chapter open in JupyterLab, run from top to bottom, and what the browser said meanwhile."""

    def __init__(self, browser, address: str, path: Path):
        self.complaints, self.hosts = [], set()
        self.page = browser.new_page(viewport={"width": 1280, "height": 1000})
        self.page.set_default_timeout(120_000)
        self.page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        for event in ("request", "websocket"):
            self.page.on(event, lambda it: self.hosts.add(urlsplit(it.url).hostname))
        # a workspace of its own: the default one opens the chapters before this one again
        self.page.goto(f"{address}/lab/workspaces/{path.stem}/tree/{path.name}?token={TOKEN}")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        self.wait_until_idle()
        self.changed_by_opening = self.page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty")
        # "; 0" because evaluate waits for a promise for ever, and wait_for_function gives up
        self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells').then(() => window.ran = true); 0")
        self.page.wait_for_function("window.ran", timeout=300_000)
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """The page says "Idle" before it has a kernel, and cells run then never end: so ask the kernel's connection."""
        kernel = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
        self.page.wait_for_function(f"{kernel}?.connectionStatus == 'connected' && {kernel}.status == 'idle'")
        self.page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', state="attached")

    def screenshot(self, path: Path) -> None:
        """The chapter from top to bottom in one picture."""
        height = self.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
        self.page.set_viewport_size({"width": 1280, "height": height + 150})
        self.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
        self.page.wait_for_timeout(1_000)  # for the page to lay itself out anew
        self.page.screenshot(path=path)

    def figure_after(self, act, panel) -> tuple[str, float]:
        """Do something to a panel; its picture's new address, and the milliseconds from the event to the picture."""
        image = panel.locator("img").element_handle()
        before = image.get_attribute("src")
        image.evaluate(
            """image => {
                const at = () => { window.acted ??= performance.now(); };
                window.acted = null;
                for (const name of ["keydown", "change", "click"]) document.addEventListener(name, at, true);
                new MutationObserver((_, self) => { window.shown = performance.now(); self.disconnect(); })
                    .observe(image, {attributes: true, attributeFilter: ["src"]});
            }"""
        )
        act()
        self.page.wait_for_function("([image, before]) => image.src != before", arg=[image, before], timeout=10_000)
        return image.get_attribute("src"), self.page.evaluate("window.shown - window.acted")


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def chapter(request, lab, browser):
    chapter = Chapter(browser, lab, request.param)
    if "SVAE_SCREENSHOTS" in os.environ:  # a folder, for a person to look at
        chapter.screenshot(Path(os.environ["SVAE_SCREENSHOTS"]) / f"{request.param.stem}.png")
    yield chapter
    chapter.page.close()


def test_it_runs_clean_and_asks_no_other_machine(chapter):
    assert chapter.page.locator(ERRORS).all_inner_texts() == []
    prompts = chapter.page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
    assert prompts == [f"[{number}]:" for number in range(1, len(prompts) + 1)]
    assert chapter.complaints == []
    assert {host for host in chapter.hosts if host} == {"127.0.0.1"}


def test_to_open_it_is_not_to_change_it(chapter):
    """JupyterLab compares kernelspec and language_info with its kernel's, and else asks whether to save."""
    assert not chapter.changed_by_opening


def test_every_live_globe_shows_its_points(chapter):
    counts = chapter.page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].map(globe => globe.data.map(trace => trace.x.length))"
    )
    assert all(traces and all(traces) for traces in counts)


def test_every_slider_moves_its_figure_by_key_by_typing_and_by_preset(chapter, capsys):
    panels = chapter.page.locator(".svae-panel")
    assert panels.count() >= 1
    for panel in panels.all():
        times = []
        handles, boxes = panel.get_by_role("slider").all(), panel.locator("input[type=number]").all()
        assert len(handles) == len(boxes) >= 1
        for handle, box in zip(handles, boxes, strict=True):
            for _ in range(5):
                value = float(handle.get_attribute("aria-valuenow"))
                _, milliseconds = chapter.figure_after(lambda h=handle: h.press("ArrowRight"), panel)
                times.append(milliseconds)
                assert float(handle.get_attribute("aria-valuenow")) > value
            low = float(handle.get_attribute("aria-valuemin"))
            chapter.figure_after(lambda b=box, v=low: (b.fill(f"{v:g}"), b.press("Enter")), panel)
            assert float(handle.get_attribute("aria-valuenow")) == low
            chapter.figure_after(lambda b=box: (b.fill("99999"), b.press("Enter")), panel)
            assert float(handle.get_attribute("aria-valuenow")) == float(handle.get_attribute("aria-valuemax"))
        reset = panel.get_by_role("button", name="reset")
        chapter.figure_after(reset.click, panel)
        chapter.figure_after(panel.get_by_role("button").first.click, panel)
        names = ", ".join(panel.locator(".widget-slider .widget-label").all_inner_texts())
        with capsys.disabled():
            print(f"\n{names}: {sorted(times)[len(times) // 2]:.0f} ms from key press to new figure (median)")
