"""Figures of chapter 04, a budget of latent dimensions on one sphere or on several."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch.distributions import kl_divergence

from svae_course.score_tables import compare_pairs, mean_of
from svae_course.stored_files import sphere_settings
from svae_course.vmf import vmf_at_pole
from svae_lib.distributions import HypersphericalUniform, ProductDistribution
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.ops.sphere import log_map
from svae_lib.plotting.decoding import factors_of
from svae_lib.plotting.latent import angle
from svae_lib.plotting.style import MARK, SAMPLES, SECOND, TRACK, Picture, new_figure, styled

TEN = ("s10", "s5,s5", "s4,s3,s3", "5xs2")  # ten dimensions each
TWELVE = ("s11", "s5,s5", "3xs3", "4xs2", "6xs1")  # twelve coordinates each
LEARNED = ", learned radius"
SHOWN = {(None, None): "", ("sqrt_m", "inverse_variance"): "", ("learned from sqrt_m", "inverse_variance"): LEARNED}
FORTY = ("s40", "5xs8", "10xs4", "20xs2", "40xs1", "e40")  # dimensions
SAMPLE_COUNT = 600
SCORES = {"test_log_likelihood": "log-likelihood", "test_reconstruction": "reconstruction", "test_kl": "KL"}


class Partition(NamedTuple):
    """Budget of dimensions of a product of spheres."""

    name: str  # "4+3+3", "5×2"
    dims: tuple[int, ...]  # d of each factor
    coordinates: int  # of a code: m, the sum of d + 1 over the factors
    concentrations: int
    parameters: int  # the numbers that the encoder gives for an image


def partition(space: str) -> Partition:
    """Budget of dimensions of a latent space of spheres.

    Args:
        space: a sphere or a product of spheres, by its name.

    Returns:
        Its counts.

    Example:
        >>> partition("5xs2")
        Partition(name='5×2', dims=(2, 2, 2, 2, 2), coordinates=15, concentrations=5, parameters=20)
    """
    built = parse_latent_space(space)
    dims = tuple(factor.manifold_dim for factor, _ in factors_of(built))
    many = len(dims) > 2 and len(set(dims)) == 1
    name = f"{len(dims)}×{dims[0]}" if many else "+".join(map(str, dims))
    return Partition(name, dims, built.event_size, len(dims), built.parameter_size)


@styled
def dimension_budget(ten: tuple[str, ...] = TEN, twelve: tuple[str, ...] = TWELVE) -> Picture:
    """Partitions as bars, one block per number: the dimensions of the factors, then their concentrations.

    On the left the partitions have the same number of dimensions, on the right the same number of coordinates.

    Args:
        ten: latent spaces on the left, by name.
        twelve: latent spaces on the right.

    Returns:
        A figure with two axes.
    """
    figure = new_figure(9.8, 3.8, "The budget of dimensions: what a partition adds, and what it takes away")
    titles = "equal dimensions: coordinates are added", "equal coordinates: dimensions are lost"
    for axes, spaces, title in zip(figure.subplots(1, 2), (ten, twelve), titles, strict=True):
        rows = [partition(space) for space in spaces]
        for y, row in enumerate(rows):
            left = 0
            for d in row.dims:
                axes.barh(y, d, left=left, height=0.7, color=SAMPLES, edgecolor="white", linewidth=2)
                axes.text(left + d / 2, y, f"{d}", ha="center", va="center", color="white", fontweight="bold")
                left += d
            for _ in row.dims:
                axes.barh(y, 1, left=left, height=0.7, color=SECOND, edgecolor="white", linewidth=2)
                axes.text(left + 0.5, y, "κ", ha="center", va="center")
                left += 1
            axes.text(left + 0.3, y, f"m = {row.coordinates}, encoder {row.parameters}", va="center", fontsize=9)
        axes.set(xlabel="dimensions (blue) and concentrations κ", ylabel="partition", xlim=(0, 21.5))
        axes.set(yticks=range(len(rows)), yticklabels=[row.name for row in rows], xticks=range(0, 16, 5))
        axes.set_title(title, fontsize=11)
        axes.grid(axis="y", visible=False)
        axes.invert_yaxis()
    return figure


@styled
def posterior_shapes(kappa: float = 100.0, kappas: tuple[float, float] = (10.0, 100.0), limit: float = 60.0) -> Picture:
    """Samples around mu in two dimensions, from one vMF on S^2 and from two on S^1 x S^1; both axes in degrees.

    Args:
        kappa: concentration on S^2.
        kappas: concentrations on the two circles.
        limit: of the axes, degrees.

    Returns:
        A figure with two axes.
    """
    sphere = vmf_at_pole(kappa, 3)
    torus = ProductDistribution([vmf_at_pole(each, 2) for each in kappas])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        around = np.degrees(log_map(sphere.loc, sphere.sample((SAMPLE_COUNT,))).numpy())[:, 1:]
        angles = np.stack([angle(circle.numpy()) for circle in torus.split(torus.sample((SAMPLE_COUNT,)))], -1)
    one = kl_divergence(sphere, HypersphericalUniform(3)).item()
    two = kl_divergence(torus, ProductDistribution([HypersphericalUniform(2)] * 2)).item()
    figure = new_figure(8.6, 3.8, "One vMF is round, a product of two need not be")
    names = f"S², κ = {kappa:g}: {one:.1f} nats", f"S¹ × S¹, κ = {kappas[0]:g} and {kappas[1]:g}: {two:.1f} nats"
    labels = ("across μ", "also across μ"), ("on circle 1", "on circle 2")
    for axes, points, name, label in zip(figure.subplots(1, 2), (around, angles), names, labels, strict=True):
        axes.plot(*points.T, ".", markersize=4, markeredgewidth=0, color=SAMPLES)
        axes.plot(0, 0, "+", markersize=14, markeredgewidth=2, color=MARK)
        axes.set(aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))
        axes.set(xlabel=f"angle {label[0]} (degrees)", ylabel=f"angle {label[1]} (degrees)")
        axes.set_title(name, fontsize=11)
    return figure


def seed_ranges(rows: list[dict], score: str) -> dict[str, tuple[float, float, int]]:
    """Least and largest score of each partition among stored runs, and the number of seeds; NaN is left out.

    Args:
        rows: dicts with "latent_space" and the score, as metrics.json holds them.
        score: a key of theirs.

    Returns:
        By the partition's name, (least, largest, seeds).

    Example:
        >>> rows = [{"latent_space": "s3,s3", "test_kl": 5.0}, {"latent_space": "2xs3", "test_kl": 7.0}]
        >>> seed_ranges(rows, "test_kl")
        {'3+3': (5.0, 7.0, 2)}
    """
    found = {}
    for row in rows:
        if math.isfinite(row[score]):
            found.setdefault(partition(row["latent_space"]).name, []).append(row[score])
    return {name: (min(values), max(values), len(values)) for name, values in found.items()}


def default_runs(runs: list[dict], spaces: tuple[str, ...] = TEN) -> list[dict]:
    """Stored runs of some latent spaces with the default radius and head.

    Args:
        runs: see `stored_runs`.
        spaces: latent spaces, by name.

    Example:
        >>> run = {"latent_space": "2xs5", "radius": "sqrt_m", "concentration_head": "inverse_variance"}
        >>> len(default_runs([run, run | {"radius": 1.0}, run | {"latent_space": "s2"}]))
        1
    """
    names = set(map(stored_name, spaces))
    return [run for run in runs if run["latent_space"] in names and SHOWN.get(sphere_settings(run)) == ""]


def stored_name(space: str) -> str:
    """Name of a latent space as stored runs write it: "s5,s5" is "2xs5"."""
    return str(parse_latent_space(space))


def split_table(runs: list[dict], spaces: tuple[str, ...] = FORTY) -> list[str]:
    """Lines of a table: the mean log-likelihood of each space, and its comparison with the first one.

    The interval of a mean is Student's over the seeds; p is Welch's, after Holm's correction over all lines.

    Args:
        runs: dicts with "latent_space" and "test_log_likelihood"; those of spheres at the papers' radius, or with
            another head than the default, are left out. A learned radius is a space of its own.
        spaces: latent spaces, by name.

    Returns:
        One line for each space that has runs.
    """
    names = {stored_name(space): space for space in spaces}
    table = {space + suffix: [] for space in spaces for suffix in ("", LEARNED)}
    for run in runs:
        if run["latent_space"] in names and (settings := sphere_settings(run)) in SHOWN:
            table[names[run["latent_space"]] + SHOWN[settings]].append(run["test_log_likelihood"])
    table = {space: scores for space, scores in table.items() if scores}
    width = max(6, *map(len, table)) if table else 6
    (first, one), *others = table.items() or [("", [])]
    lines = [f"{first:{width}}  {len(one):4}  {mean_of(one)}"] if one else []
    tests = compare_pairs((scores, one) for _, scores in others)
    for (space, scores), (difference, test) in zip(others, tests, strict=True):
        lines.append(f"{space:{width}}  {len(scores):4}  {mean_of(scores):16}  {difference:+6.2f}  {test}")
    return lines


@styled
def partition_scores(rows: list[dict], spaces: tuple[str, ...] = TEN) -> Picture:
    """Log-likelihood, reconstruction and KL of stored runs: one dot per seed, a bar from the least to the largest.

    Args:
        rows: see `seed_ranges`.
        spaces: latent spaces to show, by name.

    Returns:
        A figure with three axes.
    """
    figure = new_figure(9.8, 3.1, "Ten dimensions, partitioned four ways: one dot per seed")
    names = [partition(space).name for space in spaces]
    for axes, (score, title) in zip(figure.subplots(1, 3, sharey=True), SCORES.items(), strict=True):
        for name, (low, high, _) in seed_ranges(rows, score).items():
            if name in names:
                axes.plot([low, high], 2 * [names.index(name)], color=TRACK, linewidth=6, solid_capstyle="round")
        for row in rows:
            if (name := partition(row["latent_space"]).name) in names:
                axes.plot(row[score], names.index(name), "o", color="C4", markersize=7)
        axes.set(title=title, xlabel="nats per test image", yticks=range(len(names)), ylim=(len(names) - 0.5, -0.5))
        axes.margins(x=0.12)
        axes.locator_params(axis="x", nbins=4)
    figure.axes[0].set(ylabel="partition", yticklabels=names)
    return figure
