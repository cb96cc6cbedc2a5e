"""Figures of appendix A, four ways to compute a modified Bessel function and where each of them works."""

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from svae_course.chapter_A.methods import METHODS, TARGET, errors, power_series, terms_needed, truth, uniform
from svae_lib.plotting.style import EXPECTED, MARK, OUTLINE, SAMPLES, SECOND, Picture, new_figure, styled

LOOKS = {
    "power series": {"color": SAMPLES, "linestyle": "-"},
    "large argument": {"color": SECOND, "linestyle": "--"},
    "uniform": {"color": EXPECTED, "linestyle": "-."},
    "continued fraction": {"color": "C9", "linestyle": "-", "linewidth": 3.5, "alpha": 0.8},
}
ORDERS, ARGUMENTS = np.geomspace(0.3, 3000, 70), np.geomspace(0.05, 5000, 80)
LARGEST, SMALLEST = np.log(np.finfo(float).max), np.log(5e-324)  # of float64, as logarithms
SWITCH = 24.0  # svae_lib goes from the series to the uniform expansion where sqrt(v^2 + x^2) is as large as this
DIGITS = np.arange(0, 17, 2)
LABELS = {"xlabel": "argument x", "ylabel": "order v"}


def _square(axes, orders: np.ndarray, arguments: np.ndarray) -> None:
    """Scales and names of a map over orders and arguments."""
    axes.grid(False)
    axes.set(xscale="log", yscale="log", xlim=arguments[[0, -1]], ylim=orders[[0, -1]], **LABELS)


@styled
def magnitudes() -> Picture:
    """Power of ten of I_v(x) and of exp(-x) I_v(x) over orders and arguments; red where float64 has no such number.

    Returns:
        A figure with two axes and a color bar.
    """
    figure = new_figure(10, 4.3, "How large the function is (red: no number in float64)")
    log = truth(ORDERS[:, None], ARGUMENTS)
    panels = figure.subplots(1, 2)
    for axes, values, title in zip(panels, (log, log - ARGUMENTS), ("$I_v(x)$", "$e^{-x} I_v(x)$"), strict=True):
        lost = (values > LARGEST) | (values < SMALLEST)
        mesh = axes.pcolormesh(
            ARGUMENTS, ORDERS, values / np.log(10), vmin=-300, vmax=300, cmap="PuOr", rasterized=True
        )
        axes.pcolormesh(ARGUMENTS, ORDERS, np.where(lost, 1, np.nan), cmap=ListedColormap([MARK]), rasterized=True)
        axes.contour(ARGUMENTS, ORDERS, values, [np.log(1e-45), np.log(3.4e38)], colors="black", linewidths=1)
        axes.set_title(f"{title}; black: the ends of float32", fontsize=11)
        _square(axes, ORDERS, ARGUMENTS)
    figure.colorbar(mesh, ax=panels, label="power of ten")
    return figure


@styled
def up_or_down(arguments: tuple[float, ...] = (1.0, 10.0, 100.0), most: int = 60) -> Picture:
    """Relative error of I_k(x) from the recurrence, upward from I_0 and I_1, and downward from far above.

    Args:
        arguments: x of each line.
        most: the last order k.

    Returns:
        A figure with two axes.
    """
    figure = new_figure(10, 3.8, "One recurrence, two directions")
    orders = np.arange(most + 1)
    for axes, walk, title in zip(figure.subplots(1, 2, sharey=True), (_up, _down), ("upward", "downward"), strict=True):
        for number, x in enumerate(arguments):
            error = np.abs(walk(x, most) / np.exp(truth(orders, x)) - 1)
            look = {"color": f"C{number}", "marker": "os^"[number], "markevery": 6, "markersize": 5}
            axes.plot(orders, np.clip(error, 1e-17, 1e9), label=f"x = {x:g}", **look)
        axes.axhline(1, color=OUTLINE, linewidth=1, linestyle=":")
        axes.set(title=title, xlabel="order k", yscale="log", ylim=(1e-17, 1e6))
        axes.legend(fontsize=9)
    figure.axes[0].set_ylabel("relative error of $I_k(x)$")
    return figure


def _up(x: float, most: int) -> np.ndarray:
    """I_0 .. I_most by I_{k+1} = I_{k-1} - (2 k / x) I_k, from the right I_0 and I_1."""
    found = list(np.exp(truth(np.arange(2), x)))
    for k in range(1, most):
        found.append(found[k - 1] - 2 * k / x * found[k])
    return np.array(found)


def _down(x: float, most: int) -> np.ndarray:
    """I_0 .. I_most by I_{k-1} = I_{k+1} + (2 k / x) I_k, from 0 and 1e-300 far above, scaled to the right I_0."""
    found = [0.0, 1e-300]
    for k in range(most + 60, 0, -1):
        found.append(found[-2] + 2 * k / x * found[-1])
        if found[-1] > 1e200:
            found = [value * 1e-200 for value in found]
    return np.array(found[::-1][: most + 1]) / found[-1] * np.exp(truth(0, x))


