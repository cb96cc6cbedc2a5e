r"""Draws of the polar angle theta of a von Mises-Fisher sample, w = cos(theta) = <mu, z>, with their exact derivative.

Two numbers stand for the angle, the versine u = 1 - w (see `svae_lib.ops.rotation`) and sin(theta) = sqrt(1 - w^2).
Here k is the concentration, A its ratio, and d = m - 1 the dimension of the sphere in R^m.

References:
    Ulrich, "Computer generation of distributions on the m-sphere", Applied Statistics 33 (1984).
    Wood, "Simulation of the von Mises Fisher distribution", Communications in Statistics 23 (1994).
    Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients", NeurIPS 2018, arXiv 1805.08498.
"""

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from svae_lib.ops.bessel import to_float64

_NODES = 24  # relative error of the implicit gradient below 4e-7 (m = 2), below 1e-9 from m = 5 on
_TAIL_WIDTHS = 8.0  # where the integrand's tail is cut, in units of its width 1/sqrt(m-1) in log tan(theta/2)
_PROPOSALS_ON_ACCELERATOR = 26  # 0.35^26 = 1.4e-12
_MAX_ROWS_ON_ACCELERATOR = 2**19  # more rows hide the stall of a look at the values, and would need the memory
_CHUNK = 2048  # elements in a chunk of the quadrature, which stays in the cache
_SMALL_K = 1e-4  # below it the closed form for m = 3 would lose digits, and its limit has them all


def sample_polar_angle(
    concentration: Tensor, one_minus_ratio: Tensor | None, ambient_dim: int
) -> tuple[Tensor, Tensor]:
    r"""Draw of the polar angle for every concentration, differentiable in it.

        density of w proportional to exp(k w) (1 - w^2)^{(m-3)/2}

    Args:
        concentration: k >= 0, any shape; NaN gives NaN.
        one_minus_ratio: 1 - A at the same concentration and of its shape; the derivative needs it, a draw alone does
            not (None).
        ambient_dim: m >= 2.

    Returns:
        The versine u = 1 - cos(theta) and sin(theta), each of the shape and dtype of `concentration`.

    Example:
        >>> import torch
        >>> from svae_lib.distributions.von_mises_fisher_sampling import sample_polar_angle
        >>> versine, sine = sample_polar_angle(torch.full((5,), 10.0), None, 3)
        >>> torch.allclose((1 - versine) ** 2 + sine**2, torch.ones(5))
        True
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
        q = implicit_gradient(concentration, one_minus_ratio, versine, sine, ctx.ambient_dim)
        # d theta / dk = -sin(theta) Q, d u / d theta = sin(theta), d sin(theta) / d theta = cos(theta)
        return -q * sine * (grad_versine * sine + grad_sine * (1.0 - versine)), None, None


def _draw_by_inversion(concentration: Tensor, ambient_dim: int) -> tuple[Tensor, Tensor]:
    """m = 3, by the inverse of its CDF (1 - exp(-k u)) / (1 - exp(-2k)): u = -log(1 + V (exp(-2k) - 1)) / k."""
    tiny = torch.finfo(concentration.dtype).tiny
    k = concentration.clamp(min=8 * tiny)  # the limit k -> 0 is reached long before
    v = torch.rand_like(k).clamp_(min=torch.finfo(k.dtype).eps / 2)  # uniform in the open interval: u > 0
    versine = -torch.log1p(v * torch.expm1(-2.0 * k)) / k
    return versine, torch.sqrt(versine * (2.0 - versine))


def _draw_by_rejection(concentration: Tensor, ambient_dim: int) -> tuple[Tensor, Tensor]:
    r"""Rejection sampler of Ulrich and Wood, its proposal written as a Möbius transformation; exact for every k.

    With b = d / (2k + sqrt(4k^2 + d^2)) and x0 = (1 - b) / (1 + b), a proposal is w = (y + x0) / (1 + x0 y), where
    y = 1 - 2Z is the first coordinate of a uniform point on the sphere (Z the beta variable of Wood). Put into their
    acceptance rule, k drops out: accept where d (x0 y / (1 + x0 y) - log(1 + x0 y)) >= log U. A fraction of 0.65 or
    more is accepted. A row whose concentration is NaN is accepted as it is, so that nothing loops for ever.

    On an accelerator a look at the values stalls the queue, so each row gets 26 proposals at once and no look; one row
    in 10^12 has none accepted and takes a rejected one, a difference that float32 cannot resolve.
    """
    d = ambient_dim - 1
    k = concentration.reshape(-1)
    one_minus_x0 = 2.0 * d / (2.0 * k + torch.hypot(2.0 * k, torch.full_like(k, d)) + d)  # 2b / (1 + b)
    if k.device.type != "cpu" and k.numel() <= _MAX_ROWS_ON_ACCELERATOR:
        versine, sine, _ = _last_accepted(one_minus_x0, _PROPOSALS_ON_ACCELERATOR, ambient_dim)
    else:
        versine, sine, accepted = _last_accepted(one_minus_x0, _num_proposals(k.numel()), ambient_dim)
        rows = (~accepted).nonzero().squeeze(-1)
        while rows.numel():
            num_proposals = _num_proposals(rows.numel())
            versine[rows], sine[rows], accepted = _last_accepted(one_minus_x0[rows], num_proposals, ambient_dim)
            rows = rows[~accepted]
    return versine.view_as(concentration), sine.view_as(concentration)


def _num_proposals(rows: int) -> int:
    """Few rows get several proposals at once: a second look at the rejected ones costs more."""
    return min(max(6144 // max(rows, 1), 1), 8)


def _last_accepted(one_minus_x0: Tensor, num_proposals: int, ambient_dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each row the last of its proposals that is accepted, (u, sin(theta)), and whether there is one."""
    versine, sine, accepted = _propose(one_minus_x0, num_proposals, ambient_dim)
    if num_proposals == 1:
        return versine[0], sine[0], accepted[0]
    number = torch.arange(1, num_proposals + 1, device=one_minus_x0.device).unsqueeze(-1)
    last = (accepted * number).amax(0, keepdim=True)  # 0 where there is none; argmax would take ten times as long
    index = (last - 1).clamp_(min=0)
    return versine.gather(0, index)[0], sine.gather(0, index)[0], last[0] > 0


