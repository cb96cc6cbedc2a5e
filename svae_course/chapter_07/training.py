"""Trainings of chapter 07: the same VAE with the exact gradient of the concentration, and without the correction.

python -m svae_course.chapter_07.training FILE.json trains every setting with every seed, a minute or
more of one core each, and stores the scores.
"""

import json
import sys
from pathlib import Path

import torch
from torch import Tensor
from torch.distributions import kl_divergence

from svae_lib import Schedule, build_vae, evaluate, fit, load_dataset
from svae_lib.datasets import held_out_images
from svae_lib.distributions import VonMisesFisher
from svae_lib.distributions.von_mises_fisher_draws import draw_polar_angle
from svae_lib.files import atomic_write
from svae_lib.latent_spaces import LatentSpace, ProductSpace, Sphere
from svae_lib.models import VAE

SPACES = {"10xs1": (10, 1)}  # by name, the number of spheres and the dimension of each
SEEDS = range(5)


class UncorrectedVonMisesFisher(VonMisesFisher):
    r"""The same distribution, with samples whose gradient in the concentration lacks the correction of the rejection.

    An accepted proposal, differentiated at fixed noise, moves by dw/dk = (1 - w^2) / R, or
    d theta/dk = -sin(theta) / R with R = \sqrt{4 k^2 + (m-1)^2}.

    Example:
        >>> kappa = torch.tensor(2.0, requires_grad=True)
        >>> z = UncorrectedVonMisesFisher(torch.eye(2)[0], kappa).rsample()
        >>> (slope,) = torch.autograd.grad(z[0], kappa)
        >>> torch.allclose(slope, z[1].detach() ** 2 / 17**0.5)
        True
    """

    def _sample_polar_angle(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        kappa = self.concentration.expand(shape)
        fixed = kappa.detach()
        versine, sine = draw_polar_angle(fixed, self.ambient_dim)
        turn = (kappa - fixed) * sine / torch.hypot(2 * fixed, torch.full_like(fixed, self.ambient_dim - 1))
        return versine - turn * sine, sine - turn * (1 - versine)


class ExactSphere(Sphere):
    """A sphere whose posterior draws its own samples, so that both gradients go through the same code."""

    sample_and_kl, noise = LatentSpace.sample_and_kl, LatentSpace.noise


class UncorrectedSphere(ExactSphere):
    """The same with `UncorrectedVonMisesFisher`."""

    _FAMILIES = {"vmf": UncorrectedVonMisesFisher}


GRADIENTS = {"exact": ExactSphere, "uncorrected": UncorrectedSphere}


def build(space: str, gradient: str, seed: int) -> VAE:
    """A model of 28 x 28 images, not trained.

    Args:
        space: a key of SPACES.
        gradient: a key of GRADIENTS.
        seed: of the weights.
    """
    count, d = SPACES[space]
    torch.manual_seed(seed)
    return build_vae((28, 28), ProductSpace([GRADIENTS[gradient](d)] * count))


@torch.no_grad()
def by_factor(model: VAE, images: Tensor) -> tuple[list[float], list[float]]:
    """KL of each factor, its mean over the images from the largest, and the median of its concentration.

    Args:
        model: with a ProductSpace.
        images: observed, (B, 28, 28).

    Returns:
        Two lists, one number for each factor.
    """
    pairs = zip(model.encode(images).factors, model.latent_space.prior().factors, strict=True)
    found = [(kl_divergence(q, p).mean().item(), q.concentration.median().item()) for q, p in pairs]
    costs, kappas = zip(*sorted(found, reverse=True), strict=True)
    return [round(cost, 3) for cost in costs], [round(kappa, 2) for kappa in kappas]


def train(space: str, gradient: str, seed: int, epochs: int = 30) -> dict:
    """Train a model on mnist_5k and score it on the test images.

    Args:
        space: a key of SPACES.
        gradient: a key of GRADIENTS.
        seed: of weights, images and noise.
        epochs: of training.

    Returns:
        The setting, the scores as a run of `svae train` has them, and "costs" and "kappas": see `by_factor`.
    """
    data, model = load_dataset("mnist_5k"), build(space, gradient, seed)
    settings = {"batch_size": 100, "learning_rate": 2e-3, "schedule": Schedule(warmup=10)}
    fit(model, data, epochs=epochs, seed=seed, progress=False, **settings)
    images = held_out_images(data.test, model.likelihood)
    scores = evaluate(model, images, num_importance_samples=100)
    costs, kappas = by_factor(model, images)
    return {
        "latent_space": space,
        "gradient": gradient,
        "seed": seed,
        "epochs": epochs,
        "test_log_likelihood": round(scores.log_likelihood, 3),
        "test_reconstruction": round(scores.reconstruction, 3),
        "test_kl": round(scores.kl, 3),
        "costs": costs,
        "kappas": kappas,
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    runs = [train(space, gradient, seed) for space in SPACES for gradient in GRADIENTS for seed in SEEDS]
    atomic_write(Path(sys.argv[1]), (json.dumps(runs, indent=1) + "\n").encode())
