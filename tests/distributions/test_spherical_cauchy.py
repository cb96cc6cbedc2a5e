"""Divergence, moments, symmetry and draws of the spherical Cauchy distribution to their last digits."""

import math

import mpmath
import pytest
import torch
from torch.distributions import kl_divergence

from svae_lib.distributions import HypersphericalUniform, SphericalCauchy, VonMisesFisher
from svae_lib.distributions import spherical_cauchy_expectations as expectations
from tests.distributions.registry import direction


def exact(m: int, k: float) -> list[float]:
    """KL, E[w], 1 - E[w], Var[w] and E[1 - w^2] by the trapezoid rule with 40 digits, from the density in artanh w."""
    with mpmath.workdps(40):
        shift = mpmath.log1p(2 * mpmath.mpf(k) / (m - 1)) / 2
        step, count = (mpmath.mpf("0.12"), 500) if m < 30 else (mpmath.mpf("0.3") / mpmath.sqrt(m), 50)
        x = [step * i for i in range(-count, count + 1)]
        mass = [mpmath.sech(t) ** (m - 1) for t in x]
        mass = [p / mpmath.fsum(mass) for p in mass]
        moved = [t + shift for t in x]
        versine = [2 / (1 + mpmath.exp(2 * t)) for t in moved]
        log_ratio = [mpmath.log(mpmath.cosh(t) / mpmath.cosh(u)) for t, u in zip(moved, x, strict=True)]
        mean_versine = mpmath.fdot(mass, versine)
        values = [
            (m - 1) * mpmath.fdot(mass, log_ratio),
            mpmath.fdot(mass, [mpmath.tanh(t) for t in moved]),
            mean_versine,
            mpmath.fdot(mass, [(u - mean_versine) ** 2 for u in versine]),
            mpmath.fdot(mass, [mpmath.sech(t) ** 2 for t in moved]),
        ]
        return [float(value) for value in values]


@pytest.mark.parametrize("m", [2, 3, 6, 10**5])
def test_divergence_and_moments_have_all_their_digits(m):
    """The textbook's -log(1 - rho^2) + E log(1 + rho^2 + 2 rho t) loses them at both ends."""
    for k in (2.0**-20, 30.0, 1e8):  # all are float32 numbers
        truth = exact(m, k)
        for dtype, tolerance in ((torch.float64, 3e-14), (torch.float32, 1.5e-7)):
            given = torch.tensor(k, dtype=dtype)
            found = expectations.kl_to_uniform(given, m), *expectations.moments(given, m)
            assert [value.item() for value in found] == pytest.approx(truth, rel=tolerance, abs=1e-42), k


@pytest.mark.parametrize("rho", [1e-3, 0.5, 0.99, 1 - 1e-6])
def test_known_values(rho):
    """On the circle KL is -log(1 - rho^2) and the mean rho; on S^2, with L = 2 artanh(rho), 2 (L coth L - 1)."""
    for m, kl, mean in (
        (2, -math.log((1 - rho) * (1 + rho)), rho),
        (3, 2 * (mpmath.coth(2 * mpmath.atanh(rho)) * 2 * mpmath.atanh(rho) - 1), None),
    ):
        d = SphericalCauchy(direction(m), 2 * (m - 1) * rho / (1 - rho) ** 2)
        assert kl_divergence(d, HypersphericalUniform(m)).item() == pytest.approx(float(kl), rel=1e-9)
        if mean is not None:
            torch.testing.assert_close(d.mean, rho * d.loc)
            # and on the circle it is the wrapped Cauchy distribution
            angle = torch.tensor([0.0, 0.1, 2.0, math.pi], dtype=torch.float64)
            turned = torch.stack((-d.loc[1], d.loc[0]))
            log_prob = d.log_prob(angle.cos()[:, None] * d.loc + angle.sin()[:, None] * turned)
            textbook = (1 - rho**2) / (2 * math.pi * ((1 - rho) ** 2 + 4 * rho * (angle / 2).sin() ** 2))
            torch.testing.assert_close(log_prob, textbook.log())


@pytest.mark.parametrize("m", [2, 3, 7])
def test_a_sample_is_the_moebius_map_of_a_uniform_one(m):
    """The map of Kato and McCullagh takes uniform points to points of this mean and second moment, and the map back
    makes own samples uniform: five standard errors of 20,000."""
    torch.manual_seed(0)
    rho = 0.6
    d = SphericalCauchy(direction(m), 2 * (m - 1) * rho / (1 - rho) ** 2)
    uniform = HypersphericalUniform(m, torch.tensor(1.0, dtype=torch.float64))

    def moved(u, r):
        shifted = u + r * d.loc
        return (1 - r**2) * shifted / shifted.square().sum(-1, keepdim=True) + r * d.loc

    for z, law in ((moved(uniform.sample((20_000,)), rho), d), (moved(d.sample((20_000,)), -rho), uniform)):
        assert ((z.mean(0) - law.mean).abs() <= 5 * (law.variance / 20_000).sqrt()).all()
        assert (z.T.cov() - law.covariance_matrix).abs().max() <= 5 * math.sqrt(2 / 20_000) * law.variance.max()


