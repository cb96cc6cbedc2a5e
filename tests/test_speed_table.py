"""The table of speed (benchmarks/table.py): all of its rows on one page, the chosen ones on the other."""

import re

import pytest

from benchmarks import table, timing
from tests.tree import ROOT

PAGES = ["README.md", "benchmarks/README.md"]


@pytest.fixture
def rows(monkeypatch):
    """Made-up times: a row for each chosen one, in another order, and two that README does not show."""
    monkeypatch.setattr(timing, "ROWS", [])
    timing.record("import svae_lib", 0.02, None, "< 1 s", "s")
    for number, (what, against) in enumerate(reversed(table.CHOSEN), 1):
        timing.record(what, 0.001 * number, 0.002, "<= 0.5", against=against)
    timing.record("its peak memory", 343.0, 302.0, "", "MB", "Gaussian")
    return timing.ROWS


@pytest.fixture
def project(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    for page in PAGES:
        (tmp_path / page).write_text(f"Before.\n\n{table.START}old\n{table.END}\nAfter.\n")
    return tmp_path


def test_all_rows_go_to_one_page_and_the_chosen_ones_to_the_other(rows, project):
    table.write(rows, "Measured on paper.", project)
    short, whole = [(project / page).read_text() for page in PAGES]
    head = "| what | ours | against | ratio | aim |\n|---|---|---|---|---|\n"
    last = "| log ive, m = 41, 10^6 points | 5.00 ms | scipy.special.ive 2.00 ms | 2.50 | <= 0.5 |\n"
    opening = f"Before.\n\n{table.START}Measured on paper.\n\n{head}"
    assert short.startswith(opening + last) and short.count("\n| ") == 1 + len(table.CHOSEN)
    assert whole.startswith(opening + "| import svae_lib | 0.02 s |  |  | < 1 s |\n")
    assert whole.endswith(
        last + "| its peak memory | 343 MB | Gaussian 302 MB | 1.14 |  |\n" + table.END + "\nAfter.\n"
    )


def test_nothing_is_written_where_a_chosen_row_or_a_mark_is_missing(rows, project):
    before = [(project / page).read_text() for page in PAGES]
    with pytest.raises(SystemExit, match="epoch, 10xs4 against Gaussian"):
        table.write([row for row in rows if row.what != "epoch, 10xs4"], "Measured on paper.", project)
    assert [(project / page).read_text() for page in PAGES] == before
    (project / "README.md").write_text("no marks")
    with pytest.raises(SystemExit, match="lost"):
        table.write(rows, "Measured on paper.", project)
    assert (project / "benchmarks/README.md").read_text() == before[1]


def test_readme_shows_the_chosen_rows_of_the_whole_table_and_a_miss_among_them():
    tables = [(ROOT / page).read_text().partition(table.START)[2].partition(table.END)[0] for page in PAGES]
    short, whole = [re.findall(r"^\| .* \|$|^Measured .*$", text, re.MULTILINE) for text in tables]
    assert len(whole) > 25 and set(short) <= set(whole)
    assert [line.split(" | ")[0].strip("| ") for line in short[2:]] == [what for what, _ in table.CHOSEN]
    aims = [(line, re.search(r"\| ([\d.]+) \| <= ([\d.]+) \|$", line)) for line in whole]
    misses = {line for line, found in aims if found and float(found[1]) > float(found[2])}
    assert not misses or misses & set(short)
