"""The pictures of a run: its curves, reconstructions, samples and codes, and the diagnosis of its latent space."""

import io
from pathlib import Path

import torch

from svae_lib.datasets import ImageDataset, held_out_images
from svae_lib.evaluation import Diagnosis, diagnose
from svae_lib.files import atomic_write
from svae_lib.models import VAE

_NUM_DRAWN = 2000  # test images in the pictures


def diagnose_run(model: VAE, data: ImageDataset) -> Diagnosis:
    """Diagnose the latent space by the first 2,000 test images, as they are scored.

    Args:
        model: The trained model.
        data: The data set.

    Returns:
        As `diagnose`.

    Raises:
        InputError: There are less than two test images.
    """
    return diagnose(model, held_out_images(data.test[:_NUM_DRAWN], model.likelihood))


def draw(folder: Path, model: VAE, data: ImageDataset, rows: list[dict]) -> Diagnosis | None:
    """Draw the run's pictures into its folder.

    Args:
        folder: The run's folder.
        model: The trained model.
        data: The data set.
        rows: One dictionary per epoch, as RunFolder.rows.

    Returns:
        The diagnosis that was drawn; None for a single test image, which allows none.
    """
    from svae_lib import plotting

    device = next(model.parameters()).device
    test = data.test[:_NUM_DRAWN]
    images = held_out_images(test, model.likelihood).to(device)
    diagnosis = diagnose_run(model, data) if len(test) > 1 else None
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        samples = model.sample(100)
    figures = {
        "history": plotting.training_curves(rows),
        "reconstructions": plotting.reconstructions(images[:10], model.reconstruct(images[:10])),
        "samples": plotting.image_grid(samples, "Images decoded from the prior"),
        "latent": plotting.latent_scatter(model, images, test.labels),
        "diagnose": diagnosis and plotting.diagnosis(diagnosis),
    }
    for name, figure in figures.items():
        if figure is not None:
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png")
            atomic_write(folder / f"{name}.png", buffer.getbuffer())
    return diagnosis
