"""The contract of torch.distributions, for every distribution of the registry."""

import copy
import io
import math

import numpy as np
import pytest
import torch
from torch.distributions import Independent, MixtureSameFamily, biject_to, kl_divergence, transform_to
from torch.distributions.constraints import Constraint, is_dependent

from svae_lib.distributions import HypersphericalUniform, PowerSpherical, SphericalCauchy, VonMisesFisher
from svae_lib.distributions.constraints import Sphere
from tests.distributions.registry import ALL, SINGLE, direction

every = pytest.mark.parametrize("build", [build for _, build in ALL], ids=[name for name, _ in ALL])
concentrated = pytest.mark.parametrize("family", [VonMisesFisher, PowerSpherical, SphericalCauchy])
SHAPES = [(), (1,), (4,), (2, 3)]
FLOAT32, FLOAT64 = torch.float32, torch.float64


def values(d, z):
    """Everything that a distribution computes and torch's documentation promises."""
    return [d.log_prob(z), d.entropy(), d.mean, d.mode, d.variance, d.stddev, d.covariance_matrix]


@every
def test_the_support_is_known_of_the_class_and_of_the_object(build):
    for shape in SHAPES:
        d = build(3, 2.0, shape)
        for support in (type(d).support, d.support):
            assert isinstance(support, Constraint) and support.event_dim == 1 and not support.is_discrete
        assert is_dependent(type(d).support) and not is_dependent(d.support)
        inside = d.support.check(d.sample((5,)))
        assert inside.shape == (5, *shape) and inside.all()
        assert not d.support.check(2 * d.sample()).any()


@every
def test_parameters_lie_within_their_constraints(build):
    d = build(4, 2.0, (3,))
    for name, constraint in d.arg_constraints.items():
        value = getattr(d, name)
        assert constraint.check(value).all()
        assert value.shape[: value.ndim - constraint.event_dim] == d.batch_shape


@every
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64])
def test_free_numbers_are_transformed_into_every_constraint(build, dtype):
    """And back to numbers that give the same point, from which an optimizer can go on."""
    torch.manual_seed(0)
    d = build(4, 2.0, (3,), dtype, 1.5)
    support = d.support
    constraints = [*d.arg_constraints.values(), support]
    for constraint in constraints:
        shape = (*d.batch_shape, *(d.event_shape if constraint is support else (4,) * constraint.event_dim))
        transform = transform_to(constraint)
        x = torch.randn(7, *shape, dtype=dtype, requires_grad=True)
        y = transform(x)
        assert y.dtype == dtype and constraint.check(y).all() and transform.codomain.check(y).all()
        torch.testing.assert_close(transform(transform.inv(y)), y)
        cached = transform.with_cache()
        assert cached.inv(cached(x)) is x
        (slope,) = torch.autograd.grad(y.square().cumsum(-1).sum(), x)
        assert slope.isfinite().all() and (slope != 0).any()
    for constraint in [c for c in constraints if c.event_dim == 0]:
        assert biject_to(constraint).bijective


def test_the_transform_to_the_sphere_is_a_direction_and_a_radius():
    radius = torch.tensor([2.0, 3.0])
    x = torch.tensor([[3.0, 4.0], [0.0, -5.0]])
    torch.testing.assert_close(transform_to(Sphere(radius))(x), torch.tensor([[1.2, 1.6], [0.0, -3.0]]))


@concentrated
def test_parameters_are_fitted_through_their_constraints(family):
    """As pyro.param(name, start, constraint=...) does it: gradient steps on free numbers."""
    torch.manual_seed(0)
    truth = family(direction(3), 20.0)
    z = truth.sample((2000,))
    starts = {"loc": direction(3, seed=8), "concentration": torch.tensor(1.0, dtype=FLOAT64)}
    free = {name: transform_to(family.arg_constraints[name]).inv(start) for name, start in starts.items()}
    free = {name: x.clone().requires_grad_() for name, x in free.items()}
    optimizer = torch.optim.Adam(free.values(), 0.1)
    for _ in range(150):
        optimizer.zero_grad()
        fitted = family(**{name: transform_to(family.arg_constraints[name])(x) for name, x in free.items()})
        (-fitted.log_prob(z).mean()).backward()
        optimizer.step()
    assert (fitted.loc @ truth.loc).item() == pytest.approx(1.0, abs=1e-3)
    assert fitted.concentration.item() == pytest.approx(20.0, rel=0.16)  # 4 standard errors (the Cauchy's)


