r"""Placement of a sample: the rotation that takes the pole e_1 = (1, 0, ..., 0) to a mean direction mu.

The map sends e_1 to mu and every v orthogonal to e_1 to its mirror image v - n <n, v> / (1 + |mu_1|), where
n = mu + sigma e_1 and sigma = sign(mu_1). No n is shorter than sqrt(2), so the map is stable for every mu, also at the
poles.

The versine of an angle theta is u = 1 - cos(theta). Near the pole, where a concentrated distribution lies, cos(theta)
itself has no digits left in float32, so samplers and densities work with u and sin(theta), and so does this module.
"""

import torch
from torch import Tensor

from svae_lib.ops.transforms import is_plain_eager


def rotate_pole_to(loc: Tensor, x: Tensor) -> Tensor:
    r"""Rotation of x by an orthogonal map that takes the pole e_1 = (1, 0, ..., 0) to `loc`.

        e_1 -> mu,  v -> v - n <n, v> / (1 + |mu_1|) for v orthogonal to e_1,  n = mu + sign(mu_1) e_1

    Args:
        loc: Unit vectors mu, shape (*batch, m).
        x: Vectors, shape (*sample, *batch, m).

    Returns:
        The rotated vectors, shape (*sample, *batch, m); every length and angle is kept.

    Example:
        >>> import torch
        >>> from svae_lib.ops import rotate_pole_to
        >>> rotate_pole_to(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))
        tensor([0., 1.])
    """
    mu_1, x_1 = loc[..., 0], x[..., 0]
    sigma = torch.where(mu_1 < 0, -1.0, 1.0).to(loc)
    a = ((x * loc).sum(-1) - mu_1 * x_1) / (1.0 + mu_1.abs())  # <n, v> / (1 + |mu_1|) with v = x - x_1 e_1
    rotated = torch.addcmul(x, (x_1 - a).unsqueeze(-1), loc)  # x + (x_1 - a) mu - (x_1 + sigma a) e_1
    rotated[..., 0] -= x_1 + sigma * a
    return rotated


def polar_angle(half_tangent: Tensor) -> tuple[Tensor, Tensor]:
    """The versine 1 - cos(theta) and sin(theta) from tan(theta/2), both without cancellation.

    Args:
        half_tangent: tan(theta/2) >= 0, finite, any shape.

    Returns:
        The two, of the same shape.

    Example:
        >>> import torch
        >>> from svae_lib.ops.rotation import polar_angle
        >>> polar_angle(torch.tensor(0.5))
        (tensor(0.4000), tensor(0.8000))
    """
    length = torch.hypot(torch.ones_like(half_tangent), half_tangent)
    sine = half_tangent / length
    return 2.0 * sine.square(), 2.0 * sine / length


def place_at_angle(loc: Tensor, versine: Tensor, sine: Tensor, radius: Tensor, noise: Tensor) -> Tensor:
    r"""Point of the sphere of radius r at an angle theta from `loc`, in the direction that `noise` picks.

        z = r rotate_pole_to(mu, (cos theta, sin(theta) e)),  e = noise_{2..m} / |noise_{2..m}|

    One function and not a chain of small ones, because these cost more than a network's step where m is small: the
    derivative is written out. It is differentiable, twice, in all but `noise`.

    Args:
        loc: Mean directions mu, unit vectors, shape (*batch, m).
        versine: 1 - cos(theta), shape (*batch).
        sine: sin(theta), shape (*batch).
        radius: r, shape (*batch).
        noise: Normal noise, shape (*batch, m). It may be changed in place, to e: see `unit_tangent_`.

    Returns:
        Points z, shape (*batch, m).

    Example:
        >>> import torch
        >>> from svae_lib.ops import place_at_angle
        >>> one = torch.tensor(1.0)  # theta = 90 degrees
        >>> place_at_angle(torch.tensor([1.0, 0.0, 0.0]), one, one, 2 * one, torch.tensor([0.5, 3.0, 4.0]))
        tensor([0.0000, 1.2000, 1.6000])
    """
    if is_plain_eager():
        return _PlaceAtAngle.apply(loc, versine, sine, radius, noise)
    e = _unit_tangent(noise)
    sigma, _, a = _reflection(loc, e, torch.ones_like(e[..., 0]))
    z = (radius * sine).unsqueeze(-1) * e + (radius * (1.0 - versine - a * sine)).unsqueeze(-1) * loc
    return torch.cat((z[..., :1] - (radius * sigma * a * sine).unsqueeze(-1), z[..., 1:]), -1)


