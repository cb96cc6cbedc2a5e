"""Laws that every latent space keeps; a new space is tested by adding a line to SPACES."""

import math

import pytest
import torch
from scipy import stats
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from svae_lib.distributions import (
    HypersphericalUniform,
    PowerSpherical,
    ProductDistribution,
    SphericalCauchy,
    VonMisesFisher,
)
from svae_lib.distributions import von_mises_fisher_step as step
from svae_lib.errors import InputError
from svae_lib.latent_spaces import Euclidean, ProductSpace, Sphere, parse_latent_space
from svae_lib.latent_spaces.concentration_heads import CONCENTRATION_HEADS
from svae_lib.models import build_vae

# space, event_size, parameter_size, name
SPACES = [
    (lambda: Euclidean(3), 3, 6, "e3"),
    (lambda: Euclidean(3, "single"), 3, 4, "e3"),
    (lambda: Euclidean(3, "full"), 3, 9, "e3"),
    (lambda: Euclidean(1, "full"), 1, 2, "e1"),
    (lambda: Euclidean(3, learn_scale=True), 3, 6, "e3"),
    (lambda: Sphere(1), 2, 3, "s1"),
    (lambda: Sphere(2), 3, 4, "s2"),
    (lambda: Sphere(9), 10, 11, "s9"),
    (lambda: Sphere(40, concentration_floor=0.0), 41, 42, "s40"),
    (lambda: Sphere(2, radius=1.0, concentration_head="softplus"), 3, 4, "s2"),
    (lambda: Sphere(2, radius=5.0), 3, 4, "s2"),
    (lambda: Sphere(2, radius=5.0, learn_radius=True), 3, 4, "s2"),
    (lambda: Sphere(3, radius="sqrt_m", concentration_head="squared_softplus"), 4, 5, "s3"),
    (lambda: Sphere(3, radius="sqrt_m", learn_radius=True, concentration_head="exp"), 4, 5, "s3"),
    (lambda: Sphere(4, "power_spherical"), 5, 6, "p4"),
    (lambda: Sphere(4, "power_spherical", concentration_head="softplus"), 5, 6, "p4"),
    (lambda: Sphere(4, "spherical_cauchy"), 5, 6, "c4"),
    (lambda: ProductSpace([Sphere(4)]), 5, 6, "1xs4"),
    (lambda: ProductSpace([Sphere(4)] * 10), 50, 60, "10xs4"),
    (lambda: ProductSpace([Sphere(4), Sphere(4), Euclidean(2)]), 12, 16, "2xs4,e2"),
    (lambda: ProductSpace([Sphere(2), Sphere(4), Sphere(2)]), 11, 14, "s2,s4,s2"),
    (lambda: ProductSpace([Euclidean(2, "full")] * 3), 6, 15, "3xe2"),
    (lambda: ProductSpace([Euclidean(2, "full", True)] * 3 + [Euclidean(1)]), 7, 17, "3xe2,e1"),
    (lambda: ProductSpace([Sphere(2, "power_spherical"), Sphere(2)]), 6, 8, "p2,s2"),
    (lambda: ProductSpace([Sphere(2, radius=2.0, learn_radius=True)] * 3 + [Sphere(3)]), 13, 17, "3xs2,s3"),
]
BUILDERS = [entry[0] for entry in SPACES]
NAMES = [f"{index}-{entry[3]}" for index, entry in enumerate(SPACES)]
every_space = pytest.mark.parametrize("build", BUILDERS, ids=NAMES)


def parameters_of(space, *batch, **options):
    return torch.randn(*batch, space.parameter_size, **options)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize(("build", "event_size", "parameter_size", "name"), SPACES, ids=NAMES)
def test_sizes_and_name(build, event_size, parameter_size, name):
    space = build()
    assert (space.event_size, space.parameter_size, str(space)) == (event_size, parameter_size, name)


@every_space
@pytest.mark.parametrize("batch", [(), (7,), (2, 7)])
def test_shapes(build, batch):
    space = build()
    posterior, prior = space.posterior(parameters_of(space, *batch)), space.prior()
    assert (posterior.batch_shape, posterior.event_shape) == (batch, (space.event_size,))
    assert (prior.batch_shape, prior.event_shape) == ((), (space.event_size,))
    z = posterior.rsample((5,))
    assert z.shape == (5, *batch, space.event_size)
    assert posterior.log_prob(z).shape == prior.log_prob(z).shape == (5, *batch)
    assert kl_divergence(posterior, prior).shape == batch
    assert prior.sample((5,)).shape == (5, space.event_size)
    assert posterior.mode.shape == (*batch, space.event_size)


