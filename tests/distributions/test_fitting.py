"""Maximum likelihood: it recovers what made the points, to the last digits of what they say, also at both ends."""

import math

import mpmath
import numpy as np
import pytest
import torch
from scipy import stats

from svae_lib.distributions import PowerSpherical, VonMisesFisher
from svae_lib.distributions.fitting import concentration_at_ratio
from svae_lib.errors import InputError
from svae_lib.ops import unit_vector
from tests.distributions.registry import SINGLE, direction

FITTED = [entry for entry in SINGLE if hasattr(type(entry.build(3, 1.0)), "fit")]
fitted = pytest.mark.parametrize("entry", FITTED, ids=str)


def mean_log_prob(d, z):
    return d.log_prob(z.movedim(-2, 0)).mean(0)


def test_every_distribution_around_a_direction_can_be_fitted():
    assert [entry for entry in SINGLE if entry.concentrated] == FITTED


@fitted
@pytest.mark.parametrize("m", [2, 3, 17, 300])
def test_the_parameters_are_recovered(entry, m):
    """Twice the gain of the fit over the truth is chi-squared with m degrees of freedom (Wilks), here of 3 x 3 draws;
    five standard deviations above its mean are not exceeded. In high dimension k must be large for that limit."""
    torch.manual_seed(0)
    n = 4_000
    for k in (2.0, 100.0, 1e8) if m < 300 else (500.0, 1e4, 1e8):
        truth = entry.build(m, k, (3,), radius=1.5)
        z = truth.sample((n,)).movedim(0, -2)
        found = type(truth).fit(z, radius=1.5)
        assert (found.batch_shape, found.event_shape, found.loc.dtype) == ((3,), (m,), torch.float64)
        gain = 2 * n * (mean_log_prob(found, z) - mean_log_prob(truth, z))
        assert (gain > -1e-6).all() and (gain < m + 5 * math.sqrt(2 * m) + 10).all(), (k, gain)
        assert (found.concentration / k - 1).abs().max() < 0.27  # 5 standard errors of the widest, Cauchy's at m = 2


@fitted
def test_no_neighbor_is_likelier(entry):
    """The slope of the likelihood vanishes at the fit: moved by h, it falls, and by a multiple of h^2."""
    torch.manual_seed(1)
    for m, k in ((2, 3.0), (5, 20.0), (60, 200.0)):
        z = entry.build(m, k).sample((50,))
        found = type(entry.build(m, k)).fit(z)
        best = mean_log_prob(found, z)
        falls = []
        for h in (1e-3, -1e-3, 2e-3, -2e-3):
            turned = unit_vector(found.loc + h * direction(m, seed=5))
            moved = [
                type(found)(turned, found.concentration),
                type(found)(found.loc, found.concentration * (1 + h)),
            ]
            falls.append(torch.stack([best - mean_log_prob(other, z) for other in moved]))
        assert (torch.stack(falls) > 0).all()
        torch.testing.assert_close(falls[2] / falls[0], torch.full((2,), 4.0).double(), rtol=0.02, atol=0)
        torch.testing.assert_close(falls[0] / falls[1], torch.ones(2).double(), rtol=0.02, atol=0)


@fitted
def test_weights_are_copies_and_a_batch_is_many_fits(entry):
    torch.manual_seed(2)
    family = type(entry.build(4, 3.0))
    z = entry.build(4, 3.0, (2,)).sample((30,)).movedim(0, -2)
    copies = torch.arange(30) % 3  # some weigh nothing
    weighted = family.fit(z, weights=copies)
    for index, points in enumerate(z):
        copied = family.fit(points.repeat_interleave(copies, 0))
        torch.testing.assert_close(weighted.loc[index], copied.loc, rtol=0, atol=1e-12)
        torch.testing.assert_close(weighted.concentration[index], copied.concentration, rtol=1e-11, atol=0)


@fitted
def test_arrays_and_single_precision_are_taken_and_nothing_is_differentiable(entry):
    torch.manual_seed(3)
    family = type(entry.build(4, 3.0))
    z = entry.build(4, 1e4).sample((200,))
    exact = family.fit(z.numpy())
    single = family.fit(z.float().requires_grad_(), weights=torch.ones(200, requires_grad=True))
    assert single.loc.dtype == single.concentration.dtype == torch.float32
    assert not single.loc.requires_grad and not single.concentration.requires_grad
    torch.testing.assert_close(single.concentration.double(), exact.concentration, rtol=1e-5, atol=0)
    assert single.log_prob(z.float()).isfinite().all()


def exact_concentration(m, ratio, rest, k):
    """The root by Newton's method with 50 digits, from a value that may be wrong in every digit but the first."""
    with mpmath.workdps(50):
        k, v = mpmath.mpf(k), mpmath.mpf(m) / 2 - 1
        target = mpmath.mpf(ratio) if ratio <= 0.5 else 1 - mpmath.mpf(rest)
        for _ in range(3):
            a = mpmath.besseli(v + 1, k) / mpmath.besseli(v, k)
            k -= (a - target) / (1 - a**2 - (m - 1) * a / k)
        return k


