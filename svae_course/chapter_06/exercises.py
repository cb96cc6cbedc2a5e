"""Checks of the exercises of chapter 06, How many seeds."""

from itertools import combinations, product

import numpy as np
import torch
from matplotlib.ticker import MaxNLocator
from scipy.stats import ttest_ind

from svae_course.chapter_06.seeds import MOST_SEEDS, deals, power, wrong_winner
from svae_course.checking import Wrong, against_truth, exercise, judge
from svae_course.checking import progress as progress
from svae_lib.comparison import holm
from svae_lib.plotting.style import EXPECTED, MARK, OUTLINE, SAMPLES, new_figure, styled

CLAIMS = {  # of exercise 6.4, with the number of what there is to say, and a hint for whoever says something else
    "A": (
        3,
        "three seeds on each side, and no score of one lies among the other's: what is Welch's p? (see `compare`)",
    ),
    "B": (1, "how many runs stand on each side?"),
    "C": (2, "how many partitions could have been the best one? The figure of the winner's curse has 30 as well"),
    "D": (5, "look at K: which of the two numbers was allowed more samples?"),
    "E": (4, "five seeds on each side, and their scores overlap: what is Welch's p? (see `compare`)"),
}

TRIALS = ((3, 2.0), (4, 1.0), (5, 0.0), (5, 1.0))  # of exercise 6.5: seeds on each side, difference; the spread is 0.5


@exercise
def ex6_1(attempt):
    """Check of the permutation test, two-sided, for as many scores on one side as on the other.

    Args:
        attempt: p_value(scores: (n,), others: (n,)) -> ().
    """
    rng = np.random.default_rng(1)
    pairs = [(rng.normal(shift, 1, n), rng.normal(0, 1, n)) for n in (2, 3, 4, 5) for shift in (0.0, 1.0, 3.0)]
    found = {"yours": [], "truth": [], "one": [], "above": [], "first": [], "paired": []}
    for scores, others in pairs:
        differences = deals(scores, others)
        far = np.abs(differences) >= abs(differences[0]) - 1e-9
        found["truth"].append(far.mean())
        found["one"].append((differences >= differences[0] - 1e-9).mean())
        found["above"].append((np.abs(differences) > abs(differences[0]) + 1e-9).mean())
        found["first"].append((far.sum() + 1) / (len(far) + 1))
        flipped = np.array(list(product((1, -1), repeat=len(scores)))) @ (scores - others) / len(scores)
        found["paired"].append((np.abs(flipped) >= abs(flipped[0]) - 1e-9).mean())
        tensors = torch.tensor(scores), torch.tensor(others)
        found["yours"].append(attempt(*tensors, shape=()).double().item())
    value, truth, one, above, first, paired = (torch.tensor(np.array(each)) for each in found.values())
    mistakes = {
        "this is one-sided: a difference as far below 0 counts as well": one,
        "the observed split is one of the ways, and counts: at least as far apart": above,
        "the observed split is among all splits already; the + 1 is for splits drawn at random": first,
        "this exchanges the scores of a pair; seeds are not paired: split all 2n scores": paired,
    }
    labels = "The permutation test on twelve pairs", "pair", "p"
    return judge(value, truth, mistakes), against_truth(torch.arange(len(pairs)), value, truth, *labels)


@exercise
def ex6_2(attempt):
    """Check of Holm's correction.

    Args:
        attempt: adjust(p: (k,)) -> (k,), in the order of p.
    """
    families = [[0.01, 0.04, 0.03], [0.5, 0.011, 0.012, 0.6], [0.02], [0.2, 0.001, 0.9, 0.9, 0.04, 0.041]]
    values, truths, wrong = [], [], {}
    for family in families:
        p = torch.tensor(family, dtype=torch.float64)
        values.append(attempt(p.clone(), shape=(len(p),)).double())
        truths.append(torch.tensor(holm(family), dtype=torch.float64))
        order = p.argsort()
        factors = torch.arange(len(p), 0, -1, dtype=torch.float64)
        steps = p[order] * factors
        for hint, mistake in {
            "this is Bonferroni's: only the smallest p is multiplied by k, the next by k - 1": (p * len(p)).clamp(
                max=1
            ),
            "an adjusted p is never below that of a smaller p: take the running maximum": _back(steps, order).clamp(
                max=1
            ),
            "a p is at most 1": _back(steps.cummax(0).values, order),
            "give them back in the order in which they came": steps.cummax(0).values.clamp(max=1),
            "v[order] sorts once more; to undo the sorting, write into out[order]": steps.cummax(0).values.clamp(max=1)[
                order
            ],
        }.items():
            wrong.setdefault(hint, []).append(mistake)
    value, truth = torch.cat(values), torch.cat(truths)
    labels = "Holm's correction of four families", "comparison", "adjusted p"
    picture = against_truth(torch.arange(len(value)), value, truth, *labels)
    return judge(value, truth, {hint: torch.cat(each) for hint, each in wrong.items()}), picture


