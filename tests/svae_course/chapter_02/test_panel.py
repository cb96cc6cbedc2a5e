"""The KL panel: where the naive formula fails, its preview, and its sliders driven from code."""

import io

import numpy as np
import pytest
from PIL import Image

from svae_course.chapter_02.figures import naive_kl
from svae_course.chapter_02.panel import KLPanel, KLPicture, first_failing_dim, static_preview
from tests.moved import each_moves


@pytest.mark.parametrize(("dtype", "failing"), [("float32", 66), ("float64", 299)])
def test_it_fails_at_one_dimension_and_at_all_larger_ones(dtype, failing):
    one = np.ones(1, dtype=dtype)
    assert first_failing_dim(1.0, dtype) == failing
    assert np.isfinite(naive_kl(failing - 1, one)).all()
    assert not any(np.isfinite(naive_kl(m, one)).any() for m in range(failing, 1000, 50))


def test_a_dimension_that_never_fails_is_none():
    assert first_failing_dim(1.0, "float64", maximum=200) is None


@pytest.fixture(scope="module")
def picture():
    return KLPicture()


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)


def reds(png: bytes) -> int:
    red, green, blue = np.moveaxis(pixels(png), -1, 0)
    return int(((red > 180) & (green < 120) & (blue < 110)).sum())


def test_a_frame_moves_the_point_and_says_both_values(picture):
    frames = [picture.draw(kappa, m) for kappa, m in ((10, 3), (10, 101), (400, 101))]
    assert len(set(frames)) == 3
    assert picture.draw(10, 3) == frames[0]
    assert picture._live.figure.get_suptitle() == "κ = 10, m = 3: KL = 1.996 nats; naively, in float32: 1.996"
    picture.draw(1, 66)
    assert picture._live.figure.get_suptitle().endswith("KL = 0.007573 nats; naively, in float32: nan")
    assert pixels(frames[0]).shape == pixels(frames[1]).shape


def test_more_bits_leave_less_red(picture):
    assert reds(picture.draw(10, 3, "float64")) < 0.6 * reds(picture.draw(10, 3, "float32"))


def test_the_preview_shows_a_finite_and_a_failing_setting():
    titles = [axes.get_title(loc="left") for axes in static_preview().axes]
    assert "naively, in float32: nan" in titles[1]
    assert "naively, in float64: 0.3312" in titles[2]


@pytest.fixture(scope="module")
def panel():
    return KLPanel()


def test_sliders_boxes_presets_and_the_toggle_move_the_picture(panel):
    first = each_moves(
        panel,
        lambda: setattr(panel.sliders["kappa"], "value", 20),
        lambda: setattr(panel.boxes["m"], "value", 150),
        lambda: setattr(panel.floats, "value", "float64"),
        panel.buttons["κ = 1, m = 299"].click,
    )
    assert panel.values == {"kappa": 1, "m": 299}
    panel.floats.value = "float32"
    panel.buttons["reset"].click()
    assert bytes(panel.picture.value) == first


def test_what_is_typed_beyond_the_range_is_brought_into_it(panel):
    panel.boxes["kappa"].value = -3
    panel.boxes["m"].value = 10**6
    assert panel.values == {"kappa": 0.5, "m": 400}


def test_it_has_a_still_picture_for_where_no_kernel_runs(panel):
    bundle, _ = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "KLPanel: sliders kappa, m; live where a kernel runs"
    assert "image/png" in bundle
