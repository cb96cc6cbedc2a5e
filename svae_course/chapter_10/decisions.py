"""Made sweeps whose truth is known, and what is wrong with a rule that decides by their scores."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats
from scipy.stats import mstats

from svae_lib.plotting.style import EXPECTED, MARK, OUTLINE, SAMPLES, Picture, new_figure, styled

SPACES, SEEDS = 8, 10
EQUAL, AHEAD = 500, 200  # sweeps where all spaces are equal, and where one is ahead
LEAD = 2.5  # nats, of the one that is ahead; the luck of a training has standard deviation 1
PARTS = [slice(k, None) for k in range(SEEDS - 2)] + [slice(k) for k in range(3, SEEDS)]  # some seeds; all come first
FALSE, BIAS, FOUND = 0.08, 0.15, 0.8  # most false verdicts, most bias in nats, least share of the winners that we find


@dataclass(frozen=True)
class Sweeps:
    """Scores of many sweeps: validation and test (n, SPACES, SEEDS), NaN where a run failed, and true leads."""

    validation: np.ndarray
    test: np.ndarray
    truth: np.ndarray  # (n, SPACES), over row 0

    def over_flat(self, scores: np.ndarray) -> np.ndarray:
        """Differences of all other rows to row 0, seed by seed, (n, SPACES - 1, SEEDS)."""
        return scores[:, 1:] - scores[:, :1]

    def leads(self, scores: np.ndarray, row: np.ndarray) -> np.ndarray:
        """Differences to row 0, seed by seed, (n, SEEDS), of one row for each sweep."""
        return scores[np.arange(len(row)), row] - scores[:, 0]


@cache
def sweeps() -> Sweeps:
    """EQUAL sweeps without a difference, and AHEAD in which a random row is LEAD nats ahead.

    A score is the space's own, plus the luck of the training, which both scores share, plus the split of the seed,
    which all spaces share. Three spaces fail on the hardest split.
    """
    rng, count = np.random.default_rng(0), EQUAL + AHEAD
    truth = np.zeros((count, SPACES))
    truth[np.arange(EQUAL, count), rng.integers(1, SPACES, AHEAD)] = LEAD
    splits = rng.normal(0, 4, (count, 1, SEEDS))
    shared = 150 + truth[..., None] + splits + rng.normal(0, 1, (count, SPACES, SEEDS))
    failing = rng.permuted(np.tile(np.arange(1, SPACES), (count, 1)), axis=1)[:, :3]
    shared[np.arange(count)[:, None], failing, splits[:, 0].argmin(1)[:, None]] = np.nan
    scores = (shared + rng.normal(0, 0.5, (count, 1, SEEDS)) + rng.normal(0, 0.3, (count, SPACES, SEEDS)) for _ in "vt")
    return Sweeps(*scores, truth)


def student(differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means along the last axis, and the p of Student's t test for a mean 0; NaN is left out."""
    kept = np.ma.masked_invalid(differences)
    return np.nanmean(differences, -1), np.asarray(mstats.ttest_1samp(kept, 0, axis=-1).pvalue)[()]


@cache
def ours() -> np.ndarray:
    """What four seeds choose and six report, (n, 3): row, lead and p of each sweep."""
    made = sweeps()
    row = 1 + np.nanmean(made.over_flat(made.validation)[..., :4], -1).argmax(1)
    return np.stack([row, *student(made.leads(made.test, row)[:, 4:])], 1)


def rates(answers: np.ndarray) -> tuple[float, float, float]:
    """False verdicts and mean error of the lead where all spaces are equal, winners found where one is ahead.

    Args:
        answers: (n, 3), row, lead and p of each sweep.
    """
    row, lead, p = answers.T
    error = lead - sweeps().truth[np.arange(len(row)), row.astype(int)]
    right = row.astype(int) == sweeps().truth.argmax(1)
    found = right & (lead > 0) & (p < 0.05)
    return float((p < 0.05)[:EQUAL].mean()), float(error[:EQUAL].mean()), float(found[EQUAL:].mean())


