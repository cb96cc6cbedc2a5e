r"""Geometry of the unit sphere S^{m-1} in R^m: areas, rotations, great circles."""

import math

import torch
from torch import Tensor


def log_surface_area(ambient_dim: int, radius: float | Tensor = 1.0) -> float | Tensor:
    r"""Logarithm of the area of the sphere of radius r in R^m.

    log 2 + (m/2) log(pi) - log Gamma(m/2) + (m - 1) log r

    Shapes: the shape of `radius` (a float for a float).
    Source: DLMF 5.19.4.

    >>> round(math.exp(log_surface_area(3)), 4)  # 4 pi
    12.5664
    """
    unit = math.log(2.0) + 0.5 * ambient_dim * math.log(math.pi) - math.lgamma(0.5 * ambient_dim)
    log_radius = torch.log(radius) if isinstance(radius, Tensor) else math.log(radius)
    return unit + (ambient_dim - 1) * log_radius


def unit_vector(x: Tensor) -> Tensor:
    r"""The direction x / |x|, a plain quotient: x = 0 has none, and gives NaN. Its derivative is (g - y <y, g>) / |x|.

    Shapes: x (*batch, m), and so the result.

    >>> unit_vector(torch.tensor([3.0, 4.0]))
    tensor([0.6000, 0.8000])
    """
    return _UnitVector.apply(x)


