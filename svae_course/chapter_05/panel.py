"""The panel of chapter 05: how much of a circle is covered, how noisy it is seen, and what codes a line makes of it."""

from pathlib import Path

import numpy as np
import traitlets

from svae_course.chapter_05.figures import NAMES, draw_codes
from svae_course.chapter_05.shapes import COVERED, NOISES
from svae_lib.errors import InputError
from svae_lib.plotting.style import Picture, new_figure, styled
from svae_lib.widgets import Panel, Slider

SPACES = ("e1", "s1", "e2")
PARTS = (*COVERED, 100)  # percent of the circle
SEED = 0  # of the runs that are shown
SCALE = 4096  # steps of a stored code in 1
PRESETS = {
    "the whole circle": {"covered": 100, "noise": 0.04},
    "half a circle": {"covered": 50, "noise": 0.04},
    "the whole circle, noisy": {"covered": 100, "noise": 0.12},
}


def dataset(percent: int, noise: str) -> str:
    """Name of the data set of a part of the circle.

    Example:
        >>> dataset(75, "noisy"), dataset(100, "quiet")
        ('arc75_noisy', 'circle_quiet')
    """
    return f"{'circle' if percent == 100 else f'arc{percent}'}_{noise}"


def keys() -> list[tuple[str, str]]:
    """Data set and latent space of each path, in the browser's order."""
    datasets = [dataset(percent, noise) for percent in PARTS for noise in NOISES]
    return [(name, space) for name in datasets for space in SPACES]


def packed(codes: dict[str, np.ndarray]) -> bytes:
    """Stored codes as the browser reads them: int16, in steps of 1/4096, circles of radius 1.

    Args:
        codes: by "DATASET/SPACE/SEED", (121, 1) or (121, 2).

    Returns:
        The path of each of `keys`.
    """
    parts = []
    for name, space in keys():
        path = codes[f"{name}/{space}/{SEED}"]
        if space == "s1":
            path = path / np.linalg.norm(path, axis=1, keepdims=True)
        parts.append(np.rint(SCALE * path.clip(-7.9, 7.9)).astype("<i2").tobytes())
    return b"".join(parts)


def facts(rows: list[dict]) -> list[list[float | None]]:
    """What the panel says of each run, in the order of `keys`.

    Args:
        rows: stored runs of the circle and its parts.

    Returns:
        For each: nats below the truth, percent of the path that runs backward, winding number; None where a path has
        none (see svae_course.chapter_05.scores.topology).
    """
    by_key = {(row["dataset"], row["latent_space"]): row for row in rows if row["seed"] == SEED}
    found = []
    for row in (by_key[key] for key in keys()):
        back = None if "backward" not in row else round(100 * row["backward"])
        found.append([round(row["true_log_likelihood"] - row["test_log_likelihood"], 1), back, row.get("winding")])
    return found


@styled
def static_preview(
    codes: dict[str, np.ndarray], settings: tuple = ((50, "quiet"), (75, "quiet"), (75, "noisy"))
) -> Picture:
    """Codes on a line, on a circle and in a plane that CircleTestPanel shows, at some settings, as a still picture.

    Args:
        codes: as `packed`.
        settings: (percent of the circle, "quiet" or "noisy") of each row.

    Returns:
        A figure with three axes per setting.
    """
    figure = new_figure(10.5, 3.6 * len(settings), "Codes of a part of a circle, on a line, on a circle, in a plane")
    for row, (percent, noise) in zip(figure.subplots(len(settings), 3, squeeze=False), settings, strict=True):
        for axes, space in zip(row, SPACES, strict=True):
            draw_codes(axes, space, codes[f"{dataset(percent, noise)}/{space}/{SEED}"], percent / 100)
            axes.set_title(f"{NAMES[space]}: {percent} %, noise {NOISES[noise]:g}")
    return figure


class CircleTestPanel(Panel):
    """Panel of the codes that a line, a circle and a plane give to a part of a circle seen with noise.

    Args:
        codes: stored ones, by "DATASET/SPACE/SEED": see svae_course.chapter_05.scores.load_codes.
        rows: stored runs of the circle and its parts.

        covered: where the slider of the covered part starts, percent.
        noise: where the slider of a pixel's deviation starts.

    Raises:
        InputError: codes or runs are missing; names one, and the command that restores them.
    """

    name, label = "circle test", "Codes of a part of a circle, on a line, on a circle and in a plane"
    module = Path(__file__).with_name("panel.js")
    covered = Slider(50, min=50, max=100, step=25, label="part of the circle", unit=" %")
    noise = Slider(0.04, min=0.04, max=0.12, step=0.08, label="noise of a pixel")
    paths = traitlets.Bytes().tag(sync=True)
    facts = traitlets.List().tag(sync=True)

    def __init__(self, codes: dict[str, np.ndarray], rows: list[dict], covered: int = 50, noise: float = 0.04):
        self._codes = codes
        try:
            data = {"paths": packed(codes), "facts": facts(rows)}
        except KeyError as missing:
            cure = "`git checkout :/notebooks/results` restores what is stored"
            raise InputError(f"no codes or no scores of {missing}: {cure}") from None
        super().__init__(PRESETS, covered=covered, noise=noise, **data)

    def preview(self):
        """`static_preview` of the stored codes."""
        return static_preview(self._codes)