@pytest.mark.parametrize("m", [2, 3, 40])
def test_the_divergence_is_symmetric_and_smooth_where_two_are_equal(m):
    """It depends on the hyperbolic distance alone, which a root would make a NaN of where it is 0."""
    k = torch.tensor([0.0, 1e-3, 5.0, 5.0, 1e8], dtype=torch.float64, requires_grad=True)
    p, q = SphericalCauchy(direction(5, m), k), SphericalCauchy(direction(5, m, seed=4), k.flip(0))
    torch.testing.assert_close(kl_divergence(p, q), kl_divergence(q, p))
    uniform = HypersphericalUniform(m)
    torch.testing.assert_close(kl_divergence(p, uniform), kl_divergence(uniform, p), rtol=0, atol=0)
    at_zero = kl_divergence(p, SphericalCauchy(p.loc, 0.0))
    torch.testing.assert_close(at_zero, kl_divergence(p, uniform))
    itself = kl_divergence(p, SphericalCauchy(p.loc, k.detach()))
    assert (itself == 0).all() and (torch.autograd.grad(itself.sum(), k)[0] == 0).all()


def test_it_tends_to_the_von_mises_fisher_distribution_as_the_dimension_grows():
    """The log densities differ by terms of the order k^2/m, here at most 4^2 / 10^5."""
    z, loc = direction(20, 10**5), direction(10**5, seed=4)
    torch.testing.assert_close(
        SphericalCauchy(loc, 4.0).log_prob(z) - VonMisesFisher(loc, 4.0).log_prob(z), torch.zeros(20).double(),
        rtol=0, atol=2e-4,
    )  # fmt: skip


@pytest.mark.parametrize("k", [100.0, 1e4, 1e6])
def test_the_density_in_float32_on_its_own_draws(k):
    torch.manual_seed(0)
    d = SphericalCauchy(direction(3, dtype=torch.float32), k)
    z = d.sample((20_000,))
    exact = SphericalCauchy(d.loc.double(), k, validate_args=False)
    assert (d.log_prob(z).double() - exact.log_prob(z.double())).abs().max() < 5e-6


def test_a_device_without_float64(monkeypatch):
    """The quadrature in float32 itself."""
    for m, k in ((2, 1e6), (3, 1e-4), (1000, 30.0)):
        monkeypatch.setattr(expectations, "to_float64", lambda x: x)
        found = expectations.kl_to_uniform(torch.tensor(k), m).item()
        assert found == pytest.approx(exact(m, torch.tensor(k).item())[0], rel=5e-6)


@pytest.mark.parametrize("m", [2, 3, 64])
def test_a_draw_of_a_huge_concentration_is_the_mean_with_finite_gradients(m):
    torch.manual_seed(0)
    loc = direction(100, m, dtype=torch.float32).requires_grad_()
    k = torch.tensor([1e30, 1e37, 3.4e38]).unsqueeze(-1).requires_grad_()
    d = SphericalCauchy(loc, k)
    z = d.rsample()
    torch.testing.assert_close(z, loc.expand(z.shape))
    loss = z.sum() + d.mean.sum() + d.variance.sum() + d.entropy().sum() + d.log_prob(loc).sum()
    for gradient in torch.autograd.grad(loss, (loc, k)):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("m", [2, 3, 8])
def test_what_is_not_a_number_gives_no_finite_draw(m):
    k = torch.tensor([math.nan, 2.0], dtype=torch.float64)
    d = SphericalCauchy(direction(2, m), k, validate_args=False)
    for value in (d.rsample((5,)).sum((0, 2)), d.entropy(), d.log_prob(d.loc), d.mean.sum(-1), d.variance.sum(-1)):
        assert value.isnan().tolist() == [True, False]


def test_a_fit_does_not_follow_outliers():
    """A third of the points at -mu hardly moves it, and turns a von Mises-Fisher distribution nearly uniform. With half
    of the points at one place the likelihood has no maximum: the largest k, and no error."""
    torch.manual_seed(0)
    truth = SphericalCauchy(direction(5), 1e4)
    z = torch.cat([truth.sample((200,)), -truth.loc.expand(100, 5)])
    found = SphericalCauchy.fit(z)
    assert (found.loc @ truth.loc).item() > 0.999
    assert found.mean.norm() > 0.9 and VonMisesFisher.fit(z).mean.norm() < 0.4
    crowd = torch.cat([truth.loc.expand(60, 5), direction(40, 5)])
    assert SphericalCauchy.fit(crowd).concentration > 1e20
