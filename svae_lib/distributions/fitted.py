"""The method `fit` of the distributions around a direction."""

from torch import Tensor

from svae_lib.distributions import fitting


class Fitted:
    """Distribution around a direction whose parameters can be estimated; `_maximum_likelihood` is from `fitting`."""

    @classmethod
    def fit(cls, z: Tensor, weights: Tensor | None = None, radius: Tensor | float = 1.0) -> "Fitted":
        """Distribution of maximum likelihood for points, over the last dimension but one; differentiable in nothing.

        One point, or equal points, have no finite k of maximum likelihood: k is then (m - 1) / (2 eps^2) for a
        von Mises-Fisher and twice that for the other distributions, with the eps of the dtype, above which
        rounding alone would spread the points. Points whose mean is exactly 0 prefer no direction: k is 0, and loc the
        first axis.

        Args:
            z: Points of the sphere of this radius, shape (*batch, n, m), a tensor or an array; move the dimension of
                `sample((n,))` with .movedim(0, -2) where there is a batch.
            weights: Weights >= 0, broadcast to (*batch, n); None weighs all points equally.
            radius: r > 0, shape (*batch) or a number; it is not fitted.

        Returns:
            A distribution of batch_shape (*batch), of the dtype and device of z.

        Raises:
            InputError: If a point is not on the sphere, the shapes do not fit, or the weights are negative or all 0.
            TypeError: If the points are not floating point.
        """
        return cls(*fitting.fit(cls._maximum_likelihood, z, weights, radius))