@every_space
def test_kl_is_finite_not_negative_and_the_mean_log_ratio(build):
    space = build()
    posterior, prior = space.posterior(parameters_of(space, 4)), space.prior()
    kl = kl_divergence(posterior, prior)
    assert (kl >= 0).all() and kl.isfinite().all()
    z = posterior.sample((20_000,))
    ratio = posterior.log_prob(z) - prior.log_prob(z)
    error = ratio.std(0) / math.sqrt(len(z))
    assert ((ratio.mean(0) - kl).abs() < 5 * error + 1e-4).all()  # five standard errors, and float32's rounding


@every_space
def test_sample_and_kl_are_the_posteriors(build):
    """The same KL and gradient of it; a sample with the same distribution: Kolmogorov and Smirnov on every coordinate.

    The samples' own gradients are compared for the same draw in distributions/test_von_mises_fisher_step.py.
    """
    space = build().double()
    parameters = parameters_of(space, 2, dtype=torch.float64).requires_grad_()
    posterior = space.posterior(parameters)
    expected = kl_divergence(posterior, space.prior())
    z, kl = space.sample_and_kl(parameters)
    assert z.shape == (2, space.event_size)
    torch.testing.assert_close(kl, expected)
    torch.testing.assert_close(
        *(torch.autograd.grad(x.sum(), parameters, retain_graph=True)[0] for x in (kl, expected))
    )
    (z.sum() + kl.sum()).backward()
    assert all(x.grad.isfinite().all() for x in (parameters, *space.parameters()))

    many = parameters[0].detach().expand(1000, -1)
    drawn = posterior.sample((2000,))[:, 0]
    steps = [space.sample_and_kl(many, noise)[0] for noise in space.noise(2, 1000)]
    for ours, theirs in zip(torch.cat(steps).unbind(-1), drawn.unbind(-1), strict=True):
        assert stats.ks_2samp(ours.detach().numpy(), theirs.numpy()).pvalue > 1e-5


@every_space
def test_noise_comes_from_torchs_generator_and_holds_a_step_each(build):
    space, draws = build(), []
    parameters = parameters_of(space, 7)
    for _ in range(2):
        torch.manual_seed(1)
        draws.append([space.sample_and_kl(parameters, noise) for noise in space.noise(3, 7)])
    assert len(draws[0]) == 3
    torch.testing.assert_close(draws[0], draws[1], rtol=0, atol=0)
    assert not torch.equal(draws[0][0][0], draws[0][1][0])


@every_space
def test_sample_and_kl_of_nan_parameters_are_nan(build):
    space = build()
    z, kl = space.sample_and_kl(torch.full((2, space.parameter_size), math.nan))
    assert z.isnan().all() and kl.isnan().all()


@pytest.mark.parametrize("name", ["s2", "s4", "2xs1,e2"])
def test_half_precision_takes_the_posterior(name, monkeypatch):
    space, calls = parse_latent_space(name), []
    monkeypatch.setattr(step, "sample_and_kl", lambda *inputs: calls.append(inputs))
    space.bfloat16().sample_and_kl(parameters_of(space, 3).bfloat16())
    assert not calls


@pytest.mark.parametrize("name", ["s2", "s4", "s2,2xs3"])
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_the_fused_step_under_transforms_is_the_same_function_of_the_same_noise(name):
    """Value, gradient and second derivative of one draw, against plain autograd's."""
    space = parse_latent_space(name)
    parameters = parameters_of(space, 3, dtype=torch.float64)
    (noise,) = space.double().noise(1, 3)

    def weighted(p):
        z, kl = space.sample_and_kl(p, noise)
        return (z * torch.linspace(1, 2, z.shape[-1], dtype=z.dtype)).sum() + kl.sum()

    gradient, along = torch.func.grad(weighted)(parameters), torch.ones_like(parameters)
    value, slope = torch.func.jvp(weighted, (parameters,), (along,))
    _, second = torch.func.jvp(torch.func.grad(weighted), (parameters,), (along,))
    p = parameters.clone().requires_grad_()
    (plain,) = torch.autograd.grad(weighted(p), p, create_graph=True)
    (plain_second,) = torch.autograd.grad(plain.sum(), p)
    torch.testing.assert_close(value, weighted(p).detach())
    torch.testing.assert_close(gradient, plain.detach())
    torch.testing.assert_close(slope, plain.sum().detach())
    torch.testing.assert_close(second, plain_second)


