import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

from svae_lib import plotting
from svae_lib.plotting.style import DIGIT_COLORS, STYLE, png, tile
from tests.tree import ROOT


def test_the_style_is_petroff10_and_viridis():
    with style.context("petroff10"):
        petroff10 = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    with style.context(STYLE):
        colors = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
        assert [color.lstrip("#") for color in colors] == [color.lstrip("#") for color in petroff10]
        assert matplotlib.rcParams["image.cmap"] == "viridis"


def test_3_and_8_are_not_both_gray_and_the_globe_in_the_browser_has_the_same_colors():
    module = (ROOT / "svae_lib/widgets/latent_globe.js").read_text()
    assert re.search(r"DIGIT_COLORS = \[(.*)\]", module)[1] == ", ".join(map(str, DIGIT_COLORS))
    assert sorted(DIGIT_COLORS) == list(range(10))
    with style.context(STYLE):
        cycle = [matplotlib.colors.to_rgb(color) for color in matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]]
    gray = [digit for digit, place in enumerate(DIGIT_COLORS) if np.ptp(cycle[place]) < 0.1]
    assert len(gray) == 2 and not {3, 8} <= set(gray)


def test_pictures_leave_the_callers_settings_alone_and_do_not_depend_on_them():
    rows = [{"epoch": 1, "train_elbo": -2.0}, {"epoch": 2, "train_elbo": -1.0}]
    with matplotlib.rc_context({"lines.linewidth": 7.0, "axes.grid": False}):
        before = dict(matplotlib.rcParams)
        wild = png(plotting.training_curves(rows))
        assert dict(matplotlib.rcParams) == before
    assert wild == png(plotting.training_curves(rows))


def test_pictures_show_themselves_and_never_import_pyplot():
    code = """
import sys, numpy as np
from svae_lib import plotting
figure = plotting.image_grid(np.zeros((3, 8, 8)), "blank")
image, metadata = figure._repr_png_()
assert image.startswith(b"\\x89PNG")
assert metadata == {"alt": "blank"}
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_picture_is_a_matplotlib_figure_with_a_title():
    figure = plotting.image_grid(np.zeros((3, 8, 8)), "three")
    assert isinstance(figure, Figure)
    assert figure.get_suptitle() == "three"


def test_tiles_go_row_by_row():
    images = np.arange(5)[:, None, None] * np.ones((5, 2, 2))
    canvas = tile(images, columns=3, gap=1)
    assert canvas.shape == (5, 8)
    np.testing.assert_array_equal(canvas[[0, 0, 0, 3, 3], [0, 3, 6, 0, 3]], np.arange(5))


def test_reconstructions_stand_under_their_originals():
    originals, reconstructed = np.full((4, 8, 8), 0.25), np.full((4, 8, 8), 0.75)
    axes = plotting.reconstructions(originals, reconstructed).axes[0]
    canvas = np.asarray(axes.images[0].get_array())
    assert canvas[:8, :8].mean() == 0.25
    assert canvas[10:18, :8].mean() == 0.75
    assert [text.get_text() for text in axes.texts] == ["original", "reconstruction"]


def test_training_curves_show_each_row_where_it_was_measured():
    rows = [
        {"epoch": 1, "train_elbo": -200.0, "train_kl": 1.0, "validation_elbo": -190.0},
        {"epoch": 2, "train_elbo": -180.0, "train_kl": 2.0},
        {"epoch": 3, "train_elbo": -170.0, "train_kl": 3.0, "validation_elbo": -175.0},
    ]
    elbo, _, kl = plotting.training_curves(rows).axes
    train, validation = elbo.lines
    np.testing.assert_array_equal(train.get_xydata(), [[1, -200], [2, -180], [3, -170]])
    np.testing.assert_array_equal(validation.get_xydata(), [[1, -190], [3, -175]])
    assert kl.get_ylabel() == "nats per image"
    assert len(kl.lines) == 1


def test_a_title_is_not_cut_off():
    figure = plotting.image_grid(np.zeros((1, 8, 8)), "Where a wide title stands on a narrow picture")
    figure.draw_without_rendering()
    assert figure._suptitle.get_window_extent().x1 <= figure.bbox.x1


def test_every_color_is_named_in_the_one_palette():
    root = Path(__file__).resolve().parents[2]
    files = [path for package in ("svae_lib", "svae_course", "tools") for path in (root / package).rglob("*.py")]
    assert [path.name for path in files if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text())] == ["style.py"]
