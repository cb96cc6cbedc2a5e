"""Write notebooks/figures/sliders.png, README's strip of the course's slider panels in use, each at two settings."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from svae_course.chapter_01.panel import concentration, draw_still_globe
from svae_course.panels import PANELS
from svae_lib.plotting.style import DIGIT_CMAP, OUTLINE, Picture, few_colors, new_figure, png, styled

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SHOWN = ("shell", "concentration", "kl", "great circle", "dials")


def frames(name: str) -> list[np.ndarray]:
    """Frames that a panel shows at its two settings, as arrays of pixels."""
    shown = PANELS[name]
    panel, found = shown.make(), []
    for setting in shown.settings:
        panel.set(**setting)
        picture = getattr(panel.picture, "children", [panel.picture])[-1]
        frame = Image.open(io.BytesIO(picture.value)).convert("RGB")
        if name == "concentration":  # plotly paints the live globe in the browser alone
            frame = beside(still_globe(**setting), frame)
        found.append(np.asarray(frame))
    return found


@styled
def still_globe(kappa: float, m: int) -> Image.Image:
    figure = new_figure(3.7, 3.7, " ")
    draw_still_globe(figure.add_subplot(), concentration(kappa, m).points)
    return Image.open(io.BytesIO(png(figure))).convert("RGB")


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    both = Image.new("RGB", (left.width + right.width, max(left.height, right.height)), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


@styled
def strip() -> Picture:
    """One row per panel: its chapter and what it shows, then its two frames."""
    rows = [frames(name) for name in SHOWN]
    width = 7.0  # inches per frame
    heights = [width * max(frame.shape[0] / frame.shape[1] for frame in row) + 0.4 for row in rows]
    figure = new_figure(2 * width + 0.2, sum(heights) + 0.4, "The sliders in use: each panel at two settings")
    grid = figure.subplots(len(rows), 2, height_ratios=heights)
    for axes, row, name in zip(grid, rows, SHOWN, strict=True):
        for each, frame in zip(axes, row, strict=True):
            each.imshow(frame, cmap=DIGIT_CMAP, interpolation="lanczos")
            each.set_axis_off()
            each.set_anchor("NW")
        axes[0].set_title(f"chapter {PANELS[name].title}", fontsize=13, color=OUTLINE)
    return figure


if __name__ == "__main__":
    target = NOTEBOOKS / "figures" / "sliders.png"
    few_colors(Image.open(io.BytesIO(png(strip())))).save(target)
    print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")