@pytest.mark.parametrize("m", [2, 3, 5, 41, 100, 1000, 3072])
def test_the_concentration_is_exact_for_every_length_of_the_mean(m):
    """Against 50 digits; 1e-14 is twice the error of the ratio itself."""
    for ratio, rest in ((1e-12, 1.0), (1e-6, 1.0), (0.1, 0.9), (0.5, 0.5), (0.51, 0.49), (0.9, 0.1), (1.0, 1e-9)):
        r, one_minus_r = (torch.tensor(value, dtype=torch.float64) for value in (ratio, rest))
        found = concentration_at_ratio(m, r, one_minus_r).item()
        assert abs(found / exact_concentration(m, ratio, rest, found) - 1) < 1e-14, ratio
    assert concentration_at_ratio(m, torch.zeros((), dtype=torch.float64)) == 0
    tiny = torch.tensor(1e-300, dtype=torch.float64)  # the two limits, k = m R and k = (m - 1) / (2 (1 - R))
    assert concentration_at_ratio(m, tiny).item() == pytest.approx(m * 1e-300, rel=1e-14)
    huge = concentration_at_ratio(m, torch.ones((), dtype=torch.float64), torch.tensor(1e-30, dtype=torch.float64))
    assert huge.item() == pytest.approx((m - 1) / 2e-30, rel=1e-14)


def two_points(m: int, ratio: float) -> np.ndarray:
    """Two points whose mean has this length."""
    z = np.zeros((2, m))
    z[:, 0], z[0, 1], z[1, 1] = ratio, math.sqrt((1 - ratio) * (1 + ratio)), -math.sqrt((1 - ratio) * (1 + ratio))
    return z


@pytest.mark.parametrize("m", [2, 3, 10, 40])
def test_the_fit_is_scipys_where_that_works(m):
    """SciPy's root is good to 1e-12 in k itself; for m >= 100 it gives 1e-8 whatever the points, near 1 an error."""
    for ratio in (1e-3, 0.1, 0.5, 0.9, 0.99):
        z = two_points(m, ratio)
        loc, k = stats.vonmises_fisher.fit(z)
        found = VonMisesFisher.fit(z)
        assert found.concentration.item() == pytest.approx(k, rel=1e-9, abs=1e-11)
        np.testing.assert_allclose(found.loc, loc, atol=1e-12)


@pytest.mark.parametrize("m", [2, 100, 1000])
def test_points_close_together_keep_their_digits(m):
    """1 - R = 1e-9 and 1e-20 come from the distance of the points: 1 minus their mean's length has no digits left."""
    for angle in (1e-3, 4e-5, 1e-10):
        z = torch.zeros(2, m, dtype=torch.float64)
        z[:, 0], z[0, 1], z[1, 1] = math.cos(angle), math.sin(angle), -math.sin(angle)
        rest = 2 * math.sin(angle / 2) ** 2
        k = VonMisesFisher.fit(z).concentration.item()
        assert k == pytest.approx(float(exact_concentration(m, 1.0, rest, k)), rel=1e-9)  # rounding of z over angle


@fitted
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_one_point_equal_points_and_a_mean_of_zero_are_defined(entry, dtype):
    family = type(entry.build(3, 1.0))
    torch.manual_seed(1)  # on a circle, one draw in 100 of a spherical Cauchy is 1e-5 away even so
    twice = 1 if family is VonMisesFisher else 2
    for m in (2, 3, 50):
        point = direction(m, dtype=dtype)
        ceiling = twice * (m - 1) / (2 * torch.finfo(dtype).eps ** 2)
        for z in (point[None], point.expand(7, m)):
            found = family.fit(z)
            assert found.concentration.item() == pytest.approx(ceiling, rel=1e-2)
            torch.testing.assert_close(found.loc, point)
            torch.testing.assert_close(found.sample(), point)
        axis = torch.eye(m, dtype=dtype)[0]
        opposite = family.fit(torch.stack([axis, -axis]))
        assert opposite.concentration == 0 and torch.equal(opposite.loc, axis)


def test_a_point_opposite_to_the_mean_is_no_fault_of_the_power_spherical():
    """Its density is 0 there, so the mean direction is no place to start; on S^2 the best cosine is 1/3."""
    e1 = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    found = PowerSpherical.fit(torch.stack([e1, e1, -e1]))
    assert found.loc[0].item() == pytest.approx(1 / 3, abs=1e-9) and found.concentration > 0.5


@fitted
@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (dict(z=torch.ones(3, 3)), InputError, "length 1.73205 is not on the sphere: scale z"),
        (dict(z=torch.eye(3) * math.nan), InputError, "length nan"),
        (dict(z=torch.eye(3), radius=2.0), InputError, "not on the sphere"),
        (dict(z=torch.eye(3)[0]), InputError, r"shape \(\*batch, n, m\)"),
        (dict(z=torch.zeros(0, 3)), InputError, "n >= 1"),
        (dict(z=torch.eye(3, dtype=torch.int64)), TypeError, "convert them with .float"),
        (dict(z=torch.eye(3), weights=torch.ones(2)), InputError, r"weights \(2,\) do not fit points \(3, 3\)"),
        (dict(z=torch.eye(3), weights=[1.0, -1.0, 1.0]), InputError, "weights must be finite and >= 0"),
        (dict(z=torch.eye(3), weights=torch.zeros(3)), InputError, "not all of them zero"),
        (dict(z=torch.eye(3), weights=[1.0, math.inf, 1.0]), InputError, "weights must be finite"),
    ],
)
def test_what_cannot_be_fitted_is_named(entry, arguments, error, words):
    with pytest.raises(error, match=words):
        type(entry.build(3, 1.0)).fit(**arguments)


def test_directions_that_float32_normalized_are_directions_in_float64_too():
    torch.manual_seed(0)
    z = torch.nn.functional.normalize(torch.randn(50, 768), dim=-1).double()
    assert (z.norm(dim=-1) - 1).abs().max() > 1e-9  # no directions to the precision of float64
    assert VonMisesFisher.fit(z).concentration.isfinite()
    with pytest.raises(InputError, match="is not on the sphere"):
        VonMisesFisher.fit(z * 1.001)
