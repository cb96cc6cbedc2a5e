"""Figures of chapter 08, three distributions around a direction compared at equal KL."""

import re
import time
from collections.abc import Iterable

import numpy as np
import torch

from svae_course.chapter_08.families import FAMILIES, LOOKS, angles, at_pole, concentration_at_kl, kl
from svae_course.score_tables import compare_pairs, mean_of
from svae_course.stored_files import sphere_settings
from svae_lib.plotting.style import OUTLINE, SAMPLES, TRACK, Picture, circle, new_figure, styled

LETTERS = {"s": "von Mises-Fisher", "p": "Power Spherical", "c": "spherical Cauchy"}
SPACES = ("2", "5", "10", "5x2")  # S^2, S^5, S^10, and five times S^2


def line_of(family: str) -> dict:
    """Color and line of a family."""
    return {key: LOOKS[family][key] for key in ("color", "linestyle")}


@styled
def same_concentration(dims: tuple[int, ...] = (3, 11, 101)) -> Picture:
    """KL against the concentration for each family, one axes per dimension.

    Args:
        dims: m of each axes.

    Returns:
        A figure with one axes per m.
    """
    figure = new_figure(10, 3.6, "What the same κ costs in three families")
    kappa = np.geomspace(0.3, 3000, 100)
    for axes, m in zip(figure.subplots(1, len(dims), sharey=True), dims, strict=True):
        for family in FAMILIES:
            axes.plot(kappa, kl(family, m, kappa), label=family, **line_of(family))
        axes.set(title=f"m = {m}", xlabel="concentration κ", xscale="log", yscale="log", ylim=(1e-3, 300))
    figure.axes[0].set_ylabel("KL (nats)")
    figure.axes[0].legend(fontsize=9)
    return figure


@styled
def equal_kl(settings: tuple = ((3, 2.0), (11, 6.0), (101, 20.0)), title="Three families at equal KL") -> Picture:
    """Density of the angle to mu above, the probability of a larger angle below.

    Args:
        settings: (m, nats) of each column.
        title: of the figure.

    Returns:
        A figure with two axes per setting.
    """
    figure = new_figure(10, 5.6, title)
    for (above, below), (m, nats) in zip(figure.subplots(2, len(settings), squeeze=False).T, settings, strict=True):
        for family in FAMILIES:
            found, kappa = angles(family, m, nats), concentration_at_kl(family, m, nats)
            degrees = np.degrees(found.angle)
            above.plot(degrees, np.radians(found.density), label=f"κ = {kappa:.3g}", **line_of(family))
            below.plot(degrees, found.beyond, label=family, **line_of(family))
        above.set_title(f"m = {m}, {nats:g} nats", fontsize=11)
        above.set(xlim=(0, 180), xlabel="angle to μ (degrees)")
        above.legend(fontsize=9)
        below.set(xlim=(0, 180), ylim=(1e-8, 2), yscale="log", xlabel="angle to μ (degrees)")
    figure.axes[0].set_ylabel("density (per degree)")
    figure.axes[len(settings)].set_ylabel("P(larger angle)")
    figure.axes[-1].legend(fontsize=9)
    return figure


@styled
def moebius(shifts: tuple[float, ...] = (0.3, 0.6, 0.9)) -> Picture:
    """Evenly spaced points of a circle, and where the Moebius map of each shift takes them.

    Args:
        shifts: rho of each axes.

    Returns:
        A figure with one axes per shift.
    """
    figure = new_figure(9, 3.4, "A Möbius map crowds evenly spaced points")
    even = np.exp(2j * np.pi * (np.arange(60) + 0.5) / 60)
    for axes, rho in zip(figure.subplots(1, len(shifts)), shifts, strict=True):
        moved = (even + rho) / (1 + rho * even)
        axes.plot(*circle(), color=TRACK, linewidth=1)
        axes.plot(0.88 * even.real, 0.88 * even.imag, ".", color=OUTLINE, markersize=4, label="before")
        axes.plot(moved.real, moved.imag, "o", color=SAMPLES, markersize=5, label="after")
        axes.plot(rho, 0, "^", color=LOOKS["spherical Cauchy"]["color"], markersize=9, label="ρμ")
        axes.set_title(f"ρ = {rho:g}", fontsize=11)
        axes.set(aspect="equal", xlabel="$z_1$", ylabel="$z_2$")
    figure.axes[0].legend(fontsize=9, loc=(0.17, 0.33))
    return figure


def draw_times(dims: tuple[int, ...] = (3, 11, 101), draws: int = 4000, rounds: int = 9) -> dict[str, list[float]]:
    """Median CPU time of a draw and its derivative, over the von Mises-Fisher distribution's, at 4 nats.

    Args:
        dims: m of each ratio.
        draws: in a batch.
        rounds: the families take turns, so that a change of the clock rate meets all of them.

    Returns:
        By family, one ratio per m.
    """
    ratios = {family: [] for family in FAMILIES}
    for m in dims:
        kappas = {family: torch.full((draws,), concentration_at_kl(family, m, 4.0)) for family in FAMILIES}
        loc, times = torch.eye(1, m).expand(draws, m), {family: [] for family in FAMILIES}
        for _ in range(rounds):
            for family, kappa in kappas.items():
                start = time.process_time()
                z = FAMILIES[family](loc, kappa.requires_grad_(), validate_args=False).rsample()
                z.sum().backward()
                times[family].append(time.process_time() - start)
        middle = {family: float(np.median(values)) for family, values in times.items()}
        for family in FAMILIES:
            ratios[family].append(middle[family] / middle["von Mises-Fisher"])
    return ratios


