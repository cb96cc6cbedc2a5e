"""Four methods for a Bessel function, against mpmath, and what the text says of each."""

import math

import mpmath as mp
import numpy as np
import pytest

from svae_course.chapter_A import figures
from svae_course.chapter_A.methods import (
    METHODS,
    continued_fraction,
    debye_polynomials,
    errors,
    large_argument,
    power_series,
    terms_needed,
    truth,
    uniform,
)


@pytest.mark.parametrize(
    ("method", "order", "x", "terms"),
    [(power_series, 0, 2.5, 40), (power_series, 700.5, 30, 40), (large_argument, 3, 60, 25), (uniform, 40, 7, 20)],
)
def test_the_logarithm_by_each_method_where_it_is_good(method, order, x, terms):
    """The rounding of logarithms of some thousands is the whole error."""
    with mp.workdps(40):
        exact = float(mp.log(mp.besseli(order, x)))
    assert method(order, x, terms)[-1] == pytest.approx(exact, rel=1e-14, abs=1e-14)


@pytest.mark.parametrize(("order", "x"), [(0, 1e-3), (0.5, 10.0), (1000, 3.0), (20, 900.0)])
def test_the_ratio_by_its_continued_fraction(order, x):
    with mp.workdps(40):
        exact = float(mp.besseli(order + 1, x) / mp.besseli(order, x))
    assert continued_fraction(order, x, 300)[-1] == pytest.approx(exact, rel=1e-14)


def test_two_steps_of_the_fraction_by_hand():
    b = [2 * (1.5 + k) / 0.7 for k in (1, 2)]
    np.testing.assert_allclose(continued_fraction(1.5, 0.7, 2), [1 / b[0], 1 / (b[0] + 1 / b[1])])


def test_orders_and_arguments_are_broadcast():
    v, x = np.array([[0.0], [3.0]]), np.array([1.0, 2.0, 40.0])
    for name, method in METHODS.items():
        both = method.values(v, x, 9)
        assert both.shape == (9, 2, 3), name
        np.testing.assert_array_equal(both[:, 1, 2], method.values(3.0, 40.0, 9))
    np.testing.assert_allclose(truth(v, x)[1, 0], math.log(0.022168424924331902))  # I_3(1)


def test_at_order_0_the_uniform_expansion_is_that_for_large_arguments():
    np.testing.assert_allclose(uniform(0.0, 30.0, 20), large_argument(0.0, 30.0, 20), rtol=1e-14)
    np.testing.assert_allclose(debye_polynomials(3)[2] * 1152, [0, 0, 81, 0, -462, 0, 385])  # DLMF 10.41.10


def test_the_divergent_expansion_is_best_after_2x_terms_and_half_integer_orders_end_it():
    found = errors("large argument", 0.0, 5.0, 60)
    assert found.argmin() + 1 == pytest.approx(2 * 5, abs=2)
    assert 0.01 < found.min() * math.exp(10) < 1 and found[-1] > 1e6
    ended = errors("large argument", 2.5, 10.0, 60)
    np.testing.assert_allclose(ended[3:], ended[3], rtol=1e-4)
    assert ended[3] < 4 * math.exp(-20)


def test_the_fraction_takes_the_root_of_x_and_the_series_x():
    x = np.array([100.0, 400.0, 1600.0])
    steps = terms_needed("continued fraction", 0.0, x)
    np.testing.assert_allclose(steps, np.sqrt(10 * math.log(10) * x), rtol=0.05)
    terms = terms_needed("power series", 0.0, x[:2])
    assert 3 < terms[1] / terms[0] < 4
    assert terms_needed("power series", 0.0, np.array([1e4]))[0] == math.inf


def test_no_number_of_terms_that_is_too_small_is_enough():
    needed = int(terms_needed("uniform", 10.0, 3.0))
    found = errors("uniform", 10.0, 3.0, 20)
    assert found[needed - 1] <= 1e-10 < found[: needed - 1].min()


def test_upward_loses_every_digit_and_downward_none():
    for x, gone in ((1.0, 10), (10.0, 22), (100.0, 59)):
        exact = np.exp(truth(np.arange(61), x))
        up, down = (np.abs(walk(x, 60) / exact - 1) for walk in (figures._up, figures._down))
        assert int(np.argmax(up > 1)) == pytest.approx(gone, abs=1)
        assert down.max() < 1e-13


def test_every_figure_is_drawn():
    maps = [figures.error_maps(name, (2, 5)) for name in METHODS]
    for picture in (figures.magnitudes(), figures.up_or_down(), figures.two_together(), figures.costs(most=200), *maps):
        assert picture.get_suptitle() and all(axes.get_xlabel() for axes in picture.axes[:2])