def _propose(one_minus_x0: Tensor, num_proposals: int, ambient_dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """Proposals (num_proposals, rows): 1 - w, sqrt(1 - w^2), and whether each is accepted."""
    x0, d = 1.0 - one_minus_x0, ambient_dim - 1
    uniform = torch.rand(3, num_proposals, *one_minus_x0.shape, dtype=one_minus_x0.dtype, device=one_minus_x0.device)
    # the open interval: at 0, which comes once in 10^7 draws, the point is mu itself, and has no derivative
    u_radius, u_angle, u_accept = uniform.clamp_(min=torch.finfo(one_minus_x0.dtype).eps / 2).unbind()
    # y = R cos(2 pi V), the first of two coordinates of a uniform point: R = sqrt(1 - U^(2/(m-2))), and R = 1 for m = 2
    sin2 = torch.sin(u_angle.mul_(math.pi)).square_()  # sin^2(pi V)
    if ambient_dim == 2:
        one_minus_y, one_plus_y = 2.0 * sin2, 2.0 - 2.0 * sin2
    else:
        log_power = u_radius.log_().mul_(2.0 / (ambient_dim - 2))  # log U^(2/(m-2)) = log(1 - R^2)
        r = torch.sqrt(-torch.expm1(log_power))
        one_minus_r = torch.exp(log_power) / (1.0 + r)
        r_sin2 = sin2.mul_(r)
        one_minus_y = torch.add(one_minus_r, r_sin2, alpha=2.0)
        one_plus_y = torch.add(one_minus_r, r - r_sin2, alpha=2.0)
    denominator = torch.addcmul(one_minus_x0, x0, one_plus_y)  # 1 + x0 y
    inverse = denominator.reciprocal()
    rejected = d * (1.0 - inverse - torch.log(denominator)) < u_accept.log_()
    versine = one_minus_x0 * one_minus_y * inverse
    sine = torch.sqrt(one_minus_x0 * (1.0 + x0) * one_minus_y * one_plus_y) * inverse
    return versine, sine, ~rejected


def implicit_gradient(
    concentration: Tensor, one_minus_ratio: Tensor, versine: Tensor, sine: Tensor, ambient_dim: int
) -> Tensor:
    r"""Factor Q >= 0 of the implicit derivative of a sample at a fixed value of its CDF, d theta / dk = -sin(theta) Q.

        Q = Int_0^1 f(r t)/f(t) (cos theta(r t) - A) dr,  t = tan(theta/2), f the density of t

    Beyond the mean, where the other tail is the nearer one, it is the same in t = cot(theta/2) with both signs turned.
    In t the factor r^(m-2) of the integrand does not depend on the sample, nodes and weights are constants, and a node
    costs one logarithm and one exponential. The relative error is below 4e-7 for m = 2 and 1e-8 for larger m.

    Args:
        concentration: k, any shape.
        one_minus_ratio: 1 - A at k, of the same shape.
        versine: u = 1 - cos(theta), of the same shape.
        sine: sin(theta), of the same shape.
        ambient_dim: m >= 2.

    Returns:
        Q, of the same shape.

    References:
        Figurnov, Mohamed, Mnih (2018), arXiv 1805.08498.

    Example:
        >>> import torch
        >>> from svae_lib.distributions.von_mises_fisher_sampling import implicit_gradient
        >>> one = torch.tensor(1.0)  # theta = 90 degrees on S^2 at k = 1, where A = coth(1) - 1
        >>> implicit_gradient(one, 2 - 1 / torch.tanh(one), one, one, 3)
        tensor(0.4621)
    """
    if ambient_dim == 3:
        return _implicit_gradient_on_s2(concentration, versine)
    if concentration.device.type == "cpu" and concentration.numel() > _CHUNK:  # more would leave the cache
        values = (value.reshape(-1).split(_CHUNK) for value in (concentration, one_minus_ratio, versine, sine))
        chunks = [implicit_gradient(*chunk, ambient_dim) for chunk in zip(*values, strict=True)]
        return torch.cat(chunks).view_as(concentration)
    before_mean = versine < one_minus_ratio
    t2 = torch.where(before_mean, versine / sine, sine / versine).square()
    one_plus_t2 = 1.0 + t2
    r2, log_weights = _quadrature(ambient_dim, concentration.dtype, concentration.device)
    one_plus_r2t2 = 1.0 + t2.unsqueeze(-1) * r2
    inverse = one_plus_r2t2.reciprocal()
    # f_ratio = weight r^(m-2) exp(k (cos theta(r t) - cos theta(t))) ((1 + t^2)/(1 + r^2 t^2))^d, where the difference
    # of the cosines is 2 t^2 (1 - r^2) / ((1 + t^2) (1 + r^2 t^2)), and beyond the mean minus that
    k_t2 = torch.where(before_mean, concentration, -concentration) * (2.0 * t2 / one_plus_t2)
    exponent = torch.addcmul(log_weights, k_t2.unsqueeze(-1) * (1.0 - r2), inverse)
    log_quotient = torch.log(one_plus_r2t2 / one_plus_t2.unsqueeze(-1))
    f_ratio = torch.exp(torch.sub(exponent, log_quotient, alpha=ambient_dim - 1))
    # cos theta(r t) - A = (1 - A) - u(r t), two small numbers; u(r t) = 2 r^2 t^2 inverse, beyond the mean 2 inverse
    f_inverse = f_ratio * inverse
    versine_integral = 2.0 * torch.where(before_mean, t2 * (f_inverse @ r2), f_inverse.sum(-1))
    q = one_minus_ratio * f_ratio.sum(-1) - versine_integral
    return torch.where(before_mean, q, -q)


@lru_cache(maxsize=64)
def _quadrature(ambient_dim: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """r^2 and the logarithm of (weight r^(m-2)) for the Gauss-Legendre nodes r on the interval that matters."""
    start = math.exp(-_TAIL_WIDTHS / math.sqrt(ambient_dim - 1))
    start = start if start > 0.02 else 0.0
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    r, weights = start + 0.5 * (1.0 - start) * (nodes + 1.0), 0.5 * (1.0 - start) * weights
    log_weights = np.log(weights) + (ambient_dim - 2) * np.log(r)
    return tuple(torch.as_tensor(values, dtype=dtype, device=device) for values in (r**2, log_weights))


def _implicit_gradient_on_s2(concentration: Tensor, versine: Tensor) -> Tensor:
    """m = 3 in closed form: Q = (1 - G)/e, e = k (2-u), G = exp(-e) phi(k u)/phi(2k), phi(x) = (1 - exp(-x))/x."""
    k, u = to_float64(concentration), to_float64(versine)
    safe_k = k.clamp(min=_SMALL_K)
    e = safe_k * (2.0 - u)
    g = torch.exp(-e) * 2.0 * torch.expm1(-safe_k * u) / (u * torch.expm1(-2.0 * safe_k))
    q = torch.where(k < _SMALL_K, 0.5 + k * (u - 1.0) / 6.0, (1.0 - g) / e)
    return q.to(concentration.dtype)
