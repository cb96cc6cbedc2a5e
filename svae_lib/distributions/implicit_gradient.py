r"""Implicit gradient of a von Mises-Fisher sample in its concentration.

References:
    Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients", NeurIPS 2018, arXiv 1805.08498.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from svae_lib.ops.bessel import to_float64
from svae_lib.ops.constants import constant, kept_for_each_dimension, traced_constant

# Relative error below 4e-7 for m = 2 and 1e-8 above; with the nodes of the other dtypes 1e-5, and 2e-7 on average
_NODES, _NODES_OTHER = 24, 20
_TAIL_WIDTHS = 8.0  # where the integrand's tail is cut, in units of its width 1/sqrt(m-1) in log tan(theta/2)
_CHUNK = 4096  # elements in a chunk of the quadrature, which stays in the cache
_SMALL_K = 1e-4  # below it the closed form for m = 3 would lose digits, and its limit has them all


def implicit_gradient(
    concentration: Tensor, one_minus_ratio: Tensor, versine: Tensor, sine: Tensor, ambient_dim: int
) -> Tensor:
    r"""Factor Q >= 0 of the implicit derivative of a sample at a fixed value of its CDF, d theta / dk = -sin(theta) Q.

        Q = Int_0^1 f(r t)/f(t) (cos theta(r t) - A) dr,  t = tan(theta/2), f the density of t

    Beyond the mean, where the other tail is the nearer one, it is the same in t = cot(theta/2) with both signs turned.
    In t the factor r^(m-2) of the integrand does not depend on the sample, nodes and weights are constants, and a node
    costs one logarithm and one exponential. The relative error in float64 is below 4e-7 for m = 2 and 1e-8 for larger
    m; in float32, where fewer nodes are taken, it is 2e-7 on average and below 1e-5.

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
        >>> from svae_lib.distributions.implicit_gradient import implicit_gradient
        >>> one = torch.tensor(1.0)  # theta = 90 degrees on S^2 at k = 1, where A = coth(1) - 1
        >>> implicit_gradient(one, 2 - 1 / torch.tanh(one), one, one, 3)
        tensor(0.4621)
    """
    is_traced = torch.compiler.is_compiling()
    number = traced_constant if is_traced else constant
    if ambient_dim == 3:
        return _implicit_gradient_on_s2(concentration, versine, number)
    if not is_traced and concentration.device.type == "cpu" and concentration.numel() > _CHUNK:  # else out of the cache
        values = (value.reshape(-1).split(_CHUNK) for value in (concentration, one_minus_ratio, versine, sine))
        chunks = [implicit_gradient(*chunk, ambient_dim) for chunk in zip(*values, strict=True)]
        return torch.cat(chunks).view_as(concentration)
    one, half = number(1.0, versine), number(0.5, versine)
    minus_nu, nu, log_weights, powers = _quadrature(ambient_dim, versine)
    # +1/2 before the mean, where u < 1 - A, and -1/2 beyond it: torch.where would take ten times as long
    side = torch.copysign(half, one_minus_ratio - versine)
    # x = t^2 / (1 + t^2), which is u/2 before the mean and 1 - u/2 beyond it. With nu = 1 - r^2 the point r t has
    # (1 + r^2 t^2) / (1 + t^2) = 1 - nu x =: s,  u(r t) = 2 r^2 x / s, or beyond the mean 2 (1 - x) / s,  and
    # weight r^(m-2) f(r t)/f(t) / s = exp(log_weight + side k sin^2(theta) nu / s - m log s) =: p
    x = half - side * (one - versine)
    s = torch.addcmul(one, x.unsqueeze(-1), minus_nu)
    exponent = torch.addcmul(log_weights, (side * concentration * sine * sine).unsqueeze(-1) * nu, s.reciprocal())
    p = torch.exp(torch.sub(exponent, torch.log(s), alpha=ambient_dim))
    sum_p, sum_p_r2 = (p @ powers).unbind(-1)
    # Sum p s ((1 - A) - u(r t)), or beyond the mean minus that, collected in the two sums; 1 - A and u can be small
    a, b = one_minus_ratio * torch.sub(one, versine, alpha=0.5), versine * torch.sub(one, one_minus_ratio, alpha=0.5)
    return torch.addcmul(torch.maximum(a, b) * sum_p, torch.minimum(a, b), sum_p_r2, value=-1.0)


@kept_for_each_dimension
def _quadrature(ambient_dim: int, dtype: torch.dtype) -> tuple[np.ndarray, ...]:
    """-nu, nu, log(weight r^(m-2)) and (1, r^2) at the Gauss-Legendre nodes r on the interval that matters."""
    start = math.exp(-_TAIL_WIDTHS / math.sqrt(ambient_dim - 1))
    start = start if start > 0.02 else 0.0
    nodes, weights = np.polynomial.legendre.leggauss(_NODES if dtype == torch.float64 else _NODES_OTHER)
    r, weights = start + 0.5 * (1.0 - start) * (nodes + 1.0), 0.5 * (1.0 - start) * weights
    nu = 1.0 - r**2
    return -nu, nu, np.log(weights) + (ambient_dim - 2) * np.log(r), np.stack((np.ones_like(r), r**2), -1)


def _implicit_gradient_on_s2(concentration: Tensor, versine: Tensor, number: Callable) -> Tensor:
    """m = 3 in closed form: Q = (1 - G)/e, e = k (2-u), G = exp(-e) phi(k u)/phi(2k), phi(x) = (1 - exp(-x))/x."""
    k, u = to_float64(concentration), to_float64(versine)
    two = number(2.0, u)
    minus_k = -k.clamp(min=_SMALL_K)
    minus_e = minus_k * (two - u)
    # two exp(-e) expm1(-k u) / (u expm1(-2k)) is G
    g = torch.exp(minus_e) * two * torch.expm1(minus_k * u) / (u * torch.expm1(minus_k * two))
    one = number(1.0, u)
    limit = torch.addcmul(number(0.5, u), k, u - one, value=1.0 / 6.0)
    q = torch.where(k < number(_SMALL_K, k), limit, (g - one) / minus_e)
    return q.to(concentration.dtype)
