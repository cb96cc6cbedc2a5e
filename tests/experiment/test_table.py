"""A sweep's tables: means, intervals and tests of its runs, in every format, and what cannot be summed up."""

import csv
import json
import math
import statistics
from pathlib import Path

import pytest

from svae_lib import cli
from svae_lib.comparison import compare
from svae_lib.experiment import Experiment
from svae_lib.experiment.table import read_rows
from svae_lib.experiment.table_row import QUANTITIES
from svae_lib.plotting.runs import seed_scores

FILES = {"table.md", "table.csv", "table.tex", "table.png"}


def store(folder: Path, name: str, scores=(-130.0, -135.0, -127.0, 8.0), **values) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "experiment.json").write_text(Experiment(**values).to_json())
    if scores is not None:
        metrics = {f"test_{name}": score for name, score in zip(QUANTITIES, scores, strict=True)}
        (folder / name / "metrics.json").write_text(json.dumps(metrics))


@pytest.fixture
def runs(tmp_path):
    """Two data sets, three latent spaces; one space with one seed, one run that is not finished."""
    folder = tmp_path / "runs"
    for seed, kl in enumerate((7.0, 8.0, 10.0)):
        space = {"latent": "s10", "seed": seed, "likelihood": "bernoulli"}
        store(folder, f"mnist-s10-{seed}", (-100.5 - kl, -127.0 - kl, -127.0, kl), dataset="mnist", **space)
        store(folder, f"frey-s10-{seed}", (-900.0, -910.0, -900.0, kl), dataset="frey_faces", **space)
    for seed in (4, 5):  # runtime flags tell no experiments apart
        store(folder, f"mnist-s2-{seed}", latent="s2", dataset="mnist", seed=seed, threads=seed, device="cpu")
    store(folder, "mnist-s2-6", None, latent="s2", dataset="mnist", seed=6)
    store(folder, "mnist-s4_s4-0", latent="s4,s4", dataset="mnist")
    return folder


def table(folder, capsys) -> str:
    assert cli.main(["table", str(folder)]) == 0
    return capsys.readouterr().out


def test_every_row_is_an_experiment_without_its_seed(runs, capsys):
    with open(runs / ".." / "runs" / "letter.txt", "w") as other:
        other.write("not a run")
    out = table(runs, capsys)
    with open(runs / "table.csv") as file:
        lines = list(csv.DictReader(file))
    found = [(line["dataset"], line["latent"], line["seeds"]) for line in lines]
    assert found == [("frey_faces", "s10", "3"), ("mnist", "s2", "2"), ("mnist", "s4,s4", "1"), ("mnist", "s10", "3")]
    kl = 7.0, 8.0, 10.0
    assert float(lines[3]["kl"]) == pytest.approx(statistics.mean(kl), rel=1e-12)
    t = 0.95 * math.sqrt(2 / (1 - 0.95**2))  # the 97.5 % point of Student's t, two degrees of freedom: 4.303
    half = t * statistics.stdev(kl) / math.sqrt(3)
    assert float(lines[3]["kl_half_width"]) == pytest.approx(half, rel=1e-12)
    assert float(lines[3]["log_likelihood"]) == pytest.approx(-100.5 - statistics.mean(kl), rel=1e-12)
    assert [lines[2][name] for name in ("kl", "kl_half_width")] == ["8.0", ""]
    assert out == (runs / "table.md").read_text() + "\n"
    assert "A row of one seed has no interval and no test." in out
    assert "Not finished, and left out: mnist-s2-6." in out
    assert {path.name for path in runs.glob("table.*")} == FILES


def test_the_formats_say_the_same(runs, capsys):
    out = table(runs, capsys)
    heads, rule, *lines = [line.strip("| ").split("|") for line in out.split("\n\n")[0].splitlines()]
    cells = [[cell.strip() for cell in line] for line in (heads, *lines)]
    assert all(set(dashes) <= {"-", ":"} for dashes in rule) and len(rule) == len(heads)
    assert cells[4] == ["mnist", "s10", "3", "-108.83 ± 3.79", "-135.33 ± 3.79", "-127.00 ± 0.00", "8.33 ± 3.79"]
    latex, tests = (runs / "table.tex").read_text().split("\n\n")
    assert latex.count("\\\\\n") == len(cells) == 5
    assert (
        r"mnist & s10 & 3 & $-108.83 \pm 3.79$ & $-135.33 \pm 3.79$ & $-127.00 \pm 0.00$ & $8.33 \pm 3.79$ \\" in latex
    )
    assert tests.count("\\\\\n") == 1 + 2 and r"95 \% interval" in tests  # s2 and s4,s4 against s10
    assert r"frey\_faces & s10" in latex
    assert (runs / "table.png").read_bytes()[:4] == b"\x89PNG"


