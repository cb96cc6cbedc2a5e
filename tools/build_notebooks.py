"""Run notebooks/scripts/NN_name.py into notebooks/NN_name.ipynb, with the outputs that a reader without a kernel sees.

python tools/build_notebooks.py [03_training_on_mnist ...]       all of them where none is named
"""

import base64
import hashlib
import re
import sys
import time
from pathlib import Path

import jupytext
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS, PANEL_DATA = ROOT / "notebooks", ROOT / "svae_course/panel_data"
RENDERER = ROOT / "svae_lib/widgets/labextension/remoteEntry.js"
LARGEST = 20_000  # bytes of a panel's trait that a notebook holds itself
PANEL = "application/vnd.svae.panel+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def build(script: Path) -> Path:
    """Execute one chapter; return where its notebook was written."""
    notebook = jupytext.read(script)
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:02d}"  # random ids would change every cell at every build
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": NOTEBOOKS}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        timeout=300,
    )
    client.execute()
    clean(notebook)
    target = NOTEBOOKS / f"{script.stem}.ipynb"
    jupytext.write(notebook, target)  # its metadata as `jupytext --sync` would leave them
    return target


def clean(notebook) -> None:
    """Keep only what means the same on every machine, and no view of a widget whose kernel is gone.

    What the kernel says of its language stays: without it JupyterLab marks a chapter as changed once it is open.
    A view without a picture beside it (a progress bar) is dropped; of a panel the picture stays.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = [o for o in cell.outputs if VIEW not in o.get("data", {}) or "image/png" in o.data]
        for output in cell.outputs:
            output.get("data", {}).pop(VIEW, None)
            if page := output.get("data", {}).get(PANEL):
                move_bytes(page)


def move_bytes(page: dict) -> None:
    """Write the large bytes of a panel to files that the package ships, named by their content; name them in the page.

    Several panels show one model; and weights change less often than the chapters around them.
    """
    for trait, text in list(page["bytes"].items()):
        data = base64.b64decode(text)
        if len(data) > LARGEST:
            name = f"{hashlib.sha256(data).hexdigest()[:16]}.bin"
            PANEL_DATA.mkdir(exist_ok=True)
            (PANEL_DATA / name).write_bytes(data)
            page.setdefault("files", {})[trait] = name
            del page["bytes"][trait]


def list_files() -> None:
    """Remove files of panels' data that no stored chapter names; JupyterLab's renderer asks early for the others."""
    texts = [path.read_text() for path in NOTEBOOKS.glob("*.ipynb")]
    named = {name for text in texts for name in re.findall(r"[0-9a-f]{16}\.bin", text)}
    for path in PANEL_DATA.glob("*.bin"):
        if path.name not in named:
            path.unlink()
    lines = "".join(f'    "{name}",\n' for name in sorted(named))
    RENDERER.write_text(re.sub(r"(const FILES = .*\n)(    \".*\n)*", rf"\1{lines}", RENDERER.read_text()))


if __name__ == "__main__":
    names = sys.argv[1:] or sorted(path.stem for path in (NOTEBOOKS / "scripts").glob("*.py"))
    for name in names:
        start = time.monotonic()
        path = build(NOTEBOOKS / "scripts" / f"{name}.py")
        print(f"{path.name}: {time.monotonic() - start:.0f} s, {path.stat().st_size / 1000:.0f} kB")
    list_files()
