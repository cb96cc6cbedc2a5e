"""Small files in the exact format of each source, so that every reader runs without a download."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.io import savemat

from svae_lib import datasets

COUNTS = (12, 5, 7)


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def write_idx(folder, images, labels):
    def write(name):
        raw = folder / name / "raw"
        raw.mkdir(parents=True)
        kept = COUNTS[0] + COUNTS[1]
        for prefix, part in (("train", slice(None, kept)), ("t10k", slice(kept, None))):
            (raw / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images[part]))
            (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels[part].astype(np.uint8)))

    return write


def by_columns(images):
    """(N, 28, 28) -> (N, 784) as MATLAB flattens an image: column after column."""
    return np.stack([image.flatten(order="F") for image in images])


def write_set(name, folder, images, labels):
    """Write `images` (sum(COUNTS), H, W) as the source `name` would; `labels` where its files have them."""
    train, validation, test = np.split(np.arange(len(images)), np.cumsum(COUNTS)[:2])
    if name in ("mnist", "fashion_mnist"):
        write_idx(folder, images, labels)({"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}[name])
    elif name == "static_mnist":
        (folder / "MNIST_static").mkdir()
        for part, rows in (("train", train), ("valid", validation), ("test", test)):
            path = folder / "MNIST_static" / f"binarized_mnist_{part}.amat"
            np.savetxt(path, images[rows].reshape(len(rows), -1) // 255, fmt="%d")
    elif name == "omniglot":
        (folder / "OMNIGLOT").mkdir()
        kept = COUNTS[0] + COUNTS[1]
        one_hot = np.eye(50)[labels].T
        savemat(
            folder / "OMNIGLOT" / "chardata.mat",
            {
                "data": by_columns(images[:kept]).T / 255,
                "testdata": by_columns(images[kept:]).T / 255,
                "target": one_hot[:, :kept],
                "testtarget": one_hot[:, kept:],
            },
        )
    elif name == "caltech101_silhouettes":
        (folder / "Caltech101Silhouettes").mkdir(exist_ok=True)
        arrays = {}
        for part, rows in (("train", train), ("val", validation), ("test", test)):
            arrays[f"{part}_data"] = 1 - by_columns(images[rows]) // 255
            arrays[f"{part}_labels"] = labels[rows, None] + 1
        savemat(folder / "Caltech101Silhouettes" / "caltech101_silhouettes_28_split1.mat", arrays)
    elif name == "frey_faces":
        (folder / "FreyFaces").mkdir()
        savemat(folder / "FreyFaces" / "frey_rawface.mat", {"ff": images.reshape(len(images), -1).T})


@pytest.fixture(scope="session")
def small_images():
    """small_images(name): the images and labels that the small copy of that set holds."""

    def make(name):
        noise = np.random.default_rng(0)
        images = noise.integers(0, 90, (sum(COUNTS), *datasets.DATASETS[name].image_shape), dtype=np.uint8)
        images[:, 5:8, 3:11] += 160  # a bar, so that there is something to learn
        binary = name in ("static_mnist", "caltech101_silhouettes")
        return ((images > 80) * np.uint8(255) if binary else images), noise.integers(0, 10, len(images))

    return make


@pytest.fixture
def small_sets(tmp_path, monkeypatch, small_images):
    """A folder with a small copy of every set that has files, and the registry expecting their counts."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name, spec in list(datasets.DATASETS.items()):
        if spec.files:
            write_set(name, folder, *small_images(name))
            monkeypatch.setitem(datasets.DATASETS, name, replace(spec, counts=COUNTS))
    return folder