def unit_tangent_(noise: Tensor) -> Tensor:
    r"""Unit vectors e orthogonal to the pole e_1, from normal noise, in place.

    Args:
        noise: Normal noise, shape (*batch, m). Its first coordinate is set to 0, and the second to 1 where all the
            others are 0: torch's float32 noise is 0 once in 10^7 draws, and m = 2 has no more of it.

    Returns:
        The same tensor.

    Example:
        >>> import torch
        >>> from svae_lib.ops.rotation import unit_tangent_
        >>> unit_tangent_(torch.tensor([[0.5, 3.0, 4.0], [0.5, 0.0, 0.0]]))
        tensor([[0.0000, 0.6000, 0.8000],
                [0.0000, 1.0000, 0.0000]])
    """
    return noise.div_(_tangent_length(noise).unsqueeze(-1))


def _unit_tangent(noise: Tensor) -> Tensor:
    """`unit_tangent_`, not in place."""
    length = noise[..., 1:].norm(dim=-1, keepdim=True)
    is_zero = (length == 0).to(noise)
    first, second, rest = noise.tensor_split((1, 2), -1)
    return torch.cat((torch.zeros_like(first), second + is_zero, rest), -1) / (length + is_zero)


def _tangent_length(noise: Tensor) -> Tensor:
    """The length of the noise, made orthogonal to e_1 and nowhere zero in place, shape (*batch)."""
    noise[..., 0] = 0.0
    length = noise.norm(dim=-1)
    is_zero = (length == 0).to(noise)
    noise[..., 1] += is_zero
    return length.add_(is_zero)


class _PlaceAtAngle(torch.autograd.Function):
    r"""z = r ((cos theta - b) mu + sin(theta) e - sigma b e_1), a = <e, mu> / (1 + |mu_1|), b = sin(theta) a."""

    @staticmethod
    def forward(ctx, loc: Tensor, versine: Tensor, sine: Tensor, radius: Tensor, noise: Tensor) -> Tensor:
        length = _tangent_length(noise)  # e = noise / length is not computed: it would be one more pass over the noise
        ctx.save_for_backward(loc, versine, sine, radius, noise, length)
        sigma, _, a = _reflection(loc, noise, length)
        b = a.mul_(sine)
        z = noise * (radius * sine / length).unsqueeze(-1)
        z.addcmul_((radius * (1.0 - versine - b)).unsqueeze(-1), loc)
        z[..., 0] -= radius * sigma * b
        return z

    @staticmethod
    def backward(ctx, grad: Tensor):
        loc, versine, sine, radius, noise, length = ctx.saved_tensors
        sigma, denominator, a = _reflection(loc, noise, length)
        b = a * sine
        cosine_minus_b = 1.0 - versine - b
        grad_mu, grad_e = (grad * loc).sum(-1), (grad * noise).sum(-1) / length  # <grad, mu> and <grad, e>
        grad_e_1 = sigma * grad[..., 0]  # <grad, sigma e_1>
        grad_b = -radius * (grad_mu + grad_e_1)
        grad_loc = (radius * cosine_minus_b).unsqueeze(-1) * grad
        grad_loc = grad_loc + (grad_b * sine / (denominator * length)).unsqueeze(-1) * noise
        grad_loc[..., 0] -= grad_b * b * sigma / denominator
        grad_radius = None
        if ctx.needs_input_grad[3]:
            grad_radius = cosine_minus_b * grad_mu + sine * grad_e - b * grad_e_1
        return grad_loc, -radius * grad_mu, radius * grad_e + grad_b * a, grad_radius, None


def _reflection(loc: Tensor, noise: Tensor, length: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """sigma, 1 + |mu_1| and a."""
    mu_1 = loc[..., 0]
    sigma, denominator = torch.ones_like(mu_1).copysign(mu_1.detach()), 1.0 + mu_1.abs()
    return sigma, denominator, (noise * loc).sum(-1) / (length * denominator)
