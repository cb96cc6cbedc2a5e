r"""Divergence and moments of the spherical Cauchy distribution, as expectations under the uniform one.

In x = artanh w, the uniform distribution has the density sech(x)^{2b} up to a constant, b = (m-1)/2, and the spherical
Cauchy distribution is the same shifted by L = (1/2) log(1 + k/b): its w is tanh(x + L). With S = sinh L, C = cosh L
and v = sech(x)^2, the mean of a function at x and -x leaves only v, and each expectation is a sum of positive terms:

    KL from or to the uniform   2b E[log(1 + S^2 v)] / 2
    E[w]                        E[S C v / (1 + S^2 v)]
    1 - E[w]                    E[(1 - S exp(-L) v) / (1 + S^2 v)]
    E[1 - w^2]                  E[v (1 + S^2 + S^2 (1 - v)) / (1 + S^2 v)^2]
    Var[w]                      E[(S C v / (1 + S^2 v) - E[w])^2 + (1 - v) / (1 + S^2 v)^2]

The trapezoid rule in x converges geometrically: the relative error is below 1e-14 in float64, that of the moments for
k up to 1e30.
"""

import numpy as np
import torch
from torch import Tensor

from svae_lib.ops.bessel import to_float64
from svae_lib.ops.constants import kept_for_each_dimension

_DIGITS = 38.0  # -log of what is left out
_SLOWEST = 0.5  # for the moments where m is small: what matters is near x = -L too, and the nodes reach to x = 77


def kl_to_uniform(concentration: Tensor, ambient_dim: int) -> Tensor:
    """Divergence from the uniform distribution, and of it: the two are equal.

    Args:
        concentration: k >= 0, any shape; NaN gives NaN.
        ambient_dim: m >= 2.

    Returns:
        Nats, of the shape, dtype and device of `concentration`.

    Example:
        >>> import torch
        >>> from svae_lib.distributions.spherical_cauchy_expectations import kl_to_uniform
        >>> kl_to_uniform(torch.tensor(4.0), 2)  # rho = 1/2, and on the circle it is -log(1 - rho^2)
        tensor(0.2877)
    """
    ratio = to_float64(concentration) / (0.5 * (ambient_dim - 1))  # exp(2L) - 1
    return divergence(0.25 * ratio * (ratio / (1.0 + ratio)), ambient_dim).to(concentration.dtype)


def divergence(sinh_square: Tensor, ambient_dim: int) -> Tensor:
    """Divergence at S^2 >= 0, any shape; m as above. Returns nats, of the same shape, dtype and device."""
    v, weights = _divergence_rule(ambient_dim, sinh_square)
    return 0.5 * (ambient_dim - 1) * (torch.log1p(sinh_square.unsqueeze(-1) * v) @ weights)


def moments(concentration: Tensor, ambient_dim: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """E[w], 1 - E[w], Var[w] and E[1 - w^2].

    Args:
        concentration: k >= 0, any shape; NaN gives NaN.
        ambient_dim: m >= 2.

    Returns:
        The four, each of the shape, dtype and device of `concentration`.

    Example:
        >>> import torch
        >>> from svae_lib.distributions.spherical_cauchy_expectations import moments
        >>> moments(torch.tensor(4.0), 2)[:2]  # rho = 1/2
        (tensor(0.5000), tensor(0.5000))
    """
    ratio = to_float64(concentration).unsqueeze(-1) / (0.5 * (ambient_dim - 1))
    v, one_minus_v, weights = _moments_rule(ambient_dim, ratio)
    shrink = ratio / (1.0 + ratio)  # 2 S exp(-L)
    sinh_square = 0.25 * ratio * shrink
    denominator = 1.0 + sinh_square * v
    w = 0.25 * shrink * (2.0 + ratio) * v / denominator
    versine = (1.0 - 0.5 * shrink * v) / denominator
    one_minus_mean = (versine @ weights).unsqueeze(-1)
    along = (versine - one_minus_mean).square() + one_minus_v / denominator / denominator
    sine_square = v / denominator * ((1.0 + sinh_square * (1.0 + one_minus_v)) / denominator)
    return tuple((x @ weights).to(concentration.dtype) for x in (w, versine, along, sine_square))


@kept_for_each_dimension
def _divergence_rule(ambient_dim: int, _: torch.dtype) -> tuple[np.ndarray, ...]:
    x, weights = _nodes_and_weights(ambient_dim - 1, ambient_dim - 1)
    return 1.0 / np.cosh(x) ** 2, weights


@kept_for_each_dimension
def _moments_rule(ambient_dim: int, _: torch.dtype) -> tuple[np.ndarray, ...]:
    x, weights = _nodes_and_weights(ambient_dim - 1, max(ambient_dim - 5, _SLOWEST))
    return 1.0 / np.cosh(x) ** 2, np.tanh(x) ** 2, weights


def _nodes_and_weights(power: int, decay: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes x > 0 up to where cosh(x)^-decay is negligible, and weights proportional to sech(x)^power, of sum 1.

    The error of a step h is at most exp(-2 pi y / h) cos(y)^-(power + 2), for every y < pi/2 below the singularities.
    """
    y = np.linspace(0.01, 1.0, 200)[:-1] * np.pi / 2 / np.sqrt(1 + 0.01 * power)
    step = np.max(2.0 * np.pi * y / (_DIGITS - (power + 2) * np.log(np.cos(y))))
    end = np.arccosh(np.exp(_DIGITS / decay))
    x = (np.arange(np.ceil(end / step)) + 0.5) * step
    weights = np.exp(-0.5 * power * np.log1p(np.sinh(x) ** 2))
    return x, weights / weights.sum()
