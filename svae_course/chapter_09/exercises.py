"""Checks of the exercises of chapter 09, clustering directions."""

from functools import cache

import numpy as np
import torch
from sklearn.metrics import adjusted_rand_score

from svae_course.chapter_09.airports import stored_fits
from svae_course.chapter_09.cases import AXES, Pair, clusters, likeliest_pair, sampled
from svae_course.chapter_09.figures import colors
from svae_course.checking import Wrong, against_truth, close, exercise, judge
from svae_lib.distributions import VonMisesFisher
from svae_lib.distributions.fitting import concentration_at_ratio
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
    values, terms = [], []
    for means, kappas in ((AXES + 0.2, [1.0, 5.0, 20.0]), (AXES, [2.0, 300.0, 2000.0])):
        kappa = torch.tensor(kappas).double()
        points, _ = sampled(means, kappa, (4, 4, 4), seed=5)
        z = torch.from_numpy(points)
        values.append(attempt(z.clone(), share.clone(), mu.clone(), kappa.clone(), shape=(12, 3)).double())
        exponent = kappa * (z @ mu.T)
        log_c = VonMisesFisher(mu, kappa).log_prob(z[:, None]) - exponent
        terms.append((log_c + exponent + share.log(), log_c, exponent, share.log(), kappa))
    value = torch.cat(values).flatten()

    def each(of) -> torch.Tensor:
        """By the logarithm of share times density, its terms log C, kappa times the cosine and log share, and kappa."""
        return torch.cat([of(*term) for term in terms]).flatten()

    truth = each(lambda joint, *_: joint.softmax(1))
    mistakes = {
        "the shares are missing: a large cluster claims more": each(lambda j, c, e, share, k: (j - share).softmax(1)),
        "the constant C(kappa) is missing: it differs from cluster to cluster": each(
            lambda joint, log_c, *_: (joint - log_c).softmax(1)
        ),
        "sinh(kappa) is infinite from kappa = 711 on, and the narrow cluster gets nothing: rewrite log C": each(
            lambda joint, log_c, e, s, kappa: (joint - log_c + (kappa / kappa.sinh()).log()).softmax(1)
        ),
        "a share multiplies a density: add its logarithm": each(
            lambda joint, c, e, share, k: (joint - share + share.exp()).softmax(1)
        ),
        "the exponent is kappa times the cosine": each(
            lambda joint, c, exponent, s, kappa: (joint - exponent + exponent / kappa).softmax(1)
        ),
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
    points, groups = (value / lengths[..., None]).numpy(), np.repeat([0, 1], POINTS // 2)
    pairs = [likeliest_pair(case) for case in points]
    k_means = [clusters("k-means", 2, starts=8).fit_predict(case) for case in points]
    found = list(zip(k_means, [pair.labels for pair in pairs], strict=True))
    indices = np.array([[adjusted_rand_score(groups, labels) for labels in case] for case in found])
    picture = two_cases(points, groups, found)
    finds, misses = indices >= FOUND, indices <= MISSED
    if finds[0, 0] and misses[0, 1] and misses[1, 0] and finds[1, 1]:
        return "not yet: the two cases are exchanged: first the one that fools k-means", picture
    around = "let the broad group lie on all sides of the narrow one: then a border halfway between two means cuts it"
    goals = (
        (0, 1, finds, "one group should be narrower, or the other broader"),
        (0, 0, misses, around),
        (1, 0, finds, "the groups' means should lie farther apart than the groups are wide"),
        (1, 1, misses, _nearly(pairs[1], indices[1, 1])),
    )
    for case, method, reached, advice in goals:
        if not reached[case, method]:
            said = f"{('first', 'second')[case]} case: {('k-means', 'the mixture')[method]} "
            said += "does not find the groups either" if reached is finds else "finds the groups too"
            wrong = f"{misplaced(found[case][method], groups)} points are in the wrong cluster, where "
            wrong += "at most 10 may be" if reached is finds else "60 should be"
            return f"not yet: {said}, its index is {indices[case, method]:.2f}: {wrong}; {advice}", picture
    return "correct", picture


def _nearly(pair: Pair, index: float) -> str:
    """How far a mixture that finds the groups is from another explanation, and in which direction to go."""
    low, high = sorted(pair.concentrations)
    if index < FOUND:
        return f"its κ are {low:.3g} and {high:.3g}: make the dense part denser, or of fewer points (60 to 140)"
    lead = pair.log_likelihood - pair.dense
    return (
        f"one κ for a dense part and one for the rest is {lead:.0f} nats less likely: n points gain n log κ, so that "
        "part should be denser, or of more points, or all the rest wider"
    )


def misplaced(labels: np.ndarray, groups: np.ndarray) -> int:
    """Points that are not in the cluster of their group, of two clusters and two groups."""
    differ = int((labels != groups).sum())
    return min(differ, len(groups) - differ)


@styled
def two_cases(points: np.ndarray, groups: np.ndarray, found: list[tuple[np.ndarray, np.ndarray]]) -> Picture:
    """Two sets of points on S^2, on Hammer's map around their mean: by group, and as k-means and the mixture cut."""
    figure = new_figure(10, 5, "Your two cases")
    for row, case, cuts in zip(figure.subplots(2, 3), points, found, strict=True):
        east, north, out = facing(*point_to_lonlat(case.sum(0)))
        turned = hammer(*point_to_lonlat(case @ np.stack([out, east, north]).T))
        for axes, labels, name in zip(row, (groups, *cuts), ("your groups", *KINDS), strict=True):
            if misplaced(labels, groups) < (labels != groups).sum():
                labels = 1 - labels  # the same color for the same group
            axes.scatter(*turned, s=6, color=np.array(colors(2))[labels])
            index = "" if labels is groups else f" {adjusted_rand_score(groups, labels):.2f}"
            axes.set_title(name + index, fontsize=11)
            axes.set(aspect="equal", xticks=[], yticks=[])
    for axes, name in zip(figure.axes[::3], ("first case", "second case"), strict=True):
        axes.set_ylabel(name)
    return figure
