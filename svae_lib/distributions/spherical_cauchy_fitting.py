"""Maximum likelihood of a spherical Cauchy distribution."""

import torch
from torch import Tensor

from svae_lib.distributions.fitting import mean_direction

_MAX_STEPS = 500


def maximum_likelihood(directions: Tensor, shares: Tensor, smallest_versine: float) -> tuple[Tensor, Tensor]:
    r"""Maximum likelihood by Fisher scoring: the Moebius map of the ball that gives the points the mean 0.

        \sum_i s_i y_i' = 0,  y' the points after the map that takes rho mu to the center

    The negative log-likelihood is convex along the geodesics of hyperbolic space, where (mu, L), exp(2L) = 1 + k/b, are
    polar coordinates; its gradient is minus the mean of y', and its curvature at most 1. A step of m/(m-1) times that
    mean, along the geodesic, is one of scoring, and since it is shorter than 2 the likelihood never falls. The maximum
    is the only one. If half of the weight lies at one point or two antipodes there is none: k is then the largest, or
    one of many.

    Args:
        directions: Unit vectors, shape (*batch, n, m).
        shares: Weights that sum to 1, shape (*batch, n).
        smallest_versine: Of it and m comes the largest k, (m-1) / smallest_versine.

    Returns:
        mu (*batch, m), and k (*batch).

    References:
        Kato and McCullagh (2020), arXiv 1510.07679. Cantarella and Schumacher, "Computing the conformal barycenter"
        (2022), arXiv 2004.12417.
    """
    m = directions.shape[-1]
    loc, _ = mean_direction(directions, shares)
    scale, largest = torch.ones_like(loc[..., 0]), (1.0 + 2.0 / smallest_versine) ** 0.5  # exp(L)
    for _ in range(_MAX_STEPS):
        sinh, cosh = 0.5 * (scale - 1.0 / scale), 0.5 * (scale + 1.0 / scale)
        away = directions - loc.unsqueeze(-2)
        versine = 0.5 * away.square().sum(-1)
        # sin(theta') / sin(theta) and cos(theta') after the map, and the two parts of their mean
        pull = shares / (1.0 / scale.unsqueeze(-1) + versine * sinh.unsqueeze(-1))
        along = (pull * (1.0 / scale.unsqueeze(-1) - versine * cosh.unsqueeze(-1))).sum(-1)
        across = (pull.unsqueeze(-2) @ away).squeeze(-2) + (pull * versine).sum(-1, keepdim=True) * loc
        length = torch.hypot(along, across.norm(dim=-1))
        # the step from the center, of this length, as a point of the hyperboloid; then the map back, a boost along mu
        step = m / (m - 1) * length
        stretch = torch.where(length > 0, torch.sinh(step) / length, m / (m - 1))
        moved = (sinh * torch.cosh(step) + cosh * stretch * along).unsqueeze(-1) * loc + stretch.unsqueeze(-1) * across
        sinh = moved.norm(dim=-1)
        loc = torch.where(sinh.unsqueeze(-1) > 0, moved / sinh.unsqueeze(-1), loc)
        scale = (sinh + torch.hypot(sinh, torch.ones_like(sinh))).clamp(max=largest)
        rounding = (torch.finfo(loc.dtype).eps * (500.0 + 2.0 * scale)).clamp(max=1e-3)  # of mu moves y' by so much
        if ((length <= rounding) | (scale == largest)).all():
            break
    return loc, 0.5 * (m - 1) * (scale - 1.0) * (scale + 1.0)
