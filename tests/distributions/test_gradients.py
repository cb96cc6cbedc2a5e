"""Gradients through samples: the implicit derivative itself, and expectations of it against exact ones."""

import math

import mpmath as mp
import numpy as np
import pytest
import torch
from torch.distributions import kl_divergence

from svae_lib.distributions import HypersphericalUniform, PowerSpherical, SphericalCauchy, VonMisesFisher
from svae_lib.distributions.implicit_gradient import implicit_gradient
from svae_lib.ops.bessel import vmf_quantities
from tests.distributions import polar
from tests.distributions.registry import direction

DIMENSIONS = [2, 3, 4, 6, 11, 41, 128, 1024]
CONCENTRATIONS = [1e-3, 1.0, 11.0, 100.0, 1e4, 1e6]


def exact_implicit_gradient(m: int, k: float, angle: float) -> float:
    """-(d theta/dk) / sin(theta) = Int_0^theta (cos p - A) f(p) dp / (f(theta) sin(theta)), by mpmath's quadrature."""
    with mp.workdps(40):
        ratio = mp.besseli(mp.mpf(m) / 2, k) / mp.besseli(mp.mpf(m) / 2 - 1, k)
        theta = mp.mpf(angle)
        log_f = lambda p: k * mp.cos(p) + (m - 2) * mp.log(mp.sin(p))  # noqa: E731
        top = log_f(theta)
        width = 12 * mp.mpf(1) / mp.sqrt(max(k, m)) if k * m > 1 else mp.pi
        points = sorted({max(theta - j * width / 6, mp.mpf(0)) for j in range(13)})
        integral = mp.quad(lambda p: (mp.cos(p) - ratio) * mp.exp(log_f(p) - top), points)
        return float(integral / mp.sin(theta))


@pytest.mark.parametrize("m", [2, 3, 4, 11, 41, 300])
@pytest.mark.parametrize("k", [1e-3, 0.5, 5.0, 60.0, 900.0])
def test_the_derivative_of_a_sample_is_the_implicit_one(m, k):
    """At five points across the bulk and both tails; the nodes' error is below 4e-7 (m = 2) and 1e-8 (else)."""
    exact = polar.von_mises_fisher(m, k)
    for fraction in (1e-3, 0.1, 0.5, 0.9, 0.999):
        index = int((exact.cdf_values < fraction).sum())
        versine, sine = float(exact.versine[index]), float(exact.sine[index])
        quantities = vmf_quantities(m / 2 - 1, torch.tensor(k, dtype=torch.float64))
        values = [torch.tensor(value, dtype=torch.float64) for value in (k, versine, sine)]
        found = implicit_gradient(values[0], quantities.one_minus_ratio, values[1], values[2], m).item()
        expected = exact_implicit_gradient(m, k, 2 * math.atan2(versine, sine))
        assert found == pytest.approx(expected, rel=1e-6 if m == 2 else 2e-8), fraction


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("m", DIMENSIONS)
def test_the_mean_derivative_of_w_is_the_derivative_of_the_ratio(m, dtype):
    """E[dw/dk] = A'(k) within 0.5 %, for every m and k: the accept-reject gradient of the public code misses by half.

    One point in each of 4,000 equal parts of the exact CDF stands for the draws, so that no luck is involved.
    """
    for k in CONCENTRATIONS:
        quantities = vmf_quantities(m / 2 - 1, torch.tensor(k, dtype=torch.float64))
        exact = polar.von_mises_fisher(m, k)
        fractions = (np.arange(4000) + 0.5) / 4000
        versine = torch.from_numpy(np.exp(np.interp(fractions, exact.cdf_values, np.log(exact.versine))))
        sine = torch.sqrt(versine * (2 - versine))
        one_minus_ratio = quantities.one_minus_ratio.to(dtype).expand(4000)
        concentration = torch.full((4000,), k, dtype=dtype)
        q = implicit_gradient(concentration, one_minus_ratio, versine.to(dtype), sine.to(dtype), m)
        expected = quantities.ratio_derivative.item()
        assert (q.double() * sine**2).mean().item() == pytest.approx(expected, rel=5e-3), k


