"""Embeddings, and classification from them by few labels."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from svae_lib.datasets import ImageDataset, Split, held_out_images
from svae_lib.errors import InputError
from svae_lib.evaluation.scores import per_image
from svae_lib.files import atomic_write
from svae_lib.models import VAE


@dataclass(frozen=True)
class Classification:
    """Accuracy of a classifier on the whole test split.

    Attributes:
        classifier: Its name.
        num_labels: How many labeled images it learned from.
        accuracy: The mean over draws of labeled images, in [0, 1].
        standard_error: Of that mean, over the draws of labels for this one model. It says how well these draws measure
            its accuracy, not what another seed would have given: two latent spaces are compared over several trainings,
            as `svae_lib.comparison` does.
        num_draws: How many draws.
    """

    classifier: str
    num_labels: int
    accuracy: float
    standard_error: float
    num_draws: int


def embed(model: VAE, split: Split, batch_size: int = 500) -> Tensor:
    """The posterior's mode for each image of a split, observed as it is scored.

    Args:
        model: Any VAE.
        split: N images.
        batch_size: Images encoded at once.

    Returns:
        (N, event_size), float64, on the CPU.
    """
    return per_image(model, held_out_images(split, model.likelihood), model.embed, 0, batch_size)


def classify_latents(
    model: VAE,
    dataset: ImageDataset,
    *,
    num_labels: Sequence[int] = (100, 600, 1000),
    num_draws: int = 20,
    num_neighbors: int = 5,
    seed: int = 0,
) -> list[Classification]:
    r"""Accuracy of classifiers that learn the labels of the test images from few labeled codes.

    Each draw takes labeled images from the training split at random (the 100 are among the 600, which makes the counts
    comparable) and classifies the whole test split, by k nearest neighbors and by logistic regression on standardized
    coordinates. Neighbors are near in the geometry's own distance: the angle on a sphere, the straight line in a flat
    space, and in a product the length of its shortest path, \sqrt{\sum_k d_k^2}, which weighs a factor by how far its
    points are apart and counts a learned radius.

    Args:
        model: Any VAE.
        dataset: Its training and test splits have labels.
        num_labels: How many labeled images to learn from, one classification for each number.
        num_draws: Of labeled images.
        num_neighbors: k.
        seed: Of the draws.

    Returns:
        One for each classifier and number of labels.

    Raises:
        InputError: For a data set without labels or with too few training images.

    References:
        The experiment of Davidson et al., arXiv 1804.00891, table 2 (k nearest neighbors on MNIST).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if dataset.train.labels is None or dataset.test.labels is None:
        raise InputError(f"data set {dataset.name!r} has no labels, so nothing to classify: choose one that has")
    if max(num_labels) > len(dataset.train):
        raise InputError(f"{max(num_labels)} labels of {len(dataset.train)} training images: ask for fewer")
    space, generator = model.latent_space, np.random.default_rng(seed)
    z_train, z_test = embed(model, dataset.train), embed(model, dataset.test)
    y_train, y_test = dataset.train.labels.numpy(), dataset.test.labels.numpy()
    scores = {(name, count): [] for name in ("k nearest neighbors", "logistic regression") for count in num_labels}
    for _ in range(num_draws):
        drawn = generator.permutation(len(z_train))[: max(num_labels)]
        z, y = z_train[drawn], y_train[drawn]
        within, to_test = space.distance(z, z).numpy(), space.distance(z_test, z).numpy()
        for n in num_labels:
            neighbors = KNeighborsClassifier(num_neighbors, metric="precomputed").fit(within[:n, :n], y[:n])
            scores["k nearest neighbors", n].append(neighbors.score(to_test[:, :n], y_test))
            linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(z[:n], y[:n])
            scores["logistic regression", n].append(linear.score(z_test, y_test))
    return [
        Classification(name, n, float(np.mean(a)), float(np.std(a) / max(1, len(a) - 1) ** 0.5), num_draws)
        for (name, n), a in scores.items()
    ]


def save_embeddings(path: str | os.PathLike, model: VAE, dataset: ImageDataset) -> None:
    """Write the embeddings of all three splits to one .npz file, completely or not at all.

    Its arrays are {train,validation,test}_embeddings (N, event_size), float32, and {...}_labels (N,) where the data set
    has labels.

    Args:
        path: The file.
        model: Any VAE.
        dataset: The images.

    Raises:
        InputError: The file cannot be written, as atomic_write says.
    """
    arrays = {}
    for name in ("train", "validation", "test"):
        split = getattr(dataset, name)
        arrays[f"{name}_embeddings"] = embed(model, split).float().numpy()
        if split.labels is not None:
            arrays[f"{name}_labels"] = split.labels.numpy()
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    atomic_write(path, buffer.getbuffer())