def _back(ordered: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    found = torch.empty_like(ordered)
    found[order] = ordered
    return found


@exercise
def ex6_3(attempt):
    """Check of the number of seeds that is read off the panel.

    Args:
        attempt: seeds_needed(difference, spread) -> (), the fewest seeds at which the worse one wins in less than 5 %.
    """
    chances = np.array([wrong_winner(0.5, 0.5, n) for n in range(1, MOST_SEEDS + 1)])
    fewest = 1 + int(np.argmax(chances < 0.05))
    answer = float(attempt(0.5, 0.5, shape=()))
    mistakes = {
        fewest - 1: f"there the status line still says {100 * chances[fewest - 2]:.1f} %",
        17.0: "there a test separates the two in 80 %; the question is about the other curve",
    }
    verdict = (
        "correct"
        if answer == fewest
        else f"not yet: {mistakes.get(answer, 'move the seeds, and read the first percentage')}"
    )
    return verdict, _chance_picture(chances, answer)


@styled
def _chance_picture(chances: np.ndarray, answer: float):
    figure = new_figure(6, 3.2, "The worse one wins: difference 0.5, spread 0.5")
    axes = figure.add_subplot()
    counts = np.arange(1, len(chances) + 1)
    axes.plot(counts, chances, "o-", color=SAMPLES)
    axes.axhline(0.05, color=OUTLINE, linestyle=":")
    axes.axvline(answer, color=MARK, label="yours")
    axes.set(xlabel="seeds on each side", ylabel="chance")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure


@exercise
def ex6_4(attempt):
    """Check of the verdicts on five claims.

    Args:
        attempt: verdicts(claims) -> (5,), for the claims A to E the number, 1 to 5, of what there is to say.
    """
    answers = attempt(list(CLAIMS), shape=(5,)).tolist()
    if not set(answers) <= {1, 2, 3, 4, 5}:
        raise Wrong("each verdict is a number from 1 to 5")
    right = [answer == truth for answer, (truth, _) in zip(answers, CLAIMS.values(), strict=True)]
    picture = _verdict_picture(answers, right)
    if all(right):
        return "correct", picture
    claim = list(CLAIMS)[right.index(False)]
    return f"not yet: claim {claim}: {CLAIMS[claim][1]}", picture


@styled
def _verdict_picture(answers: list[float], right: list[bool]):
    figure = new_figure(6, 3.2, "Five claims, and your verdicts")
    axes = figure.add_subplot()
    for row, (answer, is_right) in enumerate(zip(answers, right, strict=True)):
        look = {"marker": "o", "color": SAMPLES} if is_right else {"marker": "x", "color": MARK, "markeredgewidth": 2}
        axes.plot(row, answer, markersize=11, **look)
    axes.plot([], [], "o", color=SAMPLES, label="right")
    axes.plot([], [], "x", color=MARK, label="not yet")
    axes.set(xlabel="claim", ylabel="your verdict", ylim=(0.5, 5.5), xticks=range(5), xticklabels=list(CLAIMS))
    axes.set_yticks(range(1, 6))
    axes.grid(axis="y", color=EXPECTED, alpha=0.2)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


@exercise
def ex6_5(attempt):
    """Check of the power of the permutation test at 0.05, from simulated experiments.

    Args:
        attempt: test_power(n, difference, spread) -> (), for n seeds on each side.
    """
    torch.manual_seed(0)
    value = torch.stack([attempt(n, difference, 0.5, shape=()).double() for n, difference in TRIALS])
    found = {"truth": [], "one": [], "above": []}
    for n, difference in TRIALS:
        splits = _differences(n, difference)
        first = splits[:, :1]
        found["truth"].append(np.abs(splits) >= np.abs(first) - 1e-9)
        found["one"].append(splits >= first - 1e-9)
        found["above"].append(np.abs(splits) > np.abs(first) + 1e-9)
    truth, one, above = (
        torch.tensor([(far.mean(1) < 0.05 + 1e-9).mean() for far in each], dtype=torch.float64)
        for each in found.values()
    )
    student = torch.tensor([power(difference, 0.5, n) for n, difference in TRIALS], dtype=torch.float64)
    welch = torch.tensor([_welch_power(n, difference) for n, difference in TRIALS], dtype=torch.float64)
    picture = against_truth(torch.arange(4), value, truth, "Power of the permutation test", "setting", "power")
    picture.axes[0].set_xticks(range(4), [f"n = {n}, {difference:g}" for n, difference in TRIALS])
    if torch.allclose(value, truth, atol=0.06):  # near four standard errors of a thousand experiments
        return "correct", picture
    small_p = "with three seeds on each side no p is below 0.1: the observed split counts, and this is no t test"
    for hint, wrong in (
        ("this is the chance that the test misses the difference", 1 - truth),
        ("this is a one-sided test: with three seeds on each side no two-sided p is below 0.1", one),
        (small_p, above),
        (small_p, student),
        ("this is Welch's test: count the splits, which assumes no normal distribution", welch),
    ):
        if torch.allclose(value, wrong, atol=0.06):
            return f"not yet: {hint}", picture
    if value[0] > 0.06 and torch.allclose(value[2:], truth[2:], atol=0.06):
        return (
            "not yet: with three seeds on each side no p is below 0.1, as the observed split and its mirror image "
            "count: allow for rounding (1e-12 in float64, 1e-5 in float32)"
        ), picture
    return "not yet: compare your values with the truth in the picture", picture


def _experiments(n: int, difference: float, count: int = 4000) -> np.ndarray:
    """Scores of experiments with spread 0.5, (count, 2 n), the space that is ahead first."""
    return np.random.default_rng(0).normal(0, 0.5, (count, 2 * n)) + np.repeat([difference, 0.0], n)


def _welch_power(n: int, difference: float) -> float:
    """How often Welch's test separates the two sides of those experiments."""
    own, others = np.split(_experiments(n, difference), 2, axis=1)
    return (ttest_ind(own, others, axis=1, equal_var=False).pvalue < 0.05).mean()


def _differences(n: int, difference: float) -> np.ndarray:
    """Differences of means over all splits, (count, splits), of those experiments; the observed one first."""
    scores = _experiments(n, difference)
    chosen = np.array(list(combinations(range(2 * n), n)))
    signs = -np.ones((len(chosen), 2 * n))
    np.put_along_axis(signs, chosen, 1.0, axis=1)
    return scores @ signs.T / n
