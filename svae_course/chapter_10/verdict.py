"""Scores of a sweep by latent space, stored or the reader's own, and what may be said of them."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from svae_course.score_tables import compare_pairs, mean_of
from svae_course.stored_files import stored_runs
from svae_lib.errors import InputError


def sweep_scores(source: str | os.PathLike) -> dict[str, list[float]]:
    """Test log-likelihoods of a sweep, by latent space, seed by seed.

    Args:
        source: a folder of runs, as `svae sweep` leaves it, or the name of stored runs, "results/10_patches.json".

    Returns:
        By latent space, or by the name of a row of `svae table`, one score per seed.

    Raises:
        InputError: there are no such runs.
    """
    if os.path.isdir(source):
        from svae_lib.experiment.table import read_rows

        rows, _ = read_rows(source)
        return {str(row): list(row.scores["log_likelihood"].values()) for row in rows}
    if Path(source).suffix != ".json":
        raise InputError(
            f"{Path(source).resolve()} is missing: give the folder into which `svae sweep` wrote your runs"
        )
    found = {}
    for run in sorted(stored_runs(str(source)), key=lambda run: (dimension(run["latent_space"]), run["latent_space"])):
        found.setdefault(run["latent_space"], []).append((run["seed"], run["test_log_likelihood"]))
    return {space: [score for _, score in sorted(scores)] for space, scores in found.items()}


def dimension(space: str) -> int:
    """Manifold dimension of a latent space by its name.

    Example:
        >>> dimension("s10"), dimension("5xs2")
        (10, 10)
    """
    from svae_lib.latent_spaces.names import parse_name

    return sum(factor.manifold_dim for factor in parse_name(space).factors)


def luck_in_both(runs: Sequence[dict]) -> float:
    """Correlation of validation and test scores over the seeds of a space: how far a lucky run is lucky on both.

    Args:
        runs: stored ones; each space's own means are subtracted.

    Example:
        >>> scores = ((1.0, 2.0), (3.0, 6.0))
        >>> luck_in_both([{"latent_space": "s2", "validation_elbo": v, "test_log_likelihood": t} for v, t in scores])
        1.0
    """
    spaces: dict[str, list[tuple[float, float]]] = {}
    for run in runs:
        pair = run["validation_elbo"], run["test_log_likelihood"]
        spaces.setdefault(run["latent_space"], []).append(pair)
    centered = np.concatenate([np.array(pairs) - np.mean(pairs, 0) for pairs in spaces.values()])
    return round(float(np.corrcoef(centered.T)[0, 1]), 3)


def score_table(scores: dict[str, list[float]], pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Means with their 95 % intervals, and for each pair what Welch's test says after Holm's correction.

    Args:
        scores: by latent space.
        pairs: of latent spaces, chosen before the scores were seen.

    Example:
        >>> score_table({"s5": [3.0, 3.5, 4.0], "e5": [1.0, 1.5, 2.0]}, [("s5", "e5")])
        ['s5: 3.50 ± 1.24', 'e5: 1.50 ± 1.24', 's5 - e5: +2.00 nats, p = 0.008']
    """
    rows = [f"{space}: {mean_of(values)}" for space, values in scores.items()]
    found = compare_pairs([(scores[one], scores[other]) for one, other in pairs])
    return rows + [
        f"{one} - {other}: {difference:+.2f} nats, {words}"
        for (one, other), (difference, words) in zip(pairs, found, strict=True)
    ]
