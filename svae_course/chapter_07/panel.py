"""The panel of chapter 07: four estimators of a derivative as functions of a sample, and their distribution."""

from pathlib import Path

import numpy as np

from svae_course.chapter_07.estimators import ESTIMATORS, LOOKS, draws, estimates, moments, spreads
from svae_lib.plotting.style import EXPECTED, OUTLINE, Picture, new_figure, styled
from svae_lib.widgets import Choice, Panel, Slider

RANGE = (-4.0, 6.0)  # of an estimate, in units of the truth; what lies beyond counts at the ends
BINS = 40
PRESETS = {
    "κ = 10, m = 2": {"kappa": 10, "m": 2, "offset": 0},
    "κ = 8, m = 11": {"kappa": 8, "m": 11, "offset": 0},
    "κ = 2, m = 100": {"kappa": 2, "m": 100, "offset": 0},
    "c = 5": {"kappa": 2, "m": 2, "offset": 5},
}


def heights(kappa: float, m: int, offset: float, name: str) -> np.ndarray:
    """Histogram of an estimate from 1,000 samples, in units of the truth, as a share of the samples in each bin.

    Args:
        kappa: concentration, > 0.
        m: ambient dimension.
        offset: see svae_course.chapter_07.estimators.estimates.
        name: of the estimator.

    Returns:
        (BINS,), over RANGE.

    Example:
        >>> round(float(heights(2.0, 2, 0.0, "implicit").sum()), 6)
        1.0
    """
    values = estimates(kappa, m, offset, draws(kappa, m))[name] / moments(kappa, m).truth
    low, high = RANGE
    number = np.floor((values - low) / (high - low) * BINS).clip(0, BINS - 1).astype(int)
    return np.bincount(number, minlength=BINS) / len(values)


@styled
def static_preview(settings: tuple = ((2, 2, 0), (10, 2, 0), (2, 2, 5)), name: str = ESTIMATORS[0]) -> Picture:
    """Histograms of one estimator that GradientsPanel shows, at some settings, as a still picture.

    Args:
        settings: (kappa, m, offset) of each column.
        name: of the estimator.

    Returns:
        A figure with one axes per setting.
    """
    figure = new_figure(11, 3.2, f"1,000 estimates, each from one sample: {name}")
    edges = np.linspace(*RANGE, BINS + 1)
    for axes, (kappa, m, offset) in zip(figure.subplots(1, len(settings), sharey=True), settings, strict=True):
        mean, deviation = spreads(kappa, m, offset)[name]
        axes.stairs(heights(kappa, m, offset, name), edges, fill=True, color=LOOKS[name]["color"], alpha=0.6)
        axes.axvline(1, color=OUTLINE, label="truth")
        axes.axvline(mean, color=EXPECTED, linestyle="--", label="mean of the estimate")
        axes.set(xlabel="estimate / truth", xlim=RANGE)
        axes.set_title(f"κ = {kappa:g}, m = {m}, c = {offset:g}: deviation {deviation:.1f}", fontsize=11)
    figure.axes[0].set_ylabel("share of 1,000")
    figure.axes[0].legend(fontsize=9)
    return figure


class GradientsPanel(Panel):
    """Panel of four estimators of d E[w + c] / d kappa from one sample: the estimate by angle, and its distribution.

    Args:
        kappa: where the slider of the concentration starts.
        m: where the slider of the ambient dimension starts.
        offset: where the slider of the constant c starts.

    Example:
        >>> panel = GradientsPanel()
        >>> panel.set(kappa=1.7)
        >>> panel.values
        {'kappa': 1.7, 'm': 2, 'offset': 0.0}
    """

    name, label = "gradients", "Four estimators of a derivative, and the distribution of the estimate"
    module = Path(__file__).with_name("panel.js")
    preview = staticmethod(static_preview)  # where no JavaScript runs
    kappa = Slider(2.0, min=0.1, max=30, step=0.1, label="concentration κ")
    m = Slider(2, min=2, max=100, label="ambient dimension m")
    offset = Slider(0.0, min=0, max=10, step=0.5, label="constant c, added to w")
    estimator = Choice(ESTIMATORS, label="estimator")

    def __init__(self, kappa: float = 2.0, m: int = 2, offset: float = 0.0):
        super().__init__(PRESETS, kappa=kappa, m=m, offset=offset)
