"""A JupyterLab of its own for tests in a browser, and a notebook that is open in it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.tree import ROOT

TOKEN = "svae-lib-test"
SETTINGS = {
    # the news pop-up asks a server elsewhere; cells out of sight are not in the page unless windowing is off
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
FOLDERS = [f"JUPYTER_{name}_DIR" for name in ("CONFIG", "DATA", "RUNTIME")]
FOLDERS += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"]
NOTEBOOK = "jupyterapp.shell.currentWidget"
SAY = """async (code) => {
    const said = [], run = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code });
    run.onIOPub = ({ content }) => said.push(content.text ?? content.evalue ?? "");
    await run.done;
    return said.join("");
}"""


@contextmanager
def serve(home: Path, root: Path) -> Iterator[str]:
    """The address of a JupyterLab on the folder `root`, with settings and folders of its own under `home`."""
    places = {name: home / name.lower() for name in FOLDERS}
    for name, settings in SETTINGS.items():
        file = places["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]  # if another process takes it meanwhile, JupyterLab takes one near it
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.root_dir": root,
        "IdentityProvider.token": TOKEN,
        "LabApp.expose_app_in_browser": True,
    }
    places["JUPYTER_PATH"] = home / "path"  # asked first: the renderer of panels as it lies in this tree
    link_renderer(places["JUPYTER_PATH"] / "labextensions" / "svae-panels")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, **{name: str(path) for name, path in places.items()}}
    log = home / "log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield _address(server, places["JUPYTER_RUNTIME_DIR"] / f"jpserver-{server.pid}.json", log)
    finally:
        server.terminate()
        server.wait(timeout=30)


def link_renderer(folder: Path) -> None:
    """JupyterLab's renderer of panels and the modules of this tree; it serves linked folders, and no linked files."""
    source = ROOT / "svae_lib" / "widgets" / "labextension"
    (folder / "static").mkdir(parents=True)
    shutil.copy(source / "package.json", folder)
    shutil.copy(source / "remoteEntry.js", folder / "static")
    for package in ("svae_lib", "svae_course"):
        (folder / "static" / package).symlink_to(ROOT / package)


def _address(server: subprocess.Popen, info: Path, log: Path, seconds: float = 120) -> str:
    """Where the server says that it listens, once it answers there."""
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        try:
            address = json.loads(info.read_text())["url"].rstrip("/")
            with urllib.request.urlopen(f"{address}/api/status?token={TOKEN}", timeout=5):
                return address
        except (OSError, ValueError):
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not come up:\n{log.read_text()[-3000:]}")


class OpenNotebook:
    """A notebook open in JupyterLab, and what the browser said meanwhile.

    Args:
        browser: Playwright's.
        address: of JupyterLab.
        path: of the notebook, below JupyterLab's root.
        watch: JavaScript to run before the page's own.

    Attributes:
        page: Playwright's.
        complaints: errors of the console and of the page.
        warnings: of the console.
        hosts: machines that were asked for anything.
    """

    def __init__(self, browser, address: str, path: str, watch: str = ""):
        self.complaints, self.warnings, self.hosts = [], [], set()
        self.page = browser.new_page(viewport={"width": 1280, "height": 1000})
        self.page.add_init_script(watch)
        self.page.set_default_timeout(120_000)
        lists = {"error": self.complaints, "warning": self.warnings}
        self.page.on("console", lambda message: lists.get(message.type, []).append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        for event in ("request", "websocket"):
            self.page.on(event, lambda it: self.hosts.add(urlsplit(it.url).hostname))
        # a workspace of its own: the default one opens the notebooks before this one again
        workspace = path.partition(".")[0].replace("/", "-")
        self.page.goto(f"{address}/lab/workspaces/{workspace}/tree/{path}?token={TOKEN}")
        self.wait_until_open()

    def wait_until_open(self) -> None:
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """The page says "Idle" before it has a kernel, and cells run then never end: so ask the kernel's connection."""
        kernel = f"window.jupyterapp?.{NOTEBOOK.partition('.')[2]}?.sessionContext?.session?.kernel"
        self.page.wait_for_function(f"{kernel}?.connectionStatus == 'connected' && {kernel}.status == 'idle'")
        self.page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', state="attached")

    def command(self, name: str) -> None:
        """Do what this command of JupyterLab does."""
        # "; 0" because evaluate waits for a promise for ever, and wait_for_function gives up
        done = "window.done = false; jupyterapp.commands.execute(name).then(() => window.done = true); 0"
        self.page.evaluate(f"name => {{ {done} }}", name)
        self.page.wait_for_function("window.done", timeout=300_000)

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")
        self.wait_until_idle()

    def in_kernel(self, code: str) -> str:
        """What this code prints, or the error that it ends with."""
        return self.page.evaluate(SAY, code)

    @property
    def is_changed(self) -> bool:
        """Whether JupyterLab would ask to save it."""
        return self.page.evaluate(f"{NOTEBOOK}.context.model.dirty")

    @property
    def is_trusted(self) -> bool:
        """Whether any of its cells of code may show what could run code."""
        cells = f"{NOTEBOOK}.content.widgets.map(cell => cell.model)"
        return self.page.evaluate(f"{cells}.some(cell => cell.type == 'code' && cell.trusted)")

    def restart_kernel(self) -> None:
        self.page.evaluate(f"{NOTEBOOK}.sessionContext.session.kernel.restart()")
        self.wait_until_idle()

    def shut_down(self) -> None:
        """Save, end the kernel and close the page."""
        self.command("docmanager:save")
        self.page.evaluate(f"{NOTEBOOK}.sessionContext.shutdown()")
        self.page.close()

    def reload(self) -> None:
        self.page.reload()
        self.wait_until_open()
