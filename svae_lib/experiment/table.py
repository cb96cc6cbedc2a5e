"""A sweep in one table: each experiment's test figures, their mean over its seeds and that mean's standard error."""

import csv
import io
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from svae_lib.errors import InputError
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.run_folder import RunFolder
from svae_lib.files import atomic_write

QUANTITIES = {"log_likelihood": "log-likelihood", "elbo": "ELBO", "reconstruction": "reconstruction", "kl": "KL"}


@dataclass(frozen=True)
class Row:
    r"""One experiment over its seeds; of n of them the mean has the standard error \sqrt(s^2 / n), s^2 over n - 1.

    Attributes:
        settings: Data set, latent space, and which other fields differ between the rows.
        scores: By quantity and seed, in nats per image.

    Example:
        >>> row = Row({"dataset": "mnist", "latent": "s2"}, {"kl": {0: 7.0, 1: 8.0, 2: 9.0}})
        >>> row.mean("kl"), round(row.error("kl"), 4), row.text("kl"), str(row)
        (8.0, 0.5774, '8.00 ± 0.58', 's2')
    """

    settings: dict[str, str]
    scores: dict[str, dict[int, float]]

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return len(next(iter(self.scores.values())))

    def mean(self, quantity: str) -> float:
        """The mean of a quantity over the seeds."""
        return float(np.mean(list(self.scores[quantity].values())))

    def error(self, quantity: str) -> float | None:
        """The mean's standard error; None for one seed, which says nothing about others."""
        if self.seeds == 1:
            return None
        with np.errstate(invalid="ignore"):  # an infinite score has no error that is a number
            return float(np.std(list(self.scores[quantity].values()), ddof=1)) / math.sqrt(self.seeds)

    def text(self, quantity: str, between: str = " ± ") -> str:
        """The mean and its standard error, with two decimals."""
        error = self.error(quantity)
        return f"{self.mean(quantity):.2f}" + ("" if error is None else f"{between}{error:.2f}")

    def __str__(self) -> str:
        return ", ".join(value if name == "latent" else f"{name} {value}"
                         for name, value in self.settings.items() if name != "dataset")  # fmt: skip