@every
@pytest.mark.parametrize("shape", [(), (3,)])
def test_expand_gives_the_same_distribution_in_more_places(build, shape):
    d = build(3, 4.0, shape, radius=1.5)
    for more in [(), (2,), (2, 1)]:
        wide = d.expand([*more, *shape])
        assert type(wide) is type(d) and wide.batch_shape == (*more, *shape) and wide.event_shape == d.event_shape
        z = wide.sample()
        assert z.shape == (*more, *shape, *d.event_shape)
        for found, expected in zip(values(wide, z), values(d, z), strict=True):
            torch.testing.assert_close(found, expected.expand(found.shape))
        assert wide.expand((5, *wide.batch_shape)).sample((2,)).shape == (2, 5, *wide.batch_shape, *d.event_shape)
    with pytest.raises(RuntimeError):
        build(3, 4.0, (3,)).expand((4,))


@every
def test_a_subclass_expands_where_torch_lets_it_and_is_refused_where_torch_refuses_it(build):
    d = build(3, 4.0, (2,))

    class Plain(type(d)):
        pass

    class Own(type(d)):
        def __init__(self, twin):
            self.__dict__.update(twin.__dict__)

    plain = copy.copy(d)
    plain.__class__ = Plain
    assert type(plain.expand((4, 2))) is Plain
    with pytest.raises(NotImplementedError, match="Subclass Own of .* must also define a custom .expand"):
        Own(d).expand((4, 2))


@every
def test_independent_reinterprets_batch_dimensions(build):
    for shape in SHAPES:
        d = build(3, 2.0, shape)
        z = d.rsample((6,))
        for count in range(len(shape) + 1):
            whole = Independent(d, count)
            assert whole.has_rsample and whole.support.event_dim == 1 + count
            torch.testing.assert_close(
                whole.log_prob(z), d.log_prob(z).sum(tuple(range(-count, 0))) if count else d.log_prob(z)
            )
            assert whole.entropy().shape == shape[: len(shape) - count]
            assert whole.expand((2, *whole.batch_shape)).sample().shape == (2, *shape, *d.event_shape)


@every
def test_a_mixture_of_one_family(build):
    mixture = MixtureSameFamily(torch.distributions.Categorical(torch.ones(3, dtype=FLOAT64)), build(3, 2.0, (3,)))
    z = mixture.sample((4,))
    expected = (build(3, 2.0, (3,)).log_prob(z.unsqueeze(-2)) - math.log(3)).logsumexp(-1)
    torch.testing.assert_close(mixture.log_prob(z), expected)
    assert mixture.mean.shape == mixture.variance.shape == mixture.event_shape


@every
def test_what_a_continuous_distribution_has_not_is_refused(build):
    d = build(3, 2.0)
    assert d.has_rsample and not d.has_enumerate_support
    for ask in (d.enumerate_support, lambda: d.cdf(d.sample()), lambda: d.icdf(torch.tensor(0.5))):
        with pytest.raises(NotImplementedError):
            ask()


@every
def test_gradients_reach_a_sample_by_rsample_alone(build):
    d = build(3, 2.0, (2,), radius=1.0)
    radius = torch.ones(2, dtype=FLOAT64, requires_grad=True)
    singles = [f for f in getattr(d, "groups", [d]) if hasattr(f, "radius")]
    for single in singles:
        single.radius = radius
    assert d.rsample().requires_grad and d.rsample((3,)).requires_grad
    assert not d.sample().requires_grad
    with torch.no_grad():
        assert not d.rsample().requires_grad


