r"""Draws of the polar angle theta of a von Mises-Fisher sample, cos(theta) = <mu, z>, with their exact derivative.

Two numbers stand for the angle, u = 1 - cos(theta) and sin(theta): near the pole, where a concentrated distribution
lives, cos(theta) itself has no digits left in float32.
"""

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from svae_lib.ops.bessel import precise

_NODES = 24  # relative error of the derivative below 4e-7 (m = 2), below 1e-9 from m = 5 on
_REACH = 8.0  # the integrand's tail, in units of its width 1/sqrt(m-1) in log tan(theta/2), before it is cut
_LIMIT = 1e-4  # below this concentration the closed form for m = 3 would lose digits, and its limit has them all


def sample_polar_angle(concentration: Tensor, complement: Tensor | None, ambient_dim: int) -> tuple[Tensor, Tensor]:
    """u = 1 - cos(theta) and sin(theta), one draw for every concentration, differentiable in it.

    `complement` is 1 - A at the same concentration; the derivative needs it, a draw alone does not (None).
    """
    return _PolarAngle.apply(concentration, complement, ambient_dim)


class _PolarAngle(torch.autograd.Function):
    """A draw without a graph; its derivative is the implicit one, which does not depend on how the draw was made."""

    @staticmethod
    def forward(ctx, concentration: Tensor, complement: Tensor | None, ambient_dim: int) -> tuple[Tensor, Tensor]:
        draw = _draw_by_inversion if ambient_dim == 3 else _draw_by_rejection
        versine, sine = draw(concentration, ambient_dim)
        ctx.ambient_dim = ambient_dim
        ctx.save_for_backward(concentration, complement, versine, sine)
        return versine, sine

    @staticmethod
    def backward(ctx, grad_versine: Tensor, grad_sine: Tensor):
        concentration, complement, versine, sine = ctx.saved_tensors
        speed = angular_speed(concentration, complement, versine, sine, ctx.ambient_dim)
        return -speed * sine * (grad_versine * sine + grad_sine * (1.0 - versine)), None, None


def _draw_by_inversion(concentration: Tensor, ambient_dim: int) -> tuple[Tensor, Tensor]:
    """m = 3, where the distribution function of u is 1 - exp(-k u) up to its constant."""
    tiny = torch.finfo(concentration.dtype).tiny
    k = concentration.clamp(min=8 * tiny)  # the limit k -> 0 is reached long before
    share = torch.rand_like(k).clamp_(min=torch.finfo(k.dtype).eps / 2)  # the open interval: u > 0
    versine = -torch.log1p(share * torch.expm1(-2.0 * k)) / k
    return versine, torch.sqrt(versine * (2.0 - versine))


def _draw_by_rejection(concentration: Tensor, ambient_dim: int) -> tuple[Tensor, Tensor]:
    r"""Ulrich's rejection sampler in the form of Möbius, exact for every concentration.

    A proposal is y, the first coordinate of a uniform point on the sphere, moved by w = (y + c) / (1 + c y), with
    c = (1-b)/(1+b), b = (m-1) / (2k + sqrt(4k^2 + (m-1)^2)). Put into the acceptance rule of Ulrich (1984) and Wood
    (1994), k drops out: accept where (m-1) (c y / (1 + c y) - log(1 + c y)) >= log U. A share of 0.65 or more passes.
    A row whose concentration is not a number is accepted as it is, so that nothing loops for ever.
    """
    n = ambient_dim - 1
    k = concentration.reshape(-1)
    gap = 2.0 * n / (2.0 * k + torch.hypot(2.0 * k, torch.full_like(k, n)) + n)  # 1 - c
    versine, sine, accepted = _first_accepted(gap, ambient_dim)
    rows = (~accepted).nonzero().squeeze(-1)
    while rows.numel():
        versine[rows], sine[rows], accepted = _first_accepted(gap[rows], ambient_dim)
        rows = rows[~accepted]
    return versine.view_as(concentration), sine.view_as(concentration)