def read_rows(folder: str | os.PathLike) -> tuple[list[Row], list[str]]:
    """Read a folder of runs.

    Args:
        folder: A sweep's folder, or any folder of runs.

    Returns:
        The rows, sorted by name, and the names of the runs that are not finished.

    Raises:
        InputError: No run is finished, one cannot be read, or two have the same experiment and seed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    if RunFolder(folder).started:
        raise InputError(f"{folder} is one run: name the folder that it is in")
    runs = RunFolder.all_in(folder)
    finished = [run for run in runs if run.finished]
    if not finished:
        raise InputError(f"{folder} holds no finished run, and {len(runs)} unfinished: svae sweep makes them")
    groups: dict[Experiment, dict[int, RunFolder]] = {}
    for run in finished:
        experiment = run.experiment
        seeds = groups.setdefault(replace(experiment.without_runtime(), seed=0), {})
        if experiment.seed in seeds:
            raise InputError(f"{run.path} repeats {seeds[experiment.seed].path}, seed and all: move one of them away")
        seeds[experiment.seed] = run
    rows = [Row(each, _scores(seeds)) for each, seeds in zip(_settings(list(groups)), groups.values(), strict=True)]
    missing = [run.path.name for run in runs if run not in finished]
    return sorted(rows, key=lambda row: _natural(row.settings.values())), missing


def write_table(folder: str | os.PathLike) -> str:
    """Write table.md, table.csv, table.tex and table.png into a folder of runs.

    Args:
        folder: A sweep's folder, or any folder of runs.

    Returns:
        The text of table.md.

    Raises:
        InputError: As read_rows.
    """
    from svae_lib.plotting.runs import seed_scores

    rows, missing = read_rows(folder)
    picture = io.BytesIO()
    seed_scores(rows, QUANTITIES).savefig(picture, format="png")
    text = _markdown(rows, missing)
    texts = {"md": text.encode(), "csv": _csv(rows).encode(), "tex": _latex(rows).encode()}
    for suffix, content in (texts | {"png": picture.getvalue()}).items():
        atomic_write(Path(folder) / f"table.{suffix}", content)
    return text


def _scores(seeds: dict[int, RunFolder]) -> dict[str, dict[int, float]]:
    runs = sorted(seeds.items())
    return {quantity: {seed: run.test_figure(quantity) for seed, run in runs} for quantity in QUANTITIES}


def _settings(experiments: list[Experiment]) -> list[dict[str, str]]:
    """Data set, latent space and each other field that differs, by experiment."""
    others = [spec.name for spec in fields(Experiment) if spec.name not in ("dataset", "latent")]
    differ = [name for name in others if len({getattr(each, name) for each in experiments}) > 1]
    sets = {each.dataset: Path(each.dataset).stem for each in experiments}
    if len(set(sets.values())) < len(sets):
        sets = {dataset: dataset for dataset in sets}
    return [
        {"dataset": sets[each.dataset], "latent": each.latent} | {name: str(getattr(each, name)) for name in differ}
        for each in experiments
    ]


def _natural(texts: Iterable[str]) -> list:
    """A key that sorts s2 before s10."""
    pieces = (re.findall(r"\d+|\D", text) for text in texts)
    return [[(not piece.isdigit(), int(piece) if piece.isdigit() else 0, piece) for piece in row] for row in pieces]


def _cells(rows: list[Row], between: str, form: str = "{}") -> list[list[str]]:
    head = [*rows[0].settings, "seeds", *QUANTITIES.values()]
    figures = ([form.format(row.text(each, between)) for each in QUANTITIES] for row in rows)
    return [head, *([*row.settings.values(), str(row.seeds), *line] for row, line in zip(rows, figures, strict=True))]


def _markdown(rows: list[Row], missing: list[str]) -> str:
    cells = _cells(rows, " ± ")
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    left = len(rows[0].settings)
    lines = ["| " + " | ".join(cell.ljust(width) if number < left else cell.rjust(width)
                               for number, (cell, width) in enumerate(zip(line, widths, strict=True))) + " |"
             for line in cells]  # fmt: skip
    rule = "|".join("-" * (width + 1) + ("-" if number < left else ":") for number, width in enumerate(widths))
    notes = ["Nats per image, on the test images: mean ± standard error over the seeds."]
    if any(row.seeds == 1 for row in rows):
        notes.append("A row of one seed has no standard error.")
    if missing:
        notes.append(f"Not finished, and left out: {', '.join(missing)}.")
    return "\n".join([lines[0], f"|{rule}|", *lines[1:], "", " ".join(notes), ""])


def _csv(rows: list[Row]) -> str:
    text = io.StringIO()
    names = [column for each in QUANTITIES for column in (each, f"{each}_standard_error")]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*rows[0].settings, "seeds", *names])
    for row in rows:
        figures = [value for each in QUANTITIES for value in (row.mean(each), row.error(each))]
        writer.writerow([*row.settings.values(), row.seeds, *figures])
    return text.getvalue()


def _latex(rows: list[Row]) -> str:
    left = len(rows[0].settings)
    special = str.maketrans({sign: f"\\{sign}" for sign in "_&%#$"})
    lines = [
        " & ".join([cell.translate(special) for cell in line[: left + 1]] + line[left + 1 :]) + r" \\"
        for line in _cells(rows, r" \pm ", "${}$")
    ]
    return "\n".join([rf"\begin{{tabular}}{{{'l' * left}{'r' * 5}}}", r"\hline", lines[0], r"\hline", *lines[1:],
                      r"\hline", r"\end{tabular}", ""])  # fmt: skip
