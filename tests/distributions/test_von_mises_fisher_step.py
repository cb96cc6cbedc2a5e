"""The fused sample and KL of a training step, against VonMisesFisher and the exact distribution of the angle."""

import math

import pytest
import torch
from scipy import stats
from torch.distributions import kl_divergence

from svae_lib.distributions import HypersphericalUniform, VonMisesFisher
from svae_lib.distributions import von_mises_fisher_step as step
from svae_lib.distributions.von_mises_fisher_sampling import draw_polar_angle, with_implicit_gradient
from svae_lib.ops import place_at_angle, unit_vector
from svae_lib.ops.bessel import vmf_quantities
from tests.distributions import polar
from tests.distributions.registry import direction

DTYPES = [torch.float32, torch.float64]
HERE = torch.get_default_device()  # the CPU, but under tests.on_device
RADII = [None, 2.5, "each"]


def inputs(m: int, shape: tuple[int, ...], dtype: torch.dtype, radius=None) -> list[torch.Tensor]:
    torch.manual_seed(m)
    u = 3 * torch.randn(*shape, m, dtype=dtype)
    k = torch.rand(shape, dtype=dtype).mul(8).exp()
    found = [u, k]
    if radius is not None:
        found.append(torch.full(shape[1:], 2.5, dtype=dtype) if radius == "each" else torch.tensor(radius, dtype=dtype))
    return [x.requires_grad_() for x in found]


def by_the_distribution(u, k, radius, noise):
    """z and KL by the operations of VonMisesFisher, from the draw that `noise` gives."""
    m = u.shape[-1]
    versine, sine = draw_polar_angle(k.detach(), m, noise.polar)
    quantities = vmf_quantities(m / 2 - 1, k)
    versine, sine = with_implicit_gradient(k, quantities.one_minus_ratio, versine, sine, m)
    r = torch.ones_like(k) if radius is None else radius.expand(k.shape)
    return place_at_angle(unit_vector(u), versine, sine, r, noise.tangent.clone()), quantities.kl


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [2, 3, 5, 11, 41, 300])
def test_values_and_gradients_are_those_of_the_distribution(m, dtype, radius):
    """KL and the implicit derivative for the same draw; by the written-out backward and by the one with a graph."""
    given = inputs(m, (40, 3), dtype, radius)
    (noise,) = step.draw_noise(1, (40, 3), m, dtype, HERE)
    u, k, *r = given
    z, kl = step.sample_and_kl(u, k, *(r or [None]), noise)
    expected = by_the_distribution(u, k, *(r or [None]), noise)
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 1e-11, "atol": 1e-13}
    torch.testing.assert_close((z, kl), expected, **tolerance)
    weights = torch.randn_like(z), torch.randn_like(kl)
    exact = torch.autograd.grad(expected, given, weights)
    for create_graph in (False, True):
        found = torch.autograd.grad((z, kl), given, weights, retain_graph=True, create_graph=create_graph)
        for value, truth in zip(found, exact, strict=True):
            assert value.shape == truth.shape
            assert (value - truth).abs().max() <= 100 * torch.finfo(dtype).eps * truth.abs().max()


@pytest.mark.parametrize("m", [2, 3, 6])
def test_it_has_two_derivatives(m):
    given = inputs(m, (4,), torch.float64, 2.5)
    (noise,) = step.draw_noise(1, (4,), m, torch.float64, HERE)

    def gradients(*given):
        outputs = step.sample_and_kl(*given, noise)
        return torch.autograd.grad(outputs, given, [torch.ones_like(x) for x in outputs], create_graph=True)

    expected = torch.autograd.grad(by_the_distribution(*given, noise), given, create_graph=True, grad_outputs=[
        torch.ones(4, m, dtype=torch.float64), torch.ones(4, dtype=torch.float64)])  # fmt: skip
    found = torch.autograd.grad([x.sum() for x in gradients(*given)], given)
    torch.testing.assert_close(found, torch.autograd.grad([x.sum() for x in expected], given))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [2, 3, 5, 41])