class _UnitVector(torch.autograd.Function):
    """Written out, because the derivative of a quotient and a norm takes three times as many operations."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        y = x / x.norm(dim=-1, keepdim=True)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        x, y = ctx.saved_tensors
        across = torch.addcmul(grad, y, (grad * y).sum(-1, keepdim=True), value=-1.0)
        return across / x.norm(dim=-1, keepdim=True)


def rotate_pole_to(loc: Tensor, x: Tensor) -> Tensor:
    r"""Rotate x by an orthogonal map that takes the pole e_1 = (1, 0, ..., 0) to `loc`.

    The map sends e_1 to loc and every v orthogonal to e_1 to its mirror image v - n (n'v) / (1 + |loc_1|), where
    n = loc + sign(loc_1) e_1. No n is shorter than sqrt(2), so the map is stable for every loc, the poles included.

    Shapes: loc (*batch, m), unit vectors; x (*sample, *batch, m); the result has the shape of x.

    >>> rotate_pole_to(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))
    tensor([0., 1.])
    """
    first, pole = loc[..., 0], x[..., 0]
    sign = torch.where(first < 0, -1.0, 1.0).to(loc)
    along = ((x * loc).sum(-1) - first * pole) / (1.0 + first.abs())
    rotated = torch.addcmul(x, (pole - along).unsqueeze(-1), loc)
    rotated[..., 0] -= pole + sign * along
    return rotated


def place_at_angle(loc: Tensor, versine: Tensor, sine: Tensor, radius: Tensor, noise: Tensor) -> Tensor:
    r"""The point of the sphere of radius r at an angle theta from `loc`, in the direction that `noise` picks.

    r rotate_pole_to(loc, (cos theta, sin(theta) e)), e = noise_{2..m} / |noise_{2..m}|; versine = 1 - cos theta.

    Shapes: loc and noise (*batch, m); versine, sine, radius (*batch). Differentiable, twice, in all but `noise`, whose
    first coordinate is set to 0 (and the second to 1 where all the others are 0). One function and not a chain of small
    ones, because they cost more than a network's step where m is small: the derivative is written out.
    """
    return _PlaceAtAngle.apply(loc, versine, sine, radius, noise)


class _PlaceAtAngle(torch.autograd.Function):
    r"""z = r ((c - b) mu + s e - sigma b e_1), with a = <e, mu> / (1 + |mu_1|), b = s a, sigma = sign(mu_1)."""

    @staticmethod
    def forward(ctx, loc: Tensor, versine: Tensor, sine: Tensor, radius: Tensor, noise: Tensor) -> Tensor:
        noise[..., 0] = 0.0
        length = noise.norm(dim=-1)
        none = (length == 0).to(noise)  # torch's float32 noise is 0 once in 10^7 draws, and m = 2 has no more of it
        noise[..., 1] += none
        length += none
        ctx.save_for_backward(loc, versine, sine, radius, noise, length)
        sign, _, bend = _reflection(loc, noise, length)
        bend *= sine
        z = noise * (radius * sine / length).unsqueeze(-1)
        z.addcmul_((radius * (1.0 - versine - bend)).unsqueeze(-1), loc)
        z[..., 0] -= radius * sign * bend
        return z

    @staticmethod
    def backward(ctx, grad: Tensor):
        loc, versine, sine, radius, noise, length = ctx.saved_tensors
        sign, rest, share = _reflection(loc, noise, length)
        bend = share * sine
        shrunk = 1.0 - versine - bend
        along_loc, along_noise = (grad * loc).sum(-1), (grad * noise).sum(-1) / length
        first = sign * grad[..., 0]
        grad_bend = -radius * (along_loc + first)
        grad_loc = (radius * shrunk).unsqueeze(-1) * grad + (grad_bend * sine / (rest * length)).unsqueeze(-1) * noise
        grad_loc[..., 0] -= grad_bend * bend * sign / rest
        grad_radius = None
        if ctx.needs_input_grad[3]:
            grad_radius = shrunk * along_loc + sine * along_noise - bend * first
        return grad_loc, -radius * along_loc, radius * along_noise + grad_bend * share, grad_radius, None


def _reflection(loc: Tensor, noise: Tensor, length: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """sigma, 1 + |mu_1| and a."""
    first = loc[..., 0]
    rest = 1.0 + first.abs()
    return torch.ones_like(first).copysign(first.detach()), rest, (noise * loc).sum(-1) / (length * rest)


def geodesic_distance(a: Tensor, b: Tensor) -> Tensor:
    r"""Angle between unit vectors, in radians: 2 atan2(|a - b|, |a + b|), exact for near and for antipodal points.

    Shapes: a, b (*batch, m), broadcast against each other; the result is (*batch).

    >>> geodesic_distance(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    tensor(1.5708)
    """
    return 2.0 * torch.atan2((a - b).norm(dim=-1), (a + b).norm(dim=-1))


def exp_map(base: Tensor, tangent: Tensor) -> Tensor:
    r"""Walk from `base` along the great circle in the direction `tangent`, as far as that vector is long.

    exp_a(v) = cos|v| a + sin|v| v/|v|

    Shapes: base, tangent (*batch, m), broadcast; base unit, tangent orthogonal to it.

    >>> exp_map(torch.tensor([1.0, 0.0]), torch.tensor([0.0, torch.pi / 2])).round(decimals=4) + 0.0
    tensor([0., 1.])
    """
    length = tangent.norm(dim=-1, keepdim=True)
    return torch.cos(length) * base + torch.sinc(length / math.pi) * tangent


def log_map(base: Tensor, point: Tensor) -> Tensor:
    r"""Tangent vector at `base` that points to `point` and is as long as the angle between them: `exp_map` undone.

    log_a(b) = (theta / sin theta) (b - cos(theta) a)

    Shapes: base, point (*batch, m), broadcast, unit vectors.
    Errors: ValueError for antipodal points, between which no great circle is the shortest.

    >>> log_map(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5708])
    """
    angle = geodesic_distance(base, point).unsqueeze(-1)
    if (math.pi - angle < 4 * torch.finfo(angle.dtype).eps ** 0.5).any():
        raise ValueError("log_map: the points are antipodal, no single great circle joins them: move one a little")
    tangent = point - (base * point).sum(-1, keepdim=True) * base
    return tangent / torch.sinc(angle / math.pi)


def slerp(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    r"""Spherical linear interpolation: the point a share t of the way along the great circle from a to b.

    slerp(a, b, t) = exp_a(t log_a(b)); slerp(a, b, 0) = a and slerp(a, b, 1) = b.

    Shapes: a, b (*batch, m), unit vectors; t a number, or a tensor (n,) that is put in front: (n, *batch, m).
    Errors: ValueError for antipodal points.
    Source: Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.

    >>> slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.5, 1.0])).round(decimals=4) + 0.0
    tensor([[1.0000, 0.0000],
            [0.7071, 0.7071],
            [0.0000, 1.0000]])
    """
    tangent = log_map(a, b)
    share = torch.as_tensor(t, dtype=tangent.dtype, device=tangent.device)
    return exp_map(a, share.reshape(*share.shape, *(1,) * tangent.ndim) * tangent)


def fibonacci_sphere(n: int) -> Tensor:
    r"""n nearly evenly spread points of S^2, on the spiral that turns by the golden angle at every step.

    Shapes: (n, 3), float32.
    Source: González, "Measurement of areas on a sphere using Fibonacci and latitude-longitude lattices" (2010),
    arXiv 0912.4540.

    >>> fibonacci_sphere(100).norm(dim=-1).allclose(torch.ones(100))
    True
    """
    step = torch.arange(n, dtype=torch.float64)
    height = 1.0 - (2.0 * step + 1.0) / n
    around = math.pi * (3.0 - math.sqrt(5.0)) * step
    width = torch.sqrt(1.0 - height**2)
    return torch.stack((width * torch.cos(around), width * torch.sin(around), height), -1).float()
