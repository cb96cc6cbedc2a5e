"""Scores of chapter 05 beside those of every run: the log-likelihood that none can beat, the topology of its code."""

import math
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from svae_course.chapter_05.shapes import ARCS, CLUSTER_DEVIATION, SHAPES, pixels, turn
from svae_course.chapter_05.topology import along, backward, neighbors_kept, winding
from svae_lib.comparison import Comparison, compare_all
from svae_lib.errors import InputError
from svae_lib.plotting.decoding import embed_images

SPACES = ("e1", "s1", "e2", "s2", "2xs1")
POINTS = 500  # whose neighbors are counted


def grid(shape: str) -> tuple[np.ndarray, np.ndarray]:
    """Points that cover a shape evenly, and their probabilities: an integral over the shape is a weighted sum.

    Args:
        shape: one of SHAPES or ARCS.

    Returns:
        Points (n, k) and probabilities (n,), which sum to 1.

    Example:
        >>> points, weights = grid("sphere")
        >>> bool(abs(weights @ points).max() < 1e-3), round(float(weights.sum()), 6)
        (True, 1.0)
    """
    line = (np.arange(2000) + 0.5) / 2000 * 2 - 1  # from -1 to 1
    short = line[5::11]
    pair = np.stack(np.meshgrid(short, short, indexing="ij"), -1).reshape(-1, 2)
    if shape == "sphere":
        height = (np.arange(40_000) + 0.5) / 20_000 - 1
        golden = turn(math.pi * (3 - math.sqrt(5)) * np.arange(len(height)))
        points = np.column_stack([golden * np.sqrt(1 - height**2)[:, None], height])
    else:
        points = {
            "interval": lambda: math.pi * line[:, None],
            "circle": lambda: turn(math.pi * line),
            "clusters": lambda: turn(math.pi * line),
            "plane": lambda: math.sqrt(math.pi) * pair,
            "torus": lambda: turn(math.pi * pair).reshape(-1, 4),
        }.get(shape, lambda: turn(math.pi * int(shape.removeprefix("arc")) / 100 * line))()
    weights = np.ones(len(points))
    if shape == "clusters":
        from_nearest = (math.pi * line + math.pi / 3) % (2 * math.pi / 3) - math.pi / 3
        weights = np.exp(-0.5 * (from_nearest / CLUSTER_DEVIATION) ** 2)
    return points, weights / weights.sum()


def true_log_likelihood(images: np.ndarray, shape: str, noise: float) -> np.ndarray:
    r"""Log density of images under the very process that made them, which no model beats on average.

    \log p(x) = \log \int N(x; x(p), \sigma^2 I) p(p) dp, the integral as a sum over `grid`.

    Args:
        images: (B, 10, 10) in [0, 1].
        shape: one of SHAPES or ARCS.
        noise: standard deviation of a pixel.

    Returns:
        (B,), nats.
    """
    points, weights = grid(shape)
    means, x = pixels(points).reshape(len(points), -1) - 0.5, images.reshape(len(images), -1) - 0.5
    squares = (x**2).sum(1)[:, None] + (means**2).sum(1) - 2 * x @ means.T
    with np.errstate(divide="ignore"):  # no cluster is at some points
        exponents = np.log(weights) - squares / (2 * noise**2)
    highest = exponents.max(1)
    total = highest + np.log(np.exp(exponents - highest[:, None]).sum(1))
    return total - x.shape[1] * (math.log(noise) + 0.5 * math.log(2 * math.pi))


def path(shape: str) -> np.ndarray | None:
    """Points in order along a shape of one dimension, a degree apart on a whole circle; None for other shapes.

    Args:
        shape: one of SHAPES or ARCS.

    Returns:
        (361, k), the whole circle closed: the last point is the first.
    """
    share = np.linspace(-1, 1, 361)
    if shape == "interval":
        return math.pi * share[:, None]
    if shape in ("circle", "clusters"):
        return turn(math.pi * share)
    return turn(math.pi * int(shape.removeprefix("arc")) / 100 * share) if shape in ARCS else None


