"""Normalizer, divergences, density and draws of the Power Spherical distribution to their last digits."""

import math

import mpmath
import pytest
import torch
from torch.distributions import kl_divergence

from svae_lib.distributions import HypersphericalUniform, PowerSpherical
from svae_lib.distributions import power_spherical_sums as sums
from svae_lib.ops import log_surface_area
from tests.distributions.registry import direction

DIMENSIONS = [2, 3, 4, 5, 12, 31, 33, 34, 35, 64, 1000, 10**6]


def exact(m: int, k: float) -> tuple[float, float, float]:
    """The three sums by gamma functions with 60 digits."""
    with mpmath.workdps(60):
        b, k = mpmath.mpf(m - 1) / 2, mpmath.mpf(k)
        whole = mpmath.loggamma(2 * b + k) - mpmath.loggamma(2 * b) - mpmath.loggamma(b + k) + mpmath.loggamma(b)
        slope, start = (mpmath.digamma(2 * b + x) - mpmath.digamma(b + x) for x in (k, 0))
        return float(whole), float(whole - k * slope), float(k * start - whole)


@pytest.mark.parametrize("m", DIMENSIONS)
def test_the_sums_have_all_their_digits(m):
    """Gamma functions lost them all at k = 1e16, and 1.0 of 5e-12 nats at m = 1000, k = 1e-4 in float32."""
    functions = torch.log1p, sums.log1p_minus_fraction, sums.minus_log1p
    for k in (1e-8, 1e-4, 0.02, 0.3, 7.0, 1e3, 1e6, 1e16, 1e37):
        for dtype, tolerance in ((torch.float64, 1e-14), (torch.float32, 1.5e-7)):
            given = torch.tensor(k, dtype=dtype)
            truth = exact(m, given.item())
            for function, value in zip(functions, truth, strict=True):
                assert sums.total(function, given, m).item() == pytest.approx(value, rel=tolerance, abs=1e-42)


@pytest.mark.parametrize("m", [2, 3, 34])
def test_the_sums_have_their_derivatives(m):
    """Of log(1 + x) the derivative is digamma(2b + k) - digamma(b + k), of the KL k times minus the next."""
    k = torch.tensor([1e-6, 0.05, 0.3, 5.0, 1e6], dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(sums.total(torch.log1p, k, m).sum(), k, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), k)
    b = (m - 1) / 2
    expected = [float(mpmath.digamma(2 * b + x) - mpmath.digamma(b + x)) for x in k.tolist()]
    torch.testing.assert_close(first, torch.tensor(expected, dtype=torch.float64), rtol=1e-10, atol=0)
    (slope,) = torch.autograd.grad(sums.total(sums.log1p_minus_fraction, k, m).sum(), k)
    torch.testing.assert_close(slope, -k * second, rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    ("m", "k", "nats"),
    [(3, 1e12, 26.6310), (3, 1e14, 31.2362), (3, 1e16, 35.8414), (1000, 1e-4, 5e-12), (10**5, 0.01, 5e-10)],
)
def test_the_divergence_has_its_known_values(m, k, nats):
    """On S^2 it is log(1 + k) - k/(1 + k); found once: 26.6345, 30.58, 0.0, -5.9e-6 (float32), 1.2e-3 (float32)."""
    for dtype in (torch.float64, torch.float32):
        loc = torch.zeros(m, dtype=dtype)
        loc[0] = 1.0
        found = kl_divergence(PowerSpherical(loc, k), HypersphericalUniform(m)).item()
        assert found == pytest.approx(nats, rel=2e-3 if nats < 1 else 2e-6)


def test_the_density_at_the_mean_has_its_digits_at_a_huge_concentration():
    d = PowerSpherical(torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64), 1e16)
    assert d.log_prob(d.loc).item() == pytest.approx(math.log1p(1e16) - log_surface_area(3), rel=1e-14)  # 34.31


@pytest.mark.parametrize("k", [100.0, 1e4, 1e6])
def test_the_density_in_float32_on_its_own_draws(k):
    """Errors once were 3e-5, 3e-3 and 0.31 nats."""
    torch.manual_seed(0)
    d = PowerSpherical(direction(3, dtype=torch.float32), k)
    z = d.sample((20_000,))
    exact = PowerSpherical(d.loc.double(), k, validate_args=False)
    square = (z.double() - exact.loc).square().sum(-1)  # in this form the length of z, 1 to 1e-7, does not matter
    log_prob = k * torch.log1p(-square / 4) - exact._log_normalizer - log_surface_area(3)
    assert (d.log_prob(z).double() - log_prob).abs().max() < 5e-6


@pytest.mark.parametrize(("m", "k", "nats"), [(5, 1e6, 23.84), (2, 1e6, None), (12, 30.0, None), (1000, 1e-4, None)])
def test_a_device_without_float64(m, k, nats, monkeypatch):
    """The sums in float32 themselves: gamma functions gave 24.30 at m = 5, k = 1e6."""
    monkeypatch.setattr(sums, "to_float64", lambda x: x)
    found = kl_divergence(PowerSpherical(direction(m, dtype=torch.float32), k), HypersphericalUniform(m)).item()
    assert found == pytest.approx(exact(m, torch.tensor(k).item())[1], rel=5e-6)
    assert nats is None or found == pytest.approx(nats, abs=0.005)


@pytest.mark.parametrize("m", [2, 3, 64])
def test_a_draw_of_a_huge_concentration_is_the_mean_with_finite_gradients(m):
    """At m = 64, k = 1e37 in float32 it was NaN."""
    torch.manual_seed(0)
    loc = direction(100, m, dtype=torch.float32).requires_grad_()
    k = torch.tensor([1e30, 1e37, 3.4e38]).unsqueeze(-1).requires_grad_()
    d = PowerSpherical(loc, k)
    z = d.rsample()
    torch.testing.assert_close(z, loc.expand(z.shape))
    loss = z.sum() + d.mean.sum() + d.variance.sum() + d.entropy().sum()
    for gradient in torch.autograd.grad(loss, (loc, k)):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("m", [2, 3, 8])
def test_what_is_not_a_number_gives_no_finite_draw(m):
    k = torch.tensor([math.nan, 2.0], dtype=torch.float64)
    d = PowerSpherical(direction(2, m), k, validate_args=False)
    for value in (d.rsample((5,)).sum((0, 2)), d.entropy(), d.log_prob(d.loc)):
        assert value.isnan().tolist() == [True, False]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("m", [2, 3, 9])
def test_the_point_opposite_to_the_mean_has_finite_gradients(m, dtype):
    """One own draw in 2e7 is that point, in float32 for m = 2, k = 1e-3; it had -inf, and a NaN as its gradient."""
    for k in (0.0, 1e-3, 5.0):
        given = [direction(m, dtype=dtype), torch.tensor(k, dtype=dtype), -direction(m, dtype=dtype)]
        loc, concentration, z = (x.requires_grad_() for x in given)
        log_prob = PowerSpherical(loc, concentration).log_prob(z)
        floor = (
            k * 2 * math.log(torch.finfo(dtype).eps / 4)
        )  # of log((1 + w)/2), what rounding leaves of |z + mu|^2 / 4
        normalizer = -exact(m, concentration.item())[0] + log_surface_area(m)
        assert log_prob.item() == pytest.approx(floor - normalizer, rel=1e-5)
        for gradient in torch.autograd.grad(log_prob, (loc, concentration, z)):
            assert gradient.isfinite().all()
