"""Checks of the exercises of chapter 10, your own data."""

import math

import torch

from svae_course.chapter_05.shapes import data
from svae_course.chapter_10 import decisions
from svae_course.chapter_10.exhibits import EXHIBITS, FAILURES
from svae_course.chapter_10.gallery import in_old_units, load_gallery, nearest
from svae_course.checking import Wrong, against_truth, close, exercise, judge

LOOK = {
    "images": "look at the images, before any curve",
    "curves": "look at where the two curves end",
    "KL": "look at where the KL goes: how much of it is mutual information?",
    "concentration": "look at each sphere's κ, and at the gray line",
    "nearest": "look at how far test images are from the training images",
    "claim": "look at the last picture: how many dots does the claim rest on?",
    "none": "no picture of it shows anything wrong",
}


@exercise
def ex10_1(attempt):
    """Check of the diagnosis of each run of the gallery.

    Args:
        attempt: diagnoses() -> (8,), for the runs 1 to 8 the place of the failure in the list of the text, from 1.
    """
    value = attempt(shape=(len(EXHIBITS),)).double()
    if not set(value.tolist()) <= set(range(1, len(FAILURES) + 1)):
        raise Wrong(f"each diagnosis is a number from 1 to {len(FAILURES)}")
    truth = torch.tensor([FAILURES.index(each.failure) + 1 for each in EXHIBITS], dtype=torch.float64)
    runs = torch.arange(1, len(EXHIBITS) + 1)
    right = value == truth
    if right.all():
        return "correct", against_truth(runs, value, truth, "Eight diagnoses", "run", "number of the failure")
    first = int((~right).nonzero()[0])
    verdict = f"not yet: {int(right.sum())} of {len(EXHIBITS)} are right; run {first + 1}: {LOOK[EXHIBITS[first].tell]}"
    shown = torch.where(right, truth, torch.nan)  # what is not found yet stays open
    return verdict, against_truth(runs, value, shown, "Eight diagnoses", "run", "number of the failure")


@exercise
def ex10_2(attempt):
    """Check of what the panel says of the leak and of the scale, at clue 4.

    Args:
        attempt: readings() -> (3,), nats: run 4's score above fresh patches', run 5's above run 3's, the unit's part.
    """
    value = attempt(shape=(3,)).double()
    records, _ = load_gallery()
    own = [record["test_log_likelihood"] for record in records]
    leak, unit = own[3] - records[3]["fresh_log_likelihood"], own[4] - in_old_units(own[4])
    truth = torch.tensor([leak, own[4] - own[2], unit], dtype=torch.float64)
    picture = against_truth(torch.arange(3), value, truth, "Nats that are no merit of the model", "reading", "nats")
    picture.axes[0].set_xticks(range(3), ["leak", "run 5 above run 3", "of it the unit"])
    if torch.allclose(value, truth, atol=0.55, rtol=0):  # whole nats will do
        return "correct", picture
    if torch.allclose(value[[0, 2, 1]], truth, atol=0.55, rtol=0):
        return "not yet: the second and the third number are in each other's place", picture
    mistakes = {
        "the leak flatters: subtract the fresh patches' score from that of its test images": (0, -leak),
        "this is run 4's own score; subtract that of the fresh patches": (0, own[3]),
        "run 5 above run 3: subtract run 3's score": (1, own[4]),
        "the unit's part is the same score in two units: subtract the second from the first": (2, in_old_units(own[4])),
        "the unit counts for each of the 192 numbers, not for each of the 64 pixels": (2, 64 * math.log(8)),
        "the unit counts for each number of an image: 192 times log 8": (2, math.log(8)),
    }
    for hint, (place, wrong) in mistakes.items():
        if abs(value[place] - wrong) < 0.15 and abs(value[place] - truth[place]) > 0.15:
            return f"not yet: {hint}", picture
    return "not yet: compare your values with the truth in the picture", picture


@exercise
def ex10_3(attempt):
    """Check of the test images that are copies of training images, but for a little noise.

    Args:
        attempt: copies(train: (N, D), test: (M, D)) -> (M,), 1 or True for each copy.
    """
    values, truths, gaps, wrong = [], [], [], {}
    for seed, (count, copied) in enumerate(((300, 5), (500, 0), (200, 20))):
        train, test, truth = leaky_split(count, copied, seed)
        value = attempt(train.clone(), test.clone(), shape=(len(test),)).double()
        values.append(value)
        truths.append(truth)
        gaps.append(nearest(test, train)[0])
        for hint, mistake in {
            "you found none: copies carry a little noise, so no two images are equal, and a distance grows with "
            "sqrt(D)": torch.zeros(len(test)),
            "that is every image: the distance grows with the number of pixels, so take the deviation per number, and "
            "compare with the training images, pixel by pixel": torch.ones(len(test)),
            "these are those that are no copies": 1 - truth,
            "0.02 is what a copy's numbers differ by on average, so half of the copies differ by more: strangers "
            "begin at 0.06": nearest(test, train)[0] < 0.02,
        }.items():
            wrong.setdefault(hint, []).append(mistake.double())
    value, truth = torch.cat(values), torch.cat(truths)
    labels = "Copies in the test set", "distance to the nearest training image (per number)", "copy"
    picture = against_truth(torch.cat(gaps), value, truth, *labels)
    return judge(value, truth, {hint: torch.cat(each) for hint, each in wrong.items()}), picture


