import json
import re

import numpy as np
import pytest

from svae_course.chapter_03.figures import (
    ARMS,
    BEST,
    GAUSSIAN,
    PAPERS,
    by_dimension,
    scale_story,
    score_table,
    seed_comparison,
)
from svae_course.chapter_03.scale import SETTINGS, at_the_start, build, width
from svae_lib import load_dataset
from svae_lib.datasets import held_out_images
from tests.tree import ROOT

AS_IN_THE_PAPERS = {"radius": 1.0, "concentration_head": "softplus"}
AT_ITS_BEST = {"radius": "sqrt_m", "concentration_head": "inverse_variance"}


def run(space, seed, kl, reconstruction, log_likelihood, settings=AS_IN_THE_PAPERS):
    figures = {"test_kl": kl, "test_reconstruction": reconstruction, "test_log_likelihood": log_likelihood}
    return {"latent_space": space, "seed": seed, **figures} | ({} if space[0] == "e" else settings)


RUNS = [
    run("s10", 0, 20.0, -78.0, -93.0),
    run("e10", 0, 19.0, -79.0, -94.0),
    run("s10", 0, 20.5, -77.5, -92.5, AT_ITS_BEST),
    run("s10", 1, 20.7, -77.2, -92.3, AT_ITS_BEST),
    run("e2", 0, 7.0, -130.0, -136.0),
    run("s2", 1, 7.5, -127.0, -133.0),
    run("e2", 1, 7.2, -131.0, -137.0),
    run("s3", 0, 9.0, -115.0, -120.0),
    run("p2", 0, 1.0, -1.0, -1.0),
    run("s1,s1", 0, 1.0, -1.0, -1.0),
    run("s2", 0, 1.0, -1.0, -1.0, {"radius": "sqrt_m", "concentration_head": "exp"}),
]


def test_runs_are_compared_where_a_gaussian_and_another_arm_have_some():
    """S^3 has no flat partner; Power Spherical posteriors, products and other heads are in no arm: left out."""
    assert by_dimension(RUNS, "test_kl") == {
        2: {GAUSSIAN: [7.0, 7.2], PAPERS: [7.5]},
        10: {GAUSSIAN: [19.0], PAPERS: [20.0], BEST: [20.5, 20.7]},
    }


def test_every_seed_is_drawn_above_the_gaussian_mean_of_its_dimension():
    rate, distortion, likelihood = (drawn(axes) for axes in seed_comparison(RUNS).axes)
    np.testing.assert_allclose(rate[GAUSSIAN], [-0.1, 0.1, 0.0])
    np.testing.assert_allclose(rate[PAPERS], [0.4, 1.0])
    np.testing.assert_allclose(rate[BEST], [1.5, 1.7])
    np.testing.assert_allclose(distortion[GAUSSIAN], [-0.5, 0.5, 0.0])  # minus the reconstruction
    np.testing.assert_allclose(distortion[PAPERS], [-3.5, -1.0])
    np.testing.assert_allclose(likelihood[PAPERS], [3.5, 1.0])
    np.testing.assert_allclose(likelihood[BEST], [1.5, 1.7])


def drawn(axes) -> dict[str, list[float]]:
    handles, names = axes.get_legend_handles_labels()
    color = {handle.get_color(): name for handle, name in zip(handles, names, strict=True)}
    found = {name: [] for name in names}
    for line in axes.lines:
        if line.get_color() in color:
            found[color[line.get_color()]] += list(line.get_ydata())
    return found


def test_the_dimensions_are_named_in_order():
    for axes in seed_comparison(reversed(RUNS)).axes:
        assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "10"]


def test_the_table_compares_each_arm_with_the_gaussian_and_tests_only_what_has_seeds():
    lines = score_table(RUNS)
    assert [tuple(re.split(r"  +", line.strip())[:2]) for line in lines] == [
        ("2", GAUSSIAN), ("2", PAPERS), ("10", GAUSSIAN), ("10", PAPERS), ("10", BEST)]  # fmt: skip
    assert lines[1].endswith("-133.00            +3.50  one seed: no test")
    arms = ("e2", -136, {}), ("s2", -133, AT_ITS_BEST), ("s2", -136, AS_IN_THE_PAPERS)
    five = [run(space, seed, 7.0, -130.0, mean + 0.1 * seed, settings) for seed in range(5)
            for space, mean, settings in arms]  # fmt: skip
    gaussian, papers, best = score_table(five)
    assert gaussian.endswith("-135.80 ± 0.20")
    assert papers.endswith("+0.00  p = 1.000")
    assert best.endswith("+3.00  p < 0.001")


def test_the_stored_runs_have_every_arm_and_the_dimensions_of_the_first_paper():
    table = by_dimension(json.loads((ROOT / "notebooks/results/mnist.json").read_bytes()), "test_log_likelihood")
    assert {2, 5, 10} <= set(table)
    assert set().union(*table.values()) == set(ARMS)


@pytest.fixture(scope="module")
def starts():
    images = held_out_images(load_dataset("mnist_5k").validation[:100], build("Gaussian").likelihood)
    return {setting: at_the_start(build(setting), images) | {"width now": width(build(setting), images)}
            for setting in SETTINGS}  # fmt: skip


def test_the_scales_at_the_start_are_what_the_chapter_says(starts):
    papers, radius, best, gaussian = starts.values()
    assert papers["code"] == pytest.approx(1 / 11**0.5, abs=1e-5)  # every code of the unit sphere has length one
    assert radius["code"] == best["code"] == pytest.approx(1, abs=1e-5)
    assert papers["code"] < gaussian["code"] < 1  # posteriors are not as wide as the prior, their means near 0
    assert papers["width"] < gaussian["width"] / 5 and papers["width"] < best["width"] / 10
    assert papers["width now"] > 1 > best["width now"]


def test_the_stored_record_is_of_these_settings_and_is_drawn():
    records = json.loads((ROOT / "notebooks/results/03_scale.json").read_bytes())
    assert list(records) == list(SETTINGS)
    start, widths, bound = scale_story(records).axes
    heights = [bar.get_height() for bar in start.patches]
    assert heights == [each["start"][part] for each in records.values() for part in ("where", "width")]
    for axes, key in ((widths, "width"), (bound, "validation_elbo")):
        assert [list(line.get_ydata()) for line in axes.lines] == [each[key] for each in records.values()]
