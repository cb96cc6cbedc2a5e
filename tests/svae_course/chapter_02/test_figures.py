"""Figures of chapter 02: the KL and its limits, what the figures show, and where the naive formula fails."""

import numpy as np
import pytest
import torch

from svae_course.chapter_02 import exercises, figures
from svae_course.chapter_02.figures import digits_kept, naive_kl
from svae_course.vmf import floor_kl, kl_on_radius, kl_to_uniform, limit_correlation, limit_kl, marginal_density
from svae_lib.ops.bessel import bessel_ratio

DIMS = [2, 3, 11, 101, 1001]


def line(axes, number=0):
    return axes.lines[number].get_xydata().T


@pytest.mark.parametrize("m", DIMS)
def test_the_kl_of_small_concentrations_is_kappa_squared_over_2m(m):
    assert kl_to_uniform(m, 1e-3) == pytest.approx(1e-6 / (2 * m), rel=1e-6)  # the next term is of order kappa^4


@pytest.mark.parametrize(("m", "kappa"), [(3, 10.0), (11, 10.0), (101, 10.0), (101, 101.0)])
def test_the_kl_on_the_sphere_is_the_kl_of_the_distribution_of_w(m, kappa):
    w = np.linspace(-1, 1, 400_001)[1:-1]
    vmf, uniform = marginal_density(kappa, m, w), marginal_density(0.0, m, w)
    seen = vmf > 0  # where the vmf underflows its share of the integral is 0
    integrand = vmf[seen] * np.log(vmf[seen] / uniform[seen])
    assert integrand.sum() * (w[1] - w[0]) == pytest.approx(kl_to_uniform(m, kappa), rel=1e-3)


@pytest.mark.parametrize("ratio", [0.01, 0.1, 1.0, 10.0, 100.0])
def test_kl_per_coordinate_and_the_mean_of_w_tend_to_their_limits_as_one_over_m(ratio):
    kappas = {m: torch.tensor(ratio * m, dtype=torch.float64) for m in (1000, 4000)}
    gaps = [kl_to_uniform(m, kappa) / m - limit_kl(ratio) for m, kappa in kappas.items()]
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.02)
    means = [bessel_ratio(m / 2 - 1, kappa).item() - limit_correlation(ratio) for m, kappa in kappas.items()]
    assert means[0] / means[1] == pytest.approx(4, rel=0.02)


def test_the_collapse_draws_every_sphere_and_the_limit():
    left, right = figures.kl_collapse((3, 101), (1,)).axes
    a, limit = line(left, 2)
    np.testing.assert_allclose(limit, limit_kl(a))
    np.testing.assert_allclose(line(left, 1)[1], limit, rtol=0.02)
    assert abs(line(left)[1] / limit - 1).max() > 0.1  # S^2 is not yet at the limit
    assert (np.diff(line(right)[1]) < 0).all()


def test_the_curves_rise_with_kappa_and_have_one_summit_over_m():
    left, right = figures.kl_curves((2, 41), (1, 10)).axes
    assert all((np.diff(curve.get_ydata()) > 0).all() for curve in left.lines)
    ten = max(right.lines, key=lambda curve: max(curve.get_ydata()))
    steps = np.sign(np.diff(ten.get_ydata())) if len(ten.get_xdata()) > 1 else np.array([])
    dot = next(each for each in right.lines if len(each.get_xdata()) == 1 and each.get_xdata()[0] > 2)
    assert dot.get_xdata()[0] == 8
    assert (np.diff(steps) <= 0).all()


def test_the_distribution_of_w_is_drawn_with_its_mean_and_its_kl():
    axes = figures.polar_densities([(3, 10.0)], "one sphere").axes[0]
    assert axes.get_title(loc="left") == "m = 3, κ = 10: KL 2.00 nats"
    for number in (0, 1):
        w, density = line(axes, number)
        assert density.sum() * (w[1] - w[0]) == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(line(axes)[1], 0.5)  # Archimedes: on S^2 the uniform w is flat
    assert line(axes, 2)[0] == pytest.approx([0.9, 0.9], abs=1e-6)


def test_the_floor_is_paid_by_every_factor():
    assert floor_kl("s2") == pytest.approx(0.1516, abs=1e-4)
    assert floor_kl("20xs2") == pytest.approx(20 * floor_kl("s2"))
    assert floor_kl("s2,s4") == pytest.approx(floor_kl("s2") + floor_kl("s4"))
    assert floor_kl("s2", floor=0.0) == 0
    left, _ = figures.concentration_floor(1.0, (3,)).axes
    with_floor, without = (curve.get_ydata() for curve in left.lines)
    assert with_floor.min() > floor_kl("s2") > 0.9 * with_floor.min()
    assert without.min() < 1e-6


@pytest.mark.parametrize("radius", [0.5, 1.0, 2.0])
def test_the_kl_does_not_see_the_radius(radius):
    assert kl_on_radius(11, 10.0, radius).item() == pytest.approx(float(kl_to_uniform(11, 10.0)), rel=1e-12)


def test_the_largest_area_is_a_matter_of_the_unit_of_length():
    left, right = figures.surface_areas().axes
    names = [text.get_text() for text in left.get_legend().get_texts()]
    assert names == ["radius 0.5: m = 3", "radius 1: m = 7", "radius 2: m = 26"]
    assert len(right.lines) == 4


def test_the_picture_of_exercise_2_3_does_not_enlarge_rounding_errors():
    picture = exercises.ex2_3(
        lambda m, kappa, A, log_C, log_area, r: torch.tensor([kappa * A + log_C, -log_area]) - (m - 1) * np.log(r)
    )
    low, high = picture.axes[0].get_ylim()
    assert low <= 0 < 2 < high


@pytest.mark.parametrize(("m", "kappa"), [(2, 1.0), (3, 10.0), (41, 50.0), (101, 101.0)])
def test_where_it_does_not_underflow_the_naive_formula_is_right(m, kappa):
    assert naive_kl(m, np.array([kappa]))[0] == pytest.approx(float(kl_to_uniform(m, kappa)), rel=1e-9)


def test_digits_are_counted_and_what_is_not_finite_is_nan():
    kappas = np.array([1.0, 10.0])
    digits = digits_kept(lambda m, k: kl_to_uniform(m, k) * (1 + 1e-5), [3, 11], kappas)
    np.testing.assert_allclose(digits, 5, atol=1e-6)
    assert np.isnan(digits_kept(lambda m, k: k / 0.0 if m == 3 else 0 * k, [3], kappas)).all()
    assert (digits_kept(lambda m, k: 0 * k, [3], kappas) == 0).all()


def test_the_map_is_drawn_for_the_readers_own_function():
    panels = figures.where_naive_kl_fails(lambda m, kappa: np.where(kappa > 1, kl_to_uniform(m, kappa), np.nan)).axes[
        :2
    ]
    assert [axes.get_title(loc="left")[:7] for axes in panels] == ["float32", "float64"]
    for axes in panels:
        digits = np.ma.filled(axes.collections[1].get_array(), np.nan)
        assert np.isnan(digits[0, 0]) and digits[-1, -1] > 6
