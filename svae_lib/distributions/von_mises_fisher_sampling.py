r"""Draws of the polar angle theta of a von Mises-Fisher sample, w = cos(theta) = <mu, z>, with their exact derivative.

The draws themselves are made in `svae_lib.distributions.von_mises_fisher_draws`, whose notation this module shares.
"""

import torch
from torch import Tensor

from svae_lib.distributions.implicit_gradient import implicit_gradient
from svae_lib.distributions.von_mises_fisher_draws import PolarNoise, Proposals, draw_polar_angle
from svae_lib.ops.transforms import (
    expansion_point,
    is_plain_eager,
    one_derivative_is_enough,
    opaque_operator,
)


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
    draw = draw_polar_angle if is_plain_eager() else draw_under_transform
    versine, sine = draw(concentration.detach(), ambient_dim)
    return with_implicit_gradient(concentration, one_minus_ratio, versine, sine, ambient_dim)


def with_implicit_gradient(
    concentration: Tensor, one_minus_ratio: Tensor | None, versine: Tensor, sine: Tensor, ambient_dim: int
) -> tuple[Tensor, Tensor]:
    """The draw (versine, sine) as a differentiable function of the concentration it was made with.

    Under a transform it is one step along the path of the draw in h = k - stop(k), by Euler where the first derivative
    is enough and else by Heun, whose second derivative is exact too (see `svae_lib.ops.transforms`).
    """
    if is_plain_eager():
        return _PolarAngle.apply(concentration, one_minus_ratio, versine, sine, ambient_dim)
    if one_minus_ratio is None:
        return versine, sine
    k, h = expansion_point(concentration)
    q_sine = implicit_gradient(k, one_minus_ratio.detach(), versine, sine, ambient_dim) * sine
    # d theta / dk = -sin(theta) Q, d u / d theta = sin(theta), d sin(theta) / d theta = cos(theta)
    slope = q_sine * sine, q_sine * (1.0 - versine)
    next_versine, next_sine = versine - h * slope[0], sine - h * slope[1]
    if one_derivative_is_enough():
        return next_versine, next_sine
    q_sine = implicit_gradient(concentration, one_minus_ratio, next_versine, next_sine, ambient_dim) * next_sine
    next_slope = q_sine * next_sine, q_sine * (1.0 - next_versine)
    return versine - 0.5 * h * (slope[0] + next_slope[0]), sine - 0.5 * h * (slope[1] + next_slope[1])


class _PolarAngle(torch.autograd.Function):
    """A draw and its implicit derivative, which does not depend on how the draw was made."""

    @staticmethod
    def forward(ctx, concentration, one_minus_ratio, versine, sine, ambient_dim: int) -> tuple[Tensor, Tensor]:
        versine, sine = versine.view_as(versine), sine.view_as(sine)
        ctx.ambient_dim = ambient_dim
        ctx.save_for_backward(concentration, one_minus_ratio, versine, sine)
        return versine, sine

    @staticmethod
    def backward(ctx, grad_versine: Tensor, grad_sine: Tensor):
        concentration, one_minus_ratio, versine, sine = ctx.saved_tensors
        q = implicit_gradient(concentration, one_minus_ratio, versine, sine, ctx.ambient_dim)
        # d theta / dk = -sin(theta) Q, d u / d theta = sin(theta), d sin(theta) / d theta = cos(theta)
        return -q * sine * (grad_versine * sine + grad_sine * (1.0 - versine)), None, None, None, None


def draw_under_transform(
    concentration: Tensor, ambient_dim: int, noise: PolarNoise | None = None
) -> tuple[Tensor, Tensor]:
    """`draw_polar_angle` as an operator that every transform takes whole."""
    uniform, proposals, reserve = noise or PolarNoise()
    given = [tensor for tensor in (uniform, *(proposals or ()), reserve) if tensor is not None]
    # A random number that nothing uses makes vmap ask for one draw per sample where the concentration is the same
    ticket = torch.rand((), device=concentration.device) if torch._C._are_functorch_transforms_active() else None
    return _polar_angle(concentration, ticket, given, ambient_dim)


def _draw_from(k: Tensor, ticket: Tensor | None, noise: list[Tensor], ambient_dim: int) -> tuple[Tensor, Tensor]:
    if len(noise) < 2:
        return draw_polar_angle(k, ambient_dim, PolarNoise(*noise) if noise else None)
    return draw_polar_angle(k, ambient_dim, PolarNoise(None, Proposals(*noise[:4]), *noise[4:]))


def _batched_draw(info, in_dims: tuple, k: Tensor, ticket: Tensor | None, noise: list[Tensor], ambient_dim: int):
    k_dim, ticket_dim, noise_dims, _ = in_dims

    def at(i: int, x: Tensor, dim: int | None) -> Tensor:
        return x if dim is None else x.select(dim, i)

    if noise:  # is that of one call
        inputs = [
            (at(i, k, k_dim), [at(i, *pair) for pair in zip(noise, noise_dims, strict=True)])
            for i in range(info.batch_size)
        ]
        draws = [_polar_angle(k, None, noise, ambient_dim) for k, noise in inputs]
        return tuple(torch.stack(values) for values in zip(*draws, strict=True)), (0, 0)
    if k_dim is not None and info.randomness != "different":
        raise RuntimeError(
            "vmap: one draw for all (randomness='same') needs one concentration for all: use 'different'"
        )
    k = k.expand(info.batch_size, *k.shape) if k_dim is None else k.movedim(k_dim, 0)
    return _polar_angle(k, at(0, ticket, ticket_dim), noise, ambient_dim), (0, 0)


_polar_angle = opaque_operator(
    "polar_angle(Tensor k, Tensor? ticket, Tensor[] noise, int ambient_dim) -> (Tensor, Tensor)",
    fake=lambda k, *rest: (torch.empty_like(k), torch.empty_like(k)),
    vmap=_batched_draw,
    random=True,
)(_draw_from)
