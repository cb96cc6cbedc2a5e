"""Checks of the exercises of chapter 05, the circle test."""

from functools import cache

import numpy as np
import torch

from svae_course.chapter_05.panel import PARTS, dataset, facts, keys
from svae_course.chapter_05.scores import SPACES, by_space
from svae_course.chapter_05.topology import nearest, neighbors_kept
from svae_course.checking import Wrong, against_truth, close, exercise, judge
from svae_course.checking import progress as progress
from svae_course.stored_files import stored_runs

SHAPE = "torus_quiet"
DIGITS = 200, 6  # points and neighbors of exercise 5.3


@exercise
def ex5_1(attempt):
    """Check of a prediction: the spaces within 1 nat of the highest mean, on the torus with little noise.

    Args:
        attempt: predict(spaces: list of names) -> (5,), 1 for such a space, 0 for another.
    """
    value = attempt(list(SPACES), shape=(5,)).double()
    if not torch.isin(value, torch.tensor([0.0, 1.0], dtype=torch.float64)).all():
        raise Wrong("give a 1 or a 0 for each space")
    if value.sum() in (0, 5):
        raise Wrong("one space has the highest mean, and not all are alike: some are 1, some are 0")
    found = by_space(stored_runs("results/05_shapes.json"), SHAPE)
    means = torch.tensor([sum(found[space]) / len(found[space]) for space in SPACES], dtype=torch.float64)
    truth = (means >= means.max() - 1).double()
    picture = against_truth(
        torch.arange(5), value, truth, "Within 1 nat of the highest, on a torus", "latent space", "1: within 1 nat"
    )
    picture.axes[0].set_xticks(range(5), SPACES)
    if close(value, truth):
        return "correct", picture
    at = int((value - truth).abs().argmax())
    if truth[at] == 1:
        return f"not yet: {SPACES[at]} belongs to them: has it the dimensions and the shape of a torus?", picture
    below = (means.max() - means[at]).item()
    reason = "it has one dimension" if SPACES[at] in ("e1", "s1") else "it has to cut the torus open"
    return f"not yet: {SPACES[at]} is {below:.0f} nats below the highest: {reason}", picture


@cache
def paths() -> dict[str, tuple[torch.Tensor, float]]:
    """Closed paths (n,) on a line and a value that each passes, by name."""
    angle = torch.linspace(0, 2 * torch.pi, 61, dtype=torch.float64)[:-1]
    wobbly = 0.4 * angle.cos() + torch.sin(5 * angle)
    folded = torch.minimum(angle / 5, 2 * torch.pi - angle)  # up along most of the way, and back
    return {
        "there and back": (angle.cos(), 0.31), "a fold": (folded, 0.5), "near the top": (angle.cos(), 0.97),
        "begun there": (angle.cos().roll(-13), 0.21), "a wobble": (wobbly, 0.13),
        "twice": (torch.sin(2 * angle), -0.4),
    }  # fmt: skip


@exercise
def ex5_2(attempt):
    """Check of how many times a closed path on a line passes a value.

    Args:
        attempt: passes(codes: (n,), value) -> (), the number of steps that pass it.
    """
    value = torch.stack([attempt(path.clone(), at, shape=()) for path, at in paths().values()]).double()
    above = [path > at for path, at in paths().values()]
    signed = [each.roll(-1).double() - each.double() for each in above]  # 1 for a step up, -1 for one down
    truth = torch.stack([step.abs().sum() for step in signed])
    mistakes = {
        "the path is closed: the step from the last code to the first is missing":
            torch.stack([step[:-1].abs().sum() for step in signed]),
        "the path passes the value on its way down too": truth / 2,
        "no code equals the value, and ups and downs cancel: count the steps that pass it, in either direction":
            torch.zeros(len(truth)),
        "these are the codes above the value: count the steps that pass it":
            torch.stack([each.sum() for each in above]),
        "these are the codes below the value: count the steps that pass it":
            torch.stack([(~each).sum() for each in above]),
        "these are the steps that do not pass it": torch.stack([(step == 0).sum() for step in signed]),
        "this is the share of the steps; return their number": truth / 60,
    }  # fmt: skip
    number = torch.arange(len(truth))
    picture = against_truth(
        number, value, truth, "How often six closed paths pass a value", "closed path", "number of times"
    )
    picture.axes[0].set_xticks(number, [name.replace(" ", "\n") for name in paths()])
    return judge(value, truth, mistakes), picture