@styled
def error_maps(name: str, counts: tuple[int, ...]) -> Picture:
    """Correct digits of one method over orders and arguments, one map per number of terms; red where it has no value.

    Args:
        name: of METHODS.
        counts: terms of each map.

    Returns:
        A figure with one axes per count, and a color bar.
    """
    what = "the ratio" if METHODS[name].is_ratio else "I"
    found = errors(name, ORDERS[:, None], ARGUMENTS, max(counts))
    red = " (red: no value)" * bool(np.isnan(found[[count - 1 for count in counts]]).any())
    figure = new_figure(10, 3.7, f"{name.capitalize()}: correct digits of {what}{red}")
    panels = figure.subplots(1, len(counts), sharey=True)
    for axes, count in zip(panels, counts, strict=True):
        mesh = _digits(axes, found[count - 1])
        axes.set_title(f"{count} {'steps' if METHODS[name].is_ratio else 'terms'}", fontsize=11)
        axes.set_ylabel("" if axes is not panels[0] else LABELS["ylabel"])
    figure.colorbar(mesh, ax=panels, label="correct decimal digits", ticks=DIGITS[::2])
    return figure


def _digits(axes, error: np.ndarray):
    """A map of digits, in steps of two; returns its mesh."""
    with np.errstate(divide="ignore"):
        digits = np.clip(-np.log10(error), 0, 15.9)
    axes.pcolormesh(ARGUMENTS, ORDERS, np.isnan(digits), cmap=ListedColormap(["white", MARK]), rasterized=True)
    mesh = axes.pcolormesh(ARGUMENTS, ORDERS, digits, norm=BoundaryNorm(DIGITS, 256), rasterized=True)
    _square(axes, ORDERS, ARGUMENTS)
    return mesh


@styled
def costs(orders: tuple[float, ...] = (0.0, 50.0), most: int = 2000) -> Picture:
    """Fewest terms of each method for ten digits, over the argument.

    Args:
        orders: v of each axes.
        most: terms that are tried.

    Returns:
        A figure with one axes per order.
    """
    figure = new_figure(10, 3.9, "Terms, or steps of the fraction, for ten digits")
    x = np.geomspace(0.1, 3000, 90)
    for axes, v in zip(figure.subplots(1, len(orders), sharey=True), orders, strict=True):
        for name, look in LOOKS.items():
            needed = terms_needed(name, v, x, most)
            axes.plot(x, np.where(np.isfinite(needed), needed, np.nan), label=name, **look)
        axes.set(title=f"order v = {v:g}", xlabel="argument x", xscale="log", yscale="log", ylim=(0.9, most))
    figure.axes[0].set_ylabel("terms or steps")
    figure.axes[0].legend(fontsize=9)
    return figure


@styled
def two_together() -> Picture:
    """Correct digits of I and of its logarithm by two methods, the series below s = 24 and the uniform one from there.

    Returns:
        A figure with two axes and a color bar.
    """
    figure = new_figure(10, 4.3, "Two methods cover everything (red: where they meet)")
    v, x = np.meshgrid(ORDERS, ARGUMENTS, indexing="ij")
    near, exact = np.hypot(v, x) < SWITCH, truth(v, x)
    value = np.where(near, power_series(v, np.minimum(x, SWITCH), 60)[-1], uniform(v, x, 20)[-1])
    panels = figure.subplots(1, 2, sharey=True)
    pairs = (
        (np.abs(np.expm1(value - exact)), "digits of $I_v(x)$"),
        (np.abs(value / exact - 1), r"digits of $\log I_v(x)$"),
    )
    for axes, (error, title) in zip(panels, pairs, strict=True):
        mesh = _digits(axes, error)
        axes.contour(ARGUMENTS, ORDERS, np.hypot(v, x), [SWITCH], colors=MARK, linewidths=2)
        axes.set_title(title, fontsize=11)
    panels[1].set_ylabel("")
    figure.colorbar(mesh, ax=panels, label="correct decimal digits", ticks=DIGITS[::2])
    return figure


@styled
def convergence(settings: tuple = ((0, 10.0), (5, 100.0), (100, 10.0)), title: str = "Error after n terms") -> Picture:
    """Relative error of each method after 1, 2, ... terms, at some orders and arguments.

    Args:
        settings: (order, x) of each axes.
        title: of the figure.

    Returns:
        A figure with one axes per setting.
    """
    figure = new_figure(10, 3.9, title)
    for axes, (v, x) in zip(figure.subplots(1, len(settings), sharey=True), settings, strict=True):
        for name, look in LOOKS.items():
            error = np.clip(errors(name, v, x, 400), 1e-16, 1e6)
            axes.plot(1 + np.arange(len(error)), error, label=name, **look)
        axes.axhline(TARGET, color=OUTLINE, linestyle=":", linewidth=1)
        axes.set_title(f"v = {v:g}, x = {x:g}", fontsize=11)
        axes.set(xlabel="terms", xscale="log", yscale="log", ylim=(1e-16, 10), xlim=(1, 400))
    figure.axes[0].set_ylabel("relative error")
    figure.axes[0].legend(fontsize=8)
    return figure