def leaky_split(count: int, copied: int, seed: int, held_out: int = 40, numbers: int = 192):
    """Random smooth images, split, with noisy copies of training images among the test images.

    Args:
        count: training images.
        copied: how many test images are copies, with a deviation of 0.02 per number; strangers differ by 0.06 or more.
        seed: of all of it.
        held_out: test images.
        numbers: in an image.

    Returns:
        Training images (count, numbers), test images (held_out, numbers), and 1.0 for each copy, (held_out,).
    """
    generator = torch.Generator().manual_seed(seed)
    waves = torch.randn(12, numbers, generator=generator)
    codes = torch.randn(count + held_out, 12, generator=generator)
    images = 0.5 + 0.04 * codes @ waves
    train, test = images[:count].clone(), images[count:].clone()
    truth = torch.zeros(held_out, dtype=torch.float64)
    chosen = torch.randperm(held_out, generator=generator)[:copied]
    origin = torch.randperm(count, generator=generator)[:copied]
    test[chosen] = train[origin] + 0.02 * torch.randn(copied, numbers, generator=generator)
    truth[chosen] = 1.0
    return train, test, truth


@exercise
def ex10_4(attempt):
    """Check of the number of dimensions that a set of points has, by the distances to its two nearest neighbors.

    Args:
        attempt: dimension(points: (n, D)) -> ().
    """
    sets = {name: data(name, 0.0, count=500)[0] for name in ("circle", "sphere", "torus")}
    points = {name: torch.as_tensor(each) for name, each in sets.items()}
    generator = torch.Generator().manual_seed(0)
    five = torch.randn(500, 5, generator=generator, dtype=torch.float64)
    points["five"] = five @ torch.randn(5, 30, generator=generator, dtype=torch.float64)
    value = torch.stack([attempt(each.clone(), shape=()) for each in points.values()]).double()
    ratios = [_ratios(each) for each in points.values()]
    means = torch.stack([ratio.log().mean() for ratio in ratios])
    truth = 1 / means
    picture = against_truth(torch.arange(4), value, truth, "Dimensions of four sets", "set", "dimension")
    picture.axes[0].set_xticks(range(4), ["circle", "sphere", "torus", "5 in 30"])
    if value.isfinite().all() and torch.allclose(value, truth, rtol=0.01):
        return "correct", picture
    third = torch.stack([1 / _ratios(each, 2).log().mean() for each in points.values()])
    mistakes = {
        "this is the mean of the logarithm: the dimension is its inverse": means,
        "the ratio is upside down: the second distance over the first": -truth,
        "the logarithm to base e: log10 makes it 2.3 times too large": truth * math.log(10),
        "the mean over the points, not the sum": truth / 500,
        "this is the number of coordinates, not of the set's dimensions": torch.tensor([2, 3, 4, 30]),
        "take the logarithm first, and then the mean: the mean of the ratio hangs on a few points": torch.stack(
            [1 / ratio.mean().log() for ratio in ratios]
        ),
        "one over the mean, not the mean of one over the logarithm": torch.stack(
            [(1 / ratio.log()).mean() for ratio in ratios]
        ),
        "the mean, not the median: an exponential's median is log 2 times its mean": torch.stack(
            [1 / ratio.log().median() for ratio in ratios]
        ),
        "these are the second and third neighbors: the nearest of all is the first other point": third,
    }
    if not value.isfinite().all() or close(value, torch.zeros(4)):
        return "not yet: a point is its own nearest neighbor, at distance 0: leave it out", picture
    return judge(value, truth, {hint: wrong.double() for hint, wrong in mistakes.items()}), picture


def _ratios(points: torch.Tensor, nearest: int = 1) -> torch.Tensor:
    """Distance to a next neighbor over that to the one before it, point by point."""
    ordered = torch.cdist(points, points).sort(1).values
    return ordered[:, nearest + 1] / ordered[:, nearest]


@exercise
def ex10_5(attempt):
    """Check of a rule that decides which space of a sweep to use, over many sweeps whose truth is known.

    Args:
        attempt: decide(validation: (8, 10), test: (8, 10)) -> (3,), the row, its lead over row 0 in nats, and the p.
    """
    made = decisions.sweeps()
    pairs = zip(torch.from_numpy(made.validation), torch.from_numpy(made.test), strict=True)
    answers = torch.stack([attempt(first.clone(), other.clone(), shape=(3,)).double() for first, other in pairs])
    if not answers.isfinite().all():
        raise Wrong(
            "one of your numbers is NaN: a failed run makes a mean NaN, and argmax takes NaN for the largest; leave "
            "the run out, and row 0 of the same seed with it"
        )
    row, _, p = answers.T
    if not (set(row.tolist()) <= set(range(1, decisions.SPACES))):
        raise Wrong(
            "the row is 1 to 7 in every sweep, since it is p that says whether to believe in it; an argmax over rows "
            "1 to 7 counts from 0"
        )
    if p.min() < 0 or p.max() > 1:
        raise Wrong(f"p is from 0 to 1, and one of yours is {p[(p < 0) | (p > 1)][0]:.2f}")
    return decisions.verdict(answers.numpy()), decisions.rule_picture(answers.numpy())
