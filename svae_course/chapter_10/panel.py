"""The panel of chapter 10: eight runs by number, their pictures clue by clue, and the answer on demand."""

import io
from functools import cached_property
from pathlib import Path

import numpy as np
import traitlets
from PIL import Image

from svae_course.chapter_10.exhibits import EXHIBITS
from svae_course.chapter_10.figures import gallery_rows
from svae_course.chapter_10.gallery import evidence
from svae_lib.plotting.style import Picture, png
from svae_lib.widgets import Panel, Slider

CLUES = 4  # images; curves; diagnosis, distances and the claim; the answer
PRESETS = {
    "all pictures": {"clues": 3},
    "the answer": {"clues": 4},
    "run 2, images alone": {"run": 2, "clues": 1},
}
SHOWN = ("epochs", "train", "validation", "information", "marginal", "kl", "most", "floor", "concentration", "nearest")


def facts(records: list[dict], runs: list[dict]) -> list[dict]:
    """What the panel shows of each run, besides its images.

    Args:
        records: stored ones, see svae_course.chapter_10.gallery.load_gallery.
        runs: stored ones of run_files/patches.toml.

    Returns:
        One dict per run: parts of the record, the words of its exhibit, and the evidence for and against its claim.
    """
    found, clean = [], next(r for e, r in zip(EXHIBITS, records, strict=True) if e.tell == "none")["nearest"]
    for exhibit, record in zip(EXHIBITS, records, strict=True):
        words = {"failure": exhibit.failure, "tell": exhibit.tell, "claim": exhibit.claim, "why": exhibit.why}
        claims = [[label, scores, control] for label, scores, control in evidence(exhibit, record, runs)]
        found.append({key: record[key] for key in SHOWN} | words | {"evidence": claims, "clean": clean})
    return found


def static_preview(records: list[dict], images: np.ndarray, shown: tuple[int, ...] = (1, 3, 8)) -> Picture:
    """Some runs as FailuresPanel shows them before the answer, as a still picture.

    Args:
        records: as `facts`.
        images: (8, 4, 8, 3, 8, 8), uint8: by run, kind and number.
        shown: their numbers, from 1.

    Returns:
        A figure with four axes per run.
    """
    return gallery_rows(records, images, shown, "Three runs of the gallery, without their diagnosis")


class FailuresPanel(Panel):
    """Panel of eight runs, most of which fail on purpose, with as many clues as the reader asks for.

    Args:
        records: stored ones, see svae_course.chapter_10.gallery.load_gallery.
        images: (8, 4, 8, 3, 8, 8), uint8: by run, kind and number.
        runs: stored ones of run_files/patches.toml.
        run: where the slider of the run starts.
        clues: where the slider of the clues starts; 4 is the answer.
    """

    name, label = "failures", "Eight runs, their pictures clue by clue, and what is wrong with them"
    module = Path(__file__).with_name("panel.js")
    run = Slider(1, min=1, max=len(EXHIBITS), label="run")
    clues = Slider(2, min=1, max=CLUES, label="clues (4: the answer)")
    pixels = traitlets.Bytes().tag(sync=True)
    facts = traitlets.List().tag(sync=True)

    def __init__(self, records: list[dict], images: np.ndarray, runs: list[dict], run: int = 1, clues: int = 2):
        self._preview = records, images
        pixels = np.moveaxis(images, 3, -1)  # the channels of a pixel side by side, as a canvas takes them
        super().__init__(PRESETS, run=run, clues=clues, pixels=pixels.tobytes(), facts=facts(records, runs))

    @cached_property
    def fallback(self) -> bytes:
        """PNG of `static_preview` in 128 colors, for where no JavaScript runs."""
        image, buffer = Image.open(io.BytesIO(png(static_preview(*self._preview)))), io.BytesIO()
        image.quantize(128, dither=Image.Dither.NONE).save(buffer, format="png")
        return buffer.getvalue()