@cache
def clouds() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Points of a circle, and four codes of them: itself, cut open, folded, and shuffled."""
    count, _ = DIGITS
    generator = torch.Generator().manual_seed(53)
    angle = 2 * torch.pi * torch.rand(count, generator=generator, dtype=torch.float64) - torch.pi
    points = torch.stack([angle.cos(), angle.sin()], -1)
    shuffled = points[torch.randperm(count, generator=generator)]
    folded = torch.cat([angle.abs()[:, None], 0 * angle[:, None]], -1)
    codes = [2 * points, torch.stack([angle, 0 * angle], -1), folded, shuffled]
    return [(points, code) for code in codes]


@exercise
def ex5_3(attempt):
    """Check of the share of neighbors that codes keep.

    Args:
        attempt: kept(points: (n, 2), codes: (n, 2), k: int) -> ().
    """
    count, k = DIGITS
    value = torch.stack([attempt(p.clone(), c.clone(), k, shape=()) for p, c in clouds()]).double()
    pairs = [(p.numpy(), c.numpy()) for p, c in clouds()]
    truth = torch.tensor([neighbors_kept(p, c, k) for p, c in pairs], dtype=torch.float64)

    def shares(near, near_code) -> torch.Tensor:
        kept = [np.mean([np.isin(a, b).mean() for a, b in zip(near(p), near_code(c), strict=True)]) for p, c in pairs]
        return torch.tensor(kept, dtype=torch.float64)

    def with_itself(points: np.ndarray) -> np.ndarray:
        return np.column_stack([np.arange(count), nearest(points, k - 1)])

    def farthest(points: np.ndarray) -> np.ndarray:
        return nearest(points, count)[:, -k - 1 : -1]

    ordered = [np.mean(nearest(p, k) == nearest(c, k)) for p, c in pairs]
    everyone = [np.mean((np.sort(nearest(p, k)) == np.sort(nearest(c, k))).all(1)) for p, c in pairs]
    mistakes = {
        "a point is no neighbor of itself: leave it out": shares(with_itself, with_itself),
        "you left the point itself out of one set and not of the other": shares(lambda p: nearest(p, k), with_itself),
        "these are the farthest points: sort distances in ascending order": shares(farthest, farthest),
        "the order among the neighbors does not count: compare them as sets": torch.tensor(np.array(ordered)),
        "count the neighbors one by one, not the points that keep all": torch.tensor(np.array(everyone)),
        "this is a count: divide by k": k * truth,
        "this is a total: take the mean over the points": count * truth,
        "this is the share that is lost": 1 - truth,
        "this is in percent: return a share, from 0 to 1": 100 * truth,
        "a point is no neighbor of itself: here it is one of k + 1 in both sets": (k * truth + 1) / (k + 1),
    }
    picture = against_truth(
        torch.arange(4), value, truth, "Neighbors kept by four codes of a circle", "code", "share of the neighbors"
    )
    picture.axes[0].set_xticks(range(4), ["the circle itself", "cut open", "folded", "shuffled"])
    return judge(value, truth, mistakes), picture


@exercise
def ex5_4(attempt):
    """Check of what the panel says of the latent line as more of the circle is covered, with noise 0.04, and of why.

    Args:
        attempt: reading() -> (4,), for 50, 75, 100 % the nats below the truth, and the number of the reason.
    """
    value = attempt(shape=(4,)).double()
    rows = stored_runs("results/05_shapes.json") + stored_runs("results/05_arcs.json")
    lost = {key: fact[0] for key, fact in zip(keys(), facts(rows), strict=True)}

    def readings(space: str, noise: str = "quiet") -> torch.Tensor:
        return torch.tensor([lost[dataset(percent, noise), space] for percent in PARTS], dtype=torch.float64)

    truth = readings("e1")
    picture = against_truth(
        torch.tensor(PARTS), value[:3], truth, "A latent line, noise 0.04", "part of the circle (percent)",
        "nats below the truth",
    )  # fmt: skip
    mistakes = {
        "these are the circle's": readings("s1"),
        "these are the plane's": readings("e2"),
        "these are those with noise 0.12": readings("e1", "noisy"),
        "begin with half a circle": truth.flip(0),
    }
    if not close(value[:3], truth):
        return judge(value[:3], truth, mistakes), picture
    reasons = {
        1: "a longer way is as long for the circle, which loses little",
        3: "the interval is uniform too, and there the line stays as close to the truth as the circle",
    }
    chosen = int(value[3]) if value[3].isfinite() else 0
    return "correct" if chosen == 2 else f"not yet: {reasons.get(chosen, 'the last number is 1, 2 or 3')}", picture
