"""Clusters of known truth: adjusted Rand index of our mixtures and their peers, printed as a table.

    python benchmarks/clustering_accuracy.py

Points of mixtures of von Mises-Fisher distributions, 5 draws each; every method knows the number of clusters and has 5
starts. Truth: the index of the mixture that made the points, the most that is possible on average.
"""

import warnings

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from torch.distributions import Categorical

from svae_lib.clustering import VonMisesFisherClustering
from svae_lib.distributions import VonMisesFisher, VonMisesFisherMixture
from svae_lib.ops import unit_vector

CASES = {  # ambient dimension, points, concentrations, shares
    "S^2, 3 equal clusters": (3, 500, (20, 20, 20), (1, 1, 1)),
    "S^2, concentrations 2 to 400": (3, 800, (2, 40, 400), (2, 1, 1)),
    "S^9, 5 equal clusters": (10, 1000, (15,) * 5, (1,) * 5),
    "S^9, concentrations 5 to 200": (10, 1000, (5, 10, 30, 80, 200), (1,) * 5),
    "S^9, shares 8 to 1": (10, 1000, (20,) * 4, (8, 4, 2, 1)),
    "S^99, concentrations 30 to 300": (100, 1000, (30, 60, 100, 200, 300), (1,) * 5),
}
DRAWS = 5


def draw(m, n, concentrations, shares, seed):
    """Points (n, m), their components, and the mixture they are from."""
    torch.manual_seed(seed)
    loc = unit_vector(torch.randn(len(concentrations), m, dtype=torch.float64))
    vmf = VonMisesFisher(loc, torch.tensor(concentrations, dtype=torch.float64))
    truth = VonMisesFisherMixture(Categorical(torch.tensor(shares, dtype=torch.float64)), vmf)
    labels = truth.mixture_distribution.sample((n,))
    return vmf.sample((n,))[torch.arange(n), labels].numpy(), labels.numpy(), truth


def methods(k):
    yield "vMF", VonMisesFisherClustering(k, n_init=5, random_state=0)
    yield "vMF, tied", VonMisesFisherClustering(k, n_init=5, tied=True, random_state=0)
    yield "k-means", KMeans(k, n_init=5, random_state=0)
    for covariance in ("spherical", "full"):
        yield f"Gaussian, {covariance}", GaussianMixture(k, covariance_type=covariance, n_init=5, random_state=0)


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    names = ["truth", *(name for name, _ in methods(1))]
    print("| clusters | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1))
    for case, (m, n, concentrations, shares) in CASES.items():
        rows = []
        for seed in range(DRAWS):
            z, labels, truth = draw(m, n, concentrations, shares, seed)
            found = [truth.predict(z), *(method.fit_predict(z) for _, method in methods(len(shares)))]
            rows.append([adjusted_rand_score(labels, each) for each in found])
        print(f"| {case} | " + " | ".join(f"{value:.3f}" for value in np.mean(rows, 0)) + " |", flush=True)


if __name__ == "__main__":
    main()
