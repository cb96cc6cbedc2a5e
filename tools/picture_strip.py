"""Write notebooks/figures/sliders.png, README's strip of the course's panels in use, each at two settings.

The panels are drawn in Chromium, which must be on PATH.
"""

import io
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from svae_course.panels import PANELS
from svae_lib.plotting.style import OUTLINE, Picture, few_colors, new_figure, png, styled

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SHOWN = ("shell", "concentration", "kl", "great circle", "dials")
WIDTH = 760  # pixels of a panel


def frames(name: str, page: Page, folder: Path) -> list[np.ndarray]:
    """What a panel shows at its two settings, as arrays of pixels."""
    shown, found = PANELS[name], []
    panel, path = shown.make(), folder / "panel.html"
    for setting in shown.settings:
        panel.set(**setting)
        panel.save(path)
        page.goto(path.as_uri())
        picture = page.wait_for_selector(".svae-panel .picture")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found.append(np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("RGB")))
    return found


@styled
def strip(rows: list[list[np.ndarray]]) -> Picture:
    """One row per panel: its chapter and what it shows, then its two frames."""
    width = 7.0  # inches per frame
    heights = [width * max(frame.shape[0] / frame.shape[1] for frame in row) + 0.4 for row in rows]
    figure = new_figure(2 * width + 0.2, sum(heights) + 0.4, "The sliders in use: each panel at two settings")
    grid = figure.subplots(len(rows), 2, height_ratios=heights)
    for axes, row, name in zip(grid, rows, SHOWN, strict=True):
        for each, frame in zip(axes, row, strict=True):
            each.imshow(frame, interpolation="lanczos")
            each.set_axis_off()
            each.set_anchor("NW")
        axes[0].set_title(f"chapter {PANELS[name].title}", fontsize=13, color=OUTLINE)
    return figure


if __name__ == "__main__":
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("picture_strip: no Chromium on PATH; install the system's chromium package")
    with sync_playwright() as driver, TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, device_scale_factor=2)
        rows = [frames(name, page, Path(folder)) for name in SHOWN]
        browser.close()
    target = NOTEBOOKS / "figures" / "sliders.png"
    few_colors(Image.open(io.BytesIO(png(strip(rows)))).convert("RGB")).save(target)
    print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")