@every
def test_a_value_of_another_shape_is_refused(build):
    d = build(3, 2.0, (2,))
    for z in (torch.tensor(1.0), d.sample()[..., :-1], torch.cat([d.sample()] * 2), d.sample().tolist()):
        with pytest.raises(ValueError):
            d.log_prob(z)


@every
def test_validation_can_be_switched_off(build):
    d = build(3, 2.0, (2,))
    d._validate_args = False
    for group in getattr(d, "groups", [d]):
        getattr(group, "base_dist", group)._validate_args = group._validate_args = False
    z = d.sample()
    assert d.log_prob(1.5 * z).isfinite().all()
    z[0, 0] = math.nan
    assert d.log_prob(z).isnan().tolist() == [True, False]
    assert d.expand((4, 2))._validate_args is False


@every
def test_copies_and_pickles_give_the_same_numbers(build):
    d = build(3, 2.0, (2,))
    z = d.sample()
    expected = values(d, z)  # which also fills what is kept
    stored = io.BytesIO()
    torch.save(d, stored)
    stored.seek(0)
    for twin in (copy.copy(d), copy.deepcopy(d), torch.load(stored, weights_only=False)):
        assert type(twin) is type(d) and repr(twin) == repr(d)
        torch.testing.assert_close(values(twin, z), expected, rtol=0, atol=0)


@every
def test_what_is_kept_under_no_grad_has_its_gradient_later(build):
    d = build(3, 2.0, (2,), radius=1.0)
    singles = [f for f in getattr(d, "groups", [d]) if hasattr(f, "concentration")]
    for single in singles:
        single.concentration = single.concentration.clone().requires_grad_()
    with torch.no_grad():
        d.entropy()
    for single in singles:
        (slope,) = torch.autograd.grad(d.entropy().sum(), single.concentration, retain_graph=True)
        assert (slope < 0).all()


# --- parameters ---


@concentrated
def test_a_parameter_is_the_very_tensor_given(family):
    loc, k, r = direction(2, 3).requires_grad_(), torch.ones(2).double().requires_grad_(), torch.ones(2).double()
    d = family(loc, k, r)
    assert d.loc is loc and d.concentration is k and d.radius is r
    assert HypersphericalUniform(3, r).radius is r
    optimizer = torch.optim.SGD([d.loc, d.concentration], 0.1)  # takes leaves alone
    before = loc.detach().clone()
    (-family(d.loc, d.concentration).log_prob(direction(2, 3, seed=7))).sum().backward()
    optimizer.step()
    assert not torch.equal(d.loc, before)
    assert family(direction(3), torch.ones(5)).loc.shape == (5, 3)


@pytest.mark.parametrize("number", [np.int64(3), np.int32(3), np.uint8(3)])
def test_an_integer_of_numpy_is_an_integer(number):
    prior = HypersphericalUniform(number)
    assert prior.event_shape == (3,) and type(prior.event_shape[0]) is int
    torch.testing.assert_close(HypersphericalUniform(3, number).radius, torch.tensor(3.0))
    for family in (VonMisesFisher, PowerSpherical, SphericalCauchy):
        for k in (number, np.float32(3), np.float64(3)):
            assert family(direction(3), k).concentration.item() == 3.0


@pytest.mark.parametrize("boolean", [True, np.True_, torch.tensor(True)])
def test_a_boolean_is_no_number(boolean):
    with pytest.raises(ValueError):
        HypersphericalUniform(boolean)
    for family in (VonMisesFisher, PowerSpherical, SphericalCauchy):
        with pytest.raises(TypeError, match="concentration must be a number"):
            family(direction(3), boolean)


# --- parameters of several dtypes ---

MIXED = [
    (FLOAT32, FLOAT64, FLOAT64), (FLOAT64, FLOAT32, FLOAT64), (FLOAT64, FLOAT64, FLOAT32), (FLOAT32, FLOAT32, FLOAT64),
]  # fmt: skip


