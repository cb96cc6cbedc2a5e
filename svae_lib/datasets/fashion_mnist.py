"""Fashion-MNIST: Zalando's articles in the format of MNIST."""

from svae_lib.datasets.base import DatasetSpec
from svae_lib.datasets.mnist import idx_downloads, idx_files, read_idx_sets

FASHION_MNIST = DatasetSpec(
    name="fashion_mnist",
    citation="Xiao, Rasul & Vollgraf, Fashion-MNIST: a novel image dataset, arXiv 1708.07747",
    license="MIT",
    counts=(50_000, 10_000, 10_000),
    image_shape=(28, 28),
    megabytes=30.9,
    files=idx_files("FashionMNIST"),
    read=read_idx_sets,
    downloads=lambda: idx_downloads("FashionMNIST"),
)
