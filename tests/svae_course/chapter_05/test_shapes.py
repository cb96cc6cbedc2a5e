"""Data of known shapes: their geometry, their files, and the log-likelihood of what made them."""

import math

import numpy as np
import pytest

from svae_course.chapter_05 import scores, shapes
from svae_lib import load_dataset

EVERY = [*shapes.SHAPES, *shapes.ARCS]
MADE = shapes.SHAPES | shapes.ARCS


@pytest.mark.parametrize("shape", EVERY)
def test_a_grid_has_the_moments_of_random_points(shape):
    """Means and second moments of 40,000 points, each within five of its standard errors: a million to one."""
    points, (nodes, weights) = MADE[shape](40_000, np.random.default_rng(1)), scores.grid(shape)
    assert weights.min() >= 0 and math.isclose(weights.sum(), 1)
    for power in (1, 2):
        products = points**power
        error = products.std(0) / math.sqrt(len(points))
        assert (np.abs(products.mean(0) - weights @ nodes**power) <= 5 * error + 1e-3).all()  # 1e-3: the grid's own


@pytest.mark.parametrize("shape", ["circle", "clusters", "sphere", "torus"])
def test_points_are_of_length_one_a_factor(shape):
    points, _ = shapes.data(shape, 0.1, count=50)
    factors = points.reshape(50, -1, 2) if shape == "torus" else points[:, None]
    assert np.allclose(np.linalg.norm(factors, axis=-1), 1)


def test_noise_is_what_its_name_says_and_seldom_leaves_the_range():
    for noise in shapes.NOISES.values():
        points, images = shapes.data("circle", noise)
        rest = images / 255 - shapes.pixels(points)
        assert math.isclose(rest.std(), noise, rel_tol=0.02)
        assert np.isin(images, (0, 255)).mean() < 0.005


def test_a_file_is_read_as_it_was_made(tmp_path):
    data = load_dataset(shapes.write(tmp_path / "new", "arc75_noisy"))
    assert data.name == "arc75_noisy"
    assert [len(split) for split in (data.train, data.validation, data.test)] == [4000, 500, 500]
    again = load_dataset(shapes.write(tmp_path, "arc75_noisy"))
    assert data.fingerprint == again.fingerprint


@pytest.mark.parametrize("noise", shapes.NOISES.values())
def test_on_average_the_truth_is_more_probable_than_any_other_shape(noise):
    """Gibbs' inequality, within five standard errors of the mean of differences."""
    for shape in ("circle", "clusters", "arc75"):
        images = shapes.data(shape, noise, count=150, seed=3)[1] / 255
        own = scores.true_log_likelihood(images, shape, noise)
        for other in ("circle", "clusters", "arc75"):
            gain = own - scores.true_log_likelihood(images, other, noise)
            assert other == shape or gain.mean() > -5 * gain.std() / math.sqrt(len(gain))
        assert own.mean() > scores.true_log_likelihood(images, shape, 1.3 * noise).mean()


def test_the_true_log_likelihood_of_a_circle_is_an_integral():
    """Against the rectangle rule with ten times as many nodes, which converges exponentially: 1e-9 is rounding."""
    images = shapes.data("circle", 0.12, count=5)[1] / 255
    nodes = shapes.pixels(shapes.turn(np.linspace(0, 2 * np.pi, 20_000, endpoint=False)))
    squares = ((images[:, None] - nodes) ** 2).sum((-1, -2)) / (2 * 0.12**2)
    exact = np.log(np.exp(-squares + squares.min(1, keepdims=True)).mean(1)) - squares.min(1)
    exact -= 100 * math.log(0.12 * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(scores.true_log_likelihood(images, "circle", 0.12), exact, rtol=1e-9)
