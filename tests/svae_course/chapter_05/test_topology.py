"""Scores of topology: what leaves them alone, what turns their sign, what they are of codes without any knowledge."""

import numpy as np
import pytest

from svae_course.chapter_05.scores import topology
from svae_course.chapter_05.shapes import turn
from svae_course.chapter_05.topology import along, backward, nearest, neighbors_kept, turns, winding
from svae_lib import build_vae

ANGLE = np.linspace(-np.pi, np.pi, 361)


@pytest.mark.parametrize("times", [-3, -1, 1, 2, 5])
def test_winding_counts_turns_whatever_the_start_the_size_and_a_fold(times):
    path = turn(times * ANGLE + 0.4 * np.sin(5 * ANGLE))[:-1] * (1 + 0.5 * np.cos(3 * ANGLE[:-1]))[:, None]
    assert winding(path) == times
    assert winding(7 * np.roll(path, 100, 0)) == winding(path @ [[0, 1], [-1, 0]]) == times
    assert winding(path[::-1]) == winding(path * [1, -1]) == -times
    assert winding(path + [9, 0]) == 0


def test_turns_go_on_where_an_angle_would_jump():
    assert np.allclose(turns(turn(2 * ANGLE)), np.linspace(0, 2, 361))


def test_backward_is_the_part_that_returns():
    assert backward(ANGLE) == backward(-ANGLE) == 0
    assert backward(np.abs(ANGLE)) == 0.5
    assert backward(along(turn(3 * ANGLE))) == 0
    assert backward(along(turn(ANGLE) + [5, 1])) == 0  # of a plane's path, about its own middle


def test_neighbors_survive_what_keeps_order_and_not_what_shuffles():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 3))
    rotated = 5 * points @ np.linalg.qr(rng.normal(size=(3, 3)))[0] + 2
    assert neighbors_kept(points, rotated) == 1
    order = rng.permutation(300)
    codes = points**3
    assert neighbors_kept(points[order], codes[order]) == pytest.approx(neighbors_kept(points, codes))
    # of 3,000 neighbors 10 / 299 are kept by chance: five standard deviations are 0.016
    assert neighbors_kept(points, rng.normal(size=(300, 3))) == pytest.approx(10 / 299, abs=0.02)


def test_nobody_is_its_own_neighbor():
    points = np.zeros((30, 2))
    assert all(number not in near for number, near in enumerate(nearest(points, 5)))


@pytest.mark.parametrize(
    ("shape", "space", "scored"),
    [
        ("circle", "s1", {"neighbors_kept", "backward", "winding"}),
        ("circle", "e1", {"neighbors_kept", "backward"}),
        ("arc75", "e1", {"neighbors_kept", "backward"}),
        ("arc75", "e2", {"neighbors_kept"}),
        ("clusters", "s1", {"neighbors_kept"}),
        ("circle", "2xs1", {"neighbors_kept"}),
        ("sphere", "s2", {"neighbors_kept"}),
    ],
)
def test_a_model_has_the_scores_that_mean_something_for_it(shape, space, scored):
    found = topology(build_vae((10, 10), space, hidden=(8,), likelihood="gaussian"), shape)
    assert found.keys() == scored
    assert 0 <= found["neighbors_kept"] <= 1
