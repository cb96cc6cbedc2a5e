"""Clustering of directions as scikit-learn has it: an estimator over `svae_lib.distributions.VonMisesFisherMixture`."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from svae_lib.distributions import VonMisesFisherMixture
from svae_lib.errors import InputError
from svae_lib.ops import log_surface_area


class VonMisesFisherClustering(ClusterMixin, BaseEstimator):
    """Clusters of directions by a mixture of von Mises-Fisher distributions, as a scikit-learn estimator.

    Only the direction of a row counts, so that text embeddings need no normalizer before it. Unlike k-means it lets the
    clusters differ in size and in concentration, and tells how sure it is of a point.

    Args:
        n_components: The number of clusters.
        tied: Whether all clusters have one concentration.
        n_init: Starts by k-means++ on the sphere, every other one improved by k-means; the best is kept.
        max_iter: Most steps of expectation-maximization from each start.
        tol: Gain in the mean log-likelihood of a row, in nats, below which a run ends.
        min_spread: The floor against collapse onto one point, as VonMisesFisherMixture.fit has it.
        random_state: Of the starts; an int gives the same clusters every time.

    Attributes:
        mixture_: The VonMisesFisherMixture, a torch distribution, for rows divided by their length.
        labels_: Cluster of each row, (n,).
        cluster_centers_: Mean directions, (n_components, m).
        concentrations_: (n_components,).
        weights_: Shares of the clusters, (n_components,).
        n_iter_: Steps of the best start.
        converged_: Whether that start gained less than tol at its end.
        n_features_in_: m.

    References:
        Banerjee, Dhillon, Ghosh and Sra, "Clustering on the unit hypersphere using von Mises-Fisher distributions",
        JMLR 6 (2005).

    Example:
        >>> import numpy as np
        >>> X = np.repeat(np.eye(3), 20, axis=0) + 0.1 * np.random.default_rng(0).normal(size=(60, 3))
        >>> labels = VonMisesFisherClustering(3, random_state=0).fit_predict(X)
        >>> [len(set(labels[start : start + 20])) for start in (0, 20, 40)], len(set(labels))
        ([1, 1, 1], 3)
    """

    def __init__(
        self, n_components=8, *, tied=False, n_init=4, max_iter=200, tol=1e-4, min_spread=1e-4, random_state=None
    ):
        self.n_components = n_components
        self.tied = tied
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.min_spread = min_spread
        self.random_state = random_state

    def fit(self, X, y=None, sample_weight=None):
        """Fit the mixture to the directions of the rows of X, (n, m); returns the estimator.

        Args:
            X: Rows of any length, an array, a data frame or a tensor. A row of 0 has no direction: it weighs nothing
                here, and later belongs to each cluster by its share.
            y: Not used.
            sample_weight: Weights >= 0 of the rows, (n,), or None for equal ones.

        Raises:
            InputError: There are fewer rows with a direction than clusters.
        """
        directions, known = self._directions(X, reset=True)
        weights = _check_sample_weight(sample_weight, directions) * known
        if np.count_nonzero(weights) < self.n_components:
            count = np.count_nonzero(weights)
            raise InputError(f"n_samples={count} of weight above zero, n_components={self.n_components}: ask for fewer")
        self.mixture_, course = VonMisesFisherMixture._fit(
            directions,
            self.n_components,
            weights,
            1.0,
            tied=self.tied,
            n_init=self.n_init,
            max_iter=self.max_iter,
            tol=self.tol,
            min_spread=self.min_spread,
            init=None,
            seed=int(check_random_state(self.random_state).randint(2**31)),
        )
        vmf = self.mixture_.component_distribution
        self.cluster_centers_, self.concentrations_ = vmf.loc.numpy(), vmf.concentration.numpy()
        self.weights_ = self.mixture_.mixture_distribution.probs.numpy()
        self.n_iter_, self.converged_ = course.num_steps, course.converged
        if not self.converged_:
            text = f"not converged in max_iter={self.max_iter} steps: allow more, or a larger tol={self.tol:g}"
            warnings.warn(text, ConvergenceWarning, stacklevel=2)
        self.labels_ = self.predict(X)
        return self

    def predict(self, X):
        """Cluster of each row of X, (n,)."""
        return self._of("predict", X, lambda: self.weights_.argmax())

    def predict_proba(self, X):
        """Probability of each cluster for each row of X, (n, n_components)."""
        return self._of("predict_proba", X, lambda: self.weights_)

    def score_samples(self, X):
        """Log density of the direction of each row of X, (n,), in nats on the unit sphere."""
        return self._of("score_samples", X, lambda: -log_surface_area(self.n_features_in_))

    def score(self, X, y=None):
        """Mean log density of the directions of the rows of X, in nats: a Pipeline or a grid search maximizes it."""
        return self._of("score", X)

    def bic(self, X):
        """Bayesian information criterion of the mixture on X; the smaller, the better."""
        return self._of("bic", X)

    def _of(self, method, X, without_direction=None):
        """A method of the mixture at the rows of X; those of 0 get what `without_direction` gives, or are left out."""
        check_is_fitted(self)
        directions, known = self._directions(X, reset=False)
        if without_direction is None:
            return getattr(self.mixture_, method)(directions[known])
        values = getattr(self.mixture_, method)(directions)
        values[~known] = without_direction()
        return values

    def _directions(self, X, reset):
        """Unit vectors (n, m), and which rows have a direction; for the others stands the first axis."""
        X = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], ensure_min_features=2 if reset else 1)
        largest = np.abs(X).max(axis=1, keepdims=True)
        known = largest[:, 0] > 0
        X = np.where(known[:, None], X, np.eye(1, X.shape[1], dtype=X.dtype))
        X = X / np.where(known[:, None], largest, 1.0).astype(X.dtype)  # no square may leave the range of the dtype
        return X / np.linalg.norm(X, axis=1, keepdims=True), known