def _first_accepted(gap: Tensor, ambient_dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each row the first proposal that is accepted, and whether there is one; few rows get many tries at once."""
    tries = min(max(4096 // gap.numel(), 1), 16) if gap.numel() else 1
    versine, sine, accepted = _propose(gap, tries, ambient_dim)
    if tries == 1:
        return versine[0], sine[0], accepted[0]
    first = accepted.to(torch.uint8).argmax(0, keepdim=True)
    return versine.gather(0, first)[0], sine.gather(0, first)[0], accepted.any(0)


def _propose(gap: Tensor, tries: int, ambient_dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """`tries` proposals a row, (tries, rows): 1 - w, sqrt(1 - w^2), and whether each is accepted."""
    c = 1.0 - gap
    radial, turn, coin = torch.rand(3, tries, *gap.shape, dtype=gap.dtype, device=gap.device).unbind()
    if ambient_dim == 2:
        radius, rim = 1.0, 0.0
    else:  # two coordinates of a uniform point: radius sqrt(1 - U^(2/(m-2))), and a uniform angle
        log_u = radial.log_().mul_(2.0 / (ambient_dim - 2))
        radius = torch.sqrt(-torch.expm1(log_u))
        rim = torch.exp(log_u) / (1.0 + radius)  # 1 - radius
    swing = torch.sin(turn.mul_(math.pi)).square_()
    below = rim + 2.0 * radius * swing  # 1 - y
    above = rim + 2.0 * radius * (1.0 - swing)  # 1 + y
    scale = gap + c * above  # 1 + c y
    rejected = (ambient_dim - 1) * (1.0 - 1.0 / scale - torch.log(scale)) < coin.log_()
    return gap * below / scale, torch.sqrt(gap * (1.0 + c) * below * above) / scale, ~rejected


def angular_speed(concentration: Tensor, complement: Tensor, versine: Tensor, sine: Tensor, ambient_dim: int) -> Tensor:
    r"""Q >= 0 in the implicit derivative d theta / dk = -sin(theta) Q of a sample at a fixed value of its CDF.

    Q = Int_0^1 f(r t)/f(t) (cos theta(r t) - A) dr, in t = tan(theta/2), f the density of t; beyond the mean, where the
    other tail is the nearer, the same in cot(theta/2) with both signs turned. In t the factor r^(m-2) of the integrand
    does not depend on the sample, nodes and weights are constants, and a node costs one logarithm and one exponential.
    Source: Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients", NeurIPS 2018, arXiv 1805.08498.
    """
    if ambient_dim == 3:
        return _angular_speed_on_s2(concentration, versine)
    near = (versine < complement).unsqueeze(-1)
    versine, sine = versine.unsqueeze(-1), sine.unsqueeze(-1)
    k, complement = concentration.unsqueeze(-1), complement.unsqueeze(-1)
    square = torch.where(near, versine / sine, sine / versine).square()  # t^2
    nodes, log_weights = _quadrature(ambient_dim, concentration.dtype, concentration.device)
    inner = 1.0 + square * nodes
    # log f(r t)/f(t) = -(m-1) log((1 + r^2 t^2)/(1 + t^2)) + k (cos theta(r t) - cos theta(t))
    drop = torch.where(near, k, -k) * (2.0 * square / (1.0 + square)) * (1.0 - nodes) / inner
    density = torch.exp(log_weights - (ambient_dim - 1) * torch.log(inner / (1.0 + square)) + drop)
    numerator = torch.where(near, square, 0.0) * nodes + torch.where(near, 0.0, 1.0).to(square)
    excess = complement - 2.0 * numerator / inner  # cos theta(r t) - A, as the difference of two small numbers
    speed = (density * excess).sum(-1)
    return torch.where(near.squeeze(-1), speed, -speed)


@lru_cache(maxsize=64)
def _quadrature(ambient_dim: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """r^2 and the logarithm of (weight r^(m-2)) for the nodes r of Gauss and Legendre on the interval that matters."""
    start = math.exp(-_REACH / math.sqrt(ambient_dim - 1))
    start = start if start > 0.02 else 0.0
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    r, weights = start + 0.5 * (1.0 - start) * (nodes + 1.0), 0.5 * (1.0 - start) * weights
    log_weights = np.log(weights) + (ambient_dim - 2) * np.log(r)
    return tuple(torch.as_tensor(values, dtype=dtype, device=device) for values in (r**2, log_weights))


def _angular_speed_on_s2(concentration: Tensor, versine: Tensor) -> Tensor:
    """m = 3 in closed form: Q = (1 - G)/e, e = k (2-u), G = exp(-e) phi(k u)/phi(2k), phi(x) = (1 - exp(-x))/x."""
    k, u = precise(concentration), precise(versine)
    safe = k.clamp(min=_LIMIT)
    rest = safe * (2.0 - u)
    g = torch.exp(-rest) * 2.0 * torch.expm1(-safe * u) / (u * torch.expm1(-2.0 * safe))
    speed = torch.where(k < _LIMIT, 0.5 + k * (u - 1.0) / 6.0, (1.0 - g) / rest)
    return speed.to(concentration.dtype)
