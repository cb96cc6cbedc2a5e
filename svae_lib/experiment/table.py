"""A sweep in tables: each experiment's test figures over its seeds, with intervals, and whether experiments differ."""

import io
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from pathlib import Path

from svae_lib.comparison import compare_all
from svae_lib.errors import InputError
from svae_lib.experiment.config import Experiment
from svae_lib.experiment.run_folder import RunFolder
from svae_lib.experiment.table_row import QUANTITIES, Row
from svae_lib.experiment.table_text import csv_text, latex, markdown
from svae_lib.files import atomic_write
from svae_lib.latent_spaces.names import parse_name

_COMPARED = "log_likelihood"
_COMPARABLE = "dataset", "likelihood", "num_importance_samples"  # rows that differ in one measure other things


def read_rows(
    folder: str | os.PathLike, against: str | None = None, within: Sequence[str] = ()
) -> tuple[list[Row], list[str]]:
    """Read a folder of runs, and compare the rows of each data set in their log-likelihood.

    Args:
        folder: A sweep's folder, or any folder of runs.
        against: The row that the others are compared with: its name, a part of it ("e10", "beta 4.0"), or its latent
            space without the numbers ("e"); default: the row with the highest mean.
        within: Fields that compared rows must share besides the data set, "dimension" (of the manifold) among them.

    Returns:
        The rows, sorted by name, and the names of the runs that are not finished.

    Raises:
        InputError: No run is finished, one cannot be read, two have the same experiment and seed, `against` names no
            row or several that would be compared with each other, or `within` is not a column.
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
    return _compared(sorted(rows, key=lambda row: _natural(row.settings.values())), against, within), missing


def write_table(folder: str | os.PathLike, against: str | None = None, within: Sequence[str] = ()) -> str:
    """Write table.md, table.csv, table.tex and table.png into a folder of runs.

    Args:
        folder: A sweep's folder, or any folder of runs.
        against: As read_rows.
        within: As read_rows.

    Returns:
        The text of table.md.

    Raises:
        InputError: As read_rows.
    """
    from svae_lib.plotting.runs import seed_scores

    rows, missing = read_rows(folder, against, within)
    picture = io.BytesIO()
    seed_scores(rows, QUANTITIES).savefig(picture, format="png")
    texts = {"md": markdown(rows, missing, against, within), "csv": csv_text(rows), "tex": latex(rows)}
    files = {suffix: text.encode() for suffix, text in texts.items()} | {"png": picture.getvalue()}
    for suffix, content in files.items():
        atomic_write(Path(folder) / f"table.{suffix}", content)
    return texts["md"]


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


def _compared(rows: list[Row], against: str | None, within: Sequence[str]) -> list[Row]:
    """The same rows, each with its comparison where there is another one to compare it with."""
    columns = [name for name in (*rows[0].settings, "dimension") if name != "dataset"]
    if wrong := [name for name in within if name not in columns]:
        raise InputError(f"--within {wrong[0]!r} is not a column of the table: choose from {', '.join(columns)}")
    groups: dict[tuple, dict[str, Row]] = {}
    for row in rows:
        dimension = sum(factor.manifold_dim for factor in parse_name(row.settings["latent"]).factors)
        key = map((row.settings | {"dimension": dimension}).get, (*_COMPARABLE, *within))
        groups.setdefault(tuple(key), {})[str(row)] = row
    wanted = set(against.split(", ")) if against is not None else {None}
    named = [[name for name, row in group.items() if wanted <= {*name.split(", "), _kind(row)}]
             for group in groups.values()]  # fmt: skip
    most = max(named, key=len)
    if against is not None and len(most) != 1:
        choices = "; ".join(map(repr, most or dict.fromkeys(map(str, rows))))
        raise InputError(f"--against {against!r} names {len(most) or 'none'} of the rows: choose from {choices}")
    for group, names in zip(groups.values(), named, strict=True):
        scores = {name: list(row.scores[_COMPARED].values()) for name, row in group.items()}
        reference, found = compare_all(scores, names[0] if names else against)
        group |= {name: replace(row, against=reference, comparison=found.get(name)) for name, row in group.items()}
    return [row for group in groups.values() for row in group.values()]


def _kind(row: Row) -> str:
    """Its latent space without the numbers: "e" for e10."""
    return re.sub(r"\d", "", row.settings["latent"])
