"""Checks of the exercises of appendix A, the Bessel function without underflow."""

import numpy as np
import torch
from matplotlib.colors import BoundaryNorm
from scipy.special import jv
from torch import Tensor

from svae_course.chapter_A.figures import DIGITS, LABELS
from svae_course.chapter_A.methods import terms_needed
from svae_course.checking import against_truth, exercise
from svae_lib.ops import bessel_ratio, log_ive
from svae_lib.plotting.style import Picture, new_figure, styled

ORDERS = (0.0, 0.5, 1.0, 4.0, 20.0, 100.0, 499.5, 1000.0)  # of exercise A.1
ARGUMENTS = torch.logspace(-3, 3, 25, dtype=torch.float64)
WHOLE = (0, 1, 2, 10, 60, 300)  # orders of exercise A.3
BELOW_300 = torch.logspace(-2, 2.4, 23, dtype=torch.float64)
READ = (("power series", 100), ("power series", 400), ("continued fraction", 100), ("continued fraction", 400))
FAR = 10_000.0  # where exercise A.2 asks for a prediction


@exercise
def exA_1(attempt):
    """Check of the ratio of two neighboring Bessel functions, to ten digits over orders and arguments.

    Args:
        attempt: ratio(order, x: (n,)) -> (n,).
    """
    rows = [attempt(v, ARGUMENTS.clone(), shape=ARGUMENTS.shape).double() for v in ORDERS]
    value, truth = torch.stack(rows), _ratios(0, ARGUMENTS)
    error, small = (value / truth - 1).abs(), ARGUMENTS <= 1
    picture = digit_map(error, ORDERS, ARGUMENTS, "Correct digits of your ratio")
    if (error <= 1e-10).all():
        return "correct", picture
    if not value.isfinite().all():
        return "not yet: some values are not a number: has a Bessel function itself underflowed?", picture
    orders = torch.tensor(ORDERS, dtype=torch.float64)[:, None]
    wrong = {
        "this is the inverse: the larger function stands below": 1 / truth,
        "this is I_v / I_(v-1): the first denominator holds v + 1": 1 / (2 * orders / ARGUMENTS + truth),
        "this is I_(v+2) / I_(v+1): the first denominator holds v + 1": _ratios(1, ARGUMENTS),
        "the denominators are 2 (v + k) / x; the 2 is missing": _ratios(0, 2 * ARGUMENTS),
    }
    for hint, mistake in wrong.items():
        if torch.allclose(value, mistake, rtol=1e-3):
            return f"not yet: {hint}", picture
    x, low = ARGUMENTS[small].numpy(), orders[:4].numpy()  # few orders: J underflows too
    if np.allclose(value[:4, small], jv(low + 1, x) / jv(low, x), rtol=1e-6):
        return "not yet: with minus signs it belongs to the Bessel function J; here all signs are plus", picture
    skipped = (ARGUMENTS[0] / (2 * value[:, 0]) - orders[:, 0] - 1).numpy()  # how far the outer denominator is off
    if skipped.min() > 2 and np.ptp(skipped) < 1e-3 * skipped.min():
        return (
            "not yet: the outermost denominator holds v + 1: begin inside, at the last, and work outward",
            picture,
        )
    if (error <= 1e-4).all():
        return "not yet: right to a few digits: compute in the dtype of x, float64, and take more steps", picture
    if (error[:, small] <= 1e-10).all():
        first = ARGUMENTS[(error > 1e-10).any(0)].min()
        return f"not yet: right for small x, wrong from x = {first:.3g} on: it takes more steps there", picture
    return "not yet: where the map is dark, compare your values with continued_fraction's", picture


def _ratios(shift: int, x: Tensor) -> Tensor:
    """The ratios of all orders of exercise A.1, moved by so much, at these arguments."""
    return torch.stack([bessel_ratio(v + shift, x) for v in ORDERS])