@every_space
def test_nothing_is_validated(build):
    """A check reads a value back from the device at every step."""
    space = build()
    for distribution in (space.posterior(parameters_of(space, 4)), space.prior()):
        parts = [distribution, *getattr(distribution, "factors", ())]
        parts += [part.base_dist for part in parts if isinstance(part, Independent)]
        assert not any(part._validate_args for part in parts)


@every_space
def test_nan_parameters_give_nan_not_an_error_nor_an_endless_loop(build):
    space = build()
    parameters = parameters_of(space, 4)
    parameters[1] = math.nan
    posterior = space.posterior(parameters)
    kl = kl_divergence(posterior, space.prior())
    assert kl.isnan().tolist() == [False, True, False, False]
    assert posterior.rsample().isnan().any(-1).tolist() == [False, True, False, False]


@every_space
def test_gradient_reaches_every_encoder_number_and_every_radius(build):
    space = build()
    parameters = parameters_of(space, 4).requires_grad_()
    posterior = space.posterior(parameters)
    weights = torch.linspace(1, 2, space.event_size)
    (posterior.rsample() * weights).sum().backward()
    assert (parameters.grad != 0).all()
    for parameter in space.parameters():
        assert (parameter.grad != 0).all()


@every_space
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_follows_the_module(build, dtype):
    space = build().to(dtype)
    posterior, prior = space.posterior(parameters_of(space, 4, dtype=dtype)), space.prior()
    z = posterior.rsample()
    assert z.dtype == prior.sample().dtype == dtype
    assert posterior.log_prob(z).dtype == prior.log_prob(z).dtype == kl_divergence(posterior, prior).dtype == dtype


@every_space
def test_state_dict_round_trip_carries_the_learned_radius_and_nothing_else(build):
    space, other = build(), build()
    for parameter in space.parameters():
        torch.nn.init.normal_(parameter)
    other.load_state_dict(space.state_dict())
    z = space.prior().sample((4,))
    assert torch.equal(space.prior().log_prob(z), other.prior().log_prob(z))
    assert set(space.state_dict()) == {name for name, _ in space.named_parameters()}


@every_space
def test_spaces_are_alike_by_their_config_and_modules_by_identity(build):
    space, other = build(), build()
    assert space.config == other.config and len({space.config, other.config}) == 1
    assert space != other and len({space, other}) == 2  # as torch, which keeps modules in sets, expects
    assert [space.config != build().config for build in BUILDERS].count(False) == 1


@every_space
def test_distance_is_a_metric_between_points(build):
    space = build().double()
    a, b = (space.prior().sample((6,)) for _ in range(2))
    there, back = space.distance(a, b), space.distance(b, a)
    assert there.shape == (6, 6)
    torch.testing.assert_close(there, back.T)
    torch.testing.assert_close(space.distance(a, a).diagonal(), torch.zeros(6, dtype=torch.double), rtol=0, atol=1e-6)
    assert (there[:, :, None] + back[None] >= space.distance(a, a)[:, None, :] - 1e-6).all()


# --- names


@pytest.mark.parametrize(
    "name", ["s2", "s99", "p4", "c4", "e2", "1xs9", "10xs4", "s2,e2", "s4,s2,s4", "3xp2,2xe5,5xc2"]
)
def test_names_round_trip(name):
    space = parse_latent_space(name)
    assert str(space) == name
    assert parse_latent_space(str(space)).config == space.config


def test_options_reach_every_factor_they_concern():
    options = {"covariance": "full", "learn_scale": True, "radius": 3.0, "learn_radius": True}
    options |= {"concentration_floor": 0.5}
    space = parse_latent_space("2xs4, p2,e3", **options)
    sphere = Sphere(4, "vmf", 3.0, True, 0.5)
    factors = [sphere, sphere, Sphere(2, "power_spherical", 3.0, True, 0.5), Euclidean(3, "full", True)]
    assert space.config == ProductSpace(factors).config
    assert parse_latent_space(str(space), **options).config == space.config != parse_latent_space(str(space)).config


