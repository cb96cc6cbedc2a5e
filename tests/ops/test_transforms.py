"""torch.func and forward-mode differentiation of the Bessel functions and of the geometry, against plain autograd."""

import math

import pytest
import torch
from torch.autograd import forward_ad
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap

from svae_lib.ops import bessel_ratio, exp_map, geodesic_distance, ive, log_ive, log_map, slerp, unit_vector
from svae_lib.ops.bessel import vmf_quantities

# torch itself calls it where forward mode starts
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

DOUBLE = {"dtype": torch.float64}
BESSEL = {
    "log_ive": log_ive,
    "ive": ive,
    "bessel_ratio": bessel_ratio,
    "kl": lambda v, x: vmf_quantities(v, x).kl,
    "one_minus_ratio": lambda v, x: vmf_quantities(v, x).one_minus_ratio,
}
GEOMETRY = {
    "unit_vector": lambda a, b: unit_vector(a) @ b,
    "geodesic_distance": geodesic_distance,
    "exp_map": lambda a, b: exp_map(a, b - (a @ b) * a) @ b,
    "log_map": lambda a, b: log_map(a, b).square().sum() + log_map(a, b) @ b.flip(0),
    "slerp": lambda a, b: slerp(a, b, 0.3) @ b.flip(0),
}


def check_derivatives(f, x: torch.Tensor, rtol: float = 1e-9) -> None:
    """Of a scalar function, at every row of x: value, gradient and second derivatives by every way there is."""
    rows = list(x.unbind())
    close = {"rtol": rtol, "atol": 1e-12}
    plain = [torch.autograd.functional.hessian(f, row) for row in rows]
    slopes = [torch.autograd.functional.jacobian(f, row) for row in rows]
    torch.testing.assert_close(vmap(f)(x), torch.stack([f(row) for row in rows]), rtol=1e-12, atol=0)
    for derivative in (grad(f), jacrev(f), jacfwd(f)):
        torch.testing.assert_close(vmap(derivative)(x), torch.stack(slopes), **close)
    for derivative in (hessian(f), jacrev(jacrev(f)), jacfwd(jacfwd(f))):
        torch.testing.assert_close(vmap(derivative)(x), torch.stack(plain), **close)
    along = torch.ones_like(rows[0])
    _, second = jvp(lambda row: jvp(f, (row,), (along,))[1], (rows[0],), (along,))
    torch.testing.assert_close(second, plain[0].sum(), **close)
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(f(forward_ad.make_dual(rows[0], along))).tangent
        torch.testing.assert_close(tangent, slopes[0].sum(), **close)


@pytest.mark.parametrize("order", [0.0, 0.5, 1.0, 4.5, 30.0])
@pytest.mark.parametrize("name", BESSEL)
def test_bessel_functions(name, order):
    check_derivatives(lambda x: BESSEL[name](order, x), torch.tensor([0.3, 2.0, 30.0, 300.0], **DOUBLE))


@pytest.mark.parametrize("order", [0.0, 0.5, 4.5, 30.0])
def test_the_derivative_of_the_ratio_has_two_of_its_own(order):
    """Against differences of the first, which lose up to nine digits; A' is what variances are made of."""
    slope = vmap(grad(lambda x: vmf_quantities(order, x).ratio_derivative))
    x = torch.tensor([1e-4, 0.005, 0.3, 2.0, 30.0, 300.0], **DOUBLE) * (order + 1)
    step = 1e-4 * x
    expected = (slope(x + step) - slope(x - step)) / (2 * step)
    found = vmap(hessian(lambda x: vmf_quantities(order, x).ratio_derivative))(x)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", GEOMETRY)
def test_geometry(name):
    generator = torch.Generator().manual_seed(0)
    points = torch.nn.functional.normalize(torch.randn(3, 2, 4, generator=generator, **DOUBLE), dim=-1)
    for a, b in points:
        check_derivatives(lambda a, b=b: GEOMETRY[name](a, b), a.unsqueeze(0))


def test_derivatives_at_zero():
    zero = torch.zeros((), **DOUBLE)
    exact = {0: (-1.0, 1.5), 1: (0.5, -1.0), 2: (0.0, 0.25), 3: (0.0, 0.0)}  # of the series of exp(-x) I_v(x)
    for order, (first, second) in exact.items():
        for point in (zero, zero + 1e-300):
            x = point.clone().requires_grad_()
            (slope,) = torch.autograd.grad(ive(order, x), x, create_graph=True)
            (curvature,) = torch.autograd.grad(slope, x)
            assert (slope.item(), curvature.item()) == pytest.approx((first, second), abs=1e-15)
            assert grad(lambda x, order=order: ive(order, x))(point).item() == pytest.approx(first, abs=1e-15)
    assert grad(lambda x: log_ive(2, x))(zero) == math.inf
    assert grad(lambda x: log_ive(0, x))(zero) == -1.0


def test_a_third_derivative_is_an_error_not_a_zero():
    with pytest.raises(NotImplementedError, match="twice, not three times"):
        grad(grad(grad(lambda x: bessel_ratio(1.5, x))))(torch.ones((), **DOUBLE))


@pytest.mark.parametrize("order", [3e18, 1e24, 1e30])
def test_orders_beyond_all_use(order):
    """A is then x / (v + sqrt(v^2 + x^2)), and log I_v Debye's leading term, to the last digits."""
    x = torch.tensor([1.0, order, 100 * order], **DOUBLE)
    expected = x / (order + torch.hypot(x, torch.tensor(order, **DOUBLE)))
    torch.testing.assert_close(bessel_ratio(order, x), expected, rtol=1e-14, atol=0)
    torch.testing.assert_close(bessel_ratio(order, x.float()), expected.float(), rtol=5e-7, atol=0)
    s = torch.hypot(x, torch.full_like(x, order))
    leading = order**2 / (s + x) - order * torch.asinh(order / x) - 0.5 * torch.log(2 * math.pi * s)
    torch.testing.assert_close(log_ive(order, x), leading, rtol=1e-13, atol=0)
    with pytest.raises(ValueError, match="the largest is 1e"):
        bessel_ratio(1e31, x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("exponent", [-30, 0, 20])
def test_the_norm_of_a_vector_neither_overflows_nor_underflows(exponent, dtype):
    x = torch.tensor([1.0, 2.0, -2.0], dtype=dtype) * 10.0**exponent
    expected = torch.tensor([1.0, 2.0, -2.0], dtype=dtype) / 3
    torch.testing.assert_close(unit_vector(x), expected)
    torch.testing.assert_close(vmap(unit_vector)(x.expand(2, 3)), expected.expand(2, 3))
    assert jacrev(unit_vector)(x).isfinite().all()