@styled
def digit_map(error: Tensor, orders: tuple[float, ...], arguments: Tensor, title: str) -> Picture:
    """Correct digits of an answer, one row of squares per order.

    Args:
        error: relative, (orders, arguments).
        orders: v of each row.
        arguments: x of each column, at equal distances in its logarithm.
        title: of the figure.

    Returns:
        A figure with one axes and a color bar.
    """
    figure = new_figure(6, 3.4, title)
    axes = figure.add_subplot()
    with np.errstate(all="ignore"):
        digits = np.clip(-np.log10(error.numpy()), 0, 15.9)
    mesh = axes.pcolormesh(
        arguments.numpy(), np.arange(len(orders)), digits, norm=BoundaryNorm(DIGITS, 256), rasterized=True
    )
    axes.set(xscale="log", yticks=range(len(orders)), yticklabels=[f"{v:g}" for v in orders], **LABELS)
    axes.grid(False)
    figure.colorbar(mesh, ax=axes, label="correct digits")
    return figure


@exercise
def exA_2(attempt):
    """Check of four numbers of terms that are read off the panel, at order 0, and of a prediction far beyond it.

    Args:
        attempt: reading() -> (5,).
    """
    value = attempt(shape=(5,)).double()
    read = [int(terms_needed(name, 0.0, float(x))) for name, x in READ]
    far = int(terms_needed("continued fraction", 0.0, FAR, terms=1000))
    truth = torch.tensor([*read, far], dtype=torch.float64)
    labels = "Terms for ten digits, at order 0", "reading", "terms"
    picture = against_truth(torch.arange(5), value, truth, *labels)
    names = [f"{'series' if name == 'power series' else 'fraction'}\nx = {x}" for name, x in [*READ, ("", 10_000)]]
    picture.axes[0].set_xticks(range(5), names, fontsize=9)
    if torch.equal(value[:4], truth[[2, 3, 0, 1]]):
        return "not yet: the power series comes first, then the continued fraction", picture
    if torch.equal(value[:4], truth[[1, 0, 3, 2]]):
        return "not yet: x = 100 comes first, then x = 400", picture
    for reading, right, (name, x) in zip(value, truth, READ, strict=False):
        if reading != right:
            return f"not yet: the {name} at v = 0, x = {x}: read it in the status line", picture
    series, linear = truth[1] * FAR / 400, truth[3] * FAR / 400
    if 0.85 < value[4] / far < 1.15:
        return "correct", picture
    if 0.8 < value[4] / series < 1.25:
        return "not yet: the last number is that of the continued fraction, not of the series", picture
    if 0.9 < value[4] / linear < 1.1:
        return "not yet: from 100 to 400 the steps have not grown four times: go on at the rate that you read", picture
    return "not yet: four times the argument, how many times the steps? From 400 to 10,000 it is 25 times", picture


@exercise
def exA_3(attempt):
    """Check of log(exp(-x) I_v(x)) for whole orders, by a recurrence that is begun far above.

    Args:
        attempt: log_scaled(order, x: (n,)) -> (n,).
    """
    rows = [attempt(v, BELOW_300.clone(), shape=BELOW_300.shape).double() for v in WHOLE]
    value, x = torch.stack(rows), BELOW_300
    truth = torch.stack([log_ive(v, x) for v in WHOLE])
    error = (value - truth).abs() / truth.abs().clamp(min=1)
    picture = digit_map(error, WHOLE, x, "Correct digits of your logarithm")
    if (error <= 1e-10).all():
        return "correct", picture
    if (value == -torch.inf).any() or value.isnan().any():
        return "not yet: a number underflowed before its logarithm was taken: add up logarithms of ratios", picture
    zeroth, first = log_ive(0, x), torch.stack([log_ive(v + 1, x) for v in WHOLE])
    for hint, mistake in {
        "this is e^-x I_v(x) itself: return its logarithm": truth.exp(),
        "this is log I_v(x): e^x stands on the left, so subtract x": truth + x,
        "this is log(I_v / I_0): the sum over all orders says what I_0 is": truth - zeroth,
        "the orders from 1 on count twice in the sum, I_0 once": truth
        - zeroth
        - torch.log((1 + zeroth.exp()) / 2)
        + zeroth,
        "I_0 counts once in the sum, not twice": truth - torch.log1p(zeroth.exp()),
        "this is the order above: A_0 leads from I_0 to I_1, and v ratios lead to I_v": first,
    }.items():
        if torch.allclose(value, mistake, rtol=1e-8, atol=1e-8):
            return f"not yet: {hint}", picture
    if (error[:, x <= 1] <= 1e-10).all():
        start = x[(error > 1e-10).any(0)].min()
        return f"not yet: right for small x, wrong from x = {start:.3g} on: begin farther above", picture
    return "not yet: where the map is dark, compare your values with log_ive's", picture