def welch(own: np.ndarray, other: np.ndarray, pooled: bool = False) -> np.ndarray:
    """The p of Welch's test for rows of scores without pairs, or of Student's with a pooled spread; without NaN."""
    kept = np.ma.masked_invalid(own), np.ma.masked_invalid(other)
    return np.asarray(mstats.ttest_ind(*kept, axis=1, equal_var=pooled).pvalue)


def verdict(answers: np.ndarray) -> str:
    """Verdict on a rule: "correct", or the harm that it does, and the habit behind it.

    Args:
        answers: (n, 3), row, lead and p of each sweep, finite; rows from 1, p from 0 to 1.
    """
    false, bias, found = rates(answers)
    best = rates(ours())[2]
    harm = {
        f"p is below 0.05 in {false:.0%} of the sweeps without a difference": false > FALSE,
        f"you report a lead of {bias:+.2f} nats on average where there is none": abs(bias) > BIAS,
        f"you find {found:.0%} of the winners, and we {best:.0%}": found < FOUND * best,
    }
    seen = [text for text, holds in harm.items() if holds]
    cause = habit(answers[:, 0].astype(int), *answers[:, 1:].T)
    if cause is None and not seen:
        return "correct"
    cause = cause or "look for it in the row, in the lead, and in p, one after the other"
    return f"not yet: {'; '.join([*seen, cause])}"


def same(value: np.ndarray, other: np.ndarray) -> bool:
    """Whether two rules agree in nearly every sweep."""
    return len(value) > 0 and float((np.abs(value - other) < 1e-3).mean()) > 0.95


def habit(row: np.ndarray, lead: np.ndarray, p: np.ndarray) -> str | None:
    """The wrong habit behind some answers, by the numbers that it gives; None where it is none that we know."""
    made = sweeps()
    test, own, flat = made.leads(made.test, row), made.test[np.arange(len(row)), row], made.test[:, 0]
    if (row == row[0]).all():
        return f"you always propose row {row[0]}: let scores choose"
    if (lead == 0).mean() > 0.5:
        return "report the lead whatever p is: those that are reported only where p is small are too high"
    for hint, of in {
        "the sign of the lead: row 0 is what you subtract": lambda part: -np.nanmean(test[:, part], 1),
        "this is the lead in validation scores; report test scores": lambda part: np.nanmean(
            made.leads(made.validation, row)[:, part], 1
        ),
        "the best seed of each row speaks for all its seeds: take means": lambda part: (
            np.nanmax(own[:, part], 1) - flat[:, part].max(1)
        ),
    }.items():
        if any(same(lead, of(part)) for part in PARTS):
            return hint
    return _with_failed(row, lead) or (_same_seeds(row) if same(lead, np.nanmean(test, 1)) else _test_or_choice(row, p))


def _with_failed(row: np.ndarray, lead: np.ndarray) -> str | None:
    """The cause where a lead is wrong only in the sweeps in which the row has a failed run."""
    own, flat = sweeps().test[np.arange(len(row)), row], sweeps().test[:, 0]
    for part in PARTS:
        failed = np.isnan(own[:, part]).any(1)
        kept, other = own[failed, part], flat[failed, part]
        if same(lead[failed], (np.nan_to_num(kept) - other).mean(1)):
            return "a failed run has no score, and not the score 0: leave it out, and row 0 of the same seed"
        if same(lead[failed], np.nanmean(kept, 1) - other.mean(1)):
            return "these are two means over different splits: leave a failed run out on both sides"
    return None


