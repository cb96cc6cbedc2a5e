"""Checks of the exercises of chapter 09, clustering directions."""

import warnings
from functools import cache

import numpy as np
import torch
from sklearn.metrics import adjusted_rand_score

from svae_course.chapter_09.airports import stored_fits
from svae_course.chapter_09.cases import AXES, clusters, sampled
from svae_course.chapter_09.figures import colors
from svae_course.checking import Wrong, against_truth, close, exercise, judge
from svae_lib.distributions import VonMisesFisher
from svae_lib.distributions.fitting import concentration_at_ratio
from svae_lib.errors import InputWarning
from svae_lib.plotting.projections import facing, hammer, point_to_lonlat
from svae_lib.plotting.style import Picture, new_figure, styled

KAPPAS = (0.5, 3.0, 20.0, 500.0, 20_000.0)
KINDS = ("k-means", "mixture, free κ")
POINTS = 400  # of each case of exercise 9.4, half of them in each group
FOUND, MISSED = 0.9, 0.5  # adjusted Rand index above which groups are found, below which they are not


@cache
def weighted_points() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Points around a direction for each of KAPPAS, float64, and responsibilities that differ."""
    generator = torch.Generator().manual_seed(9)
    pairs = []
    for seed, kappa in enumerate(KAPPAS):
        points, _ = sampled((AXES[seed % 3] + 0.3,), (kappa,), (60,), seed)
        pairs.append((torch.from_numpy(points), torch.rand(60, generator=generator, dtype=torch.float64)))
    return pairs


@exercise
def ex9_1(attempt):
    """Check of the concentration of the M step on S^2.

    Args:
        attempt: concentration(z: (n, 3), r: (n,)) -> ().
    """
    given = weighted_points()
    value = torch.stack([attempt(z.clone(), r.clone(), shape=()) for z, r in given]).double()
    R, halved, plain = (
        torch.stack([of(z, r) for z, r in given])
        for of in (
            lambda z, r: (r @ z).norm() / r.sum(),
            lambda z, r: (r @ z).norm() / len(r),
            lambda z, r: z.mean(0).norm(),
        )
    )
    truth = concentration_at_ratio(3, R, 1 - R)
    mistakes = {
        "divide by the sum of the responsibilities, not by the number of points": concentration_at_ratio(
            3, halved, 1 - halved
        ),
        "the responsibilities are missing: each point counts by its r": concentration_at_ratio(3, plain, 1 - plain),
        "this is the approximation of the text; solve A(kappa) = R": R * (3 - R**2) / (1 - R**2),
        "1/(1 - R) holds for large kappa alone; solve A(kappa) = R": 1 / (1 - R),
        "this is R; return the kappa with A(kappa) = R": R,
    }
    verdict = judge(value, truth, mistakes)
    if verdict.startswith("not yet: some values"):
        verdict = "not yet: not a number: sinh and exp of a large kappa overflow; 1/tanh does not"
    elif verdict.endswith("in the picture") and close(value[:3], truth[:3]):
        verdict = f"not yet: right up to kappa = {KAPPAS[2]:g}, not beyond: does your search end too early?"
    labels = "Concentration of weighted points", "concentration that the points were drawn with", "κ of the M step"
    picture = against_truth(torch.tensor(KAPPAS), value, truth, *labels)
    picture.axes[0].set(xscale="log", yscale="log")
    return verdict, picture


@exercise
def ex9_2(attempt):
    """Check of the E step on S^2.

    Args:
        attempt: responsibilities(z: (n, 3), share: (K,), mu: (K, 3), kappa: (K,)) -> (n, K).
    """
    mu = torch.from_numpy(AXES / np.linalg.norm(AXES, axis=1, keepdims=True))
    share = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)
    values, joints = [], []
    for kappa in (torch.tensor([1.0, 5.0, 20.0]).double(), torch.tensor([2.0, 300.0, 2000.0]).double()):
        points, _ = sampled(AXES + 0.2, kappa, (4, 4, 4), seed=5)
        z = torch.from_numpy(points)
        values.append(attempt(z.clone(), share.clone(), mu.clone(), kappa.clone(), shape=(12, 3)).double())
        log_density = VonMisesFisher(mu, kappa).log_prob(z[:, None])
        joints.append((log_density + share.log(), log_density, kappa * (z @ mu.T) + share.log()))
    value = torch.cat(values).flatten()

    def each(of) -> torch.Tensor:
        return torch.cat([of(*joint) for joint in joints]).flatten()

    truth = each(lambda joint, *_: joint.softmax(1))
    mistakes = {
        "the shares are missing: a large cluster claims more": each(lambda _, density, __: density.softmax(1)),
        "the constant C(kappa) is missing: it differs from cluster to cluster": each(lambda *j: j[2].softmax(1)),
        "each row sums to 1, over the clusters; you summed over the points": each(lambda joint, *_: joint.softmax(0)),
        "this is each point's nearest cluster, all or nothing: k-means": each(
            lambda joint, *_: torch.nn.functional.one_hot(joint.argmax(1), 3).double()
        ),
        "divide by the sum over the clusters": each(lambda joint, *_: joint.exp()),
        "these are logarithms": each(lambda joint, *_: joint.log_softmax(1)),
    }
    verdict = judge(value, truth, mistakes)
    if verdict.startswith("not yet: some values"):
        verdict = "not yet: not a number: at kappa = 2000 exp and sinh overflow; stay with logarithms until the end"
    labels = "Responsibilities of 24 points", "point and cluster", "probability"
    return verdict, against_truth(torch.arange(len(value)), value, truth, *labels)


def tied_to_reach(count: int) -> int:
    """Least number of clusters with one kappa whose held-out score reaches that of `count` with free ones."""
    fits = stored_fits()
    return next(n for n in range(1, 11) if fits["tied", n]["held_out"] >= fits["free", count]["held_out"])


@exercise
def ex9_3(attempt):
    """Check of a number of clusters read off the panel, and of the reason.

    Args:
        attempt: reading() -> (2,), the number and the number of the sentence.
    """
    value, truth, fits = attempt(shape=(2,)).double(), tied_to_reach(4), stored_fits()
    counts = torch.arange(1, 11)
    scores = torch.tensor([fits["tied", int(n)]["held_out"] for n in counts], dtype=torch.float64)
    goal = torch.full_like(scores, fits["free", 4]["held_out"])
    labels = "Held-out log-likelihood of the airports", "number of clusters", "nats per airport"
    picture = against_truth(counts, scores, goal, *labels)
    for line, name in zip(picture.axes[0].lines, ("four, free κ", "one κ"), strict=True):
        line.set_label(name)
    picture.axes[0].legend()
    number, sentence = value.tolist()
    if number != truth:
        hints = {
            4: "at 4 the two kinds are far apart: change the kind, and look again",
            truth - 1: "close, but there the score is still lower: one more",
        }
        return f"not yet: {hints.get(number, 'move the number of clusters with κ tied, and read the score')}", picture
    reasons = {
        1: "each free κ is one number more, and what is held out does not reward numbers",
        3: "both kinds start in the same way, and the best of several starts is kept",
    }
    wrong = reasons.get(int(sentence) if np.isfinite(sentence) else 0, "the last number is 1, 2 or 3")
    return "correct" if sentence == 2 else f"not yet: {wrong}", picture


@exercise
def ex9_4(attempt):
    """Check of two cases, one that k-means does not solve and a mixture does, and one the other way around.

    Args:
        attempt: cases() -> (2, 400, 3), the first 200 points of each case are one group, the others the second.
    """
    value = attempt(shape=(2, POINTS, 3)).double()
    lengths = value.norm(dim=-1)
    if not (lengths - 1).abs().max() < 1e-3:
        raise Wrong(f"a point is not on the sphere: its length is {lengths[(lengths - 1).abs() >= 1e-3][0]:.2f}")
    points = (value / lengths[..., None]).numpy()
    groups = np.repeat([0, 1], POINTS // 2)
    (means_1, mixture_1), (means_2, mixture_2) = scores = [
        [index(kind, case, groups) for kind in KINDS] for case in points
    ]
    picture = two_cases(points, groups, scores)
    if means_1 >= FOUND and mixture_1 <= MISSED and means_2 <= MISSED and mixture_2 >= FOUND:
        return "not yet: the two cases are exchanged: first the one that fools k-means", picture
    hints = [
        (mixture_1 >= FOUND, f"first case: the mixture does not find the groups either, its index is {mixture_1:.2f}"),
        (
            means_1 <= MISSED,
            f"first case: k-means finds the groups too, its index is {means_1:.2f}",
        ),
        (means_2 >= FOUND, f"second case: k-means does not find the groups either, its index is {means_2:.2f}"),
        (mixture_2 <= MISSED, f"second case: the mixture finds the groups too, its index is {mixture_2:.2f}"),
    ]
    wrong = [hint for holds, hint in hints if not holds]
    return f"not yet: {wrong[0]}" if wrong else "correct", picture


def index(kind: str, points: np.ndarray, groups: np.ndarray) -> float:
    """Adjusted Rand index of two clusters and two groups."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)  # the reader's groups may be as dense as they like
        return adjusted_rand_score(groups, clusters(kind, 2, starts=8).fit_predict(points))


@styled
def two_cases(points: np.ndarray, groups: np.ndarray, scores: list[list[float]]) -> Picture:
    """Two sets of points on S^2, on Hammer's map around their mean, with the index of k-means and of the mixture."""
    figure = new_figure(9, 3, "Your two cases, by group")
    for axes, case, (means, mixture), name in zip(
        figure.subplots(1, 2), points, scores, ("first", "second"), strict=True
    ):
        east, north, out = facing(*point_to_lonlat(case.sum(0)))
        turned = case @ np.stack([out, east, north]).T
        axes.scatter(*hammer(*point_to_lonlat(turned)), s=6, color=np.array(colors(2))[groups])
        axes.set_title(f"{name}: k-means {means:.2f}, mixture {mixture:.2f}", fontsize=11)
        axes.set(aspect="equal", xticks=[], yticks=[], xlabel="longitude", ylabel="latitude")
    return figure