def test_what_else_differs_stands_in_a_column_of_its_own(runs, capsys):
    store(runs, "mnist-s2-beta", latent="s2", dataset="mnist", beta=4.0)
    out = table(runs, capsys)
    assert out.startswith("| dataset    | latent | beta | seeds |")
    assert "| mnist      | s2     | 4.0  |     1 |" in out


def test_data_sets_of_one_name_are_told_apart(tmp_path, capsys):
    for place in "ab":
        store(tmp_path / "runs", place, dataset=f"{tmp_path}/{place}/mine.npz")
    assert f"{tmp_path}/a/mine.npz" in table(tmp_path / "runs", capsys)


def test_a_score_that_is_no_number_is_shown_as_it_is(tmp_path, capsys):
    for seed, score in enumerate((math.nan, math.inf, 1.0)):
        store(tmp_path, f"s2-{seed}", (score, score, score, score), seed=seed)
    store(tmp_path, "s3-0", (math.inf,) * 4, latent="s3")
    store(tmp_path, "s3-1", (1.0,) * 4, latent="s3", seed=1)
    out = table(tmp_path, capsys)
    assert "nan ± nan" in out and "inf ± nan" in out and "verdict" not in out  # nothing can be compared


def sweep(folder: Path, scores: dict[str, tuple], **values) -> None:
    """Runs with these log-likelihoods, by latent space."""
    for latent, each in scores.items():
        for seed, score in enumerate(each):
            name = "-".join(map(str, (*values.values(), latent, seed)))
            store(folder, name, (score, score, score, 1.0), latent=latent, seed=seed, **values)


SCORES = {
    "e10": (-112.9, -113.1, -113.0, -113.2),
    "s10": (-111.9, -112.1, -112.0, -112.2),
    "10xs1": (-112.0, -112.2, -112.1, -112.1),
    "s2": (-148.0,),
    "s3": (math.inf, -110.0),
    "s4": (-120.0, -120.0),
}


def verdicts(folder: Path, *options: str) -> dict[str, str]:
    assert cli.main(["table", str(folder), *options]) == 0
    with open(folder / "table.csv") as file:
        return {line["latent"]: line["verdict"] for line in csv.DictReader(file)}


def test_rows_are_compared_with_the_highest_mean(tmp_path, capsys):
    """A row of one seed, one that is not finite: no test, and never the highest."""
    sweep(tmp_path, SCORES)
    found = verdicts(tmp_path)
    assert found == {
        "e10": "lower",
        "s10": "",
        "10xs1": "not separated",
        "s2": "no test",
        "s3": "no test",
        "s4": "lower",
    }
    out = capsys.readouterr().out
    rows, _ = read_rows(tmp_path)
    pair = next(row for row in rows if str(row) == "e10")
    assert pair.against == "s10" and pair.comparison.difference == pytest.approx(-1)
    family = 6  # the pairs of e10, s10, 10xs1 and s4; this one has the fourth smallest p
    assert pair.comparison.welch == pytest.approx(compare(SCORES["e10"], SCORES["s10"]).welch * (family - 3))
    assert (
        "over the pairs of rows" in out and "0.029 (4 seeds against 4)" in out and "seeds, which are not paired" in out
    )


def test_the_row_to_compare_with_can_be_named(tmp_path, capsys):
    sweep(tmp_path, SCORES)
    found = verdicts(tmp_path, "--against", "e10")
    assert found["s10"] == found["10xs1"] == "higher" and found["s4"] == "lower" and found["e10"] == ""
    out = capsys.readouterr().out
    assert "that of e10" in out and "Holm's correction over the comparisons" in out
    assert set(verdicts(tmp_path, "--against", "s2").values()) == {"", "no test"}  # one seed
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if line.startswith("|")) <= 120  # fits a terminal


def test_only_what_measures_the_same_is_compared(tmp_path, capsys):
    """Rows of other data, or with probabilities of other pixels, are never compared, whatever is named."""
    sweep(tmp_path, {"e2": (-1.0, -2.0), "s2": (-3.0, -4.0)}, dataset="mnist")
    sweep(tmp_path, {"e2": (1.0, 2.0), "s2": (3.0, 4.0)}, dataset="mnist", likelihood="gaussian")
    sweep(tmp_path, {"e2": (5.0, 6.0), "s2": (7.0, 8.5)}, dataset="frey_faces")
    sweep(tmp_path, {"s2": (5.0, 6.0)}, dataset="omniglot")
    highest = {"frey_faces": "s2", "bernoulli": "e2", "gaussian": "s2", "omniglot": "s2"}
    for row in read_rows(tmp_path)[0]:
        where = row.settings["dataset"] if row.settings["dataset"] != "mnist" else row.settings["likelihood"]
        assert row.against.split(",")[0] == highest[where] and row.against.endswith(row.settings["likelihood"])
        assert (row.comparison is None) == (row.settings["latent"] == highest[where])
    for row in read_rows(tmp_path, against="e2")[0]:
        assert (row.comparison is None) == (row.settings["latent"] == "e2" or row.settings["dataset"] == "omniglot")


