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
_BLIND_TRIES, _MOST_BLIND = 26, 2**19  # 0.35^26 = 1.4e-12; more rows than that hide the stall, and need the memory
_PIECE = 2048
_LIMIT = 1e-4  # below this concentration the closed form for m = 3 would lose digits, and its limit has them all


def sample_polar_angle(
    concentration: Tensor, one_minus_ratio: Tensor | None, ambient_dim: int
) -> tuple[Tensor, Tensor]:
    """u = 1 - cos(theta) and sin(theta), one draw for every concentration, differentiable in it.

    `one_minus_ratio` is 1 - A at the same concentration; the derivative needs it, a draw alone does not (None).
    """
    return _PolarAngle.apply(concentration, one_minus_ratio, ambient_dim)


class _PolarAngle(torch.autograd.Function):
    """A draw without a graph; its derivative is the implicit one, which does not depend on how the draw was made."""

    @staticmethod
    def forward(ctx, concentration: Tensor, one_minus_ratio: Tensor | None, ambient_dim: int) -> tuple[Tensor, Tensor]:
        draw = _draw_by_inversion if ambient_dim == 3 else _draw_by_rejection
        versine, sine = draw(concentration, ambient_dim)
        ctx.ambient_dim = ambient_dim
        ctx.save_for_backward(concentration, one_minus_ratio, versine, sine)
        return versine, sine

    @staticmethod
    def backward(ctx, grad_versine: Tensor, grad_sine: Tensor):
        concentration, one_minus_ratio, versine, sine = ctx.saved_tensors
        speed = implicit_gradient(concentration, one_minus_ratio, versine, sine, ctx.ambient_dim)
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

    On an accelerator a look at the values stalls the queue, so each row gets 26 proposals at once and no look; a row
    without luck, of which there is one in 10^12, takes one that was not accepted: float32 could not tell the two apart.
    """
    n = ambient_dim - 1
    k = concentration.reshape(-1)
    gap = 2.0 * n / (2.0 * k + torch.hypot(2.0 * k, torch.full_like(k, n)) + n)  # 1 - c
    if k.device.type != "cpu" and k.numel() <= _MOST_BLIND:
        versine, sine, _ = _one_accepted(gap, _BLIND_TRIES, ambient_dim)
    else:
        versine, sine, accepted = _one_accepted(gap, _tries(k.numel()), ambient_dim)
        rows = (~accepted).nonzero().squeeze(-1)
        while rows.numel():
            versine[rows], sine[rows], accepted = _one_accepted(gap[rows], _tries(rows.numel()), ambient_dim)
            rows = rows[~accepted]
    return versine.view_as(concentration), sine.view_as(concentration)


def _tries(rows: int) -> int:
    """Few rows get several proposals at once: a second look at those without luck costs more."""
    return min(max(6144 // max(rows, 1), 1), 8)


def _one_accepted(gap: Tensor, tries: int, ambient_dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each row the last of its proposals that is accepted, and whether there is one."""
    versine, sine, accepted = _propose(gap, tries, ambient_dim)
    if tries == 1:
        return versine[0], sine[0], accepted[0]
    number = torch.arange(1, tries + 1, device=gap.device).unsqueeze(-1)
    last = (accepted * number).amax(0, keepdim=True)  # 0 where there is none; argmax would take ten times as long
    place = (last - 1).clamp_(min=0)
    return versine.gather(0, place)[0], sine.gather(0, place)[0], last[0] > 0


def _propose(gap: Tensor, tries: int, ambient_dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """`tries` proposals a row, (tries, rows): 1 - w, sqrt(1 - w^2), and whether each is accepted."""
    c, n = 1.0 - gap, ambient_dim - 1
    uniform = torch.rand(3, tries, *gap.shape, dtype=gap.dtype, device=gap.device)
    # the open interval: at 0, which comes once in 10^7 draws, the point is mu itself, and has no derivative
    radial, turn, coin = uniform.clamp_(min=torch.finfo(gap.dtype).eps / 2).unbind()
    swing = torch.sin(turn.mul_(math.pi)).square_()
    if ambient_dim == 2:
        below, above = 2.0 * swing, 2.0 - 2.0 * swing
    else:  # two coordinates of a uniform point: radius sqrt(1 - U^(2/(m-2))), and a uniform angle
        log_u = radial.log_().mul_(2.0 / (ambient_dim - 2))
        radius = torch.sqrt(-torch.expm1(log_u))
        rim = torch.exp(log_u) / (1.0 + radius)  # 1 - radius
        swing *= radius
        below, above = torch.add(rim, swing, alpha=2.0), torch.add(rim, radius - swing, alpha=2.0)  # 1 - y, 1 + y
    scale = torch.addcmul(gap, c, above)  # 1 + c y
    inverse = scale.reciprocal()
    rejected = n * (1.0 - inverse - torch.log(scale)) < coin.log_()
    return gap * below * inverse, torch.sqrt(gap * (1.0 + c) * below * above) * inverse, ~rejected


def implicit_gradient(
    concentration: Tensor, one_minus_ratio: Tensor, versine: Tensor, sine: Tensor, ambient_dim: int
) -> Tensor:
    r"""Q >= 0 in the implicit derivative d theta / dk = -sin(theta) Q of a sample at a fixed value of its CDF.

    Q = Int_0^1 f(r t)/f(t) (cos theta(r t) - A) dr, in t = tan(theta/2), f the density of t; beyond the mean, where the
    other tail is the nearer, the same in cot(theta/2) with both signs turned. In t the factor r^(m-2) of the integrand
    does not depend on the sample, nodes and weights are constants, and a node costs one logarithm and one exponential.
    Source: Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients", NeurIPS 2018, arXiv 1805.08498.
    """
    if ambient_dim == 3:
        return _angular_speed_on_s2(concentration, versine)
    if concentration.device.type == "cpu" and concentration.numel() > _PIECE:  # more would leave the cache
        values = (value.reshape(-1).split(_PIECE) for value in (concentration, one_minus_ratio, versine, sine))
        pieces = [implicit_gradient(*piece, ambient_dim) for piece in zip(*values, strict=True)]
        return torch.cat(pieces).view_as(concentration)
    near = versine < one_minus_ratio
    square = torch.where(near, versine / sine, sine / versine).square()  # t^2
    whole = 1.0 + square
    nodes, log_weights = _quadrature(ambient_dim, concentration.dtype, concentration.device)
    inner = 1.0 + square.unsqueeze(-1) * nodes
    inverse = inner.reciprocal()
    # log f(r t)/f(t) = -(m-1) log((1 + r^2 t^2)/(1 + t^2)) + k (cos theta(r t) - cos theta(t))
    lift = torch.where(near, concentration, -concentration) * (2.0 * square / whole)
    exponent = torch.addcmul(log_weights, lift.unsqueeze(-1) * (1.0 - nodes), inverse)
    density = torch.exp(torch.sub(exponent, torch.log(inner / whole.unsqueeze(-1)), alpha=ambient_dim - 1))
    # cos theta(r t) - A is the difference of two small numbers, 1 - A and 2 r^2 t^2 / inner; beyond the mean 2 / inner
    share = density * inverse
    excess = 2.0 * torch.where(near, square * (share @ nodes), share.sum(-1))
    speed = one_minus_ratio * density.sum(-1) - excess
    return torch.where(near, speed, -speed)


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
