"""Three cases of known groups, and how often k-means and mixtures find them: one for each winner, and one for none."""

import warnings
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from svae_lib import VonMisesFisherClustering
from svae_lib.distributions import VonMisesFisher
from svae_lib.distributions.expectation_maximization import log_density, run, versines
from svae_lib.distributions.fitting import mean_direction
from svae_lib.errors import InputWarning

METHODS = ("k-means", "mixture, one κ", "mixture, free κ")
SEEDS = 6
AXES = np.eye(3)
CASES = {  # mean directions, concentrations, sizes
    "few and alike": (AXES, (5, 5, 5), (20, 20, 20)),
    "narrow beside broad": ((AXES[0], AXES[0] + 0.8 * AXES[1]), (100, 3), (100, 300)),
    "one uniform cloud": ((AXES[0],), (0,), (300,)),
}


def draw(case: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of a case, and the group of each.

    Args:
        case: one of CASES.
        seed: of the samples.

    Returns:
        (n, 3) and (n,).

    Example:
        >>> points, groups = draw("few and alike", seed=0)
        >>> points.shape, np.bincount(groups).tolist()
        ((60, 3), [20, 20, 20])
    """
    return sampled(*CASES[case], seed)


def sampled(directions, concentrations, sizes, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of several vMF distributions, float64, and the group of each; see `draw`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        points = [
            VonMisesFisher(
                torch.from_numpy(np.asarray(mu) / np.linalg.norm(mu)), torch.tensor(float(kappa)).double()
            ).sample((size,))
            for mu, kappa, size in zip(directions, concentrations, sizes, strict=True)
        ]
    return torch.cat(points).numpy(), np.repeat(np.arange(len(sizes)), sizes)


def clusters(method: str, count: int, seed: int = 0, starts: int = 2):
    """An estimator of scikit-learn's kind.

    Args:
        method: one of METHODS.
        count: of clusters.
        seed: of its starts.
        starts: the best of them is kept.

    Returns:
        KMeans or VonMisesFisherClustering, not fitted.
    """
    if method == "k-means":
        return KMeans(count, n_init=starts, random_state=seed)
    return VonMisesFisherClustering(count, tied="one" in method, n_init=starts, random_state=seed)


@cache
def scores(case: str) -> dict[str, list[float]]:
    """Adjusted Rand index of each method on SEEDS sets of points: 1 for the same groups, about 0 for chance.

    Against the true groups; where all points are one group, against the clusters found in another set of points.

    Args:
        case: one of CASES.

    Returns:
        By method, one score per seed.
    """
    found = {method: [] for method in METHODS}
    for seed in range(SEEDS):
        points, groups = draw(case, seed)
        count = max(3, groups.max() + 1) if case != "narrow beside broad" else 2
        for method in METHODS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InputWarning)  # of few points a component may shrink onto one
                labels = clusters(method, count, seed).fit_predict(points)
                if not groups.any():
                    other = clusters(method, count, seed).fit(draw(case, seed + SEEDS)[0])
                    found[method].append(adjusted_rand_score(other.predict(points), labels))
                else:
                    found[method].append(adjusted_rand_score(groups, labels))
    return found


def bic_of_uniform_points(counts: tuple[int, ...] = (1, 2, 3, 4)) -> dict[int, float]:
    """BIC of mixtures of the uniform cloud above that of one component, by the number of components."""
    points, _ = draw("one uniform cloud", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        values = {count: VonMisesFisherClustering(count, random_state=0).fit(points).bic(points) for count in counts}
    return {count: value - values[1] for count, value in values.items()}


class Pair(NamedTuple):
    """The likeliest mixture of two components: its labels (n,), its log-likelihood, and what a dense part alone has.

    Attributes:
        labels: (n,), 0 or 1.
        log_likelihood: of all points, nats.
        dense: the highest log-likelihood of one component on a dense part, and the other on all other points.
        shares: (2,), of the components.
        concentrations: (2,).
    """

    labels: np.ndarray
    log_likelihood: float
    dense: float
    shares: list[float]
    concentrations: list[float]


def likeliest_pair(points: np.ndarray) -> Pair:
    """The likeliest mixture of two components with free concentrations that several kinds of starts lead to.

    Starts by k-means++, as the library has them, miss a component that is a dense part of a wide group, though it may
    be hundreds of nats more likely. So there are starts from the densest parts as well.

    Args:
        points: (n, 3).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)  # the points may be as dense as they like
        found = clusters(METHODS[2], 2, starts=8).fit(points)
    y, fitted = torch.from_numpy(points), found.mixture_
    tried = [_from_part(y, part) for part in _dense_parts(y, (len(y) // 8, len(y) // 4, 3 * len(y) // 8))]
    ours = found.labels_, len(y) * found.score(points), fitted.mixture_distribution.probs.tolist()
    best = max((*ours, fitted.component_distribution.concentration.tolist()), *tried, key=lambda each: each[1])
    return Pair(best[0], best[1], max(each[-1] for each in tried), *best[2:4])


def _dense_parts(y: torch.Tensor, sizes: tuple[int, ...]) -> list[torch.Tensor]:
    """For each size the points of the smallest ball of so many points around one of them, as a mask."""
    distances, nearest = torch.cdist(y, y).sort(1)
    masks = torch.zeros(len(sizes), len(y), dtype=torch.bool)
    for mask, size in zip(masks, sizes, strict=True):
        mask[nearest[distances[:, size - 1].argmin(), :size]] = True
    return list(masks)


def _from_part(y: torch.Tensor, part: torch.Tensor) -> tuple:
    """Expectation-maximization from a part of the points: labels, log-likelihood, shares, concentrations; the first."""
    count = len(y)
    shares = torch.full((count,), 1 / count, dtype=y.dtype)
    floor = 1e-4 * (shares @ versines(y, mean_direction(y, shares)[0][None])).item()  # as the library has it
    start = {"responsibilities": torch.stack([part, ~part], 1).to(y.dtype), "floor": floor, "tol": 1e-3 / count}
    first, found = (run(y, shares, y[:2], tied=False, max_iter=steps, **start) for steps in (1, 200))
    log_joint = found.log_share + log_density(y.shape[1], found.concentration, versines(y, found.loc))
    log_likelihood, dense = count * found.mean_log_likelihood, count * first.mean_log_likelihood
    labels = log_joint.argmax(1).numpy()
    return labels, log_likelihood, found.log_share.exp().tolist(), found.concentration.tolist(), dense
