"""What must hold for every distribution, whatever its name."""

import math
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.distributions import Independent, kl_divergence

from svae_lib.distributions import HypersphericalUniform, ProductDistribution
from svae_lib.ops import log_surface_area
from tests.distributions.registry import ALL, SINGLE, direction, product

DTYPES = [torch.float64, torch.float32]
LENGTH = {torch.float64: 1e-14, torch.float32: 1e-6}
every = pytest.mark.parametrize("build", [build for _, build in ALL], ids=[name for name, _ in ALL])
single = pytest.mark.parametrize("entry", SINGLE, ids=str)


def pieces(distribution, z):
    """The factors of a product, or the one thing itself."""
    if isinstance(distribution, ProductDistribution):
        return list(zip(distribution.factors, distribution.split(z), strict=True))
    return [(distribution, z)]


# --- shapes and the contract of torch.distributions ---


@every
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    m=st.integers(2, 6),
    batch=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    sample=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    dtype=st.sampled_from(DTYPES),
)
def test_shapes_and_dtypes(build, m, batch, sample, dtype):
    d = build(m, 3.0, batch, dtype, 2.0)
    (size,) = d.event_shape
    z = d.rsample(sample)
    assert d.batch_shape == torch.Size(batch)
    assert z.shape == torch.Size((*sample, *batch, size)) and z.dtype == dtype
    assert d.log_prob(z).shape == torch.Size((*sample, *batch)) and d.log_prob(z).dtype == dtype
    assert d.support.check(z).all()
    assert d.entropy().shape == torch.Size(batch)
    for moment in (d.mean, d.mode, d.variance, d.stddev):
        assert moment.shape == torch.Size((*batch, size)) and moment.dtype == dtype
    assert d.covariance_matrix.shape == torch.Size((*batch, size, size))
    wide = d.expand((4, *batch))
    assert wide.batch_shape == torch.Size((4, *batch))
    torch.testing.assert_close(
        wide.log_prob(z[(0,) * len(sample)]), d.log_prob(z[(0,) * len(sample)]).expand(4, *batch)
    )
    if batch:
        whole = Independent(d, 1)
        torch.testing.assert_close(whole.log_prob(z), d.log_prob(z).sum(-1))


@every
def test_one_seed_gives_one_sample(build):
    d = build(5, 4.0, (3,))
    torch.manual_seed(7)
    first = d.sample((4,))
    torch.manual_seed(7)
    torch.testing.assert_close(d.sample((4,)), first, rtol=0, atol=0)
    assert not torch.equal(d.sample((4,)), first)


@every
def test_repr_names_the_class_and_its_parameters(build):
    d = build(3, 2.0)
    assert type(d).__name__ in repr(d)
    assert all(name in repr(d) for name in d.arg_constraints)


@every
def test_a_sample_off_the_sphere_is_refused_with_the_cure(build):
    d = build(3, 2.0)
    with pytest.raises(ValueError, match="scale them by radius"):
        d.log_prob(1.01 * d.sample())
    with pytest.raises(ValueError):
        d.log_prob(torch.ones(17, dtype=torch.float64))


# --- the distribution of the samples ---


@every
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [2, 3, 5, 41, 1024])
def test_samples_lie_on_the_sphere(build, dtype, m):
    torch.manual_seed(0)
    for k in (0.0, 1.0, 50.0, 1e6):
        d = build(m, k, dtype=dtype, radius=0.7)
        for _, z in pieces(d, d.sample((200,))):
            assert (z.norm(dim=-1) / 0.7 - 1).abs().max() <= LENGTH[dtype]


@single
@pytest.mark.parametrize("m", [2, 3, 4, 11, 41, 128, 1024])
def test_the_marginal_passes_kolmogorov_and_smirnov(entry, m):
    """A right sampler falls below p = 1e-5 in one of 100,000 cases, and the seed is fixed."""
    torch.manual_seed(1)
    draws = 20_000 if m <= 41 else 4_000
    for k in (1e-3, 1.0, 11.0, 50.0, 1e3, 1e6) if entry.concentrated else (0.0,):
        for dtype in DTYPES:
            if dtype is torch.float32 and k * m > 1e6:
                continue  # 1 - w recovered from float32 coordinates has no digits left; norm and mean are tested
            d = entry.build(m, k, dtype=dtype)
            pole = d.loc if entry.concentrated else d.mode
            versine = (0.5 * (d.sample((draws,)).double() - pole.double()).square().sum(-1)).numpy()
            assert stats.kstest(versine, entry.angle(m, k).cdf).pvalue > 1e-5, (m, k, dtype)


