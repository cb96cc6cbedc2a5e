"""torch.func, forward-mode differentiation and vmap's randomness, for every distribution of the registry."""

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.distributions import kl_divergence
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap

from svae_lib.distributions import VonMisesFisher
from tests.distributions.registry import FROM_PARAMETERS, direction

# torch itself calls it where forward mode starts
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
every = pytest.mark.parametrize("name", FROM_PARAMETERS)
ROWS = 3


def rows(m: int) -> Tensor:
    """Rows of parameters (u, k, r): a direction of any length, a concentration and a radius."""
    u, k = 2 * direction(ROWS, m), torch.tensor([0.5, 6.0, 80.0], dtype=torch.float64)
    return torch.cat((u, k.unsqueeze(-1), torch.full((ROWS, 1), 1.5, dtype=torch.float64)), -1)


def of_row(name: str, which: int = 0):
    """The distribution of an entry, or its prior (1), as a function of one row of parameters."""
    return lambda row: FROM_PARAMETERS[name][which](len(row) - 2, row[:-2], row[-2], row[-1])


@every
@pytest.mark.parametrize("m", [2, 3, 6])
def test_values_and_derivatives(name, m):
    build, build_prior = of_row(name), of_row(name, 1)
    parameters = rows(m)
    torch.manual_seed(0)
    z = torch.stack([build(row).sample() / 1.5 for row in parameters])

    def quantities(row: Tensor, z: Tensor) -> Tensor:
        d = build(row)
        mean = d.mean @ torch.linspace(1, 2, len(z), dtype=z.dtype)
        kl = kl_divergence(d, build_prior(row))
        return torch.stack((d.log_prob(row[-1] * z), d.entropy(), kl, mean))

    def plain(create):
        return torch.stack(
            [create(lambda row, z=z: quantities(row, z), row) for row, z in zip(parameters, z, strict=True)]
        )

    close = {"rtol": 1e-9, "atol": 1e-9}  # moments of a concentrated distribution cancel
    torch.testing.assert_close(vmap(quantities)(parameters, z), plain(lambda f, row: f(row)), rtol=1e-12, atol=1e-13)
    slopes = plain(torch.autograd.functional.jacobian)
    for derivative in (jacrev(quantities), jacfwd(quantities)):
        torch.testing.assert_close(vmap(derivative)(parameters, z), slopes, **close)
    for i in range(4):
        f = lambda row, z, i=i: quantities(row, z)[i]  # noqa: E731
        second = plain(lambda g, row, i=i: torch.autograd.functional.hessian(lambda row: g(row)[i], row))
        torch.testing.assert_close(vmap(grad(f))(parameters, z), slopes[:, i], **close)
        torch.testing.assert_close(vmap(hessian(f))(parameters, z), second, **close)
    row, along = parameters[1], torch.ones(m + 2, dtype=torch.float64)
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(quantities(forward_ad.make_dual(row, along), z[1])).tangent
    torch.testing.assert_close(tangent, slopes[1] @ along, **close)


@every
@pytest.mark.parametrize("m", [2, 3, 6])
def test_derivatives_of_a_sample(name, m):
    """Forward mode takes the draw that plain autograd takes; the transforms of torch.func agree with each other."""
    build = of_row(name)
    row, along = rows(m)[1], torch.ones(m + 2, dtype=torch.float64)

    def sample(row: Tensor) -> Tensor:
        torch.manual_seed(0)
        return build(row).rsample()

    expected = torch.autograd.functional.jacobian(sample, row)
    with forward_ad.dual_level():
        found = forward_ad.unpack_dual(sample(forward_ad.make_dual(row, along)))
    torch.testing.assert_close(found.primal, sample(row))
    torch.testing.assert_close(found.tangent, expected @ along)
    slopes = jacrev(sample)(row)
    torch.testing.assert_close(jacfwd(sample, randomness="same")(row), slopes)
    torch.testing.assert_close(jvp(sample, (row,), (along,))[1], slopes @ along)
    if name in ("power_spherical", "product"):  # torch's gamma draw has one derivative
        with pytest.raises((NotImplementedError, RuntimeError)):
            jacrev(jacrev(sample))(row)
        with pytest.raises(NotImplementedError):
            jacfwd(jacrev(sample), randomness="same")(row)
    else:
        second = jacrev(jacrev(sample))(row)
        torch.testing.assert_close(jacfwd(jacrev(sample), randomness="same")(row), second)
        torch.testing.assert_close(jacfwd(jacfwd(sample, randomness="same"), randomness="same")(row), second)


@every
@pytest.mark.parametrize("m", [2, 3, 6])
def test_randomness_under_vmap(name, m):
    build = of_row(name)
    equal = rows(m)[1].expand(5, -1)
    row = equal[0]
    torch.manual_seed(0)

    def sample(loc_and_more: Tensor) -> Tensor:
        return build(loc_and_more).rsample()

    def sample_of_one(_: Tensor) -> Tensor:  # parameters that vmap does not batch
        return build(row).rsample()

    for draw in (sample, sample_of_one):
        with pytest.raises(RuntimeError, match="random"):
            vmap(draw)(equal)
        z = vmap(draw, randomness="different")(equal)
        assert len((z / z.norm(dim=-1, keepdim=True)).round(decimals=12).unique(dim=0)) == 5
        assert build(row).support.check(z).all()
        if isinstance(build(row), VonMisesFisher):  # the angle too, not the tangent alone
            assert len((z @ build(row).loc).round(decimals=12).unique()) == 5
    assert len(vmap(sample_of_one, randomness="same")(equal).unique(dim=0)) == 1
    if name in ("uniform", "spherical_cauchy"):  # their noise does not depend on the parameters
        assert len(vmap(sample, randomness="same")(equal).unique(dim=0)) == 1
    else:
        with pytest.raises(RuntimeError, match="same"):
            vmap(sample, randomness="same")(equal)


@every
@pytest.mark.parametrize("m", [2, 3, 6])
def test_samples_under_vmap_are_samples(name, m):
    """Their mean is the distribution's: five standard errors of 2,000."""
    build = of_row(name)
    parameters = rows(m)
    torch.manual_seed(0)
    z = vmap(lambda row: build(row).rsample((2000,)), randomness="different")(parameters)
    for row, draws in zip(parameters, z, strict=True):
        assert ((draws.mean(0) - build(row).mean).abs() <= 5 * draws.std(0) / 2000**0.5 + 1e-12).all()
