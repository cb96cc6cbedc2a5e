r"""Geometry of the unit sphere S^{m-1} in R^m: areas, directions, great circles."""

import math

import torch
from torch import Tensor

from svae_lib.ops.transforms import is_plain_eager


def log_surface_area(ambient_dim: int, radius: float | Tensor = 1.0) -> float | Tensor:
    r"""Logarithm of the area of the sphere of radius r in R^m.

        log 2 + (m/2) log(pi) - log Gamma(m/2) + (m - 1) log r

    Args:
        ambient_dim: m >= 1, the number of coordinates.
        radius: r > 0, a number or a tensor of any shape.

    Returns:
        A float for a float, a tensor of the shape of `radius` for a tensor.

    References:
        DLMF 5.19.4.

    Example:
        >>> import math
        >>> from svae_lib.ops import log_surface_area
        >>> round(math.exp(log_surface_area(3)), 4)  # 4 pi
        12.5664
    """
    log_unit_area = math.log(2.0) + 0.5 * ambient_dim * math.log(math.pi) - math.lgamma(0.5 * ambient_dim)
    log_radius = torch.log(radius) if isinstance(radius, Tensor) else math.log(radius)
    return log_unit_area + (ambient_dim - 1) * log_radius


def unit_vector(x: Tensor) -> Tensor:
    r"""Direction of a vector, a plain quotient: x = 0 has none, and gives NaN.

        y = x / |x|,  with derivative  (g - y <y, g>) / |x|  of a gradient g

    Args:
        x: Vectors, shape (*batch, m).

    Returns:
        Unit vectors, shape (*batch, m).

    Example:
        >>> import torch
        >>> from svae_lib.ops import unit_vector
        >>> unit_vector(torch.tensor([3.0, 4.0]))
        tensor([0.6000, 0.8000])
    """
    x = x / scale_of(x)
    return _UnitVector.apply(x) if is_plain_eager() else x / x.norm(dim=-1, keepdim=True)


def scale_of(x: Tensor) -> Tensor:
    """A number near the largest |x_i| of a vector, (*batch, 1): divide by it, and no norm over- or underflows.

    Where that is fast it is a power of two, so that no digit changes. It is a constant for derivatives.
    """
    largest = torch.linalg.vector_norm(x.detach(), math.inf, -1, keepdim=True)
    fast = is_plain_eager() and x.dtype in (torch.float32, torch.float64)
    return largest / torch.frexp(largest).mantissa if fast else largest


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
        tangential = torch.addcmul(grad, y, (grad * y).sum(-1, keepdim=True), value=-1.0)
        return tangential / x.norm(dim=-1, keepdim=True)


def geodesic_distance(a: Tensor, b: Tensor) -> Tensor:
    r"""Angle between unit vectors in radians, exact for near and for antipodal points.

        2 atan2(|a - b|, |a + b|)

    Args:
        a: Unit vectors, shape (*batch, m).
        b: Unit vectors, shape (*batch, m), broadcast against a.

    Returns:
        Angles in [0, pi], shape (*batch).

    Example:
        >>> import torch
        >>> from svae_lib.ops import geodesic_distance
        >>> geodesic_distance(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
        tensor(1.5708)
    """
    return 2.0 * torch.atan2((a - b).norm(dim=-1), (a + b).norm(dim=-1))


def exp_map(base: Tensor, tangent: Tensor) -> Tensor:
    r"""Exponential map: the end of the walk from a point along a great circle, as far as the tangent vector is long.

        exp_a(v) = cos|v| a + sin|v| v/|v|

    Args:
        base: Unit vectors a, shape (*batch, m).
        tangent: Vectors v orthogonal to `base`, shape (*batch, m), broadcast against it.

    Returns:
        Unit vectors, shape (*batch, m).

    Example:
        >>> import torch
        >>> from svae_lib.ops import exp_map
        >>> exp_map(torch.tensor([1.0, 0.0]), torch.tensor([0.0, torch.pi / 2])).round(decimals=4) + 0.0
        tensor([0., 1.])
    """
    length = tangent.norm(dim=-1, keepdim=True)
    return torch.cos(length) * base + torch.sinc(length / math.pi) * tangent


def log_map(base: Tensor, point: Tensor) -> Tensor:
    r"""Logarithmic map, the inverse of `exp_map`: the tangent vector at one point that leads to another.

        log_a(b) = (theta / sin theta) (b - cos(theta) a),  theta the angle between a and b

    Args:
        base: Unit vectors a, shape (*batch, m).
        point: Unit vectors b, shape (*batch, m), broadcast against `base`.

    Returns:
        Vectors orthogonal to `base` of length theta, shape (*batch, m).

    Raises:
        ValueError: If two points are antipodal, since no single great circle joins them; under torch.func and in
            compiled code, which cannot look at the points, the result is then arbitrary.

    Example:
        >>> import torch
        >>> from svae_lib.ops import log_map
        >>> log_map(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5708])
    """
    theta = geodesic_distance(base, point).unsqueeze(-1)
    if is_plain_eager() and (math.pi - theta < 4 * torch.finfo(theta.dtype).eps ** 0.5).any():
        raise ValueError("log_map: the points are antipodal, no single great circle joins them: move one a little")
    tangent = point - (base * point).sum(-1, keepdim=True) * base
    return tangent / torch.sinc(theta / math.pi)


def slerp(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    r"""Spherical linear interpolation: the point a fraction t of the way along the great circle from a to b.

        slerp(a, b, t) = exp_a(t log_a(b)),  so that slerp(a, b, 0) = a and slerp(a, b, 1) = b

    Args:
        a: Unit vectors, shape (*batch, m).
        b: Unit vectors, shape (*batch, m).
        t: Fractions, a number or a tensor of shape (*t).

    Returns:
        Unit vectors, shape (*t, *batch, m).

    Raises:
        ValueError: If two points are antipodal.

    References:
        Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.

    Example:
        >>> import torch
        >>> from svae_lib.ops import slerp
        >>> path = slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.5, 1.0]))
        >>> path.round(decimals=4) + 0.0
        tensor([[1.0000, 0.0000],
                [0.7071, 0.7071],
                [0.0000, 1.0000]])
    """
    tangent = log_map(a, b)
    t = torch.as_tensor(t, dtype=tangent.dtype, device=tangent.device)
    return exp_map(a, t.reshape(*t.shape, *(1,) * tangent.ndim) * tangent)


def fibonacci_sphere(n: int) -> Tensor:
    r"""Nearly evenly spread points of S^2, on the spiral that turns by the golden angle at every step.

        z_i = 1 - (2i + 1)/n at longitude i pi (3 - sqrt 5),  i = 0 .. n - 1

    Args:
        n: The number of points.

    Returns:
        Unit vectors, shape (n, 3), float32.

    References:
        González, "Measurement of areas on a sphere using Fibonacci and latitude-longitude lattices" (2010),
        arXiv 0912.4540.

    Example:
        >>> import torch
        >>> from svae_lib.ops import fibonacci_sphere
        >>> fibonacci_sphere(100).norm(dim=-1).allclose(torch.ones(100))
        True
    """
    i = torch.arange(n, dtype=torch.float64)
    z = 1.0 - (2.0 * i + 1.0) / n
    longitude = math.pi * (3.0 - math.sqrt(5.0)) * i
    parallel = torch.sqrt(1.0 - z**2)  # radius of the circle of latitude
    return torch.stack((parallel * torch.cos(longitude), parallel * torch.sin(longitude), z), -1).float()
