r"""A sample of a von Mises-Fisher posterior and its KL in one operation, for the steps of a training.

A step on a small network takes a few milliseconds, and an operation on a few hundred numbers some microseconds, nearly
all of them spent on the call. `VonMisesFisher.rsample` and `kl_divergence` make some 400 calls with their derivatives;
`sample_and_kl` is the same function of the same parameters, with its derivative written out, in less than half as many.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from svae_lib.distributions.implicit_gradient import implicit_gradient
from svae_lib.distributions.von_mises_fisher_draws import PolarNoise, draw_polar_angle, draw_polar_noise
from svae_lib.distributions.von_mises_fisher_sampling import draw_under_transform, with_implicit_gradient
from svae_lib.ops.bessel import quantities_without_graph, vmf_quantities
from svae_lib.ops.constants import constant
from svae_lib.ops.rotation import place_at_angle, unit_tangent_
from svae_lib.ops.sphere import scale_of, unit_vector
from svae_lib.ops.transforms import is_plain_eager


class SphereNoise(NamedTuple):
    """Random numbers behind one sample for every row."""

    polar: PolarNoise
    tangent: Tensor  # e, (*batch, m): unit vectors orthogonal to the pole e_1


def draw_noise(
    num_steps: int, batch_shape: tuple[int, ...], ambient_dim: int, dtype: torch.dtype, device: torch.device | str
) -> list[SphereNoise]:
    """Noise of `sample_and_kl` for `num_steps` calls at once; none of it depends on the parameters."""
    polar = draw_polar_noise(num_steps, torch.Size(batch_shape).numel(), ambient_dim, dtype, device)
    tangent = unit_tangent_(torch.randn(num_steps, *batch_shape, ambient_dim, dtype=dtype, device=device))
    return [SphereNoise(*step) for step in zip(polar, tangent, strict=True)]


def sample_and_kl(
    direction: Tensor, concentration: Tensor, radius: Tensor | None = None, noise: SphereNoise | None = None
) -> tuple[Tensor, Tensor]:
    r"""A differentiable sample of a von Mises-Fisher distribution, and its KL to the uniform distribution.

        z = r (cos(theta) mu + sin(theta) v),  KL = k A + log C + log area,  mu = u / |u|

    They are distributed as, equal to and differentiable as `VonMisesFisher(mu, k, r).rsample()` and its `kl_divergence`
    (where a second derivative is asked for, the first one is computed again by their formulas).

    Args:
        direction: u, shape (*batch, m), of any length; u = 0 gives NaN.
        concentration: k >= 0, shape (*batch).
        radius: r > 0, broadcast to (*batch); None is 1.
        noise: One step of `draw_noise`, for this batch shape, dtype and device; drawn here where None.

    Returns:
        Points z, shape (*batch, m), and the KL, shape (*batch).

    Example:
        >>> import torch
        >>> from svae_lib.distributions.von_mises_fisher_step import sample_and_kl
        >>> z, kl = sample_and_kl(torch.tensor([[0.0, 2.0, 0.0]]), torch.tensor([1e6]))
        >>> z.round(decimals=1) + 0.0, kl
        (tensor([[0., 1., 0.]]), tensor([13.5087]))
    """
    if not is_plain_eager():
        polar, tangent = noise or (None, None)
        angle = draw_under_transform(concentration.detach(), direction.shape[-1], polar)
        tangent = torch.randn_like(direction) if tangent is None else tangent
        return _by_parts(direction, concentration, radius, *angle, tangent)
    if noise is None:
        (noise,) = draw_noise(1, concentration.shape, direction.shape[-1], direction.dtype, direction.device)
    return _SampleAndKL.apply(direction, concentration, radius, noise)


class _SampleAndKL(torch.autograd.Function):
    @staticmethod
    def forward(ctx, direction: Tensor, concentration: Tensor, radius: Tensor | None, noise: SphereNoise):
        m, one = direction.shape[-1], constant(1.0, direction)
        scale = scale_of(direction)
        scaled = direction / scale
        length = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
        mu = scaled.div_(length)
        length.mul_(scale)
        kl, _, one_minus_ratio, ratio_derivative = quantities_without_graph(0.5 * m - 1.0, concentration)
        versine, sine = draw_polar_angle(concentration, m, noise.polar)
        cosine, sine_column = (one - versine).unsqueeze(-1), sine.unsqueeze(-1)
        # v = e - a (mu + sigma e_1) is e reflected (see svae_lib.ops.rotation), with sigma = sign(mu_1)
        mu_1 = mu[..., :1]
        sigma, denominator = torch.copysign(one, mu_1), mu_1.abs().add_(one)
        a = (noise.tangent * mu).sum(-1, keepdim=True).div_(denominator)
        v = torch.addcmul(noise.tangent, a, mu, value=-1.0)
        v[..., :1].sub_(sigma * a)
        z = (mu * cosine).addcmul_(v, sine_column)
        if radius is not None:
            z.mul_(radius.unsqueeze(-1))
        ctx.noise = noise
        ctx.save_for_backward(
            direction, concentration, radius, length, mu, one_minus_ratio, ratio_derivative,
            versine, sine, cosine, sigma, denominator, a, v,
        )  # fmt: skip
        return z, kl

    @staticmethod
    def backward(ctx, grad_z: Tensor, grad_kl: Tensor):
        if torch.is_grad_enabled():
            return _differentiable_gradients(ctx, grad_z, grad_kl)
        _, k, radius, length, mu, one_minus_ratio, ratio_derivative, versine, sine, *rest = ctx.saved_tensors
        cosine, sigma, denominator, a, v = rest
        g = grad_z if radius is None else grad_z * radius.unsqueeze(-1)
        g_mu, g_v = (g * mu).sum(-1, keepdim=True), (g * v).sum(-1, keepdim=True)
        sine_column = sine.unsqueeze(-1)
        # d<g, z>/du = (c (g - mu <g, mu>) - s <g, mu + sigma e_1> / (1 + |mu_1|) v) / |u|,  c = cos(theta) - s a
        c = torch.addcmul(cosine, sine_column, a, value=-1.0)
        bend = torch.addcmul(g_mu, sigma, g[..., :1]).mul_(sine_column).div_(denominator)
        grad_direction = (g * c).addcmul_(mu, g_mu * c, value=-1.0).addcmul_(v, bend, value=-1.0).div_(length)
        # d theta / dk = -sin(theta) Q,  d<g, z>/d theta = cos(theta) <g, v> - sin(theta) <g, mu>;  d KL / dk = k A'
        g_theta = (g_v * cosine).addcmul_(g_mu, sine_column, value=-1.0).squeeze(-1).mul_(sine)
        q = implicit_gradient(k, one_minus_ratio, versine, sine, mu.shape[-1])
        grad_k = (grad_kl * k).mul_(ratio_derivative).addcmul_(g_theta, q, value=-1.0)
        grad_radius = None
        if radius is not None and ctx.needs_input_grad[2]:
            grad_radius = (g_mu * cosine).addcmul_(g_v, sine_column).squeeze(-1).div_(radius).sum_to_size(radius.shape)
        return grad_direction, grad_k, grad_radius, None


def _differentiable_gradients(ctx, grad_z: Tensor, grad_kl: Tensor) -> tuple[Tensor | None, ...]:
    """The same gradients with a graph of their own."""
    direction, k, radius, *_, versine, sine = ctx.saved_tensors[:9]
    inputs = [x for x, needed in zip((direction, k, radius), ctx.needs_input_grad, strict=False) if needed]
    pair = _by_parts(direction, k, radius, versine, sine, ctx.noise.tangent.clone())
    found = iter(torch.autograd.grad(pair, inputs, (grad_z, grad_kl), create_graph=True))
    return tuple(next(found) if needed else None for needed in ctx.needs_input_grad)


def _by_parts(
    direction: Tensor, k: Tensor, radius: Tensor | None, versine: Tensor, sine: Tensor, tangent: Tensor
) -> tuple[Tensor, Tensor]:
    """The sample that a draw gives, and the KL, by the operations of VonMisesFisher."""
    m = direction.shape[-1]
    kl, _, one_minus_ratio, _ = vmf_quantities(0.5 * m - 1.0, k)
    versine, sine = with_implicit_gradient(k, one_minus_ratio, versine, sine, m)
    r = torch.ones_like(k) if radius is None else radius.expand(k.shape)
    return place_at_angle(unit_vector(direction), versine, sine, r, tangent), kl