def _same_seeds(row: np.ndarray) -> str:
    """The cause where the lead of a row is its mean over all seeds."""
    made = sweeps()
    on_test, on_validation = made.over_flat(made.test), made.over_flat(made.validation)
    mean, p = student(on_test)
    if same(row, 1 + p.argmin(1)):
        return "the smallest p of seven is small by luck, and may belong to a space that lies behind row 0"
    if same(row, 1 + mean.argmax(1)):
        return "chosen by the scores that you report: the winner's curse, and a larger p does not mend the lead"
    if same(row, 1 + np.nanmean(on_validation, 2).argmax(1)):
        return "chosen on validation, but a lucky training is lucky on both: let other seeds report"
    return "seeds that choose the row must not report its lead"


def _test_or_choice(row: np.ndarray, p: np.ndarray) -> str | None:
    """The cause where some seeds choose and others report, but p or the choice is not what it should be."""
    made = sweeps()
    test, own, flat = made.leads(made.test, row), made.test[np.arange(len(row)), row], made.test[:, 0]
    merits = made.over_flat(made.validation)
    for part in PARTS:
        choice = merits[..., part].mean(-1)
        failed = np.isnan(choice).any(1)
        with_failure = np.isnan(choice[failed, row[failed] - 1]).mean() if failed.any() else 0.5
        if with_failure > 0.95:
            return "argmax takes a NaN for the largest, so you propose rows with a failed run: leave the run out"
        if with_failure == 0:
            return "you never propose a row with a failed run: leave out the run, not the row"
        if any(same(p, welch(own[:, part], flat[:, part], pooled)) for pooled in (False, True)):
            return "splits move both rows alike: test the differences, seed by seed"
        right, freedom = student(test[:, part])[1], np.isfinite(test[:, part]).sum(1) - 1
        if same(p, np.minimum(1, 7 * right)):
            return "seven times p pays for seven tests; the seeds that report made one"
        if same(p, 2 * stats.norm.sf(stats.t.isf(right / 2, freedom))):
            return "this p takes the spread as known; estimated from a few seeds, it needs Student's t"
        if same(row, 1 + np.nanmean(made.validation[:, 1:, part], 2).argmax(1)):
            return "you choose by means over different splits: take differences to row 0, seed by seed"
        if same(row, 1 + np.nanmax(made.validation[:, 1:, part], 2).argmax(1)):
            return "you choose by the best run of each space: take means"
        if same(p, right) and len(range(SEEDS)[part]) < 4:
            return "so few seeds seldom prove a lead: let more of them report"
    return None


@styled
def rule_picture(answers: np.ndarray) -> Picture:
    """False verdicts and found winners of a rule beside ours, and the errors of the leads that both report.

    Args:
        answers: (n, 3), row, lead and p of each sweep.

    Returns:
        A figure with two axes.
    """
    figure = new_figure(9, 3.4, f"Your rule over {EQUAL + AHEAD} sweeps")
    shares, errors = figure.subplots(1, 2, width_ratios=(2, 3))
    for rule, name, marker, color in ((ours(), "ours", "o", SAMPLES), (answers, "yours", "x", MARK)):
        false, bias, found = rates(rule)
        look = {"markersize": 11, "markerfacecolor": "none", "markeredgewidth": 2, "color": color, "label": name}
        shares.plot([0, 1], [100 * false, 100 * found], marker, **look)
        error = np.clip(rule[:EQUAL, 1], -3, 3)
        label = f"{name}, mean {bias:+.2f}"
        errors.hist(error, np.linspace(-3, 3, 31), histtype="step", linewidth=2, color=color, label=label)
    shares.axhline(5, color=EXPECTED, linestyle=":")
    shares.set(xticks=(0, 1), xticklabels=("false\nverdicts", "winners\nfound"), xlim=(-0.5, 1.5), ylim=(-3, 103))
    shares.set(ylabel="percent of the sweeps", title="dotted: 5 %")
    shares.legend(loc="center left")
    errors.axvline(0, color=OUTLINE, linestyle=":")
    errors.set(xlabel="lead reported where there is none (nats)", ylabel="sweeps", title="all spaces equal")
    errors.legend(loc="upper left")
    return figure
