"""The mixture of von Mises-Fisher distributions."""

import math
import warnings

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily

from svae_lib.distributions import expectation_maximization
from svae_lib.distributions.fitting import as_points, directions_and_shares
from svae_lib.distributions.von_mises_fisher import VonMisesFisher
from svae_lib.errors import InputError, InputWarning

_MAX_ELEMENTS = 2**22  # coordinates of differences between points and mean directions that are held at once


class ClusteredMixture(MixtureSameFamily):
    """Mixture that says which component a point belongs to, for points given as tensors or as arrays."""

    def predict_proba(self, z: Tensor | np.ndarray) -> Tensor | np.ndarray:
        """Probability that each point is of each component, shape (*sample, *batch, K).

        Args:
            z: Points of the sphere, shape (*sample, *batch, m).

        Raises:
            ValueError: If a point is not on the sphere.
        """
        return self._by_chunks(z, lambda log_joint: log_joint.softmax(-1))

    def predict(self, z: Tensor | np.ndarray) -> Tensor | np.ndarray:
        """Index of the likeliest component for each point, shape (*sample, *batch).

        Args:
            z: Points of the sphere, shape (*sample, *batch, m).

        Raises:
            ValueError: If a point is not on the sphere.
        """
        return self._by_chunks(z, lambda log_joint: log_joint.argmax(-1))

    def score_samples(self, z: Tensor | np.ndarray) -> Tensor | np.ndarray:
        """Log density of each point, shape (*sample, *batch): log_prob without a graph, in chunks that bound memory.

        Args:
            z: Points of the sphere, shape (*sample, *batch, m).

        Raises:
            ValueError: If a point is not on the sphere.
        """
        return self._by_chunks(z, lambda log_joint: log_joint.logsumexp(-1))

    def score(self, z: Tensor | np.ndarray) -> float:
        """Mean log density of the points, in nats; of points held out it tells which mixture to trust.

        Args:
            z: Points of the sphere, shape (*sample, *batch, m).

        Raises:
            ValueError: If a point is not on the sphere.
        """
        return float(self.score_samples(z).mean())

    def bic(self, z: Tensor | np.ndarray) -> float:
        r"""Bayesian information criterion, p log n - 2 \sum_i log q(z_i); the smaller, the better.

        p counts K - 1 shares, K (m - 1) coordinates of mean directions, and each concentration that differs.

        Args:
            z: Points of the sphere, shape (n, m).

        Raises:
            ValueError: If a point is not on the sphere.

        References:
            Schwarz, "Estimating the dimension of a model" (1978).
        """
        concentrations = self.component_distribution.concentration.unique().numel()
        num_parameters = self._num_component * self.event_shape[0] - 1 + concentrations
        return num_parameters * math.log(len(z)) - 2.0 * len(z) * self.score(z)

    @torch.no_grad()
    def _by_chunks(self, z, function):
        """A function of log p_j q_j(z), (..., K), for points given as a tensor or an array, and given back as such."""
        log_share = self.mixture_distribution.logits.log_softmax(-1)
        points = as_points(z)
        points = points if isinstance(z, Tensor) else points.to(log_share.device)
        rows = max(1, _MAX_ELEMENTS // max(1, self._num_component * points[:1].numel()))
        chunks = [
            function(self.component_distribution.log_prob(self._pad(chunk)) + log_share)
            for chunk in (points.split(rows) if points.ndim > 1 else (points,))
        ]
        result = torch.cat(chunks) if points.ndim > 1 else chunks[0]
        return result if isinstance(z, Tensor) else result.cpu().numpy()


class VonMisesFisherMixture(ClusteredMixture):
    r"""Mixture of von Mises-Fisher distributions on one sphere: clusters of directions.

        q(z) = \sum_j p_j vMF(z; mu_j, k_j),  j = 1 .. K

    It is torch's MixtureSameFamily; `fit` finds it from points, and the other methods say which component a point
    belongs to. They take tensors or arrays, and give back the same kind. scikit-learn's manners are those of
    `svae_lib.clustering.VonMisesFisherClustering`, which fits it.

    Args:
        mixture_distribution: A Categorical of K categories.
        component_distribution: A VonMisesFisher of batch_shape (K,).
        validate_args: As in torch.distributions.

    References:
        Banerjee, Dhillon, Ghosh and Sra, "Clustering on the unit hypersphere using von Mises-Fisher distributions",
        JMLR 6 (2005).

    Example:
        >>> import torch
        >>> from svae_lib.distributions import VonMisesFisher, VonMisesFisherMixture
        >>> _ = torch.manual_seed(0)
        >>> poles = VonMisesFisher(torch.eye(3)[:2], torch.tensor([10.0, 100.0]))
        >>> mixture = VonMisesFisherMixture.fit(poles.sample((500,)).flatten(0, 1), n_components=2)
        >>> mixture.predict(torch.eye(3)[:2]).unique().numel()
        2
    """

    @classmethod
    def fit(
        cls,
        z: Tensor | np.ndarray,
        n_components: int,
        weights: Tensor | np.ndarray | None = None,
        radius: float = 1.0,
        *,
        tied: bool = False,
        n_init: int = 4,
        max_iter: int = 200,
        tol: float = 1e-4,
        min_spread: float = 1e-4,
        init: Tensor | np.ndarray | None = None,
        seed: int = 0,
    ) -> "VonMisesFisherMixture":
        """Mixture of maximum likelihood for points, by expectation-maximization; differentiable in nothing.

        The likelihood has no bound: a component on one point alone gains with every bit of its concentration. So 1 - R
        of a component, its mean versine, stays above a fraction of that of all points, and of several starts one that
        ends at this floor is taken only if all do, with a warning.

        Args:
            z: Points of the sphere of this radius, shape (n, m).
            n_components: K, at most n.
            weights: Weights >= 0 of the points, shape (n), or None for equal ones.
            radius: r > 0; it is not fitted.
            tied: Whether all components have one concentration; then it is a soft spherical k-means.
            n_init: Starts by k-means++ on the sphere, every other one improved by k-means; the best is kept.
            max_iter: Most steps from each start.
            tol: Gain in the mean log-likelihood of a point, in nats, below which a run ends.
            min_spread: The fraction, the floor against collapse onto one point.
            init: Mean directions of one start, (K, m), instead of k-means++.
            seed: Of the starts; torch's global random state is not used.

        Returns:
            A mixture of batch_shape (), of the dtype and device of z.

        Raises:
            InputError: If a point is not on the sphere, there are fewer points than components, a shape does not fit,
                or a weight is negative.
            TypeError: If the points are not floating point.

        Warns:
            InputWarning: If a component is at the floor.
        """
        return cls._fit(
            z, n_components, weights, radius, tied=tied, n_init=n_init, max_iter=max_iter, tol=tol,
            min_spread=min_spread, init=init, seed=seed,
        )[0]  # fmt: skip

    @classmethod
    @torch.no_grad()
    def _fit(cls, z, n_components, weights, radius, *, init, min_spread, **options):
        """The mixture, and the Components with the course of its fit."""
        z = as_points(z)
        if z.ndim != 2 or not 1 <= n_components <= len(z):
            raise InputError(
                f"{n_components} components of points {tuple(z.shape)}: give points (n, m), n at least that"
            )
        y, shares = directions_and_shares(z, weights, radius)
        if init is not None:
            init = torch.as_tensor(init, dtype=y.dtype, device=y.device)
            if init.shape != (n_components, y.shape[-1]):
                raise InputError(f"init {tuple(init.shape)}: give mean directions ({n_components}, {y.shape[-1]})")
            init = init / init.norm(dim=-1, keepdim=True)
        found = expectation_maximization.best_of_several(
            y, shares, n_components, init=init, min_spread=min_spread, **options
        )
        if found.at_floor.any():
            warnings.warn(
                f"{int(found.at_floor.sum())} of {n_components} components shrank to the floor, as onto one point: fit "
                f"fewer, or tied=True, or lower min_spread={min_spread:g} where points are that dense",
                InputWarning,
                stacklevel=3,
            )
        concentration = found.concentration.clamp(max=torch.finfo(z.dtype).max).to(z.dtype)
        vmf = VonMisesFisher(found.loc.to(z.dtype), concentration, radius)
        return cls(Categorical(logits=found.log_share.to(z.dtype)), vmf), found
