"""Where the naive formula dies, and the picture of the KL panel."""

import io

import numpy as np
import pytest
from PIL import Image

from svae_lib import plotting
from svae_lib.plotting.kl import kl_to_uniform
from svae_lib.plotting.underflow import KLPicture, digits_kept, first_dead_dim, naive_kl


@pytest.mark.parametrize(("m", "kappa"), [(2, 1.0), (3, 10.0), (41, 50.0), (101, 101.0)])
def test_where_it_lives_the_naive_formula_is_right(m, kappa):
    assert naive_kl(m, np.array([kappa]))[0] == pytest.approx(float(kl_to_uniform(m, kappa)), rel=1e-9)


@pytest.mark.parametrize(("dtype", "dead"), [("float32", 66), ("float64", 299)])
def test_it_dies_at_one_dimension_and_stays_dead(dtype, dead):
    one = np.ones(1, dtype=dtype)
    assert first_dead_dim(1.0, dtype) == dead
    assert np.isfinite(naive_kl(dead - 1, one)).all()
    assert not any(np.isfinite(naive_kl(m, one)).any() for m in range(dead, 1000, 50))


def test_a_dimension_that_is_never_dead_is_none():
    assert first_dead_dim(1.0, "float64", most=200) is None


def test_digits_are_counted_and_the_dead_are_nan():
    kappas = np.array([1.0, 10.0])
    digits = digits_kept(lambda m, k: kl_to_uniform(m, k) * (1 + 1e-5), [3, 11], kappas)
    np.testing.assert_allclose(digits, 5, atol=1e-6)
    assert np.isnan(digits_kept(lambda m, k: k / 0.0 if m == 3 else 0 * k, [3], kappas)).all()
    assert (digits_kept(lambda m, k: 0 * k, [3], kappas) == 0).all()


def test_the_map_is_drawn_for_the_readers_own_function():
    panels = plotting.where_naive_dies(lambda m, kappa: np.where(kappa > 1, kl_to_uniform(m, kappa), np.nan)).axes[:2]
    assert [axes.get_title(loc="left")[:7] for axes in panels] == ["float32", "float64"]
    for axes in panels:
        digits = np.ma.filled(axes.collections[1].get_array(), np.nan)
        assert np.isnan(digits[0, 0]) and digits[-1, -1] > 6


@pytest.fixture(scope="module")
def picture():
    return KLPicture()


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)


def reds(png: bytes) -> int:
    red, green, blue = np.moveaxis(pixels(png), -1, 0)
    return int(((red > 180) & (green < 120) & (blue < 110)).sum())


def test_a_frame_moves_the_point_and_says_both_prices(picture):
    frames = [picture.draw(kappa, m) for kappa, m in ((10, 3), (10, 101), (400, 101))]
    assert len(set(frames)) == 3
    assert picture.draw(10, 3) == frames[0]
    assert picture._live.figure.get_suptitle() == "κ = 10, m = 3: KL = 1.996 nats; naively, in float32: 1.996"
    picture.draw(1, 66)
    assert picture._live.figure.get_suptitle().endswith("KL = 0.007573 nats; naively, in float32: nan")
    assert pixels(frames[0]).shape == pixels(frames[1]).shape


def test_more_bits_leave_less_red(picture):
    assert reds(picture.draw(10, 3, "float64")) < 0.6 * reds(picture.draw(10, 3, "float32"))


def test_the_triptych_shows_a_living_and_a_dead_setting():
    titles = [axes.get_title(loc="left") for axes in plotting.kl_triptych().axes]
    assert "naively, in float32: nan" in titles[1]
    assert "naively, in float64: 0.3312" in titles[2]
