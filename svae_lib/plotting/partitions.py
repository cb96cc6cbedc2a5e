"""A budget of latent dimensions spent on one sphere or on several: what it buys, what it costs, and what is drawn."""

import math
from typing import NamedTuple

import numpy as np
from torch.distributions import kl_divergence

from svae_lib.distributions import HypersphericalUniform
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.plotting.concentration import vmf_at_pole
from svae_lib.plotting.decoding import factors_of
from svae_lib.plotting.style import Picture, new_figure, styled

TEN = ("s10", "s5,s5", "s4,s3,s3", "5xs2")  # ten dimensions each
TWELVE = ("s11", "s5,s5", "3xs3", "4xs2", "6xs1")  # twelve coordinates each
DIMENSION, KAPPA = "#3f90da", "#ffa90e"


class Partition(NamedTuple):
    """The ledger of a product of spheres."""

    name: str  # "4+3+3", "5×2"
    dims: tuple[int, ...]  # d of each factor
    coordinates: int  # of a code: m, the sum of d + 1 over the factors
    concentrations: int
    parameters: int  # the numbers that the encoder gives for an image


def partition(space: str) -> Partition:
    """The ledger of a latent space of spheres, by its name.

    >>> partition("5xs2")
    Partition(name='5×2', dims=(2, 2, 2, 2, 2), coordinates=15, concentrations=5, parameters=20)
    """
    built = parse_latent_space(space)
    dims = tuple(factor.manifold_dim for factor, _ in factors_of(built))
    many = len(dims) > 2 and len(set(dims)) == 1
    name = f"{len(dims)}×{dims[0]}" if many else "+".join(map(str, dims))
    return Partition(name, dims, built.event_size, len(dims), built.parameter_size)


class Bells(NamedTuple):
    """A concentration for each factor of a partition, what each costs and how wide it is."""

    kl: np.ndarray  # (factors,), to the uniform distribution, nats
    spread: np.ndarray  # (dimensions,): the standard deviation of a coordinate across mu, over that of the prior


def bells(dims: tuple[int, ...], kappas) -> Bells:
    """What the concentrations `kappas`, one a factor, mean on spheres of these dimensions.

    >>> bells((2, 2), (10.0, 10.0)).kl.round(5)
    array([1.99573, 1.99573])
    """
    vmfs = [vmf_at_pole(kappa, d + 1) for d, kappa in zip(dims, kappas, strict=True)]
    costs = [kl_divergence(vmf, HypersphericalUniform(d + 1)).item() for d, vmf in zip(dims, vmfs, strict=True)]
    prior_variance = [1 / (d + 1) for d in dims]  # of a coordinate of a uniform point
    shares = [vmf.variance[1:] / variance for vmf, variance in zip(vmfs, prior_variance, strict=True)]
    return Bells(np.array(costs), np.concatenate([share.sqrt().numpy() for share in shares]))


@styled
def ledger(ten: tuple[str, ...] = TEN, twelve: tuple[str, ...] = TWELVE) -> Picture:
    """Each partition as a bar, a block a number: the dimensions of its factors, then their concentrations.

    On the left the partitions have the same number of dimensions, on the right the same number of coordinates.
    """
    figure = new_figure(9.8, 3.8, "The ledger: what a cut buys, and what it costs")
    titles = "as many dimensions: coordinates are added", "as many coordinates: dimensions are given up"
    for axes, spaces, title in zip(figure.subplots(1, 2), (ten, twelve), titles, strict=True):
        rows = [partition(space) for space in spaces]
        for y, row in enumerate(rows):
            left = 0
            for d in row.dims:
                axes.barh(y, d, left=left, height=0.7, color=DIMENSION, edgecolor="white", linewidth=2)
                axes.text(left + d / 2, y, f"{d}", ha="center", va="center", color="white", fontweight="bold")
                left += d
            for _ in row.dims:
                axes.barh(y, 1, left=left, height=0.7, color=KAPPA, edgecolor="white", linewidth=2)
                axes.text(left + 0.5, y, "κ", ha="center", va="center")
                left += 1
            axes.text(left + 0.3, y, f"m = {row.coordinates}, encoder {row.parameters}", va="center", fontsize=9)
        axes.set(xlabel="dimensions (blue) and concentrations κ", ylabel="partition", xlim=(0, 21.5))
        axes.set(yticks=range(len(rows)), yticklabels=[row.name for row in rows], xticks=range(0, 16, 5))
        axes.set_title(title, fontsize=11)
        axes.grid(axis="y", visible=False)
        axes.invert_yaxis()
    return figure


SCORES = {"test_log_likelihood": "log-likelihood", "test_reconstruction": "reconstruction", "test_kl": "KL"}


def seed_ranges(rows: list[dict], score: str) -> dict[str, tuple[float, float, int]]:
    """For each partition among stored runs the least and the largest of a score, and of how many seeds (no NaN counts).

    >>> seed_ranges([{"latent_space": "s3,s3", "test_kl": 5.0}, {"latent_space": "2xs3", "test_kl": 7.0}], "test_kl")
    {'3+3': (5.0, 7.0, 2)}
    """
    found = {}
    for row in rows:
        if math.isfinite(row[score]):
            found.setdefault(partition(row["latent_space"]).name, []).append(row[score])
    return {name: (min(values), max(values), len(values)) for name, values in found.items()}


@styled
def partition_scores(rows: list[dict], spaces: tuple[str, ...] = TEN) -> Picture:
    """Stored runs, a point a seed and a bar from the least to the largest: log-likelihood, reconstruction and KL."""
    figure = new_figure(9.8, 3.1, "Ten dimensions, cut four ways: a dot a seed")
    names = [partition(space).name for space in spaces]
    for axes, (score, title) in zip(figure.subplots(1, 3, sharey=True), SCORES.items(), strict=True):
        for name, (low, high, _) in seed_ranges(rows, score).items():
            if name in names:
                axes.plot([low, high], 2 * [names.index(name)], color="#94a4a2", linewidth=6, solid_capstyle="round")
        for row in rows:
            if (name := partition(row["latent_space"]).name) in names:
                axes.plot(row[score], names.index(name), "o", color="C4", markersize=7)
        axes.set(title=title, xlabel="nats per test image", yticks=range(len(names)), ylim=(len(names) - 0.5, -0.5))
        axes.margins(x=0.12)
        axes.locator_params(axis="x", nbins=4)
    figure.axes[0].set(ylabel="partition", yticklabels=names)
    return figure