@single
@pytest.mark.parametrize("m", [2, 3, 4, 17, 300])
def test_moments_are_the_exact_ones(entry, m):
    """Against the quadrature of the textbook density, which is good to 1e-9 here."""
    for k in (0.0, 0.3, 5.0, 80.0, 1e4):
        d, exact = entry.build(m, k, radius=1.5), entry.angle(m, k)
        pole = d.loc if entry.concentrated else d.mode / 1.5
        along, across = exact.along, exact.across / (m - 1)
        outer = pole[:, None] * pole[None, :]
        expected = 1.5**2 * (along * outer + across * (torch.eye(m, dtype=torch.float64) - outer))
        torch.testing.assert_close(d.mean, 1.5 * exact.cosine * pole, rtol=1e-8, atol=1e-9)
        torch.testing.assert_close(d.covariance_matrix, expected, rtol=1e-8, atol=1e-9)
        torch.testing.assert_close(d.variance, expected.diagonal(), rtol=1e-8, atol=1e-9)


@every
def test_sample_moments_agree(build):
    """20,000 draws: each mean within 5 standard errors, each covariance within 5 sqrt(2/n) of the largest variance."""
    torch.manual_seed(2)
    for m, k in ((2, 1.0), (3, 10.0), (6, 4.0)):
        d = build(m, k)
        z = d.sample((20_000,))
        assert ((z.mean(0) - d.mean).abs() <= 5 * (d.variance / 20_000).sqrt() + 1e-12).all()
        gap = (z.T.cov() - d.covariance_matrix).abs().max()
        assert gap <= 5 * math.sqrt(2 / 20_000) * d.variance.max()


# --- the density ---


def circle_points(n: int) -> tuple[torch.Tensor, float]:
    angle = torch.arange(n, dtype=torch.float64) * (2 * math.pi / n)
    return torch.stack((angle.cos(), angle.sin()), -1), 2 * math.pi / n


@every
def test_density_integrates_to_one_on_circles(build):
    """A periodic trapezoid rule, exact to rounding for these smooth densities (whole k <= 5, 64 points a circle)."""
    points, step = circle_points(64)
    for k in (0.0, 1.0, 5.0):
        d = build(2, k, radius=2.0)
        circles = d.event_shape[0] // 2
        if circles == 1:
            total = float((d.log_prob(2 * points).exp() * 2 * step).sum())
        else:  # 64^4 points are too many, but the density is the product of its factors'
            total = math.prod(float((f.log_prob(2 * points).exp() * 2 * step).sum()) for f in d.factors)
            value = d.sample((3,))
            torch.testing.assert_close(d.log_prob(value), sum(f.log_prob(z) for f, z in pieces(d, value)))
        assert total == pytest.approx(1.0, abs=1e-9)


@single
@pytest.mark.parametrize("m", [3, 4, 30, 513])
def test_density_integrates_to_one_in_any_dimension(entry, m):
    """exp(log_prob) along a meridian, times the area of the parallel, by the trapezoid rule (error below 1e-6)."""
    for k in (0.0, 2.0, 40.0, 1e3):
        d = entry.build(m, k)
        pole = d.loc if entry.concentrated else d.mode
        other = direction(m, seed=9)
        tangent = torch.nn.functional.normalize(other - (other @ pole) * pole, dim=0)
        z = torch.linspace(-25, 15, 4001, dtype=torch.float64)
        angle = 2 * torch.atan(z.exp())
        log_prob = d.log_prob(angle.cos()[:, None] * pole + angle.sin()[:, None] * tangent)
        parallel = log_surface_area(m - 1) if m > 2 else math.log(2)
        total = (log_prob + parallel + (m - 1) * angle.sin().log()).exp().sum() * (z[1] - z[0])
        assert total.item() == pytest.approx(1.0, abs=1e-6)


@every
def test_entropy_is_minus_the_mean_log_density(build):
    """30,000 draws, 5 standard errors."""
    torch.manual_seed(3)
    for m, k in ((2, 2.0), (3, 30.0), (9, 5.0)):
        d = build(m, k, radius=0.5)
        log_prob = d.log_prob(d.sample((30_000,)))
        assert abs(log_prob.mean() + d.entropy()) <= 5 * log_prob.std() / 30_000**0.5 + 1e-12


@every
def test_the_radius_shifts_log_density_and_entropy_by_the_growth_of_the_area(build):
    small, large = build(4, 3.0), build(4, 3.0, radius=2.5)
    manifold_dim = sum(f.event_shape[0] - 1 for f, _ in pieces(small, small.mean))
    z = small.sample((5,))
    shift = manifold_dim * math.log(2.5)
    torch.testing.assert_close(large.log_prob(2.5 * z), small.log_prob(z) - shift)
    torch.testing.assert_close(large.entropy(), small.entropy() + shift)
    torch.testing.assert_close(large.mean, 2.5 * small.mean)


@every
def test_no_point_is_likelier_than_the_mode(build):
    torch.manual_seed(4)
    d = build(5, 6.0)
    assert (d.log_prob(d.sample((500,))) <= d.log_prob(d.mode) + 1e-12).all()


