"""The tables of a sweep as text: Markdown with notes for the reader, CSV, and LaTeX."""

import csv
import io
import re
from collections.abc import Sequence
from itertools import starmap

from svae_lib.comparison import smallest_permutation_p
from svae_lib.experiment.table_row import QUANTITIES, Row

_TESTS = ["difference", "difference_low", "difference_high", "welch_p", "permutation_p", "smallest_permutation_p"]


def markdown(rows: list[Row], missing: list[str], against: str | None = None, within: Sequence[str] = ()) -> str:
    """Means and comparisons as two Markdown tables, and what is to be known about them.

    Args:
        rows: As read_rows gives them.
        missing: Names of runs that are not finished.
        against: As read_rows had it.
        within: As read_rows had it.
    """
    return "\n".join([*starmap(_markdown, _tables(rows)), *_notes(rows, missing, against, within), ""])


def latex(rows: list[Row]) -> str:
    """The same two tables as LaTeX tabulars, of the rows that read_rows gives."""
    return "\n".join(starmap(_latex, _tables(rows)))


def csv_text(rows: list[Row]) -> str:
    """All in one CSV table, unrounded, a line for each of the rows that read_rows gives."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [column for each in QUANTITIES for column in (each, f"{each}_half_width")]
    writer.writerow([*rows[0].settings, "seeds", *names, "against", *_TESTS, "verdict"])
    for row in rows:
        figures = [value for each in QUANTITIES for value in (row.mean(each), row.half_width(each))]
        tests = [None] * (len(_TESTS) + 1)
        if found := row.comparison:
            tests[0], tests[-1] = found.difference, found.verdict
            if found.verdict != "no test":
                tests[1:-1] = *found.interval, found.welch, found.permutation, smallest_permutation_p(*found.sizes)
        writer.writerow([*row.settings.values(), row.seeds, *figures, row.against, *tests])
    return text.getvalue()


def _tables(rows: list[Row]) -> list[tuple[str, list[list[str]]]]:
    """Alignment and cells of the means, and of the comparisons where there are any."""
    means = [[*rows[0].settings, "seeds", *QUANTITIES.values()]]
    means += [[*row.settings.values(), str(row.seeds), *map(row.text, QUANTITIES)] for row in rows]
    tests = [["dataset", "row", "against", "difference", "95 % interval", "p (Welch)", "p (permutation)", "verdict"]]
    for row in rows:
        if found := row.comparison:
            figures = [f"{found.difference:.2f}", "", "", ""]
            if found.verdict != "no test":
                figures[1:] = "[{:.2f}, {:.2f}]".format(*found.interval), _p(found.welch), _p(found.permutation)
            tests.append([row.settings["dataset"], str(row), row.against, *figures, found.verdict])
    tables = [("l" * len(rows[0].settings) + "rrrrr", means), ("lllrrrrl", tests)]
    return tables[: 1 if len(tests) == 1 else 2]


def _p(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _notes(rows: list[Row], missing: list[str], against: str | None, within: Sequence[str]) -> list[str]:
    notes = ["Nats per image, on the test images: mean ± half of its 95 % interval (Student's t) over the seeds."]
    if any(row.seeds == 1 for row in rows):
        notes.append("A row of one seed has no interval and no test.")
    if missing:
        notes.append(f"Not finished, and left out: {', '.join(missing)}.")
    tested = [row.comparison for row in rows if row.comparison and row.comparison.verdict != "no test"]
    if tested:
        family = "comparisons" if against else "pairs of rows, as the scores themselves choose the highest"
        shared = " and ".join(("data set", *within))
        sizes = sorted({each.sizes for each in tested})
        least = ", ".join(f"{smallest_permutation_p(n, m):.2g} ({n} seeds against {m})" for n, m in sizes)
        notes += [
            f"Compared is the log-likelihood with that of {against or 'the highest mean'} of the same {shared}: "
            "difference of means, with Welch's interval for this comparison alone.",
            "p is of Welch's t test and of a permutation test over the seeds, which are not paired; both after Holm's "
            f"correction over the {family}, within one {shared}.",
            "Rows are called higher or lower where p (Welch) < 0.05. That test takes scores as normally distributed; "
            f"the other does not, but before the correction cannot give less than {least}.",
        ]
    return notes


def _markdown(align: str, cells: list[list[str]]) -> str:
    columns = list(zip(align, [max(map(len, column)) for column in zip(*cells, strict=True)], strict=True))
    lines = [" | ".join(cell.ljust(width) if side == "l" else cell.rjust(width)
                        for cell, (side, width) in zip(line, columns, strict=True)) for line in cells]  # fmt: skip
    rule = "|".join("-" * (width + 1) + ("-" if side == "l" else ":") for side, width in columns)
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:]), ""])


def _latex(align: str, cells: list[list[str]]) -> str:
    head, *lines = (" & ".join(map(_latex_cell, line)) + r" \\" for line in cells)
    return "\n".join([rf"\begin{{tabular}}{{{align}}}", r"\hline", head, r"\hline", *lines,
                      r"\hline", r"\end{tabular}", ""])  # fmt: skip


def _latex_cell(cell: str) -> str:
    if "±" in cell or ("." in cell and re.fullmatch(r"[-<\[\]\d ,.]+", cell)):
        return f"${cell}$".replace("±", r"\pm")
    return cell.translate(str.maketrans({sign: f"\\{sign}" for sign in "_&%#$"}))
