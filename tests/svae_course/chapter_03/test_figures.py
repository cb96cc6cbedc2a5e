import numpy as np
import pytest

from svae_course.chapter_03.figures import by_dimension, ranges_overlap, seed_comparison


def run(space, seed, kl, reconstruction, log_likelihood):
    figures = {"test_kl": kl, "test_reconstruction": reconstruction, "test_log_likelihood": log_likelihood}
    return {"latent_space": space, "seed": seed, **figures}


RUNS = [
    run("s10", 0, 20.0, -78.0, -93.0),
    run("e10", 0, 19.0, -79.0, -94.0),
    run("e2", 0, 7.0, -130.0, -136.0),
    run("s2", 1, 7.5, -127.0, -133.0),
    run("e2", 1, 7.2, -131.0, -137.0),
    run("s3", 0, 9.0, -115.0, -120.0),
    run("p2", 0, 1.0, -1.0, -1.0),
    run("s1,s1", 0, 1.0, -1.0, -1.0),
]


def test_runs_are_compared_where_both_families_have_some():
    """S^3 has no flat partner, Power Spherical posteriors and products are no vMF on one sphere: left out."""
    assert by_dimension(RUNS, "test_kl") == {
        2: {"Gaussian": [7.0, 7.2], "vMF": [7.5]},
        10: {"Gaussian": [19.0], "vMF": [20.0]},
    }


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ([1, 3], [2, 4], True),
        ([2, 4], [1, 3], True),
        ([1, 9], [4, 5], True),  # one inside of the other
        ([4, 5], [1, 9], True),
        ([1, 2], [2, 3], True),  # they touch
        ([1, 2], [3], False),
        ([3], [1, 2], False),
    ],
)
def test_ranges_overlap_where_they_have_a_point_in_common(first, second, overlap):
    assert ranges_overlap(first, second) is overlap


def test_every_seed_is_drawn_above_the_gaussian_mean_of_its_dimension():
    rate, distortion, likelihood = (drawn(axes) for axes in seed_comparison(RUNS).axes)
    np.testing.assert_allclose(rate["Gaussian"], [-0.1, 0.1, 0.0])
    np.testing.assert_allclose(rate["vMF"], [0.4, 1.0])
    np.testing.assert_allclose(distortion["Gaussian"], [-0.5, 0.5, 0.0])  # minus the reconstruction
    np.testing.assert_allclose(distortion["vMF"], [-3.5, -1.0])
    np.testing.assert_allclose(likelihood["vMF"], [3.5, 1.0])


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
