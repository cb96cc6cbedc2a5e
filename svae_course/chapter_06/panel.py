"""The panel of chapter 06: seeds, a true difference and a spread, and how often the wrong one wins."""

from pathlib import Path

import numpy as np
import traitlets
from scipy import stats

from svae_course.chapter_06.seeds import LEVEL, MOST_SEEDS, power, repeated, wrong_winner
from svae_lib.plotting.style import EXPECTED, HISTOGRAM, MARK, OUTLINE, Picture, new_figure, styled
from svae_lib.widgets import Panel, Slider

PRESETS = {
    "one run each": {"seeds": 1, "difference": 0.5, "spread": 0.5},
    "three seeds": {"seeds": 3, "difference": 0.5, "spread": 0.5},
    "two heads, S⁴⁰": {"seeds": 5, "difference": 0.9, "spread": 0.7},
    "no difference": {"seeds": 5, "difference": 0.0, "spread": 0.5},
}
CRITICAL = [float(stats.t.ppf(1 - LEVEL / 2, 2 * n - 2)) for n in range(2, MOST_SEEDS + 1)]


def words(seeds: int, difference: float, spread: float) -> str:
    """The panel's status line.

    Args:
        seeds: on each side.
        difference: between the true means, in nats.
        spread: over seeds, in nats.

    Example:
        >>> words(3, 0.5, 0.5)
        'seeds: 3, difference: 0.5, spread: 0.5: the worse one wins in 11.0 %, a test separates them in 15.9 %'
    """
    tested = f"{100 * power(difference, spread, seeds):.1f} %" if seeds > 1 else "none, for lack of a spread"
    wrong = f"{100 * wrong_winner(difference, spread, seeds):.1f} %"
    given = f"seeds: {seeds}, difference: {difference:g}, spread: {spread:g}"
    return f"{given}: the worse one wins in {wrong}, a test separates them in {tested}"


@styled
def static_preview(settings: tuple = ((1, 0.5, 0.5), (5, 0.9, 0.7), (10, 0.5, 0.5))) -> Picture:
    """The distribution of the observed difference that SeedsPanel shows, at some settings, as a still picture.

    Args:
        settings: (seeds, difference, spread) of each column.

    Returns:
        A figure with one axes per setting.
    """
    figure = new_figure(11, 3.2, "The observed difference of two spaces, over experiments with new seeds")
    x = np.linspace(-4, 7, 500)
    for axes, (seeds, difference, spread) in zip(figure.subplots(1, len(settings)), settings, strict=True):
        density = stats.norm.pdf(x, difference, spread * np.sqrt(2 / seeds))
        axes.fill_between(x, density, color=HISTOGRAM)
        axes.fill_between(x, density, where=x <= 0, color=MARK)
        axes.axvline(difference, color=EXPECTED, linestyle="--")
        axes.axvline(0, color=OUTLINE)
        observed = repeated(difference, spread, seeds)
        for side, color in ((observed >= 0, OUTLINE), (observed < 0, MARK)):
            axes.plot(observed[side], np.full(side.sum(), -0.04 * density.max()), "|", color=color)
        axes.set(xlabel="observed difference (nats)", xlim=(-2, 3))
        axes.set_title(f"seeds: {seeds}, difference {difference:g}, spread {spread:g}", fontsize=11)
    figure.axes[0].set_ylabel("density")
    return figure


class SeedsPanel(Panel):
    """Panel of how often the worse of two spaces wins, and how often a test separates them.

    Args:
        seeds: on each side, where the slider starts.
        difference: between the true means, in nats, where the slider starts.
        spread: the standard deviation over seeds, in nats, where the slider starts.

    Example:
        >>> panel = SeedsPanel()
        >>> panel.set(seeds=6)
        >>> panel.values
        {'seeds': 6, 'difference': 0.5, 'spread': 0.5}
    """

    name, label = "seeds", "The observed difference of two spaces, and how often the wrong one wins"
    module = Path(__file__).with_name("panel.js")
    preview = staticmethod(static_preview)  # where no JavaScript runs
    seeds = Slider(3, min=1, max=MOST_SEEDS, label="seeds on each side")
    difference = Slider(0.5, min=0.0, max=3.0, step=0.05, label="true difference (nats)")
    spread = Slider(0.5, min=0.05, max=2.0, step=0.05, label="spread over seeds (nats)")
    critical = traitlets.List(traitlets.Float()).tag(sync=True)

    def __init__(self, seeds: int = 3, difference: float = 0.5, spread: float = 0.5):
        super().__init__(PRESETS, seeds=seeds, difference=difference, spread=spread, critical=CRITICAL)
