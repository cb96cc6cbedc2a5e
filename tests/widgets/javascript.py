"""ES modules of the project in Chromium, served from 127.0.0.1; tests take the fixture `evaluate`."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.tree import ROOT


class QuietHandler(SimpleHTTPRequestHandler):
    """Files of a folder; .js is JavaScript whatever this machine's registry of types says."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        """An empty page at /empty, else the file."""
        if self.path != "/empty":
            return super().do_GET()
        body = b"<!DOCTYPE html><html lang='en'><title>empty</title><body></body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server:
    """A folder over HTTP on a free port of 127.0.0.1, while a `with` block runs; `address` has no slash at its end."""

    def __init__(self, folder: Path):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class Modules:
    """A page on which modules of the project are imported, and expressions over them evaluated."""

    def __init__(self, browser, **context):
        self.server, self.page = Server(ROOT), browser.new_page(**context)
        self.complaints = []
        self.page.on("console", lambda it: it.type in ("error", "warning") and self.complaints.append(it.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def __enter__(self):
        self.server.__enter__()
        self.page.goto(f"{self.server.address}/empty")
        return self

    def __exit__(self, *_):
        self.page.close()
        self.server.__exit__()

    def evaluate(self, module: Path, expression: str, argument=None):
        """Value of a JavaScript expression, as JSON.

        Args:
            module: of the project; the expression knows what it exports as `m`.
            expression: may use `await`; in parentheses where it is an object.
            argument: what the expression knows as `it`.
        """
        address = "/" + module.resolve().relative_to(ROOT).as_posix()
        body = f"async ([address, it]) => {{ const m = await import(address); return {expression}; }}"
        return self.page.evaluate(body, [address, argument])