# --- no NaN, no hang ---


@every
@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_is_nan_on_the_whole_grid(build, dtype):
    torch.manual_seed(5)
    for m in (2, 3, 4, 9, 66, 299, 1024):
        for k in (0.0, 1e-8, 1e-3, 1.0, 10.0, 500.0, 1e5, 1e8):
            d = build(m, k, (3,), dtype)
            z = d.sample((2,))
            for value in (z, d.log_prob(z), d.entropy(), d.mean, d.variance):
                assert value.isfinite().all(), (m, k)


@pytest.mark.parametrize("entry", [e for e in SINGLE if e.concentrated], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_gradient_is_nan_on_the_whole_grid(entry, dtype):
    torch.manual_seed(6)
    for m in (2, 3, 4, 66, 1024):
        for k in (0.0, 1e-8, 1.0, 500.0, 1e8):
            loc = direction(5, m, dtype=dtype).requires_grad_()
            concentration = torch.full((5,), k, dtype=dtype, requires_grad=True)
            radius = torch.ones(5, dtype=dtype, requires_grad=True)
            d = type(entry.build(m, 1.0))(loc, concentration, radius)
            z = d.rsample((3,))
            loss = (z * direction(m, dtype=dtype)).sum() + d.log_prob(z).sum() + d.entropy().sum()
            loss = loss + kl_divergence(d, HypersphericalUniform(m)).sum()
            for gradient in torch.autograd.grad(loss, (loc, concentration, radius)):
                assert gradient.isfinite().all(), (m, k)


@pytest.mark.parametrize("m", [2, 3, 7])
def test_the_poles_are_ordinary_directions(m):
    pole = torch.eye(m, dtype=torch.float64)[0]
    for entry in SINGLE[1:]:
        for loc in (pole, -pole):
            d = type(entry.build(m, 1.0))(loc, 50.0)
            torch.manual_seed(0)
            z = d.sample((20_000,))
            assert ((z.mean(0) - d.mean).abs() <= 5 * (d.variance / 20_000).sqrt() + 1e-12).all()


# --- bad parameters ---


@pytest.mark.parametrize("entry", SINGLE[1:], ids=str)
@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (dict(concentration=math.nan), ValueError, "concentration.*finite number >= 0(.|\n)*nan"),
        (dict(concentration=math.inf), ValueError, "concentration(.|\n)*inf"),
        (dict(concentration=-1.0), ValueError, r"concentration(.|\n)*-1\."),
        (dict(loc=torch.ones(3)), ValueError, "loc(.|\n)*divide by loc.norm"),
        (dict(loc=torch.tensor([0.0, math.nan, 1.0])), ValueError, "loc(.|\n)*nan"),
        (dict(radius=0.0), ValueError, "radius(.|\n)*> 0"),
        (
            dict(loc=torch.ones(2, 3) / 3**0.5, concentration=torch.ones(4)),
            ValueError,
            r"\(2, 3\), concentration \(4,\)",
        ),
        (dict(loc=torch.tensor(1.0)), ValueError, r"loc must have the shape \(\*batch, m\)"),
        (dict(loc=torch.tensor([1, 0, 0])), TypeError, "loc must be .* torch.int64"),
        (dict(loc=[1.0, 0.0, 0.0]), TypeError, "loc must be a floating-point tensor"),
        (dict(concentration=torch.tensor(3)), TypeError, "concentration must be .* torch.int64"),
    ],
)
def test_bad_parameters_are_refused_by_name_and_value(entry, arguments, error, words):
    family = type(entry.build(3, 1.0))
    good = dict(loc=torch.tensor([0.0, 0.0, 1.0]), concentration=1.0)
    with pytest.raises(error, match=words):
        family(**(good | arguments))


@pytest.mark.parametrize("ambient_dim", [1, 0, -3, 2.0, True])
def test_a_uniform_of_an_impossible_dimension_is_refused(ambient_dim):
    with pytest.raises(ValueError, match="ambient_dim must be an integer >= 2"):
        HypersphericalUniform(ambient_dim)


def test_a_product_names_what_does_not_fit():
    with pytest.raises(ValueError, match="at least one"):
        ProductDistribution([])
    with pytest.raises(ValueError, match=r"\(3,\) with \(2,\)"):
        ProductDistribution([HypersphericalUniform(2), HypersphericalUniform(2, torch.ones(3))])


def test_a_product_keeps_the_order_written():
    d = product(3, 5.0)
    assert [factor.event_shape[0] for factor in d.factors] == [3, 3, 2, 3]
    z = d.sample((4,))
    torch.testing.assert_close(torch.cat(d.split(z), -1), z)


def test_warnings_are_silent_on_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        product(3, 5.0).log_prob(product(3, 5.0).sample())
