r"""Draws of the polar angle of a von Mises-Fisher sample, without a derivative.

Two numbers stand for the angle, the versine u = 1 - w (see `svae_lib.ops.rotation`) and sin(theta) = sqrt(1 - w^2).
Here k is the concentration, and d = m - 1 the dimension of the sphere in R^m.

The random numbers behind a draw do not depend on k: `draw_polar_noise` draws them for many steps of a training at once.

References:
    Ulrich, "Computer generation of distributions on the m-sphere", Applied Statistics 33 (1984).
    Wood, "Simulation of the von Mises Fisher distribution", Communications in Statistics 23 (1994).
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from svae_lib.ops.constants import constant
from svae_lib.ops.transforms import outside_transforms

_PROPOSALS_ON_ACCELERATOR = 26  # 0.35^26 = 1.4e-12
_MAX_ROWS_ON_ACCELERATOR = 2**19  # more rows hide the stall of a look at the values, and would need the memory


class Proposals(NamedTuple):
    """Proposals of the rejection sampler, each (num_proposals, rows); see `_draw_by_rejection`."""

    one_minus_y: Tensor
    one_plus_y: Tensor
    root: Tensor  # sqrt(1 - y^2)
    bound: Tensor  # 1 - log(U) / d


class PolarNoise(NamedTuple):
    """Random numbers behind one draw of the angle for every row: a uniform one where m = 3, else proposals."""

    uniform: Tensor | None = None  # (rows,)
    proposals: Proposals | None = None
    reserve: Tensor | None = None  # more of them, (4, num_proposals, ...), for rows whose first ones are all rejected


def draw_polar_noise(
    num_steps: int, num_rows: int, ambient_dim: int, dtype: torch.dtype, device: torch.device | str = "cpu"
) -> list[PolarNoise]:
    """Noise of `draw_polar_angle` for `num_steps` calls with `num_rows` concentrations each, drawn at once."""
    if ambient_dim == 3:
        return [PolarNoise(uniform) for uniform in _open_uniform((num_steps, num_rows), dtype, device)]
    if torch.device(device).type != "cpu" and num_rows <= _MAX_ROWS_ON_ACCELERATOR:
        proposals = _propose((num_steps, _PROPOSALS_ON_ACCELERATOR, num_rows), ambient_dim, dtype, device)
        return [PolarNoise(None, Proposals(*step)) for step in zip(*proposals, strict=True)]
    num_proposals = min(max(2048 // num_rows, 2), 8)  # more for all rows would cost more than a second look at a few
    num_reserved = int(0.4**num_proposals * num_rows) + 8  # at most 0.35 of the proposals are rejected
    proposals = _propose((num_steps, num_proposals, num_rows), ambient_dim, dtype, device)
    reserve = torch.stack(_propose((num_steps, 8, num_reserved), ambient_dim, dtype, device), 1)
    steps = zip(zip(*proposals, strict=True), reserve, strict=True)
    return [PolarNoise(None, Proposals(*first), second) for first, second in steps]


def draw_polar_angle(concentration: Tensor, ambient_dim: int, noise: PolarNoise | None = None) -> tuple[Tensor, Tensor]:
    """The draw of `sample_polar_angle` alone, without a derivative, from the noise of one step where it is given."""
    k = concentration.reshape(-1)
    if ambient_dim == 3:
        versine, sine = _draw_by_inversion(k, _open_uniform(k.shape, k.dtype, k.device) if noise is None else noise[0])
    else:
        versine, sine = _draw_by_rejection(k, ambient_dim, noise or PolarNoise())
    return versine.view_as(concentration), sine.view_as(concentration)


def _open_uniform(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Uniform in the open interval (0, 1): at 0, once in 10^7 draws, a sample would be mu, and have no derivative."""
    return torch.rand(shape, dtype=dtype, device=device).clamp_(min=torch.finfo(dtype).eps / 2)