def test_a_group_may_be_written_out():
    written, short, mixed = (parse_latent_space(text).config for text in ("s4,s4,s4", "3xs4", "s4,2xs4"))
    assert written == short == mixed
    assert parse_latent_space("1xs4").config != parse_latent_space("s4").config


def test_the_order_written_is_the_order_kept():
    assert [factor.manifold_dim for factor in parse_latent_space("s4,s2,s3,s2").factors] == [4, 2, 3, 2]


def test_a_product_in_a_product_is_flattened():
    inner = ProductSpace([Sphere(2), Euclidean(3)])
    assert str(ProductSpace([inner, Euclidean(3), inner])) == "s2,2xe3,s2,e3"


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("", "''"),
        ("s4,", "''"),
        ("s4,,s4", "''"),
        ("s0", "'s0'"),
        ("0xs4", "'0xs4'"),
        ("s4,x3", "'x3'"),
        ("s-2", "'s-2'"),
        ("s2.5", "'s2.5'"),
        ("4", "'4'"),
        ("axs4", "'axs4'"),
        ("s" + "9" * 5000, "'s999"),
    ],
)
def test_a_malformed_name_is_refused_with_the_piece_and_the_grammar(text, piece):
    with pytest.raises(InputError) as error:
        parse_latent_space(text)
    assert f"cannot read {piece}" in str(error.value) and "10xs4" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["e999999", "s999999", "999999xs4", "e2,900000xe999999"])
def test_a_giant_is_refused_before_it_is_built(name):
    with pytest.raises(InputError, match="limit"):
        parse_latent_space(name, covariance="full")


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Euclidean(0), "manifold dimension 0"),
        (lambda: Sphere(2.0), "manifold dimension 2.0"),
        (lambda: Euclidean(2, "round"), "diagonal, single, full"),
        (lambda: Sphere(2, "normal"), "vmf, power_spherical, spherical_cauchy"),
        (lambda: Sphere(2, radius=0.0), "radius 0.0"),
        (lambda: Sphere(2, radius=math.nan), "radius nan"),
        (lambda: Sphere(2, radius="sqrt"), "radius sqrt: give a finite number above 0, or sqrt_m"),
        (lambda: Sphere(2, concentration_head="linear"), "softplus, squared_softplus, exp, inverse_variance"),
        (lambda: Sphere(2, concentration_floor=-1.0), "floor -1.0"),
        (lambda: ProductSpace([]), "at least one factor"),
    ],
)
def test_a_wrong_value_is_named(build, words):
    with pytest.raises(InputError, match=words):
        build()


# --- Euclidean


def test_full_covariance_kl_is_per_example_and_torchs():
    """The reference sums it over the batch."""
    space = Euclidean(4, "full")
    posterior = space.posterior(parameters_of(space, 7))
    kl = kl_divergence(posterior, space.prior())
    assert kl.shape == (7,)
    for index in range(7):
        covariance = posterior.scale_tril[index] @ posterior.scale_tril[index].T
        one = MultivariateNormal(posterior.loc[index], covariance)
        expected = kl_divergence(one, MultivariateNormal(torch.zeros(4), torch.eye(4)))
        torch.testing.assert_close(kl[index], expected, rtol=1e-4, atol=1e-4)  # two Cholesky factors in float32


def test_off_diagonal_entries_take_either_sign():
    """The reference puts a softplus on them too, so that no two coordinates can be anticorrelated."""
    space = Euclidean(3, "full")
    parameters = torch.zeros(1, 9)
    parameters[0, 6:] = torch.tensor([-2.0, 0.5, -1.0])
    scale_tril = space.posterior(parameters).scale_tril[0]
    assert scale_tril[1, 0] == -2.0 and scale_tril[2, 0] == 0.5 and scale_tril[2, 1] == -1.0
    assert (scale_tril.diagonal() > 0).all() and (scale_tril.triu(1) == 0).all()


