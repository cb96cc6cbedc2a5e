r"""Maximum likelihood for the distributions on the sphere: mean direction and concentration of weighted points.

Everything is computed in float64 (on MPS, which has none, in the dtype of the points) and differentiable in nothing.
What cancels near a point mass, 1 - R, is the mean versine |y - mu|^2 / 2, whose digits do not depend on its size.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from svae_lib.distributions import constraints
from svae_lib.errors import InputError
from svae_lib.ops.bessel import quantities_without_graph, to_float64

_NEWTON_STEPS = 4  # the start is good to some percent; three steps reach the last digits for every m, one is margin
_MAX_SCORING_STEPS = 200
# 2n and B_2n / (2n); the next term is below 1e-16 of the value from a = 24 on
_DIGAMMA_SERIES = ((2, 1 / 12), (4, -1 / 120), (6, 1 / 252), (8, -1 / 240))


def fit(estimate: Callable, z: Tensor | np.ndarray, weights, radius) -> tuple[Tensor, Tensor, Tensor]:
    """Arguments of the distribution that makes the points most likely.

    Args:
        estimate: `von_mises_fisher`, `power_spherical`, or another function of the same arguments.
        z: Points of the sphere of this radius, shape (*batch, n, m).
        weights: Weights >= 0, broadcast to (*batch, n), or None for equal ones.
        radius: r > 0, shape (*batch) or a number.

    Returns:
        loc (*batch, m), concentration and radius (*batch), of the dtype and device of z.

    Raises:
        InputError: As `directions_and_shares`.
        TypeError: If the points are not floating point.
    """
    z = as_points(z)
    with torch.no_grad():
        directions, shares = directions_and_shares(z, weights, radius)
        smallest_versine = torch.finfo(z.dtype).eps ** 2  # two roundings of one point may lie as far apart
        loc, concentration = estimate(directions, shares, smallest_versine)
        concentration = concentration.clamp(max=torch.finfo(z.dtype).max).to(z.dtype)
        return loc.to(z.dtype), concentration, torch.as_tensor(radius, dtype=z.dtype, device=z.device).detach()


def as_points(z: Tensor | np.ndarray) -> Tensor:
    """Points as a tensor, a copy of an array; TypeError where they are not floating point."""
    z = z if isinstance(z, Tensor) else torch.from_numpy(np.array(z))
    if not z.is_floating_point():
        raise TypeError(f"points must be floating point, found {z.dtype}: convert them with .float() or .astype(float)")
    return z


def directions_and_shares(z: Tensor, weights, radius) -> tuple[Tensor, Tensor]:
    """Directions of points, of length 1 to the precision of float64, and their weights, which sum to 1.

    Args:
        z: Points of the sphere of this radius, shape (*batch, n, m).
        weights: Weights >= 0, broadcast to (*batch, n), or None for equal ones.
        radius: r > 0, shape (*batch) or a number.

    Returns:
        Unit vectors (*batch, n, m), and shares (*batch, n).

    Raises:
        InputError: If the shape is another, there is no point, a point is not on the sphere, a weight is not finite and
            >= 0, or all weights of a fit are 0.
    """
    if z.ndim < 2 or z.shape[-1] < 2 or z.shape[-2] < 1:
        raise InputError(f"points must have the shape (*batch, n, m) with n >= 1, m >= 2, found {tuple(z.shape)}")
    dtype = None if isinstance(radius, Tensor) else torch.float32  # points may be float32, widened
    sphere = constraints.Sphere(torch.as_tensor(radius, dtype=dtype, device=z.device).unsqueeze(-1))
    on_sphere = sphere.check(z)
    if not on_sphere.all():
        length = z.norm(dim=-1)[~on_sphere][0].item()
        raise InputError(
            f"a point of length {length:g} is not on the sphere: scale z by radius / z.norm(dim=-1, keepdim=True)"
        )
    wide = to_float64(z)
    directions = wide / wide.norm(dim=-1, keepdim=True)
    if weights is None:
        return directions, wide.new_full(z.shape[:-1], 1.0 / z.shape[-2])
    weights = torch.as_tensor(weights, dtype=wide.dtype, device=z.device).detach()
    try:
        weights = weights.expand(z.shape[:-1])
    except RuntimeError:
        raise InputError(
            f"weights {tuple(weights.shape)} do not fit points {tuple(z.shape)}: give (*batch, n)"
        ) from None
    total = weights.sum(-1, keepdim=True)
    if not ((weights >= 0).all() and (total > 0).all() and total.isfinite().all()):
        raise InputError("weights must be finite and >= 0, and not all of them zero")
    return directions, weights / total


def mean_direction(directions: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """Direction of the weighted mean, and its length R; the first axis where the mean is exactly 0.

    Args:
        directions: Unit vectors, shape (*batch, n, m).
        shares: Weights that sum to 1, shape (*batch, n).

    Returns:
        mu (*batch, m), and R (*batch).
    """
    mean = (shares.unsqueeze(-2) @ directions).squeeze(-2)
    length = mean.norm(dim=-1)
    first_axis = torch.eye(1, mean.shape[-1], dtype=mean.dtype, device=mean.device)[0]
    return torch.where(length.unsqueeze(-1) > 0, mean / length.unsqueeze(-1), first_axis), length


def von_mises_fisher(directions: Tensor, shares: Tensor, smallest_versine: float) -> tuple[Tensor, Tensor]:
    """Maximum likelihood of a von Mises-Fisher distribution: mu along the mean, and A_m(k) = R.

    Args:
        directions: Unit vectors, shape (*batch, n, m).
        shares: Weights that sum to 1, shape (*batch, n).
        smallest_versine: Below it 1 - R counts as rounding.

    Returns:
        mu (*batch, m), and k (*batch).
    """
    loc, length = mean_direction(directions, shares)
    one_minus_ratio = (shares * _versine(directions, loc)).sum(-1).clamp(min=smallest_versine)
    return loc, concentration_at_ratio(directions.shape[-1], length, one_minus_ratio)


def _versine(directions: Tensor, loc: Tensor) -> Tensor:
    return 0.5 * (directions - loc.unsqueeze(-2)).square().sum(-1)


def concentration_at_ratio(ambient_dim: int, ratio: Tensor, one_minus_ratio: Tensor | None = None) -> Tensor:
    r"""Concentration of the von Mises-Fisher distribution whose mean has length R, the inverse of the Bessel ratio.

        A_m(k) = R,  by Newton's method in log k, on log A for R <= 1/2 and on log(1 - A) above,
        from k = R (m - R^2) / (1 - R^2)

    It is good to the last digits of R (of 1 - R above 1/2): the relative error is below 1e-13 for every R in (0, 1).

    Args:
        ambient_dim: m.
        ratio: R in [0, 1), float64, any shape.
        one_minus_ratio: 1 - R to its own precision, > 0, of the same shape; None subtracts.

    Returns:
        k, of the shape of `ratio`; 0 where R is 0.

    References:
        Banerjee, Dhillon, Ghosh and Sra, JMLR 6 (2005), for the start; Sra, Computational Statistics 27 (2012).

    Example:
        >>> import torch
        >>> from svae_lib.distributions.fitting import concentration_at_ratio
        >>> concentration_at_ratio(5, torch.tensor(0.36110521, dtype=torch.float64)).round(decimals=6)
        tensor(2.0000, dtype=torch.float64)
    """
    rest = 1.0 - ratio if one_minus_ratio is None else one_minus_ratio
    order, small = 0.5 * ambient_dim - 1.0, ratio <= 0.5
    k = ratio * (ambient_dim - ratio**2) / (rest * (1.0 + ratio))
    for _ in range(_NEWTON_STEPS):
        _, a, one_minus_a, da = quantities_without_graph(order, k)
        log_gap = torch.where(
            small, torch.log1p((ratio - a) / a) * a, torch.log1p((one_minus_a - rest) / rest) * one_minus_a
        )
        k = k * torch.exp(log_gap / (k * da))
    return torch.where(ratio > 0, k, 0.0)


def power_spherical(directions: Tensor, shares: Tensor, smallest_versine: float) -> tuple[Tensor, Tensor]:
    r"""Maximum likelihood of a Power Spherical distribution, by Fisher scoring on the sphere from the mean direction.

        mu maximizes T(mu) = \sum_i s_i log((1 + <mu, y_i>)/2), and psi(b + k) - psi(2b + k) = T, or k = 0 for T below

    The information about mu is the same in each tangent direction, k^2 / (2 (b + k - 1)), so that a step of scoring is
    a multiple of the gradient; it is halved until T does not fall. T can have several maxima where k is small: it is
    the one uphill from the mean direction.

    Args:
        directions: Unit vectors, shape (*batch, n, m).
        shares: Weights that sum to 1, shape (*batch, n).
        smallest_versine: Below it the mean versine counts as rounding.

    Returns:
        mu (*batch, m), and k (*batch).
    """
    b = 0.5 * (directions.shape[-1] - 1)
    start, length = mean_direction(directions, shares)
    has_direction = length.unsqueeze(-1) > 0
    loc = torch.where(_mean_log(directions, shares, start).isneginf().unsqueeze(-1), _turned(start), start)
    mean_log, scale = _mean_log(directions, shares, loc), torch.ones_like(length)
    for _ in range(_MAX_SCORING_STEPS):
        k = _concentration_at_mean_log(b, mean_log.clamp(max=-0.5 * smallest_versine))
        step = scale.unsqueeze(-1) * _scoring_step(directions, shares, loc, k, b)
        step = torch.where(has_direction, step, 0.0)
        candidate = loc + step
        candidate = candidate / candidate.norm(dim=-1, keepdim=True)
        value = _mean_log(directions, shares, candidate)
        accepted = value >= mean_log * (1.0 + 1e-14)  # both are negative; a fall by rounding is none
        loc, mean_log = torch.where(accepted.unsqueeze(-1), candidate, loc), torch.where(accepted, value, mean_log)
        scale = torch.where(accepted, scale, 0.5 * scale)
        if (step.norm(dim=-1) <= 500.0 * torch.finfo(loc.dtype).eps).all():
            break
    k = _concentration_at_mean_log(b, mean_log.clamp(max=-0.5 * smallest_versine))
    return torch.where(has_direction, loc, start), torch.where(length > 0, k, 0.0)


def _mean_log(directions: Tensor, shares: Tensor, loc: Tensor) -> Tensor:
    """T, the mean of log((1 + w)/2) with w = <mu, y>."""
    return (shares * torch.log1p(-0.5 * _versine(directions, loc))).sum(-1)


def _scoring_step(directions: Tensor, shares: Tensor, loc: Tensor, k: Tensor, b: float) -> Tensor:
    """Gradient of T along the sphere over its information; what k below 1 would ask for is too long a step."""
    pull = shares / (2.0 - _versine(directions, loc))
    gradient = (pull.unsqueeze(-2) @ directions).squeeze(-2)
    tangential = gradient - (gradient * loc).sum(-1, keepdim=True) * loc
    k = k.clamp(min=1.0)
    return (2.0 * (b + k - 1.0) / k).unsqueeze(-1) * tangential


def _turned(loc: Tensor) -> Tensor:
    """A direction nearby, for one that lies exactly opposite to a point, where T is minus infinity."""
    axis = torch.nn.functional.one_hot(loc.abs().argmin(-1), loc.shape[-1])
    return (loc + 0.1 * axis) / (loc + 0.1 * axis).norm(dim=-1, keepdim=True)


def _concentration_at_mean_log(b: float, mean_log: Tensor) -> Tensor:
    """k >= 0 with psi(b + k) - psi(2b + k) = T < 0, by Newton's method in log a, a = b + k; 0 where there is none."""
    a = 0.5 + b / torch.expm1(-mean_log)  # psi(a + b) - psi(a) is about log((a + b - 1/2) / (a - 1/2))
    for _ in range(_NEWTON_STEPS):
        difference, slope = _digamma_difference(a, b)
        a = a * torch.exp(torch.log(difference / -mean_log) * difference / (a * slope))
    return torch.where(mean_log > -math.inf, (a - b).clamp(min=0.0), 0.0)


def _digamma_difference(a: Tensor, b: float) -> tuple[Tensor, Tensor]:
    r"""psi(a + b) - psi(a) > 0 and minus its derivative in a; from a = 24 on without cancellation.

    psi(x) = log x - 1/(2x) - \sum_n B_{2n} / (2n x^{2n})  (DLMF 5.11.2); the derivative is approximate there
    """
    c = a + b
    series = sum(bernoulli * (a**-power - c**-power) for power, bernoulli in _DIGAMMA_SERIES)
    by_series = torch.log1p(b / a) + 0.5 * b / (a * c) + series
    slope = b / ((a - 0.5) * (c - 0.5))
    exact = torch.digamma(c) - torch.digamma(a), torch.polygamma(1, a) - torch.polygamma(1, c)
    return torch.where(a >= 24.0, by_series, exact[0]), torch.where(a >= 24.0, slope, exact[1])
