"""Figures of chapter 05 and its panel: stored runs are whole, tables say what they hold, the browser reads them."""

import numpy as np
import pytest

from svae_course import stored, stored_runs
from svae_course.chapter_05 import figures, scores, shapes
from svae_course.chapter_05.panel import NOISES, PARTS, SPACES, CircleTestPanel, dataset, facts, keys, packed
from svae_course.chapter_05.panel import static_preview as preview
from svae_lib.errors import InputError

SHAPES, ARCS = "results/05_shapes.json", "results/05_arcs.json"


@pytest.fixture(scope="module")
def rows():
    return stored_runs(SHAPES) + stored_runs(ARCS)


@pytest.fixture(scope="module")
def codes():
    return scores.load_codes(stored("results/05_codes.safetensors"))


def test_every_shape_has_runs_in_every_space_with_both_noises(rows):
    for name in (f"{shape}_{noise}" for shape in shapes.SHAPES for noise in shapes.NOISES):
        counts = {space: len(values) for space, values in scores.by_space(rows, name).items()}
        assert counts.keys() == set(scores.SPACES)
    assert len({(row["dataset"], row["latent_space"], row["seed"]) for row in rows}) == len(rows)


def test_no_model_is_more_probable_than_the_truth(rows):
    """The test set's own chance is in both: five standard errors of a difference on 500 images are about 0.2 nats."""
    assert max(row["test_log_likelihood"] - row["true_log_likelihood"] for row in rows) < 0.2


def test_stored_commands_name_no_folder_of_the_machine(rows):
    assert all(" -d shapes/" in row["command"] for row in rows)


def test_the_table_says_what_the_runs_do(rows):
    lost, _ = scores.lost_nats(rows, "quiet")
    truth = next(row["true_log_likelihood"] for row in rows if row["dataset"] == "sphere_quiet")
    values = scores.by_space(rows, "sphere_quiet")["s2"]
    at = list(shapes.SHAPES).index("sphere"), scores.SPACES.index("s2")
    assert lost[at] == pytest.approx(truth - np.mean(values))
    texts = [text.get_text() for text in figures.table_of_shapes(rows).axes[0].texts]
    cell = texts[at[0] * len(scores.SPACES) + at[1]]
    assert cell.partition("\n± ")[0] == f"{lost[at]:.1f}"
    assert len(values) == 1 or cell.endswith(f"± {np.ptp(values) / 2:.1f}")


def test_what_a_test_does_not_separate_is_framed():
    rows = [{"dataset": "circle_quiet", "latent_space": space, "seed": seed, "test_log_likelihood": score + 0.1 * seed}
            for space, score in (("s1", 5.0), ("e2", 4.95), ("e1", 1.0)) for seed in range(5)]  # fmt: skip
    assert scores.not_below(rows, "circle_quiet") == ["s1", "e2"]


def test_the_browser_reads_the_paths_that_are_stored(codes, rows, evaluate):
    numbers = np.frombuffer(packed(codes), np.uint8).tolist()
    order = [name for percent in PARTS for name in (dataset(percent, noise) for noise in NOISES)]
    for at in range(len(order)):
        expression = "m.pathsAt(new DataView(Uint8Array.from(it[0]).buffer), it[1])"
        found = evaluate(CircleTestPanel.module, expression, [numbers, at])
        for space, path in zip(SPACES, found, strict=True):
            stored_path = codes[f"{order[at]}/{space}/0"]
            stored_path = (
                stored_path / np.linalg.norm(stored_path, axis=1, keepdims=True) if space == "s1" else stored_path
            )
            np.testing.assert_allclose(np.array(path).T, stored_path, atol=0.5 / 4096 + 1e-9)


def test_the_status_line_says_the_facts(rows, evaluate):
    found = dict(zip(keys(), facts(rows), strict=True))
    lost, back, winding = found["circle_noisy", "s1"]
    said = evaluate(CircleTestPanel.module, "m.inWords('circle', it)", [lost, back, winding])
    assert said.startswith(f"circle: {lost:.1f} nats below the truth, {back} % of its way backward, winds ")
    assert (
        evaluate(CircleTestPanel.module, "m.inWords('plane', [0.5, null, null])") == "plane: 0.5 nats below the truth"
    )
    assert evaluate(CircleTestPanel.module, "m.inWords('circle', [0, 0, -1])").endswith("winds once")


def test_the_panel_from_code(codes, rows):
    panel = CircleTestPanel(codes, rows)
    panel.set(covered=90, noise=0.1)
    assert panel.values == {"covered": 100, "noise": 0.12}  # the nearest that was trained
    panel.set(**panel.presets[0][1])
    assert panel.values == panel.presets[0][1]
    with pytest.raises(InputError, match="no codes or no scores of .*arc50_quiet.*git checkout"):
        CircleTestPanel({}, rows)


def test_pictures_have_an_axes_for_what_they_show(codes, rows):
    assert len(preview(codes).axes) == 9
    assert len(figures.shapes_and_images().axes) == 18
    assert len(figures.neighbors_table(rows).axes) == 2
    assert len(figures.dots_of_seeds(rows, ("circle_quiet",)).axes) == 1
    curve = {space: codes[f"circle_quiet/{space}/0"] for space in SPACES}
    assert [axes.get_title(loc="left") for axes in figures.curve_codes(curve, "t").axes] == ["line", "circle", "plane"]


def test_missing_codes_are_named_with_their_cure(tmp_path):
    with pytest.raises(InputError, match="none.safetensors is missing or damaged: `git checkout"):
        scores.load_codes(tmp_path / "none.safetensors")
