"""Bounds on the likelihood of held-out images, and what every evaluation shares."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm.auto import tqdm

from svae_lib.errors import InputError
from svae_lib.models import VAE
from svae_lib.threads import suitable_threads


@dataclass(frozen=True)
class Evaluation:
    """Mean scores over images, in nats, each image with the same weight; elbo = reconstruction - kl.

    Attributes:
        log_likelihood: The importance-weighted bound.
        elbo: The evidence lower bound.
        reconstruction: Its first part.
        kl: Its second part.
        num_images: How many were scored.
        num_nan: How many had a NaN in one of the scores; they count in the means, which are then NaN too.
    """

    log_likelihood: float
    elbo: float
    reconstruction: float
    kl: float
    num_images: int
    num_nan: int


def evaluate(
    model: VAE, images: Tensor, *, num_importance_samples: int = 100, seed: int = 0, batch_size: int = 500,
    progress: bool = False,
) -> Evaluation:  # fmt: skip
    """Score a model on held-out images: log-likelihood (importance-weighted bound), ELBO and its parts.

    Args:
        model: Any VAE.
        images: (N, H, W), in [0, 1]; of a data set's split, what held_out_images gives.
        num_importance_samples: Per image, for the log-likelihood.
        seed: Of the samples.
        batch_size: Images scored at once.
        progress: Whether to show a bar where it takes more than two seconds.

    Returns:
        Means over the images.

    Raises:
        InputError: For no images, or less than one importance sample.

    Example:
        >>> from svae_lib.models import build_vae
        >>> scores = evaluate(build_vae((28, 28), "s2"), torch.zeros(7, 28, 28), num_importance_samples=10)
        >>> scores.num_images, scores.num_nan, scores.elbo <= scores.reconstruction
        (7, 0, True)
    """

    def parts(x: Tensor) -> Tensor:
        bound = model.elbo(x)
        return torch.stack([bound.reconstruction, bound.kl, model.log_likelihood(x, num_importance_samples)], -1)

    scores = per_image(model, images, parts, seed, batch_size, progress)
    reconstruction, kl, bound = scores.mean(0).tolist()
    num_nan = int(scores.isnan().any(-1).sum())
    return Evaluation(bound, reconstruction - kl, reconstruction, kl, len(images), num_nan)


@torch.no_grad()
def per_image(
    model: VAE, images: Tensor, score: Callable[[Tensor], Tensor], seed: int, batch_size: int, progress: bool = False
) -> Tensor:
    """Apply `score` batch by batch on the model's device, and give its rows, (N, ...), in float64 on the CPU."""
    if len(images) == 0:
        raise InputError("no images to evaluate: give at least one")
    device = next(model.parameters()).device
    scores = []
    with (
        seeded(device, seed),
        _evaluating(model),
        suitable_threads(model, min(batch_size, len(images))),
        tqdm(total=len(images), desc="evaluation", unit="image", delay=2, disable=not progress) as bar,
    ):
        for x in images.split(batch_size):
            scores.append(score(x.to(device)).cpu().double())
            bar.update(len(x))
    return torch.cat(scores)


@contextmanager
def seeded(device: torch.device, seed: int):
    """Random numbers from `seed` inside, the global state untouched outside."""
    others = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(others, device_type=device.type if others else "cuda"):
        torch.manual_seed(seed)
        yield


@contextmanager
def _evaluating(model: VAE):
    """eval() inside, the mode the model had outside."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
