"""Comparisons over seeds: SciPy's values, what few seeds can show, and where nothing is claimed."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from svae_lib.comparison import compare, compare_all, half_width, holm, smallest_permutation_p

SIZES = [(2, 2), (3, 3), (3, 6), (5, 2), (6, 6), (7, 8)]


@pytest.mark.parametrize("n, m", SIZES)
def test_welch_is_scipys(n, m):
    generator = np.random.default_rng(n)
    a, b = generator.normal(-100, 0.3, n), generator.normal(-100.5, 1.0, m)
    found, wanted = compare(a, b), stats.ttest_ind(a, b, equal_var=False)
    assert found.welch == pytest.approx(wanted.pvalue, rel=1e-9)
    assert found.interval == pytest.approx(wanted.confidence_interval(0.95), rel=1e-9)
    assert half_width(a) == pytest.approx(np.ptp(stats.t.interval(0.95, n - 1, a.mean(), stats.sem(a))) / 2, rel=1e-9)


@pytest.mark.parametrize("n, m", SIZES)
def test_every_permutation_is_counted(n, m):
    """One decimal makes ties, which far from zero rounding would break."""
    generator = np.random.default_rng(m)
    a, b = generator.normal(0, 0.3, n).round(1), generator.normal(0.2, 0.3, m).round(1)
    wanted = stats.permutation_test((a, b), lambda x, y: np.mean(x) - np.mean(y), n_resamples=math.inf).pvalue
    assert compare(a, b).permutation == pytest.approx(wanted, rel=1e-12)
    assert compare(a - 1000, b - 1000).permutation == pytest.approx(wanted, rel=1e-12)


def test_permutations_of_many_seeds_are_drawn():
    generator = np.random.default_rng(0)
    a, b = generator.normal(0, 1, 40), generator.normal(0.5, 1, 40)
    found = compare(a, b)
    assert found == compare(a, b)
    # normal scores: both tests agree; a tail of 9,999 draws has a deviation of sqrt(p / 2 / 9999), and is doubled
    assert found.permutation == pytest.approx(found.welch, abs=0.004 + 4 * 2 * math.sqrt(found.welch / 2 / 9999))


@pytest.mark.parametrize("n, m", SIZES)
def test_few_seeds_cannot_give_a_small_p(n, m):
    apart = compare(np.arange(n), 100 + np.arange(m))
    assert apart.permutation == pytest.approx(smallest_permutation_p(n, m), rel=1e-12) and apart.difference < -90


NAN = math.nan


@pytest.mark.parametrize(
    "a, b, difference",
    [
        ([1.0, 2.0, NAN], [1.0, 2.0], NAN),
        ([1.0, math.inf], [1.0, 2.0], math.inf),
        ([math.inf, math.inf], [math.inf, math.inf], NAN),
        ([1.0, 1.0], [1.0, 1.0], 0.0),
        ([2.0, 2.0, 2.0], [1.0, 1.0], 1.0),  # no spread at all says that the seed changed nothing
        ([2.0], [1.0, 1.5], 0.75),
    ],
)
def test_where_nothing_can_be_tested_nothing_is_claimed(a, b, difference):
    found = compare(a, b)
    assert found.difference == pytest.approx(difference, nan_ok=True) and found.verdict == "no test"
    assert np.isnan([*found.interval, found.welch, found.permutation]).all()


def test_scores_without_spread_on_one_side_are_tested():
    found = compare([-100.1, -100.1, -100.1], [-90.0, -90.2, -90.3])
    assert found.verdict == "lower" and found.welch == pytest.approx(0.0001, rel=0.5)


def test_holm_is_in_the_order_given_and_counts_only_tests():
    assert holm([0.04, 0.001, 0.03, NAN]) == pytest.approx([0.06, 0.003, 0.06, NAN], nan_ok=True)
    assert holm([0.6, 0.5]) == [1.0, 1.0] and holm([]) == []


def test_scores_that_choose_the_highest_are_corrected_over_all_pairs():
    rows = dict(zip("abcd", np.random.default_rng(0).normal(size=(4, 5)), strict=True)) | {"e": [9.0]}
    pairs = list(combinations("abcd", 2))
    best, found = compare_all(rows)
    assert best == max("abcd", key=lambda name: rows[name].mean()) and list(found) == [x for x in "abcde" if x != best]
    for test in ("welch", "permutation"):
        adjusted = holm([getattr(compare(rows[x], rows[y]), test) for x, y in pairs])
        wanted = {(set(pair) - {best}).pop(): p for pair, p in zip(pairs, adjusted, strict=True) if best in pair}
        assert {name: getattr(found[name], test) for name in wanted} == pytest.approx(wanted, rel=1e-9)
    assert found["e"].verdict == "no test"


def test_a_row_named_beforehand_is_compared_with_each_other_one():
    rows = {"a": [1.0, 1.1, 1.2], "b": [2.0, 2.1, 2.3], "c": [3.0], "d": [0.0, NAN]}
    reference, found = compare_all(rows, against="a")
    assert reference == "a" and list(found) == ["b", "c", "d"]
    assert found["b"] == compare(rows["b"], rows["a"])  # the only test, so nothing to correct
    assert compare_all(rows, against="z") == ("z", {}) and compare_all({"c": [3.0], "d": [0.0, NAN]}) == (None, {})