def test_full_with_nothing_below_the_diagonal_is_diagonal():
    full, diagonal = Euclidean(3, "full"), Euclidean(3)
    parameters = parameters_of(diagonal, 5)
    q_full, q_diagonal = full.posterior(torch.cat([parameters, torch.zeros(5, 3)], -1)), diagonal.posterior(parameters)
    z = q_diagonal.sample()
    torch.testing.assert_close(q_full.log_prob(z), q_diagonal.log_prob(z))
    torch.testing.assert_close(kl_divergence(q_full, full.prior()), kl_divergence(q_diagonal, diagonal.prior()))


def test_single_has_one_scale_for_all_coordinates():
    posterior = Euclidean(3, "single").posterior(torch.randn(5, 4))
    assert (posterior.stddev == posterior.stddev[:, :1]).all()


def test_diagonal_is_torchs_normal():
    parameters = torch.randn(5, 6)
    posterior = Euclidean(3).posterior(parameters)
    expected = Independent(Normal(parameters[:, :3], torch.nn.functional.softplus(parameters[:, 3:])), 1)
    z = torch.randn(5, 3)
    torch.testing.assert_close(posterior.log_prob(z), expected.log_prob(z))


# --- Sphere


@pytest.mark.parametrize(
    ("family", "kind"),
    [("vmf", VonMisesFisher), ("power_spherical", PowerSpherical), ("spherical_cauchy", SphericalCauchy)],
)
@pytest.mark.parametrize("floor", [0.0, 1.0, 3.5])
def test_the_head_is_a_direction_and_a_floored_concentration(family, kind, floor):
    parameters = torch.tensor([[3.0, 4.0, 0.0, -20.0], [0.0, 0.0, -1e-12, 20.0]])
    space = Sphere(2, family, concentration_floor=floor, concentration_head="softplus")
    posterior = space.posterior(parameters)
    assert type(posterior) is kind
    torch.testing.assert_close(posterior.loc, torch.tensor([[0.6, 0.8, 0.0], [0.0, 0.0, -1.0]]))
    torch.testing.assert_close(posterior.concentration, torch.tensor([floor, floor + 20.0]))


def test_the_zero_vector_has_no_direction_and_says_so():
    """torch's normalize would return mu = 0, which is not on the sphere, without a word."""
    parameters = torch.zeros(2, 4)
    parameters[1, 0] = 1.0
    posterior = Sphere(2).posterior(parameters)
    assert posterior.loc.isnan().any(-1).tolist() == [True, False]


@pytest.mark.parametrize(("manifold_dim", "floor_kl"), [(2, 0.152), (10, 0.0450), (40, 0.0122)])
def test_the_floors_cost_is_what_the_docstring_says(manifold_dim, floor_kl):
    loc = torch.eye(manifold_dim + 1)[0]
    kl = kl_divergence(VonMisesFisher(loc, torch.tensor(1.0)), HypersphericalUniform(manifold_dim + 1))
    assert float(f"{kl:.3g}") == floor_kl
    assert f"{floor_kl}" in Sphere.__doc__


def test_each_sphere_of_a_product_has_its_own_sqrt_m():
    prior = parse_latent_space("s2,2xs7,s10", radius="sqrt_m").prior()
    norms = [z.norm(dim=-1) for z in prior.split(prior.sample())]
    torch.testing.assert_close(torch.stack(norms), torch.tensor([3.0, 8.0, 8.0, 11.0]).sqrt())


@pytest.mark.parametrize("head", CONCENTRATION_HEADS)
def test_a_head_rises_and_stays_finite_with_its_derivative(head):
    """Far beyond -100 to 100; at the lower end all of float32 underflow to 0, which is the uniform distribution."""
    s = torch.tensor([-1e30, -100.0, -5.0, 0.0, 2.0, 5.0, 29.0, 100.0, 1e15], requires_grad=True)
    kappa = CONCENTRATION_HEADS[head](s, 11)
    (slope,) = torch.autograd.grad(kappa.sum(), s)
    assert kappa.isfinite().all() and slope.isfinite().all() and (kappa >= 0).all()
    assert (kappa.diff() >= 0).all() and (kappa[2:7].diff() > 0).all() and (slope[2:6] > 0).all()
    assert CONCENTRATION_HEADS[head](torch.tensor(math.nan), 11).isnan()


