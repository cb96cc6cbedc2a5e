"""Model, data and device, built from an experiment's plain values."""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace

import torch

from svae_lib.datasets import ALIASES, DATASETS, ImageDataset, load_dataset, size_text
from svae_lib.errors import InputError
from svae_lib.experiment.config import Experiment
from svae_lib.latent_spaces import parse_latent_space
from svae_lib.memory import available_memory, require_memory, size_in_words
from svae_lib.models import VAE, build_vae
from svae_lib.threads import choose_threads

_COPIES = 13  # of the weights, at the moment that a checkpoint is written: measured 13 to 15


def build(experiment: Experiment, model: VAE | None = None) -> tuple[VAE, ImageDataset]:
    """Load the data and make the model.

    Args:
        experiment: The configuration.
        model: A trained model, in place of one that is made here.

    Returns:
        The model, on the experiment's device, and the data set.

    Raises:
        InputError: The latent space, device, data set or size of its images is not possible, or the memory not enough.
    """
    if experiment.threads is not None:
        choose_threads(experiment.threads)
    device = _device(experiment.device)
    data = load_dataset(experiment.dataset, experiment.data_dir)
    if model is None:
        check_memory(experiment, data.image_shape, [len(split) for split in (data.train, data.validation, data.test)])
        model = build_model(experiment, data.image_shape)
    elif model.image_shape != data.image_shape:
        sizes = size_text(data.image_shape), size_text(model.image_shape)
        raise InputError("{} has images of {}, and the model is for {}".format(data.name, *sizes))
    return model.to(device), data


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
    options = "covariance", "learn_scale", "radius", "learn_radius", "concentration_floor", "concentration_head"
    space = parse_latent_space(experiment.latent, **experiment.select(*options))
    network = (experiment.encoder_network, experiment.decoder_network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.seed)
        return build_vae(image_shape, space, network=network, **experiment.select("hidden", "likelihood", "sigma"))


def training_memory(experiment: Experiment, image_shape: tuple[int, ...], counts: Sequence[int]) -> int:
    """The bytes that a training takes beside the libraries, from shapes alone: an estimate, true to a third.

    Args:
        experiment: The configuration.
        image_shape: (H, W), or (C, H, W) for color.
        counts: Training, validation and test images.

    Returns:
        The sum of the weights with what copies them (their gradients, Adam's two moments, the last good state, the one
        before it, the best weights, a checkpoint on its way to the disk), of a batch with its gradients, and of
        held-out images with the noise that binarizes them.
    """
    outputs = 0

    def count(_, __, output: torch.Tensor) -> None:
        nonlocal outputs
        outputs += output.numel()

    with torch.device("meta"), torch.no_grad():
        model = build_model(experiment, image_shape)
        for module in model.modules():
            if not list(module.children()):
                module.register_forward_hook(count)
        model.encoder(torch.empty(1, *image_shape))
        model.decoder(torch.empty(1, model.latent_space.event_size))
    weights = sum(parameter.numel() for parameter in model.parameters())
    pixels = math.prod(image_shape)
    batch = max(3 * min(experiment.batch_size, counts[0]), min(500, counts[2]))  # evaluation keeps no gradients
    return 4 * (_COPIES * weights + batch * (outputs + pixels)) + 12 * pixels * max(counts[1:])


def check_memory(experiment: Experiment, image_shape: tuple[int, ...], counts: Sequence[int]) -> None:
    """Refuse a training that the machine has not the memory for. Args: as training_memory. Raises: InputError."""
    free = available_memory()
    needed = training_memory(experiment, image_shape, counts)
    if free is None or needed <= free:
        return
    smaller = {
        "-hd " + ",".join(map(str, hidden)): {"hidden": hidden}
        for hidden in (tuple(max(1, size // by) for size in experiment.hidden) for by in (4, 16))
    }
    smaller |= {f"-bs {size}": {"batch_size": size} for size in (max(1, experiment.batch_size // 10), 1)}
    smaller["--encode_type mlp --decode_type mlp"] = {"encoder_network": "mlp", "decoder_network": "mlp"}  # half of cnn
    fits = [flag for flag, values in smaller.items()
            if training_memory(replace(experiment, **values), image_shape, counts) <= free]  # fmt: skip
    rest = "resize the images" if fits else "resize the images, take fewer hidden units (-hd) and smaller batches (-bs)"
    require_memory(needed, f"training on images of {size_text(image_shape)}", ", or ".join([*fits, rest]))


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
    check_memory(experiment, shape, counts)
    model = build_model(experiment, shape)
    size = sum(parameter.numel() for parameter in model.parameters())
    steps = -(-counts[0] // experiment.batch_size)
    config = ", ".join(f"{name} {value}" for name, value in asdict(experiment).items() if value is not None)
    data_text = "{}: {:,} training, {:,} validation and {:,} test images of {}"
    return (
        f"{model}\n"
        f"model   latent space {model.latent_space}, {size:,} parameters\n"
        f"memory  about {size_in_words(training_memory(experiment, shape, counts))} beside the libraries\n"
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
