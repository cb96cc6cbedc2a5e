"""Model, data and device, built from an experiment's plain values."""

from dataclasses import asdict

import torch

from svae_lib.datasets import ALIASES, DATASETS, ImageDataset, load_dataset, size_text
from svae_lib.errors import InputError
from svae_lib.experiment.config import Experiment
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.models import VAE, build_vae
from svae_lib.threads import choose_threads


def build(experiment: Experiment) -> tuple[VAE, ImageDataset]:
    """Load the data and make the model.

    Args:
        experiment: The configuration.

    Returns:
        The model, on the experiment's device, and the data set.

    Raises:
        InputError: The latent space, device, data set or size of its images is not possible.
    """
    if experiment.threads is not None:
        choose_threads(experiment.threads)
    device = _device(experiment.device)
    data = load_dataset(experiment.dataset, experiment.data_dir)
    return build_model(experiment, data.image_shape).to(device), data


def build_model(experiment: Experiment, image_shape: tuple[int, ...]) -> VAE:
    """Make the model with the weights that the experiment's seed gives; torch's global random state stays as it was.

    Args:
        experiment: The configuration.
        image_shape: (H, W), or (C, H, W) for color.

    Returns:
        The model, on the CPU.

    Raises:
        InputError: The latent space, likelihood or size of the images is not possible.
    """
    options = "covariance", "radius", "learn_radius", "concentration_floor", "concentration_head"
    space = parse_latent_space(experiment.latent, **experiment.select(*options))
    network = (experiment.encoder_network, experiment.decoder_network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.seed)
        return build_vae(image_shape, space, network=network, **experiment.select("hidden", "likelihood", "sigma"))


def describe(experiment: Experiment) -> str:
    """The model, the data and the configuration in words.

    Args:
        experiment: The configuration. A data set known by name is not read; a path to images is.

    Returns:
        Several lines of text.

    Raises:
        InputError: As build.
    """
    source = DATASETS.get(ALIASES.get(experiment.dataset, experiment.dataset))
    data = None if source else load_dataset(experiment.dataset, experiment.data_dir)
    counts = source.counts if source else [len(split) for split in (data.train, data.validation, data.test)]
    shape = source.image_shape if source else data.image_shape
    _device(experiment.device)
    model = build_model(experiment, shape)
    size = sum(parameter.numel() for parameter in model.parameters())
    steps = -(-counts[0] // experiment.batch_size)
    config = ", ".join(f"{name} {value}" for name, value in asdict(experiment).items() if value is not None)
    data_text = "{}: {:,} training, {:,} validation and {:,} test images of {}"
    return (
        f"{model}\n"
        f"model   latent space {model.latent_space}, {size:,} parameters\n"
        f"data    {data_text.format(experiment.dataset, *counts, size_text(shape))}\n"
        f"config  {experiment.epochs} epochs of {steps} steps; {config}"
    )


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        if name.partition(":")[0] in ("cpu", "cuda", "mps"):
            return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError):  # torch without CUDA asserts
        pass
    raise InputError(f"--device {name!r} is not on this machine: choose auto, cpu, cuda, cuda:1 or mps")