def _draw_by_inversion(concentration: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """m = 3, by the inverse of its CDF (1 - exp(-k u)) / (1 - exp(-2k)): u = -log(1 + V (exp(-2k) - 1)) / k."""
    two = constant(2.0, concentration)
    smallest = constant(8 * torch.finfo(concentration.dtype).tiny, concentration)
    minus_2k = torch.maximum(concentration, smallest).mul_(-two)  # the limit k -> 0 is reached long before
    versine = torch.expm1(minus_2k).mul_(uniform).log1p_().div_(minus_2k).mul_(two)
    return versine, (two - versine).mul_(versine).sqrt_()


def _draw_by_rejection(k: Tensor, ambient_dim: int, noise: PolarNoise) -> tuple[Tensor, Tensor]:
    r"""Rejection sampler of Ulrich and Wood, its proposal written as a Möbius transformation; exact for every k.

    With b = d / (2k + sqrt(4k^2 + d^2)) and x0 = (1 - b) / (1 + b), a proposal is w = (y + x0) / (1 + x0 y), where
    y = 1 - 2Z is the first coordinate of a uniform point on the sphere (Z the beta variable of Wood). Put into their
    acceptance rule, k drops out: accept where d (x0 y / (1 + x0 y) - log(1 + x0 y)) >= log U. A fraction of 0.65 or
    more is accepted. A row whose concentration is NaN is accepted as it is, so that nothing loops for ever.

    On an accelerator a look at the values stalls the queue, so each row gets 26 proposals at once and no look; one row
    in 10^12 has none accepted and takes a rejected one, a difference that float32 cannot resolve.
    """
    d, two_k = constant(ambient_dim - 1, k), k * constant(2.0, k)
    one_minus_x0 = torch.hypot(two_k, d).add_(two_k).add_(d).reciprocal_().mul_(d + d)  # 2b / (1 + b)
    blind = k.device.type != "cpu" and k.numel() <= _MAX_ROWS_ON_ACCELERATOR
    num_proposals = _PROPOSALS_ON_ACCELERATOR if blind else _num_proposals(k.numel())
    proposals = noise.proposals or _propose((num_proposals, k.numel()), ambient_dim, k.dtype, k.device)
    versine, sine, rejected = _first_accepted(one_minus_x0, proposals)
    if blind:
        return versine, sine
    rows, reserve = rejected.nonzero().view(-1), noise.reserve
    while count := rows.numel():
        if reserve is not None and reserve.shape[-1] >= count:
            proposals = Proposals(*reserve[..., :count])
        else:
            proposals = _propose((_num_proposals(count), count), ambient_dim, k.dtype, k.device)
        more_versine, more_sine, rejected = _first_accepted(one_minus_x0.index_select(0, rows), proposals)
        versine.index_copy_(0, rows, more_versine)
        sine.index_copy_(0, rows, more_sine)
        rows, reserve = rows[rejected], None
    return versine, sine


def _num_proposals(rows: int) -> int:
    """Few rows get several proposals at once: a second look at the rejected ones costs more."""
    return min(max(6144 // max(rows, 1), 1), 8)


def _first_accepted(one_minus_x0: Tensor, proposals: Proposals) -> tuple[Tensor, Tensor, Tensor]:
    """For each row the first of its proposals that is accepted, (u, sin(theta)), and whether there is none."""
    x0 = constant(1.0, one_minus_x0) - one_minus_x0
    denominator = torch.addcmul(one_minus_x0, x0, proposals.one_plus_y)  # 1 + x0 y
    # 1 where 1 / (1 + x0 y) + log(1 + x0 y) > 1 - log(U) / d, else 0, and so for NaN
    is_rejected = denominator.reciprocal().add_(denominator.log_()).gt_(proposals.bound)
    num_proposals = len(is_rejected)
    # its number 0, 1, ... where it is accepted, and num_proposals more where not; argmin would take ten times as long
    number = torch.add(_numbers(num_proposals, x0.dtype, x0.device), is_rejected, alpha=num_proposals).amin(0)
    none_accepted = number >= constant(num_proposals, number)
    index = number.fmod_(constant(num_proposals, number)).long().unsqueeze(0)
    one_minus_y, one_plus_y, root = (values.gather(0, index) for values in proposals[:3])  # each (1, rows)
    quotient = one_minus_x0 / torch.addcmul(one_minus_x0, x0, one_plus_y)
    versine = one_minus_y.mul_(quotient)
    # sqrt((1 - x0)(1 + x0)(1 - y)(1 + y)) / (1 + x0 y)
    sine = root.mul_(x0.add_(constant(1.0, x0)).div_(one_minus_x0).sqrt_()).mul_(quotient)
    return versine.view(-1), sine.view(-1), none_accepted


@lru_cache(maxsize=64)
def _numbers(count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    with outside_transforms():
        return torch.arange(count, dtype=dtype, device=device).unsqueeze(-1)


def _propose(shape: tuple[int, ...], ambient_dim: int, dtype: torch.dtype, device: torch.device) -> Proposals:
    """Proposals of the given shape: y = R cos(2 pi V), R = sqrt(1 - U^(2/(m-2))), and R = 1 for m = 2.

    It is the first of two coordinates of a uniform point, whose distance from the origin is R.
    """
    u_radius, u_angle, u_accept = _open_uniform((3, *shape), dtype, device).unbind()
    sin2 = torch.sin(u_angle.mul_(math.pi)).square_()  # sin^2(pi V)
    if ambient_dim == 2:
        one_minus_y, one_plus_y = 2.0 * sin2, 2.0 - 2.0 * sin2
    else:
        log_power = u_radius.log_().mul_(2.0 / (ambient_dim - 2))  # log U^(2/(m-2)) = log(1 - R^2)
        r = torch.sqrt(-torch.expm1(log_power))
        one_minus_r = torch.exp(log_power).div_(1.0 + r)
        r_sin2 = sin2.mul_(r)
        one_minus_y = torch.add(one_minus_r, r_sin2, alpha=2.0)
        one_plus_y = one_minus_r.add_(r.sub_(r_sin2), alpha=2.0)
    root = torch.sqrt(one_minus_y * one_plus_y)
    return Proposals(one_minus_y, one_plus_y, root, u_accept.log_().mul_(-1.0 / (ambient_dim - 1)).add_(1.0))
