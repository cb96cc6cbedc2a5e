"""The KL panel: where the naive formula fails, its preview, and its sliders driven from code."""

import numpy as np
import pytest

from svae_course.chapter_02.figures import naive_kl
from svae_course.chapter_02.panel import KLPanel, first_failing_dim, static_preview
from svae_lib.errors import InputError


@pytest.mark.parametrize(("dtype", "failing"), [("float32", 66), ("float64", 299)])
def test_it_fails_at_one_dimension_and_at_all_larger_ones(dtype, failing):
    one = np.ones(1, dtype=dtype)
    assert first_failing_dim(1.0, dtype) == failing
    assert np.isfinite(naive_kl(failing - 1, one)).all()
    assert not any(np.isfinite(naive_kl(m, one)).any() for m in range(failing, 1000, 50))


def test_a_dimension_that_never_fails_is_none():
    assert first_failing_dim(1.0, "float64", maximum=200) is None


def test_the_preview_shows_a_finite_and_a_failing_setting():
    titles = [axes.get_title(loc="left") for axes in static_preview().axes]
    assert "naively, in float32: nan" in titles[1]
    assert "naively, in float64: 0.3312" in titles[2]


def test_more_bits_leave_less_red():
    def reds(dtype: str) -> float:
        [region] = static_preview(((10, 3, dtype),)).axes[1].collections
        return np.log(region.get_paths()[0].vertices[:, 1].clip(1.8, 500)).mean()

    assert reds("float64") > reds("float32")  # the edge lies higher


def test_sliders_and_the_toggle_from_code():
    panel = KLPanel()
    panel.set(kappa=-3, m=10**6, floats="float64")
    assert panel.values == {"kappa": 0.5, "m": 400}
    assert [name for name, _ in panel.presets][-1] == "κ = 1, m = 299"
    panel.set(**panel.presets[-1][1])
    assert panel.values == {"kappa": 1, "m": 299} and panel.floats == "float64"
    panel.reset()
    assert panel.values == {"kappa": 10, "m": 3} and panel.floats == "float64"  # a look is no place
    with pytest.raises(InputError, match="floats takes one of 'float32', 'float64', not 'float16'"):
        panel.floats = "float16"