@concentrated
@pytest.mark.parametrize("dtypes", MIXED)
def test_a_distribution_takes_its_own_draws_whatever_the_dtypes(family, dtypes):
    torch.manual_seed(0)
    loc = direction(50, 5).to(dtypes[0])
    d = family(loc, torch.full((50,), 9.0, dtype=dtypes[1]), torch.full((50,), 0.7, dtype=dtypes[2]))
    z = d.sample((20,))
    for value in (z, z.double()):
        assert d.support.check(value).all() and d.log_prob(value).isfinite().all()
    with pytest.raises(ValueError, match="scale them by radius"):
        d.log_prob(1.001 * z)


@every
def test_a_float32_draw_in_float64_is_a_draw(build):
    d = build(5, 9.0, (50,), FLOAT32, 0.7)
    z = d.sample((20,))
    torch.testing.assert_close(d.log_prob(z.double()).float(), d.log_prob(z), rtol=1e-4, atol=1e-4)


# --- divergences ---

PAIRS = [(p, q) for p in SINGLE for q in SINGLE]
CLOSED = {(p, q) for p in ("uniform", "von_mises_fisher", "power_spherical") for q in ("uniform", "von_mises_fisher")}
CLOSED |= {("uniform", "power_spherical"), ("uniform", "spherical_cauchy")}
CLOSED |= {("spherical_cauchy", q) for q in ("uniform", "von_mises_fisher", "spherical_cauchy")}


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=lambda entry: str(entry))
def test_a_pair_without_a_closed_form_says_so_and_one_with_it_knows_dimensions_and_radii(p, q):
    if (p.name, q.name) not in CLOSED:
        with pytest.raises(NotImplementedError):
            kl_divergence(p.build(3, 2.0), q.build(3, 2.0))
        return
    divergence = kl_divergence(p.build(3, 2.0, (2, 1)), q.build(3, 5.0, (4,)))
    assert divergence.shape == (2, 4) and divergence.isfinite().all() and (divergence >= 0).all()
    with pytest.raises(ValueError, match=r"R\^3, the second in R\^5"):
        kl_divergence(p.build(3, 2.0), q.build(5, 2.0))
    assert kl_divergence(p.build(3, 2.0, radius=2.0), q.build(3, 2.0)).item() == math.inf


@pytest.mark.parametrize("other", [FLOAT32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("p", "q"), [pair for pair in PAIRS if (pair[0].name, pair[1].name) in CLOSED], ids=str)
def test_one_radius_rounded_to_two_dtypes_is_one_radius(p, q, other):
    """kl(vMF(float64 loc, 2, radius 0.1), Uniform(3, 0.1)) once was infinite."""
    expected = kl_divergence(p.build(3, 2.0), q.build(3, 2.0))
    for left, right in ((FLOAT64, other), (other, FLOAT64)):
        first, second = p.build(3, 2.0, radius=0.1), q.build(3, 2.0, radius=0.1)
        first.radius, second.radius = torch.tensor(0.1, dtype=left), torch.tensor(0.1, dtype=right)
        torch.testing.assert_close(kl_divergence(first, second).double(), expected, rtol=1e-2, atol=1e-12)
        second.radius = 1.02 * second.radius
        assert kl_divergence(first, second).item() == math.inf


def test_the_uniforms_divergence_from_a_von_mises_fisher_has_its_known_value():
    """At m = 3, k = 2 it is log(sinh(2) / 2); small k keep their digits: k^2 / (2 m) and terms of the order k^4."""
    uniform, vmf = HypersphericalUniform(3), VonMisesFisher(direction(3), 2.0)
    assert kl_divergence(uniform, vmf).item() == pytest.approx(math.log(math.sinh(2) / 2), rel=1e-14)
    assert kl_divergence(uniform, vmf).item() == pytest.approx(0.595220, abs=5e-7)
    for dtype, tolerance in ((FLOAT32, 3e-6), (FLOAT64, 1e-8)):
        small = VonMisesFisher(direction(50, dtype=dtype), 1e-4)
        assert kl_divergence(HypersphericalUniform(50), small).item() == pytest.approx(1e-10, rel=tolerance)
