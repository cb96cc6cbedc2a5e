"""Chances over seeds, in Python and in the browser; what the claims of exercise 6.4 stand on."""

import numpy as np
import pytest
from scipy import stats

from svae_course.chapter_06 import figures, seeds
from svae_course.chapter_06.panel import CRITICAL, SeedsPanel, static_preview, words
from svae_course.stored_files import stored_runs
from svae_lib.comparison import compare
from tests.tree import ROOT

PANEL = ROOT / "svae_course/chapter_06/panel.js"
SETTINGS = [(d, s, n) for d in (0.0, 0.05, 0.5, 3.0) for s in (0.05, 0.5, 2.0) for n in (1, 2, 3, 7, 20)]


@pytest.fixture(scope="module")
def small():
    return figures.by_name(stored_runs("results/heads_mnist_5k.json"))


def test_chances_agree_with_experiments_drawn_at_random():
    """20,000 experiments: a frequency is within 0.015 of its chance, four standard deviations."""
    rng = np.random.default_rng(0)
    for difference, spread, n in ((0.5, 0.5, 3), (0.9, 0.7, 5), (0.0, 1.0, 4)):
        first, second = rng.normal([[[difference]], [[0]]], spread, (2, 20_000, n))
        wrong = np.mean(first.mean(-1) < second.mean(-1))
        separated = np.mean(stats.ttest_ind(first, second, axis=-1).pvalue < 0.05)
        assert wrong == pytest.approx(seeds.wrong_winner(difference, spread, n), abs=0.015)
        assert separated == pytest.approx(seeds.power(difference, spread, n), abs=0.015)
    assert seeds.power(0.0, 1.0, 9) == pytest.approx(0.05)


def test_the_power_is_that_of_the_noncentral_t_distribution_where_scipy_has_it():
    for difference, n in ((0.5, 2), (1.0, 7), (0.2, 20)):
        freedom, shift, critical = 2 * n - 2, difference / np.sqrt(2 / n), CRITICAL[n - 2]
        exact = stats.nct.sf(critical, freedom, shift) + stats.nct.cdf(-critical, freedom, shift)
        assert seeds.power(difference, 1.0, n) == pytest.approx(exact, rel=1e-9)


def test_the_browser_computes_the_same(evaluate):
    """1e-9, relative; a chance below 1e-290 may be 0."""
    x = [-8.0, -2.5, -0.3, 0.0, 1e-3, 0.7, 2.49, 2.5, 6.0, 30.0]
    np.testing.assert_allclose(evaluate(PANEL, "it.map(m.normalTail)", x), stats.norm.sf(x), rtol=1e-9)
    found = evaluate(PANEL, "it.map((s) => m.wrongWinner(...s))", SETTINGS)
    np.testing.assert_allclose(found, [seeds.wrong_winner(*each) for each in SETTINGS], rtol=1e-9, atol=1e-290)
    tested = [(*each, CRITICAL[each[2] - 2]) for each in SETTINGS if each[2] > 1]
    found = evaluate(PANEL, "it.map((s) => m.power(...s))", tested)
    np.testing.assert_allclose(found, [seeds.power(*each[:3]) for each in tested], rtol=1e-9)
    found = evaluate(PANEL, "it.map((s) => m.repeated(...s))", SETTINGS)
    np.testing.assert_allclose(found, [seeds.repeated(*each) for each in SETTINGS], rtol=1e-9, atol=1e-12)


def test_deals_hold_the_observed_one_first_and_all_of_them():
    scores, others = [1.0, 4.0, 9.0], [2.0, 3.0]
    differences = seeds.deals(scores, others)
    assert len(differences) == 10 and differences[0] == pytest.approx(np.mean(scores) - np.mean(others))
    assert np.mean(differences) == pytest.approx(0)


def test_all_seeds_are_never_reversed_and_one_seed_is_counted_by_pairs():
    scores, others = [1.0, 3.0, 5.0], [0.0, 2.0, 4.0]
    assert seeds.reversed_in(scores, others, 3) == 0
    assert seeds.reversed_in(scores, others, 1) == pytest.approx(3 / 9)


def test_the_five_claims_are_as_exercise_4_judges_them(small):
    large = figures.by_name(stored_runs("results/mnist.json"))
    assert compare(large["s2, new head"], large["e2"]).verdict == "higher"
    assert compare(small["s2, new head"], small["s2, squared softplus"]).verdict == "not separated"


def test_with_three_seeds_the_permutation_test_cannot_reach_five_percent(small):
    assert compare([3.0, 4.0, 5.0], [0.0, 0.1, 0.2]).permutation == pytest.approx(0.1)


def test_the_figures_show_what_they_say(small):
    one, two = small["s10, new head"], small["s10, squared softplus"]
    titles = [figures.permutation_null(one, two, ("a", "b")).axes[0].get_title(loc="left")]
    assert titles == ["10 of 252 splits are as far from 0 as observed"]
    lost, tested = (axes.lines[1].get_ydata() for axes in figures.chances().axes)
    assert np.all(np.diff(lost) < 0) and np.all(np.diff(tested) > 0)
    assert [axes.get_title(loc="left") for axes in figures.winners_curse().axes][2].startswith("best of 30: +2.0")
    assert len(figures.seed_dots({"e10": small["e10"]}).axes[0].lines) > 0


def test_one_seed_has_no_test_and_the_preview_its_settings():
    assert words(1, 0.5, 0.5).endswith("none, for lack of a spread")
    assert len(static_preview().axes) == 3
    panel = SeedsPanel()
    panel.set(seeds=100, spread=0)
    assert panel.values == {"seeds": 20, "difference": 0.5, "spread": 0.05}