def test_inverse_variance_gives_a_gaussians_standard_deviation():
    """r / sqrt(kappa) at r = sqrt(m); kappa = 10^5 m, where a von Mises-Fisher is normal along the sphere."""
    s, m = torch.tensor(-math.log(math.expm1(10**-2.5))), 41
    space = Sphere(m - 1, radius="sqrt_m", concentration_floor=0.0, concentration_head="inverse_variance")
    parameters = torch.cat((torch.eye(m)[0], s[None]))
    variance = space.posterior(parameters).variance
    torch.testing.assert_close(variance[1:].sqrt(), torch.nn.functional.softplus(-s).expand(m - 1), rtol=1e-4, atol=0.0)


@pytest.mark.parametrize("family", ["vmf", "power_spherical", "spherical_cauchy"])
def test_a_radius_is_in_every_part_and_in_no_kl(family):
    parameters = torch.randn(5, 4)
    small, large = Sphere(2, family, radius=1.0), Sphere(2, family, radius=7.0)
    torch.testing.assert_close(large.posterior(parameters).rsample().norm(dim=-1), torch.full((5,), 7.0))
    torch.testing.assert_close(large.prior().sample((5,)).norm(dim=-1), torch.full((5,), 7.0))
    torch.testing.assert_close(large.posterior(parameters).mode, 7 * small.posterior(parameters).mode)
    torch.testing.assert_close(
        kl_divergence(large.posterior(parameters), large.prior()),
        kl_divergence(small.posterior(parameters), small.prior()),
    )


def test_a_learned_radius_is_moved_by_the_optimizer_and_used_by_both():
    space = Sphere(2, radius=2.0, learn_radius=True)
    optimizer = torch.optim.Adam(space.parameters(), 0.1)
    parameters = torch.randn(5, 4)
    for _ in range(5):
        optimizer.zero_grad()
        space.posterior(parameters).rsample().norm(dim=-1).sum().backward()
        optimizer.step()
    radius = space.radius.detach()
    assert 0 < radius < 1.5
    torch.testing.assert_close(space.posterior(parameters).sample().norm(dim=-1), radius.expand(5))
    torch.testing.assert_close(space.prior().sample((5,)).norm(dim=-1), radius.expand(5))


def test_a_learned_scale_multiplies_codes_and_prior_and_leaves_the_kl():
    plain, scaled, parameters = Euclidean(3), Euclidean(3, learn_scale=True), torch.randn(5, 6)
    torch.nn.init.constant_(scaled.log_scale, math.log(3.0))
    one, three = plain.posterior(parameters), scaled.posterior(parameters)
    torch.testing.assert_close(three.mean, 3 * one.mean)
    torch.testing.assert_close(three.stddev, 3 * one.stddev)
    torch.testing.assert_close(scaled.prior().stddev, torch.full((3,), 3.0))
    torch.testing.assert_close(kl_divergence(three, scaled.prior()), kl_divergence(one, plain.prior()))
    three.rsample().square().sum().backward()
    assert scaled.log_scale.grad > 0


def test_distances_are_the_geometrys_own():
    up, down = torch.tensor([[0.0, 0.0, 3.0]]), torch.tensor([[0.0, 0.0, -3.0]])
    right = torch.tensor([[3.0, 0.0, 0.0]])
    sphere = Sphere(2, radius=3.0)
    torch.testing.assert_close(sphere.distance(up, torch.cat([down, right])), 3 * math.pi * torch.tensor([[1.0, 0.5]]))
    assert Euclidean(3).distance(up, down).item() == 6.0
    product = ProductSpace([Sphere(2, radius=3.0), Sphere(2, radius=3.0), Euclidean(3)])
    a, b = torch.cat([up, up, up], -1), torch.cat([down, right, down], -1)
    expected = math.sqrt((3 * math.pi) ** 2 + (1.5 * math.pi) ** 2 + 36)
    torch.testing.assert_close(product.distance(a, b), torch.tensor([[expected]]))


# --- products


