"""The gallery of chapter 10: eight runs, most of which fail on purpose, as the panel and the figures read them.

The runs are those of run_files/patches.toml and failures.toml; tools/store_runs.py stores what is shown of them.
"""

import json
import math

import numpy as np
import torch

from svae_course.chapter_10.exhibits import EXHIBITS, Exhibit
from svae_course.chapter_10.patches import DARKER, SIDE, fresh
from svae_course.stored_files import stored
from svae_lib.errors import InputError

NUMBERS = 3 * SIDE**2  # in an image
SHOWN = 8  # images of each kind
KINDS = ("test images", "nearest in training", "reconstructions", "samples")
AMONG = 40  # test images, of which those with the highest contrast are shown
MOST_EPOCHS = 100  # in a curve; of a longer training every second, ...
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


NAMES = {"e2": "R²", "s2": "S²", "e5": "R⁵", "s5": "S⁵", "e10": "R¹⁰", "s10": "S¹⁰"}


def load_gallery() -> tuple[list[dict], np.ndarray]:
    """What is stored of the gallery.

    Returns:
        One dict per exhibit, as `record` makes it, and their images (8, 4, 8, 3, 8, 8), uint8: exhibit, kind, number.

    Raises:
        InputError: a file is missing or damaged; names it, and the command that restores it.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    for name in ("10_gallery.json", "10_gallery.safetensors"):
        path = stored(f"results/{name}")
        try:
            found = json.loads(path.read_bytes()) if name.endswith("json") else load_file(path)["images"]
            if len(found) != len(EXHIBITS):
                raise ValueError
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            cure = "`git checkout :/notebooks/results` restores it"
            raise InputError(f"{path} is missing or damaged: {cure}") from None
        if name.endswith("json"):
            records = found
    return records, found


def evidence(exhibit: Exhibit, record: dict, runs: list[dict]) -> list[tuple[str, list[float], bool]]:
    """Test log-likelihoods for a run's claim, and those of the control experiment that decides on it.

    Args:
        exhibit: the run's entry.
        record: the run's.
        runs: stored ones of run_files/patches.toml.

    Returns:
        (what it is, scores, whether it is a control), the claim's first.
    """
    own = record["test_log_likelihood"]
    seeds = scores(runs, "s5")
    healthy = f"S⁵, 50 epochs, {len(seeds)} seeds", seeds, True
    if exhibit.failure == "too few seeds":
        return [("New initialization", [max(seeds)], False), ("Old initialization", [min(seeds)], False), healthy]
    if exhibit.failure == "leak between splits":
        return [("Its test images", [own], False), ("Fresh patches", [record["fresh_log_likelihood"]], True)]
    if exhibit.failure == "bad scale":
        return [("This run", [own], False), ("In the units of the other runs", [in_old_units(own)], True), healthy]
    return [("This run", [own], False), healthy]


def scores(runs: list[dict], space: str) -> list[float]:
    """Test log-likelihoods of a latent space, seed by seed."""
    found = sorted((run["seed"], run["test_log_likelihood"]) for run in runs if run["latent_space"] == space)
    return [round(score, 1) for _, score in found]


def in_old_units(score: float, factor: float = DARKER) -> float:
    """Log-likelihood per image of the images before each of their numbers was divided by a factor.

    Example:
        >>> round(in_old_units(399.26, 8), 1)
        0.0
    """
    return round(score - NUMBERS * math.log(factor), 1)


def nearest(images: torch.Tensor, others: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Distance from each image to the nearest of others, as a deviation per number, and which it is.

    Args:
        images: (N, ...), in [0, 1].
        others: (M, ...), in [0, 1].

    Returns:
        Distances (N,) and indices (N,).

    Example:
        >>> nearest(torch.zeros(1, 4), torch.tensor([[1.0, 1, 1, 1], [0, 0, 0, 1]]))
        (tensor([0.5000]), tensor([1]))
    """
    distances, places = torch.cdist(images.flatten(1), others.flatten(1)).min(1)
    return distances / images[0].numel() ** 0.5, places


def contrast(images: torch.Tensor) -> torch.Tensor:
    """Deviation of each image's pixels from their mean, over its channels: (N, 3, H, W) or (N, H, W) -> (N,)."""
    return (images - images.mean((-1, -2), keepdim=True)).flatten(1).square().mean(1).sqrt()


def nearest_pairs(images: torch.Tensor, others: torch.Tensor, count: int = SHOWN) -> tuple[torch.Tensor, torch.Tensor]:
    """The images with the highest contrast among the first, and the nearest of others to each.

    Args:
        images: (N, ...), in [0, 1].
        others: (M, ...), in [0, 1].
        count: how many.

    Returns:
        Both (count, ...).
    """
    chosen = images[:AMONG][contrast(images[:AMONG]).argsort(descending=True)[:count]]
    return chosen, others[nearest(chosen, others)[1]]


def quantiles(values: torch.Tensor) -> list[float]:
    """The values' quantiles at QUANTILES, rounded."""
    return [round(float(value), 4) for value in values.quantile(torch.tensor(QUANTILES, dtype=values.dtype))]


def record(run, command: str) -> tuple[dict, torch.Tensor]:
    """What the gallery shows of a run: its curves, its diagnosis, distances, and its images.

    Args:
        run: as svae_lib.experiment.load_run gives it.
        command: that made it.

    Returns:
        A dict of plain values, and images (4, 8, 3, 8, 8), uint8.
    """
    from svae_lib.datasets import held_out_images, to_unit
    from svae_lib.evaluation import diagnose, evaluate

    model, data = run.model, run.data
    test, train = held_out_images(data.test, model.likelihood), to_unit(data.train.images)
    found, spread = diagnose(model, test), contrast(test)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pairs = nearest_pairs(test, train)
        kinds = (*pairs, model.reconstruct(pairs[0]), model.sample(SHOWN))
    images = torch.stack([(255 * kind.clamp(0, 1)).round().to(torch.uint8) for kind in kinds])
    rows = run.rows[:: -(-len(run.rows) // MOST_EPOCHS)]
    spheres = [factor for factor in found.factors if factor.concentration is not None]
    facts = {
        "command": command,
        "seed": run.experiment.seed,
        "test_log_likelihood": round(run.metrics["test_log_likelihood"], 1),
        "best_epoch": run.metrics["best_epoch"],
        "epochs": [row["epoch"] for row in rows],
        "train": [round(row["train_elbo"], 1) for row in rows],
        "validation": [round(row["validation_elbo"], 1) for row in rows],
        "information": round(found.mutual_information, 2) + 0.0,  # no -0
        "marginal": round(found.marginal_kl, 2),
        "kl": round(found.kl, 2),
        "most": round(found.max_mutual_information, 2),
        "collapsed": round(found.collapsed, 2),
        "active": found.num_active,
        "factors": len(found.factors),
        "floor": spheres[0].floor,
        "concentration": [[float(f"{value:.4g}") for value in sphere.concentration] for sphere in spheres],
        "nearest": quantiles((nearest(test, train)[0] / spread)[spread > 0]),
    }
    if data.name == "augmented":
        unseen = to_unit(torch.from_numpy(fresh().transpose(0, 3, 1, 2).copy()))
        score = evaluate(model, unseen, num_importance_samples=run.experiment.num_importance_samples)
        facts["fresh_log_likelihood"] = round(score.log_likelihood, 1)
    return facts, images