@pytest.mark.parametrize("k", [0.0, 0.5, 12.0, 1e3, 1e6])
def test_the_samples_are_von_mises_fisher(m, k, dtype):
    """Kolmogorov and Smirnov on the angle, the mean's direction, the norm; with few rows and with many."""
    torch.manual_seed(0)
    exact = polar.von_mises_fisher(m, k)
    mu = direction(m, dtype=dtype)
    for rows, steps in ((20, 200), (4000, 1)):
        noise = step.draw_noise(steps, (rows,), m, dtype, HERE)
        u = 7 * mu.expand(rows, m)
        z = torch.cat([step.sample_and_kl(u, torch.full((rows,), k, dtype=dtype), None, n)[0] for n in noise])
        assert (z.norm(dim=-1) - 1).abs().max() < (1e-6 if dtype == torch.float32 else 1e-14)
        versine = 0.5 * (z.double() - mu.double()).square().sum(-1)
        if dtype == torch.float64 or k <= 1e3:  # the difference of two float32 vectors has no digits at 1e6
            assert stats.kstest(versine.numpy(), exact.cdf).pvalue > 1e-4
        across = z.double() - (z.double() @ mu.double()).unsqueeze(-1) * mu.double()
        error = across.std(0) / len(z) ** 0.5
        assert (across.mean(0).abs() <= 5 * error + 1e-7).all()


@pytest.mark.parametrize("m", [2, 3, 5, 41, 300])
def test_the_kl_in_float32(m):
    k = torch.logspace(-6, 7, 2000)
    _, kl = step.sample_and_kl(torch.ones(2000, m), k)
    mu = torch.nn.functional.normalize(torch.ones(2000, m, dtype=torch.float64), dim=-1)
    exact = kl_divergence(VonMisesFisher(mu, k.double()), HypersphericalUniform(m))
    assert ((kl.double() - exact).abs() <= 5e-7 * exact.clamp(min=1.0)).all()


@pytest.mark.parametrize("m", [2, 3, 8])
def test_what_is_not_a_number_gives_no_finite_draw(m):
    u, k = torch.randn(6, m), torch.full((6,), 3.0)
    u[0], u[1, 0], k[2] = 0.0, math.nan, math.nan
    z, kl = step.sample_and_kl(u, k)
    assert z[:3].isnan().all() and z[3:].isfinite().all()
    assert kl.isnan().tolist() == [False, False, True, False, False, False]


@pytest.mark.parametrize("m", [2, 3, 8])
def test_noise_of_exactly_zero_is_no_fault(m, monkeypatch):
    u, k = torch.ones(5, m, requires_grad=True), torch.linspace(1, 50, 5).requires_grad_()
    monkeypatch.setattr(torch, "randn", torch.zeros)
    monkeypatch.setattr(torch, "rand", torch.zeros)
    z, kl = step.sample_and_kl(u, k)
    torch.testing.assert_close(z.norm(dim=-1), torch.ones(5))
    (z[:, 0].sum() + kl.sum()).backward()
    assert u.grad.isfinite().all() and k.grad.isfinite().all()


@pytest.mark.skipif(HERE.type != "cpu", reason="elsewhere a row has 26 proposals and no reserve")
def test_rows_beyond_the_reserve_take_new_proposals():
    """Where every proposal of the noise is rejected, and the reserve is too small for all rows."""
    m, rows = 5, 1000
    torch.manual_seed(0)
    (noise,) = step.draw_noise(1, (rows,), m, torch.float64, HERE)
    noise.polar.proposals.bound.fill_(-1.0)
    k = torch.full((rows,), 9.0, dtype=torch.float64)
    versine, sine = draw_polar_angle(k, m, noise.polar)
    assert stats.kstest(versine.numpy(), polar.von_mises_fisher(m, 9.0).cdf).pvalue > 1e-4
    torch.testing.assert_close((1 - versine) ** 2 + sine**2, torch.ones(rows, dtype=torch.float64))


def test_the_noise_is_torchs_and_can_be_drawn_again():
    u, k = torch.ones(30, 4), torch.full((30,), 5.0)
    draws = []
    for _ in range(2):
        torch.manual_seed(4)
        draws.append(
            [step.sample_and_kl(u, k, None, noise)[0] for noise in step.draw_noise(3, (30,), 4, k.dtype, HERE)]
        )
    assert all(torch.equal(a, b) for a, b in zip(*draws, strict=True))
    assert not torch.equal(draws[0][0], draws[0][1])