@pytest.mark.parametrize("family", [VonMisesFisher, PowerSpherical, SphericalCauchy])
@pytest.mark.parametrize("m", [2, 3, 5, 41])
def test_gradients_of_expectations(family, m):
    """d/dk and d/dmu of E[<a,z> + <b,z>^2] through 40,000 samples, against the exact moments; 5 standard errors."""
    torch.manual_seed(0)
    a, b = direction(m, seed=1), direction(m, seed=2)
    for k in (0.7, 12.0):
        raw = direction(m).requires_grad_()
        concentration = torch.tensor(k, dtype=torch.float64, requires_grad=True)
        exact = family(raw / raw.norm(), concentration)
        second_moment = exact.covariance_matrix + exact.mean[:, None] * exact.mean[None, :]
        expected = torch.autograd.grad(exact.mean @ a + b @ second_moment @ b, (raw, concentration))
        blocks = []
        for _ in range(40):
            z = family(raw / raw.norm(), concentration).rsample((1_000,))
            blocks.append(torch.autograd.grad((z @ a + (z @ b) ** 2).mean(), (raw, concentration)))
        for i in range(2):
            draws = torch.stack([block[i] for block in blocks])
            error = draws.std(0) / 40**0.5
            assert ((draws.mean(0) - expected[i]).abs() <= 5 * error + 1e-12).all()


def test_the_radius_of_a_sample_has_a_gradient():
    radius = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    for d in (VonMisesFisher(direction(4), 3.0, radius), HypersphericalUniform(4, radius)):
        z = d.rsample()
        (gradient,) = torch.autograd.grad(z.norm(), radius)
        assert gradient.item() == pytest.approx(1.0)


@pytest.mark.parametrize("family", [VonMisesFisher, PowerSpherical, SphericalCauchy])
@pytest.mark.parametrize("m", [2, 3, 8])
def test_densities_and_divergences_have_two_derivatives(family, m):
    z = direction(m, seed=7)

    def values(loc, concentration, radius):
        d = family(loc / loc.norm(), concentration, radius, validate_args=False)
        return d.log_prob(z * radius), d.entropy(), kl_divergence(d, HypersphericalUniform(m, radius)), d.mean

    inputs = (
        direction(m).requires_grad_(),
        *(torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (3.0, 1.5)),
    )
    assert torch.autograd.gradcheck(values, inputs)
    assert torch.autograd.gradgradcheck(values, inputs)
    # the variance holds A' already: one derivative
    assert torch.autograd.gradcheck(lambda *inputs: family(inputs[0] / inputs[0].norm(), *inputs[1:]).variance, inputs)


def test_a_sample_on_s2_has_two_derivatives():
    """For m = 3 a draw is the inverse CDF of fixed noise: finite differences of the sampler see the same derivative."""

    def draw(loc, concentration):
        torch.manual_seed(0)
        return VonMisesFisher(loc / loc.norm(), concentration).rsample((4,))

    for k in (0.5, 20.0):
        inputs = (direction(3).requires_grad_(), torch.tensor(k, dtype=torch.float64, requires_grad=True))
        assert torch.autograd.gradcheck(draw, inputs)
        assert torch.autograd.gradgradcheck(draw, inputs)


@pytest.mark.parametrize("m", [2, 5, 41])
def test_the_second_derivative_of_a_sample_follows_from_the_first(m):
    """d2/dk2 of theta(k) at a fixed CDF: differentiate Q(theta(k), k) along the path by finite differences."""
    k = torch.tensor(4.0, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(3)
    loc = torch.eye(m, dtype=torch.float64)[0]
    w = VonMisesFisher(loc, k).rsample()[0]
    (first,) = torch.autograd.grad(w, k, create_graph=True)
    (second,) = torch.autograd.grad(first, k)

    def dw_dk(w: float, k: float) -> float:
        k = torch.tensor(k, dtype=torch.float64)
        w = torch.tensor(w, dtype=torch.float64)
        sine = torch.sqrt(1 - w * w)
        return (implicit_gradient(k, vmf_quantities(m / 2 - 1, k).one_minus_ratio, 1 - w, sine, m) * sine**2).item()

    h = 1e-5
    w0, s0 = w.item(), first.item()
    expected = (dw_dk(w0 + h * s0, 4.0 + h) - dw_dk(w0 - h * s0, 4.0 - h)) / (2 * h)
    assert second.item() == pytest.approx(expected, rel=1e-5)
