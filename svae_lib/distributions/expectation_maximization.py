r"""Expectation-maximization for mixtures of von Mises-Fisher distributions, in log space, from k-means++ on the sphere.

    E: r_ij proportional to p_j C_m(k_j) exp(k_j <mu_j, y_i>)      M: p_j = sum_i s_i r_ij, mu_j and k_j by
    weighted maximum likelihood, where the weights of component j are s_i r_ij

An angle enters as its versine 1 - <mu, y>, to its own precision, so that narrow components lose no digits.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from svae_lib.distributions.fitting import concentration_at_ratio, mean_direction
from svae_lib.ops import log_surface_area
from svae_lib.ops.bessel import quantities_without_graph

_LLOYD_ROUNDS = 20
_NEAR = 1e-3  # of versines above it, a float64 difference keeps thirteen digits


class Components(NamedTuple):
    """Parameters of a mixture: shares p (K,), mean directions (K, m), concentrations (K,), and how they were found.

    Attributes:
        log_share: log p, (K,).
        loc: Mean directions, (K, m).
        concentration: k, (K,).
        at_floor: Which components are as narrow as they may be, (K,).
        mean_log_likelihood: Of the points, nats each.
        num_steps: Of expectation-maximization.
        converged: Whether the last step gained less than the tolerance.
    """

    log_share: Tensor
    loc: Tensor
    concentration: Tensor
    at_floor: Tensor
    mean_log_likelihood: float = -math.inf
    num_steps: int = 0
    converged: bool = False


def best_of_several(
    y: Tensor, shares: Tensor, count: int, *, tied: bool, n_init: int, max_iter: int, tol: float, min_spread: float,
    init: Tensor | None, seed: int,
) -> Components:  # fmt: skip
    """Run expectation-maximization from several starts; the likeliest wins, of those that collapsed nowhere if any.

    Args:
        y: Unit vectors, shape (n, m), float64.
        shares: Their weights, which sum to 1, shape (n).
        count: K.
        tied: Whether all components have one concentration.
        n_init: How many starts by k-means++, every other one improved by Lloyd's algorithm; with `init` there is one.
        max_iter: Most steps from each start.
        tol: Gain in the mean log-likelihood, in nats, below which a run ends.
        min_spread: Smallest 1 - R of a component, as a fraction of that of all the points.
        init: Mean directions to start from, (K, m), or None.
        seed: Of the starts.

    Returns:
        The components.
    """
    loc, length = mean_direction(y, shares)
    floor = max(min_spread * (shares @ versines(y, loc[None])).item(), torch.finfo(y.dtype).eps ** 2)
    generator = torch.Generator().manual_seed(seed)
    runs = []
    for number in range(n_init if init is None else 1):
        start = _seeds(y, shares, count, generator) if init is None else init
        if (
            init is None and number % 2 == 0
        ):  # Lloyd's algorithm likes clusters of one size, so every other start is raw
            start = spherical_k_means(y, shares, start)
        runs.append(run(y, shares, start, tied=tied, max_iter=max_iter, tol=tol, floor=floor))
    return max(runs, key=lambda components: (not components.at_floor.any(), components.mean_log_likelihood))


def run(
    y: Tensor, shares: Tensor, start: Tensor, *, tied: bool, max_iter: int, tol: float, floor: float,
    responsibilities: Tensor | None = None,
) -> Components:  # fmt: skip
    """Expectation-maximization from mean directions, or from responsibilities.

    Args:
        y: Unit vectors, shape (n, m), float64.
        shares: Their weights, which sum to 1, shape (n).
        start: Mean directions, (K, m).
        tied: Whether all components have one concentration.
        max_iter: Most steps.
        tol: Gain in the mean log-likelihood below which it ends.
        floor: Smallest 1 - R of a component.
        responsibilities: To start from, (n, K); without them each point belongs wholly to the nearest direction.

    Returns:
        The components.
    """
    if responsibilities is None:
        nearest = versines(y, start).argmin(-1)
        responsibilities = torch.nn.functional.one_hot(nearest, len(start)).to(y.dtype)
    before = Components(y.new_zeros(len(start)), start, y.new_zeros(len(start)), y.new_zeros(len(start)).bool())
    for step in range(1, max_iter + 1):
        components, versine = maximize(y, shares.unsqueeze(-1) * responsibilities, before, tied=tied, floor=floor)
        log_joint = components.log_share + log_density(y.shape[-1], components.concentration, versine)
        log_evidence = log_joint.logsumexp(-1, keepdim=True)
        responsibilities = (log_joint - log_evidence).exp()
        value = (shares @ log_evidence).item()
        converged = value - before.mean_log_likelihood < tol
        before = components._replace(mean_log_likelihood=value, num_steps=step, converged=converged)
        if converged:
            break
    return before


def maximize(y: Tensor, weights: Tensor, before: Components, *, tied: bool, floor: float) -> tuple[Components, Tensor]:
    """The M step: maximum likelihood of every component; one without weight stays where it was.

    Args:
        y: Unit vectors, shape (n, m).
        weights: Of point i in component j, shape (n, K), all together 1.
        before: The components so far.
        tied: Whether all components have one concentration.
        floor: Smallest 1 - R of a component.

    Returns:
        The components, and the versines between the points and their mean directions, (n, K).
    """
    share, mean = weights.sum(0), weights.T @ y
    length = mean.norm(dim=-1)
    loc = torch.where(length.unsqueeze(-1) > 0, mean / length.unsqueeze(-1), before.loc)
    versine = versines(y, loc)
    spread = (weights * versine).sum(0)
    if tied:
        total = share.sum()
        ratio, one_minus_ratio = (length.sum() / total).expand_as(share), (spread.sum() / total).expand_as(share)
    else:
        ratio, one_minus_ratio = length / share, spread / share
    k = concentration_at_ratio(y.shape[-1], ratio, one_minus_ratio.clamp(min=floor))
    k = torch.where(share > 0, k, before.concentration)
    return Components(share.log(), loc, k, one_minus_ratio < floor), versine


def log_density(ambient_dim: int, concentration: Tensor, versine: Tensor) -> Tensor:
    """Log density on the unit sphere, as VonMisesFisher has it.

    Args:
        ambient_dim: m.
        concentration: k, shape (K).
        versine: 1 - <mu, y>, shape (n, K).

    Returns:
        Nats, shape (n, K).
    """
    kl, _, one_minus_ratio, _ = quantities_without_graph(0.5 * ambient_dim - 1.0, concentration)
    return concentration * (one_minus_ratio - versine) + kl - log_surface_area(ambient_dim)


def versines(y: Tensor, loc: Tensor) -> Tensor:
    """1 - <mu, y> for all pairs, to its own precision where it is small.

    Args:
        y: Unit vectors, shape (n, m).
        loc: Unit vectors, shape (K, m).

    Returns:
        Shape (n, K).
    """
    versine = 1.0 - y @ loc.T
    close = versine < _NEAR
    for j in close.any(0).nonzero().flatten().tolist():
        rows = close[:, j]
        versine[rows, j] = 0.5 * (y[rows] - loc[j]).square().sum(-1)
    return versine


def spherical_k_means(y: Tensor, shares: Tensor, loc: Tensor) -> Tensor:
    """Directions after a few rounds of Lloyd's algorithm; one that no point is nearest to stays.

    Args:
        y: Unit vectors, shape (n, m).
        shares: Their weights, shape (n).
        loc: Directions to start from, (K, m).

    Returns:
        (K, m).
    """
    labels = None
    for _ in range(_LLOYD_ROUNDS):
        nearest = (y @ loc.T).argmax(-1)
        if labels is not None and torch.equal(nearest, labels):
            break
        labels = nearest
        mean = (shares.unsqueeze(-1) * torch.nn.functional.one_hot(labels, len(loc))).T @ y
        length = mean.norm(dim=-1, keepdim=True)
        loc = torch.where(length > 0, mean / length, loc)
    return loc


def _seeds(y: Tensor, shares: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Points drawn by k-means++: each in proportion to its versine from the nearest one so far, the best of a few.

    References:
        Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding" (2007); the versine is half the squared
        distance of the points.
    """
    trials = 2 + int(math.log(count))
    order = (y @ torch.linspace(1.0, 2.0, y.shape[-1], dtype=y.dtype, device=y.device)).argsort()
    (first,) = _draw(shares, order, 1, generator)
    chosen, nearest = [first], versines(y, y[first : first + 1]).squeeze(-1)
    while len(chosen) < count:
        candidates = _draw(shares * nearest, order, trials, generator)
        left = torch.minimum(nearest.unsqueeze(-1), versines(y, y[candidates]))
        best = (shares @ left).argmin().item()
        chosen.append(candidates[best])
        nearest = left[:, best]
    return y[chosen]


def _draw(weights: Tensor, order: Tensor, size: int, generator: torch.Generator) -> list[int]:
    """Indices in proportion to weights, the same points in any order of the rows and for weights as for copies."""
    edges = weights[order].cumsum(0)
    u = torch.rand(size, dtype=edges.dtype, generator=generator).to(edges.device)
    return order[torch.searchsorted(edges, u * edges[-1], right=True).clamp(max=len(order) - 1)].tolist()
