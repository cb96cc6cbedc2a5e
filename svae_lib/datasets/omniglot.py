"""OMNIGLOT at 28 x 28, as Burda prepared it for the importance-weighted autoencoder."""

import torch

from svae_lib.datasets.base import DatasetSpec, Download, Split, shuffled, split_by_counts
from svae_lib.datasets.files import read_mat, take, to_uint8


def _read(paths, counts):
    (path,) = paths
    arrays = read_mat(path)

    def split(prefix, count):
        pixels = take(path, arrays, f"{prefix}data", (784, count))
        images = to_uint8(path, pixels).T.reshape(-1, 28, 28).mT  # the file stores each image by columns
        alphabets = take(path, arrays, f"{prefix}target", (50, count))
        return Split(images.contiguous(), torch.from_numpy(alphabets.argmax(0)))

    train = split("", counts[0] + counts[1])
    return *split_by_counts(shuffled(train), counts[:2]), split("test", counts[2])


OMNIGLOT = DatasetSpec(
    name="omniglot",
    citation="Lake, Salakhutdinov & Tenenbaum, Human-level concept learning, Science 350, 2015; "
    "28 x 28: Burda, Grosse & Salakhutdinov, arXiv 1509.00519",
    license="MIT (OMNIGLOT)",
    counts=(23_000, 1_345, 8_070),
    image_shape=(28, 28),
    megabytes=None,
    files=("OMNIGLOT/chardata.mat",),
    read=_read,
    downloads=lambda: [
        Download("OMNIGLOT/chardata.mat", ("https://github.com/yburda/iwae/raw/master/datasets/OMNIGLOT/chardata.mat",))
    ],
)
