"""The gallery and its panel: what is stored shows what the answers say, and the browser shows what is stored."""

import math

import numpy as np
import pytest

from svae_course import stored_runs
from svae_course.chapter_10 import figures
from svae_course.chapter_10.exhibits import EXHIBITS, FAILURES
from svae_course.chapter_10.gallery import SHOWN, evidence, load_gallery, scores
from svae_course.chapter_10.panel import FailuresPanel, facts
from svae_lib.errors import InputError
from tests.tree import ROOT

MODULE = ROOT / "svae_course/chapter_10/panel.js"


@pytest.fixture(scope="module")
def stored():
    return (*load_gallery(), stored_runs("results/10_patches.json"))


def by_failure(records, failure):
    return next(record for each, record in zip(EXHIBITS, records, strict=True) if each.failure == failure)


def test_every_failure_has_one_run():
    assert sorted(each.failure for each in EXHIBITS) == sorted(FAILURES)


def test_the_healthy_run_is_healthy(stored):
    found = by_failure(stored[0], "nothing is wrong")
    (low, *_), *_ = found["concentration"]
    assert found["information"] > 3 and low > 10 * found["floor"]


def test_a_collapsed_code_knows_nothing(stored):
    found = by_failure(stored[0], "collapse")
    assert abs(found["information"]) < 0.05 and found["collapsed"] == 1 and found["active"] == 0


def test_most_of_twenty_spheres_are_near_their_floor(stored):
    found = by_failure(stored[0], "κ at its floor")
    medians = [each[2] for each in found["concentration"]]
    assert len(medians) == 20 and sum(median < 1.5 * found["floor"] for median in medians) > 10


def test_a_darker_file_scores_higher_by_its_unit(stored):
    dark, healthy = by_failure(stored[0], "bad scale"), by_failure(stored[0], "nothing is wrong")
    assert dark["test_log_likelihood"] - healthy["test_log_likelihood"] > 192 * math.log(8) - 100


def test_leaked_images_are_closer_and_score_higher_than_fresh_ones(stored):
    found = by_failure(stored[0], "leak between splits")
    assert found["nearest"][2] < 0.8 * by_failure(stored[0], "nothing is wrong")["nearest"][2]
    assert found["test_log_likelihood"] > found["fresh_log_likelihood"] + 3


def test_few_images_are_learned_by_heart_and_a_short_training_still_rises(stored):
    few, short = by_failure(stored[0], "too few images"), by_failure(stored[0], "stopped too early")
    assert few["train"][-1] - few["validation"][-1] > 20
    assert max(few["validation"]) > few["validation"][-1] + 5
    assert short["train"][-1] - short["train"][-3] > 3


def test_the_claim_of_one_seed_is_no_more_than_the_spread_of_seeds(stored):
    place = next(i for i, each in enumerate(EXHIBITS) if each.failure == "too few seeds")
    (new, *_), (old, *_), seeds = (each for _, each, _ in evidence(EXHIBITS[place], stored[0][place], stored[2]))
    assert len(seeds) >= 3 and new == max(seeds) and old == min(seeds)
    assert new == stored[0][place]["test_log_likelihood"]


def test_damaged_or_missing_files_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr("svae_course.chapter_10.gallery.stored", lambda name: tmp_path / "none")
    with pytest.raises(InputError, match="git checkout"):
        load_gallery()


def test_the_browser_has_the_stored_images_and_words(evaluate, stored):
    records, images, runs = stored
    panel = FailuresPanel(*stored)
    places = [(0, 0, 0), (3, 1, 4), (len(EXHIBITS) - 1, 3, SHOWN - 1)]
    call = "it.places.map((at) => m.imageOf(new DataView(new Uint8Array(it.pixels).buffer), ...at))"
    found = evaluate(MODULE, call, {"places": places, "pixels": list(panel.pixels)})
    for at, values in zip(places, found, strict=True):
        assert values == np.moveaxis(images[at], 0, -1).ravel().tolist()
    told = facts(records, runs)
    words = evaluate(MODULE, "it.map((fact) => [1, 2, 3, 4].map((clues) => m.inWords(fact, clues)))", told)
    for fact, (one, two, three, four) in zip(told, words, strict=True):
        assert one.startswith(f"“{fact['claim']}”") and len(one) < len(two) < len(three) < len(four)
        assert f"{fact['train'][-1]:.1f}" in two and f"{fact['information']}" in three
        assert fact["failure"] not in three.lower() and f"Answer: {fact['failure']}; {fact['why']}" in four
        for _, scored, control in fact["evidence"]:
            assert all(f"{score:.1f}" in four and (control or f"{score:.1f}" in three) for score in scored)


def test_figures_show_every_run(stored):
    records, images, runs = stored
    assert len(figures.gallery_rows(records, images, (1, 2), "two").axes) == 8
    rows = {space: scores(runs, space) for space in ("s5", "e5")}
    assert [text.get_text() for text in figures.seeds(rows).axes[0].get_yticklabels()] == ["S⁵", "R⁵"]