def topology(model, shape: str) -> dict[str, float]:
    """Topology of a trained model's codes of noiseless images.

    Args:
        model: a VAE of 10 x 10 images.
        shape: one of SHAPES or ARCS.

    Returns:
        `neighbors_kept` for 500 random points; on a circle, a part of it and an interval also `backward`, in a latent
        line and on a latent circle (of a whole circle in a plane too); for a whole circle `winding`, on a latent
        circle and in a plane. Between clusters there are no data, and so no path.
    """
    points = (SHAPES | ARCS)[shape](POINTS, np.random.default_rng(0))
    found = {"neighbors_kept": neighbors_kept(points, embed_images(model, pixels(points)))}
    curve, space, is_closed = path(shape), str(model.latent_space), shape == "circle"
    if curve is None or shape == "clusters" or space not in ("e1", "s1", "e2"):
        return found
    codes = embed_images(model, pixels(curve))
    if space != "e2" or is_closed:
        found["backward"] = backward(along(codes))
    if space != "e1" and is_closed:
        found["winding"] = winding(codes[:-1] if space == "s1" else codes[:-1] - codes[:-1].mean(0))
    return found


def load_codes(path: Path) -> dict[str, np.ndarray]:
    """Stored codes along curves.

    Args:
        path: the safetensors file that tools/store_runs.py wrote.

    Returns:
        By "DATASET/SPACE/SEED", (121, 1) or (121, 2), float64.

    Raises:
        InputError: the file is missing or damaged; names it and the command that restores it.
    """
    try:
        return {name: codes.astype(np.float64) for name, codes in load_file(path).items()}
    except (OSError, SafetensorError):
        cure = "`git checkout :/notebooks/results` restores it"
        raise InputError(f"{path} is missing or damaged: {cure}") from None


def by_space(rows: list[dict], dataset: str, score: str = "test_log_likelihood") -> dict[str, list[float]]:
    """Scores of one data set's runs, by latent space, in the order of SPACES.

    Args:
        rows: stored runs.
        dataset: such as "circle_quiet".
        score: a key of a run.

    Returns:
        One number per seed; spaces without runs are left out.
    """
    found = {space: [row[score] for row in rows if (row["dataset"], row["latent_space"]) == (dataset, space)
                     and score in row] for space in SPACES}  # fmt: skip
    return {space: values for space, values in found.items() if values}


def leaders(rows: list[dict], dataset: str) -> tuple[str | None, dict[str, Comparison]]:
    """Space with the highest mean log-likelihood, and the others compared with it, after Holm's correction.

    Args:
        rows: stored runs.
        dataset: such as "circle_quiet".

    Returns:
        As svae_lib.comparison.compare_all; None where no space has two seeds.
    """
    return compare_all(by_space(rows, dataset))


def verdicts(rows: list[dict], dataset: str) -> dict[str, list[str]]:
    """Spaces by what the tests say of them.

    Args:
        rows: stored runs.
        dataset: such as "circle_quiet".

    Returns:
        The spaces that are "highest", "not separated" from it, "lower", and without a test ("no test").

    Example:
        >>> rows = [{"dataset": "a", "latent_space": s, "test_log_likelihood": x + i / 9}
        ...         for s, x in (("s1", 5), ("e2", 4.9), ("e1", 1)) for i in range(3)]
        >>> verdicts(rows, "a")
        {'highest': ['s1'], 'not separated': ['e2'], 'lower': ['e1'], 'no test': []}
    """
    best, others = leaders(rows, dataset)
    found = {"highest": [best] if best else [], "not separated": [], "lower": [], "no test": []}
    for space in by_space(rows, dataset):
        if space != best:
            found[others[space].verdict if best else "no test"].append(space)
    return found


def not_below(rows: list[dict], dataset: str) -> list[str]:
    """Spaces that no test puts below the highest: it, and those that are not separated from it."""
    found = verdicts(rows, dataset)
    return found["highest"] + found["not separated"]


def over_seeds(rows: list[dict], noise: str, score: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean of a score over the seeds of each shape and space, and half its range.

    Args:
        rows: stored runs.
        noise: "quiet" or "noisy".
        score: a key of a run.

    Returns:
        (shapes, spaces) each; NaN without runs, and the range of one seed.
    """
    mean, spread = np.full((2, len(SHAPES), len(SPACES)), np.nan)
    for y, shape in enumerate(SHAPES):
        for space, values in by_space(rows, f"{shape}_{noise}", score).items():
            at = y, SPACES.index(space)
            mean[at], spread[at] = np.mean(values), np.ptp(values) / 2 if len(values) > 1 else np.nan
    return mean, spread


def lost_nats(rows: list[dict], noise: str) -> tuple[np.ndarray, np.ndarray]:
    """Nats that the mean over seeds stays below the truth, and half the seeds' range: as `over_seeds`."""
    mean, spread = over_seeds(rows, noise, "test_log_likelihood")
    return over_seeds(rows, noise, "true_log_likelihood")[0] - mean, spread