def test_dimensions_and_other_columns_can_be_kept_apart(tmp_path, capsys):
    """In a sweep over dimensions, each sphere meets the Gaussian of its own dimension, and its family is that one."""
    spaces = ("e4", "s4", "2xs2", "e10", "s10")
    scores = {name: (-100.0 - place, -100.5 - 2 * place) for place, name in enumerate(spaces)}
    sweep(tmp_path, scores)
    rows, _ = read_rows(tmp_path, against="e", within=["dimension"])
    assert {str(row): row.against for row in rows if row.comparison} == {"s4": "e4", "2xs2": "e4", "s10": "e10"}
    alone = next(row for row in rows if str(row) == "s10")
    assert alone.comparison == compare(scores["s10"], scores["e10"])
    verdicts(tmp_path, "--against", "e", "--within", "dimension")
    out = capsys.readouterr().out
    assert "that of e of the same data set and dimension" in out and "within one data set and dimension" in out
    sweep(tmp_path, scores, beta=2.0)
    rows, _ = read_rows(tmp_path, against="beta 2.0", within=["latent"])
    assert {str(row): row.against for row in rows if row.comparison} == {
        f"{space}, beta 1.0": f"{space}, beta 2.0" for space in spaces
    }
    assert cli.main(["table", str(tmp_path), "--within", "gamma"]) == 2
    message = "--within 'gamma' is not a column of the table: choose from latent, beta, dimension"
    assert capsys.readouterr().err == f"svae: {message}\n"


@pytest.mark.parametrize(
    "against, message",
    [
        ("e3", "--against 'e3' names none of the rows: choose from 'e2, beta 1.0'; 's2, beta 1.0'; 's2, beta 2.0'"),
        ("s2", "--against 's2' names 2 of the rows: choose from 's2, beta 1.0'; 's2, beta 2.0'"),
    ],
)
def test_a_row_that_cannot_be_told_is_one_line(tmp_path, capsys, against, message):
    sweep(tmp_path, {"e2": (1.0, 2.0), "s2": (3.0, 4.0)}, beta=1.0)
    sweep(tmp_path, {"s2": (3.0, 4.0)}, beta=2.0)
    assert cli.main(["table", str(tmp_path), "--against", against]) == 2
    assert capsys.readouterr().err == f"svae: {message}\n"
    assert not any(tmp_path.rglob("table.*"))
    assert cli.main(["table", str(tmp_path), "--against", "s2, beta 2.0"]) == 0


def test_the_picture_shows_every_seed_of_every_row(runs):
    rows, _ = read_rows(runs)
    figure = seed_scores(rows, QUANTITIES)
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(QUANTITIES.values()) * 2
    faces, digits = figure.axes[3], figure.axes[7]
    assert [label.get_text() for label in figure.axes[4].get_yticklabels()] == ["s2", "s4,s4", "s10"]
    dots = [line.get_xdata().tolist() for line in digits.lines if line.get_marker() == "o"]
    assert dots == [[8.0, 8.0], [8.0], [7.0, 8.0, 10.0]]
    assert len(faces.containers) == 1 and len(digits.containers) == 2  # one seed has no interval
    bar = digits.containers[1].lines[2][0].get_segments()[0][:, 0]
    assert (bar[1] - bar[0]) / 2 == pytest.approx(rows[3].half_width("kl"))


@pytest.mark.parametrize(
    "change, message",
    [
        ("missing", "there is no folder"),
        ("file", "there is no folder"),
        ("empty", "holds no finished run, and 0 unfinished"),
        ("started", "holds no finished run, and 1 unfinished"),
        ("run", "is one run"),
        ("twice", "repeats"),
        ("version", "unknown key 'zdim'"),
        ("score", "has no number for test_kl"),
        ("cut", "metrics.json is damaged"),
    ],
)
def test_what_cannot_be_summed_up_is_one_line_and_writes_nothing(tmp_path, capsys, change, message):
    folder = tmp_path / "runs"
    if change not in ("missing", "file"):
        folder.mkdir()
    if change not in ("missing", "file", "empty"):
        store(folder, "one", None if change == "started" else (1.0, 2.0, 3.0, 4.0))
    if change == "file":
        folder.write_text("")
    elif change == "twice":
        store(folder, "two")
    elif change == "run":
        folder = folder / "one"
    elif change == "version":
        text = (folder / "one" / "experiment.json").read_text()
        (folder / "one" / "experiment.json").write_text(text.replace("{", '{"zdim": 3,', 1))
    elif change == "score":
        text = (folder / "one" / "metrics.json").read_text()
        (folder / "one" / "metrics.json").write_text(text.replace("test_kl", "kl"))
    elif change == "cut":
        (folder / "one" / "metrics.json").write_text('{"test_kl": 3')
    assert cli.main(["table", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and message in err
    assert not any(tmp_path.rglob("table.*"))
