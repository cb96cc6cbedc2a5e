"""Records of chapter 03's story of scale: how training begins and goes on at two radii and with two heads.

python -m svae_course.chapter_03.scale FILE.json trains the four models, in about two minutes of one core.
"""

import json
import math
import sys
from pathlib import Path

import torch

from svae_lib import Schedule, build_vae, fit, load_dataset
from svae_lib.datasets import held_out_images
from svae_lib.files import atomic_write
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.models import VAE

SETTINGS = {
    "sphere, as in the papers": {"radius": 1.0, "concentration_head": "softplus"},
    "sphere, radius √m": {"radius": "sqrt_m", "concentration_head": "softplus"},
    "sphere, radius √m, new head": {"radius": "sqrt_m", "concentration_head": "inverse_variance"},
    "Gaussian": None,
}


def build(setting: str, d: int = 10) -> VAE:
    """The model of a setting, with the weights of seed 0.

    Args:
        setting: a key of SETTINGS.
        d: the dimension of the sphere, or of the flat space.

    Returns:
        A model of 28 x 28 images, not trained.
    """
    options = SETTINGS[setting]
    space = f"e{d}" if options is None else parse_latent_space(f"s{d}", **options)
    torch.manual_seed(0)
    return build_vae((28, 28), space)


def at_the_start(model: VAE, images: torch.Tensor) -> dict[str, float]:
    """Root mean squares before any step: a coordinate of a code, and the bound's gradients.

    Args:
        model: not trained.
        images: observed, (B, 28, 28).

    Returns:
        "code": of the coordinates that the decoder reads; "where" and "width": of the gradient of one image's
        reconstruction with respect to the encoder's numbers for the mean, and for the spread.
    """
    torch.manual_seed(0)
    outputs = model.head(model.encoder(images)).detach().requires_grad_()
    z, _ = model.latent_space.sample_and_kl(outputs)
    model.likelihood.log_prob(model.decode(z), images).sum().backward()
    where = model.latent_space.event_size
    parts = {"code": z.detach(), "where": outputs.grad[:, :where], "width": outputs.grad[:, where:]}
    return {name: round(part.square().mean().sqrt().item(), 5) for name, part in parts.items()}


@torch.no_grad()
def width(model: VAE, images: torch.Tensor) -> float:
    r"""The median over images of a posterior's standard deviation, in units of the prior's.

    On a sphere that is \\sqrt{m / \\kappa}, of a large \\kappa in each direction along it.

    Args:
        model: with a spherical or a Gaussian latent space.
        images: observed, (B, 28, 28).

    Returns:
        The median; 1 is as wide as the prior.
    """
    posterior = model.encode(images)
    if hasattr(posterior, "concentration"):
        return math.sqrt(model.latent_space.event_size / posterior.concentration.median().item())
    return posterior.stddev.median().item()


def record(setting: str, epochs: int = 30) -> dict:
    """Train the model of a setting and write down what the figure shows.

    Args:
        setting: a key of SETTINGS.
        epochs: of training.

    Returns:
        "start": see at_the_start; "width" and "validation_elbo": one number an epoch.
    """
    data = load_dataset("mnist_5k")
    model = build(setting)
    images = held_out_images(data.validation, model.likelihood)
    widths = [width(model, images)]
    start = at_the_start(model, images)
    history = fit(
        model,
        data,
        epochs=epochs,
        batch_size=50,
        schedule=Schedule(warmup=10),
        on_epoch=lambda history: widths.append(width(model, images)),
        progress=False,
    )
    elbos = [round(row["validation_elbo"], 2) for row in history.rows]
    return {"start": start, "width": [round(each, 4) for each in widths], "validation_elbo": elbos}


if __name__ == "__main__":
    records = {setting: record(setting) for setting in SETTINGS}
    atomic_write(Path(sys.argv[1]), (json.dumps(records, ensure_ascii=False, indent=1) + "\n").encode())