def by_space(runs: Iterable[dict], quantity: str) -> dict[str, dict[str, list[float]]]:
    """Values of a quantity by space and family, of the runs at radius sqrt(m) with the head inverse_variance.

    Args:
        runs: with "latent_space", "radius" and "concentration_head".
        quantity: a key of theirs.

    Returns:
        By the spaces of SPACES, then by family, in the order of the runs.

    Example:
        >>> run = {"latent_space": "5xc2", "radius": "sqrt_m", "concentration_head": "inverse_variance"}
        >>> by_space([run | {"test_kl": 18.0}], "test_kl")["5x2"]["spherical Cauchy"]
        [18.0]
    """
    found = {space: {family: [] for family in FAMILIES} for space in SPACES}
    for run in runs:
        letter = re.sub(r"[0-9x]", "", run["latent_space"])
        space = run["latent_space"].replace(letter, "")
        if letter in LETTERS and space in found and sphere_settings(run) == ("sqrt_m", "inverse_variance"):
            found[space][LETTERS[letter]].append(run[quantity])
    return found


def name_of(space: str) -> str:
    """A space of SPACES as the text writes it: "5x2" is five times S²."""
    count, _, d = space.rpartition("x")
    return (f"{count} × " if count else "") + "S" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in d)


def score_table(runs: Iterable[dict]) -> list[str]:
    """Mean log-likelihood of each family on each space, and its comparison with the von Mises-Fisher distribution.

    Args:
        runs: see `by_space`.

    Returns:
        One line for each space and family; p is Welch's, after Holm's correction over all lines.
    """
    table = by_space(runs, "test_log_likelihood")
    rows = [(space, family, scores) for space, all_ in table.items() for family, scores in all_.items() if scores]
    first = "von Mises-Fisher"
    tests = iter(compare_pairs((scores, table[space][first]) for space, family, scores in rows if family != first))
    lines = []
    for space, family, scores in rows:
        line = f"{name_of(space):7} {family:17} seeds: {len(scores)}   {mean_of(scores):14}"
        if family != first:
            difference, test = next(tests)
            line += f"  {difference:+.2f}  {test}"
        lines.append(line.rstrip())
    return lines


@styled
def seeds(runs: Iterable[dict]) -> Picture:
    """Log-likelihood of every run, as nats above the mean of the von Mises-Fisher runs on the same space.

    Args:
        runs: see `by_space`.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(8, 3.8, "A VAE with each family: every seed")
    axes = figure.add_subplot()
    table = by_space(runs, "test_log_likelihood")
    for place, (_, found) in enumerate(table.items()):
        for shift, (family, scores) in zip((-0.2, 0.0, 0.2), found.items(), strict=True):
            above = np.array(scores) - np.mean(found["von Mises-Fisher"])
            look = {key: LOOKS[family][key] for key in ("color", "marker")}
            axes.plot(np.full(len(above), place + shift), above, linestyle="none", markersize=7, alpha=0.8, **look)
    for family in FAMILIES:
        axes.plot([], [], linestyle="none", label=family, **{key: LOOKS[family][key] for key in ("color", "marker")})
    axes.axhline(0, color=OUTLINE, linewidth=1)
    axes.set_xticks(range(len(table)), [name_of(space) for space in table])
    axes.set(ylabel="log-likelihood (nats above the vMF mean)", xlabel="latent space")
    axes.legend(fontsize=9, ncols=3, loc="lower left")
    return figure


@styled
def sample_spread(m: int = 3, nats: float = 3.0, draws: int = 1500) -> Picture:
    """Samples around mu at equal KL, seen from above mu: the distance from the middle is the angle.

    Args:
        m: ambient dimension.
        nats: the KL of each.
        draws: of each family.

    Returns:
        A figure with one axes per family.
    """
    figure = new_figure(10, 4, f"Samples at {nats:g} nats, seen from above μ")
    torch.manual_seed(0)
    for axes, family in zip(figure.subplots(1, 3), FAMILIES, strict=True):
        z = at_pole(family, m, concentration_at_kl(family, m, nats)).sample((draws,)).numpy()
        angle, turn = np.degrees(np.arccos(z[:, 0].clip(-1, 1))), np.arctan2(z[:, 2], z[:, 1])
        axes.plot(angle * np.cos(turn), angle * np.sin(turn), ".", markersize=3, color=LOOKS[family]["color"])
        for ring in (45, 90, 180):
            axes.plot(*circle(ring), color=TRACK, linewidth=0.8)
            axes.annotate(f"{ring}°", (0, ring), ha="center", va="bottom", fontsize=8, color=OUTLINE)
        axes.set_title(f"{family}\n{(angle > 90).sum()} of {draws:,} beyond 90°", fontsize=10)
        axes.set(aspect="equal", xlim=(-190, 190), ylim=(-190, 195))
        axes.set_xlabel("angle along one axis (degrees)")
    return figure
