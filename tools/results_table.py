"""Write the table of results into README.md, from the stored runs in notebooks/results/mnist.json."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from marks import between

from svae_course.chapter_03.figures import ARMS, by_dimension
from svae_course.chapter_04.figures import partition
from svae_course.stored_files import sphere_settings
from svae_lib.comparison import half_width

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RUNS = ROOT / "notebooks" / "results" / "mnist.json"
START, END = "<!-- results: written by make notebooks -->\n", "<!-- end of results -->\n"
QUANTITY = "test_log_likelihood"
NEW = {("sqrt_m", "inverse_variance"): "", ("learned from sqrt_m", "inverse_variance"): ", radius learned"}


def cell(scores: Sequence[float]) -> str:
    """Mean, half the width of its 95 % interval, and the number of seeds."""
    if not scores:
        return ""
    spread = f" ± {half_width(scores):.2f}" if len(scores) > 1 else ""
    return f"{np.mean(scores):.2f}{spread} ({len(scores)})".replace("-", "−")


def products(runs: list[dict]) -> dict[int, dict[str, list[float]]]:
    """Scores of the products of spheres with the new head, by d and by name."""
    found: dict[int, dict[str, list[float]]] = {}
    for run in runs:
        counts = None if run["latent_space"][0] == "e" else partition(run["latent_space"])
        settings = sphere_settings(run)
        if counts and counts.concentrations > 1 and settings in NEW:
            name = run["latent_space"] + NEW[settings]
            found.setdefault(sum(counts.dims), {}).setdefault(name, []).append(run[QUANTITY])
    return found


def table() -> str:
    """One row for each d, and one column for each arm; the last has the product with the highest mean."""
    runs = json.loads(RUNS.read_bytes())
    spheres, several = by_dimension(runs, QUANTITY), products(runs)
    rows = ["| d | " + " | ".join(ARMS) + " | best product of spheres |", "|---|" + "---:|" * (len(ARMS) + 1)]
    for d, arms in spheres.items():
        best = max(several.get(d, {}).items(), key=lambda item: np.mean(item[1]), default=None)
        product = f"{best[0]}: {cell(best[1])}" if best else ""
        rows.append(f"| {d} | " + " | ".join([*(cell(arms.get(name, [])) for name in ARMS), product]) + " |")
    return "\n".join(rows) + "\n"


def with_table(readme: str) -> str:
    """README's text with the table in place of what is between its two marks."""
    return between(readme, START, END, table())


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