def test_kl_and_log_prob_of_a_product_are_the_sums_over_its_factors():
    factors = [Sphere(4), Sphere(4), Euclidean(2, "full"), Sphere(2, "power_spherical"), Sphere(4)]
    space = ProductSpace(factors)
    parameters = parameters_of(space, 7)
    pieces = parameters.split([factor.parameter_size for factor in factors], dim=-1)
    posterior, prior = space.posterior(parameters), space.prior()
    z = posterior.sample()
    parts = z.split([factor.event_size for factor in factors], dim=-1)
    one_by_one = [(f.posterior(p), f.prior(), part) for f, p, part in zip(factors, pieces, parts, strict=True)]
    torch.testing.assert_close(kl_divergence(posterior, prior), sum(kl_divergence(q, p) for q, p, _ in one_by_one))
    torch.testing.assert_close(posterior.log_prob(z), sum(q.log_prob(part) for q, _, part in one_by_one))
    torch.testing.assert_close(prior.log_prob(z), sum(p.log_prob(part) for _, p, part in one_by_one))
    torch.testing.assert_close(posterior.mode, torch.cat([q.mode for q, _, _ in one_by_one], -1))


def test_a_group_is_one_batch(monkeypatch):
    """Forty circles cost one distribution, not forty."""
    made = []

    def counted(loc, *arguments, **options):
        made.append(loc.shape)
        return VonMisesFisher(loc, *arguments, **options)

    monkeypatch.setitem(Sphere._FAMILIES, "vmf", counted)
    space = parse_latent_space("40xs1,s2")
    posterior = space.posterior(parameters_of(space, 7))
    assert made == [(7, 40, 2), (7, 1, 3)] and isinstance(posterior, ProductDistribution)
    assert len(posterior.factors) == len(posterior.split(posterior.sample())) == 41


def test_every_factor_of_a_group_learns_its_own_radius():
    space = ProductSpace([Sphere(2, radius=2.0, learn_radius=True)] * 3)
    assert [parameter.shape for parameter in space.parameters()] == [(3,)]
    with torch.no_grad():
        next(space.parameters()).copy_(torch.tensor([1.0, 2.0, 3.0]).log())
    z = space.posterior(parameters_of(space, 5)).sample()
    torch.testing.assert_close(z.unflatten(-1, (3, 3)).norm(dim=-1), torch.tensor([1.0, 2.0, 3.0]).expand(5, 3))
    z = space.prior().sample((5,))
    torch.testing.assert_close(z.unflatten(-1, (3, 3)).norm(dim=-1), torch.tensor([1.0, 2.0, 3.0]).expand(5, 3))


def test_weights_of_0_1_0_are_read():
    """It called the groups runs."""
    build = lambda: build_vae((8, 8), parse_latent_space("2xs2,s3", learn_radius=True), hidden=(4,))  # noqa: E731
    model, other = build(), build()
    torch.nn.init.normal_(model.latent_space.groups[0].log_radius)
    weights = {name.replace(".groups.", ".runs."): tensor for name, tensor in model.state_dict().items()}
    assert "latent_space.runs.0.log_radius" in weights
    other.load_state_dict(weights)
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in model.state_dict().items())
    other.latent_space.load_state_dict({"runs.0.log_radius": torch.ones(2), "runs.1.log_radius": torch.zeros(1)})
    assert torch.equal(other.latent_space.groups[0].log_radius, torch.ones(2))
    with pytest.raises(RuntimeError, match="groups.2.log_radius"):
        other.load_state_dict(weights | {"latent_space.runs.2.log_radius": torch.zeros(1)})


def test_a_product_does_not_share_its_radii_with_the_patterns_given():
    pattern = Sphere(2, learn_radius=True)
    space = ProductSpace([pattern, Euclidean(2), pattern])
    assert len(list(space.parameters())) == 2 and pattern.log_radius not in set(space.parameters())


@every_space
def test_the_factors_of_a_product_are_its_parts(build):
    """Log densities and KL of the factors add up to the whole's, posterior and prior, Gaussian or not."""
    space = build()
    posterior, prior = space.posterior(parameters_of(space, 4)), space.prior()
    if not isinstance(posterior, ProductDistribution):
        return
    z = posterior.sample()
    for whole in (posterior, prior):
        parts = [factor.log_prob(piece) for factor, piece in zip(whole.factors, whole.split(z), strict=True)]
        torch.testing.assert_close(sum(parts), whole.log_prob(z), rtol=1e-5, atol=1e-4)
    divergences = [kl_divergence(q, p) for q, p in zip(posterior.factors, prior.factors, strict=True)]
    torch.testing.assert_close(sum(divergences), kl_divergence(posterior, prior), rtol=1e-5, atol=1e-4)
