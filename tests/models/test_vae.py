"""The bounds are bounds, exact where theory knows the answer, per image, and computed in bounded memory."""

import copy
import math
from contextlib import nullcontext

import pytest
import torch
from scipy.special import gammaln, ive
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributions import MultivariateNormal

import svae_lib.models.vae as vae_module
from svae_lib.errors import InputError
from svae_lib.latent_spaces import Euclidean, ProductSpace, Sphere, parse_latent_space
from svae_lib.models import VAE, ProductSpaceVAE, build_vae
from svae_lib.models.networks import ConvEncoder, MLPDecoder

SPACES = ["e2", "s2", "s10", "p4", "c4", "10xs4", "s4,s4,e2", "40xs1"]
every_space = pytest.mark.parametrize("space", SPACES)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def images(count=5, shape=(28, 28)):
    return torch.rand(count, *shape).round()


def inverse_softplus(y):
    return y + torch.log(-torch.expm1(-y))


def linear_gaussian(sigma=0.7):
    """A VAE whose encoder gives the exact posterior, and log p(x): x = W z + b + noise."""
    model = build_vae((4, 3), Euclidean(2, "full"), hidden=(), likelihood="gaussian", sigma=sigma).double()
    weight, bias = model.decoder.net[0].weight.detach(), model.decoder.net[0].bias.detach()
    weight.normal_()
    covariance = torch.linalg.inv(torch.eye(2) + weight.T @ weight / sigma**2)
    gain, scale_tril = covariance @ weight.T / sigma**2, torch.linalg.cholesky(covariance)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.weight[:2] = gain
        model.head.bias[:2] = -gain @ bias
        model.head.bias[2:4] = inverse_softplus(scale_tril.diagonal())
        model.head.bias[4] = scale_tril[1, 0]
    marginal = MultivariateNormal(bias, weight @ weight.T + sigma**2 * torch.eye(12, dtype=torch.double))
    return model, lambda x: marginal.log_prob(x.flatten(1))


def spherical_gaussian(m, radius=1.0):
    """The same on a sphere: x = W z + noise with orthonormal W has a von Mises-Fisher posterior, exactly.

    p(x | z) is proportional to exp(<W'x, z> / sigma^2), so kappa = r |W'x| / sigma^2; every x here has the same |W'x|.
    """
    sigma = 1.0
    space = Sphere(m - 1, radius=radius, concentration_head="softplus")
    model = build_vae((6, 5), space, hidden=(), likelihood="gaussian", sigma=sigma).double()
    weight = torch.linalg.qr(torch.randn(30, m, dtype=torch.double))[0]
    x = torch.randn(7, 30, dtype=torch.double)
    x = 5.2 * x / (x @ weight).norm(dim=-1, keepdim=True)
    kappa = 5.2 * radius / sigma**2
    with torch.no_grad():
        model.decoder.net[0].weight.copy_(weight)
        model.decoder.net[0].bias.zero_()
        model.head.weight.zero_()
        model.head.weight[:m] = weight.T
        model.head.bias.zero_()
        model.head.bias[m] = inverse_softplus(torch.tensor(kappa - 1, dtype=torch.double))
    order = m / 2 - 1
    log_mean_exp = gammaln(m / 2) - order * math.log(kappa / 2) + math.log(ive(order, kappa)) + kappa
    noise = -0.5 * (x.square().sum(-1) + radius**2) / sigma**2 - 15 * math.log(2 * math.pi * sigma**2)
    return model, x.unflatten(-1, (6, 5)), noise + log_mean_exp


# --- exactness


def test_with_the_exact_posterior_one_sample_gives_the_marginal_likelihood():
    model, marginal = linear_gaussian()
    x = torch.randn(7, 4, 3, dtype=torch.double)
    for num_samples in 1, 10:
        torch.testing.assert_close(model.log_likelihood(x, num_samples), marginal(x))


@pytest.mark.parametrize("m", [2, 3, 11, 21])
@pytest.mark.parametrize("radius", [1.0, 2.5])
def test_the_same_on_a_sphere(m, radius):
    """The posterior and the prior are both evaluated at z, on the radius: a wrong or a missing one shows here."""
    model, x, marginal = spherical_gaussian(m, radius)
    for num_samples in 1, 10:
        torch.testing.assert_close(model.log_likelihood(x, num_samples), marginal, rtol=1e-9, atol=1e-9)


def test_with_the_exact_posterior_the_elbo_is_the_marginal_likelihood_on_average():
    flat, flat_marginal = linear_gaussian()
    images = torch.randn(3, 4, 3, dtype=torch.double)
    for model, x, marginal in (flat, images, flat_marginal(images)), spherical_gaussian(5):
        totals = torch.stack([model.elbo(x).total.detach() for _ in range(1000)])
        error = totals.std(0) / math.sqrt(len(totals))
        assert ((totals.mean(0) - marginal).abs() < 5 * error).all()


def test_with_a_wrong_posterior_the_bound_rises_to_the_marginal_likelihood():
    model, marginal = linear_gaussian()
    with torch.no_grad():
        model.head.bias[:2] += 0.3
        model.head.bias[2:4] += 0.5
    x = torch.randn(7, 4, 3, dtype=torch.double)
    gaps = [(marginal(x) - torch.stack([model.log_likelihood(x, k) for _ in range(50)]).mean(0)) for k in (1, 10, 200)]
    assert (gaps[0] > gaps[1]).all() and (gaps[1] > gaps[2]).all()
    assert gaps[2].abs().max() < 0.1  # the bias of the bound falls as 1/K; it is over 0.5 at K = 1
    assert gaps[0].min() > 0.5


@pytest.mark.parametrize("space", ["s2", "s10", "p4", "c4", "s4,s2"])
def test_a_decoder_that_ignores_z_leaves_the_likelihood_alone(space):
    """E_q[p(z) / q(z)] = 1, for whatever the posterior says: so the two densities live on one and the same space."""
    model = build_vae((28, 28), parse_latent_space(space, concentration_head="softplus"), hidden=(16,))
    with torch.no_grad():
        model.decoder.net[0].weight.zero_()
    x = images(2)
    expected = model.likelihood.log_prob(model.decode(torch.zeros(model.latent_space.event_size)).expand(2, 28, 28), x)
    ratio = model.log_likelihood(x, 20_000) - expected
    assert ratio.abs().max() < 0.1  # with that head an untrained posterior is near the prior: its weights are even


@every_space
def test_the_order_of_the_bounds(space):
    """ELBO <= bound of 10 samples <= bound of 100, on average."""
    model, x = build_vae((28, 28), space, hidden=(16,)), images()
    with torch.no_grad():
        model.decoder.net[0].weight.mul_(5)  # a decoder that looks at z: the bounds are some nats apart
    elbo = torch.stack([model.elbo(x).total.detach() for _ in range(300)]).mean()
    bounds = [torch.stack([model.log_likelihood(x, k) for _ in range(30)]).mean() for k in (10, 100)]
    assert elbo < bounds[0] < bounds[1]


# --- parts and shapes


@every_space
@pytest.mark.parametrize("network", ["mlp", "cnn"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "categorical"])
def test_shapes_and_gradients_of_every_model(space, network, likelihood):
    model = build_vae((28, 20), space, hidden=(16, 8), network=network, likelihood=likelihood)
    x = images(3, (28, 20))
    bound = model.elbo(x)
    assert bound.total.shape == bound.reconstruction.shape == bound.kl.shape == (3,)
    torch.testing.assert_close(bound.total, bound.reconstruction - bound.kl)
    (-bound.total.mean()).backward()
    assert all(parameter.grad.isfinite().all() and parameter.grad.any() for parameter in model.parameters())
    assert model.image_shape == (28, 20)
    assert model.embed(x).shape == (3, model.latent_space.event_size)
    assert model.log_likelihood(x, 4).shape == (3,)
    for picture in model.reconstruct(x), model.sample(3):
        assert picture.shape == (3, 28, 20) and picture.min() >= 0 and picture.max() <= 1
        assert not picture.requires_grad


@every_space
def test_every_number_of_the_encoder_learns_from_the_pixels(space):
    model = build_vae((28, 28), space, hidden=(16,))
    model.elbo(images()).reconstruction.sum().backward()
    assert (model.head.bias.grad != 0).all()


@every_space
def test_an_image_does_not_see_its_batch(space):
    model, x = build_vae((28, 28), space), images()
    whole = model.elbo(x).kl
    torch.testing.assert_close(whole, torch.cat([model.elbo(one).kl for one in x.split(1)]), rtol=1e-4, atol=1e-5)


def test_a_nan_image_is_its_own_only():
    x = images()
    x[1] = math.nan
    for space in SPACES:
        for likelihood in "bernoulli", "gaussian", "categorical":
            model = build_vae((28, 28), space, hidden=(16,), likelihood=likelihood)
            for scores in model.elbo(x).total, model.log_likelihood(x, 3):
                assert scores.isnan().tolist() == [False, True, False, False, False], (space, likelihood)


def test_the_same_seed_gives_the_same_figures():
    model, x = build_vae((28, 28), "s2,e2"), images()
    torch.manual_seed(1)
    first = model.elbo(x).total, model.log_likelihood(x, 5), model.sample(2)
    torch.manual_seed(1)
    again = model.elbo(x).total, model.log_likelihood(x, 5), model.sample(2)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_embeddings_are_modes_and_reconstructions_are_theirs():
    model, x = build_vae((28, 28), Sphere(2, radius=3.0)), images()
    torch.testing.assert_close(model.embed(x), 3 * model.encode(x).loc)
    torch.testing.assert_close(model.reconstruct(x), model.decode(3 * model.encode(x).loc).sigmoid())


def test_a_learned_radius_has_a_gradient_from_the_pixels():
    model = build_vae((28, 28), Sphere(2, radius=2.0, learn_radius=True))
    model.elbo(images()).reconstruction.sum().backward()
    assert model.latent_space.log_radius.grad.abs() > 0
    assert "latent_space.log_radius" in model.state_dict()


def test_state_dict_round_trip():
    space = ProductSpace([Sphere(2, learn_radius=True)] * 2)
    model, other = (build_vae((28, 28), copy.deepcopy(space), likelihood="gaussian") for _ in range(2))
    torch.nn.init.normal_(model.latent_space.groups[0].log_radius)
    x = images()
    other.load_state_dict(model.state_dict())
    torch.manual_seed(1)
    first = model.elbo(x).total
    torch.manual_seed(1)
    assert torch.equal(first, other.elbo(x).total)


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
@pytest.mark.parametrize("network", ["mlp", "cnn"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "categorical"])
def test_a_training_step_reads_no_number_back(covariance, network, likelihood):
    """Fake tensors hold no numbers: an .item(), an `if` on a tensor or a validation would raise."""
    with FakeTensorMode():
        model = build_vae((28, 28), Euclidean(2, covariance), (16,), network, likelihood)
        (-model.elbo(torch.empty(5, 28, 28)).total.mean()).backward()
        assert model.head.weight.grad.shape == model.head.weight.shape


# --- memory


@pytest.mark.parametrize("network", ["mlp", "cnn"])
@pytest.mark.parametrize(("count", "num_samples"), [(50, 3), (2, 100), (1, 1000), (300, 1)])
def test_no_chunk_is_over_the_budget(monkeypatch, network, count, num_samples):
    monkeypatch.setattr(vae_module, "MAX_CHUNK_CPU", 20_000)
    monkeypatch.setattr(vae_module, "MIN_ROWS_CPU", 1)
    monkeypatch.setattr(vae_module, "suitable_threads", lambda *_: nullcontext())  # it decodes an image to count work
    model, decoded = build_vae((28, 28), "s2", hidden=(8,), network=network), []
    model.decoder.register_forward_hook(lambda module, inputs, output: decoded.append(output.numel()))
    assert model.log_likelihood(images(count), num_samples).shape == (count,)
    assert max(decoded) <= 20_000 and sum(decoded) == count * num_samples * 784


def test_a_chunk_is_at_least_one_sample_of_one_image(monkeypatch):
    monkeypatch.setattr(vae_module, "MAX_CHUNK_CPU", 1)
    monkeypatch.setattr(vae_module, "MIN_ROWS_CPU", 1)
    assert build_vae((28, 28), "s2", hidden=(8,)).log_likelihood(images(2), 3).shape == (2,)


@pytest.mark.parametrize("limit, rows", [(2**24, 64), (2**21, 10), (1, 5)])
def test_a_wide_likelihood_is_not_decoded_a_few_samples_at_a_time(monkeypatch, limit, rows):
    """256 levels of 28 x 28 went five by five, each time with all weights; 64 are four times as fast, if they fit."""
    monkeypatch.setattr(vae_module, "MAX_CHUNK", limit)
    monkeypatch.setattr(vae_module, "suitable_threads", lambda *_: nullcontext())
    model, decoded = build_vae((28, 28), "s2", hidden=(2,), likelihood="categorical"), []
    model.decoder.register_forward_hook(lambda module, inputs, output: decoded.append(output.shape[0]))
    model.log_likelihood(images(1), 70)
    assert max(decoded) == rows and sum(decoded) == 70


def test_chunks_change_no_figure(monkeypatch):
    """Sixteen normals are drawn at a time, so one image's draws are the same ones in chunks of eight samples."""
    model, x = build_vae((28, 28), "e16", hidden=(8,)), images(1)
    figures = []
    monkeypatch.setattr(vae_module, "MIN_ROWS_CPU", 1)
    for budget in 2**20, 8 * 784:
        monkeypatch.setattr(vae_module, "MAX_CHUNK_CPU", budget)
        torch.manual_seed(1)
        figures.append(model.log_likelihood(x, 32))
    torch.testing.assert_close(*figures)


# --- building


def test_z_dims_are_never_sorted():
    """The reference sorts them silently."""
    model = ProductSpaceVAE([4, 2, 3, 2], hidden=(8,))
    assert str(model.latent_space) == "s4,s2,s3,s2"
    assert [z.shape[-1] for z in model.encode(images()).split(model.embed(images()))] == [5, 3, 4, 3]


@pytest.mark.parametrize(
    ("distribution", "name"),
    [("vmf", "s2,s3"), ("power_spherical", "p2,p3"), ("spherical_cauchy", "c2,c3"), ("normal", "e2,e3")],
)
def test_a_product_vae_is_a_vae_on_a_product_space(distribution, name):
    model = ProductSpaceVAE([2, 3], distribution, image_shape=(28, 20), network="cnn", likelihood="categorical")
    assert isinstance(model, VAE) and str(model.latent_space) == name
    assert model.elbo(images(2, (28, 20))).total.shape == (2,)


def test_encoder_and_decoder_may_differ():
    model = build_vae((28, 20), "s2", hidden=(8,), network=("cnn", "mlp"))
    assert (type(model.encoder), type(model.decoder)) == (ConvEncoder, MLPDecoder)
    assert model.elbo(images(2, (28, 20))).total.shape == (2,)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: build_vae((28, 28), "s2", network="rnn"), "mlp, cnn"),
        (lambda: build_vae((28, 28), "s2", network=("mlp", "rnn")), "'rnn': choose from mlp, cnn"),
        (lambda: build_vae((28, 28), "s2", likelihood="mse"), "bernoulli, gaussian, categorical"),
        (lambda: build_vae((28, 28), "s2", hidden=(256, 0)), r"hidden \(256, 0\)"),
        (lambda: build_vae((28, 0), "s2"), r"image_shape \(28, 0\)"),
        (lambda: build_vae((28,), "s2"), r"image_shape \(28,\): give \(H, W\) for gray images, \(C, H, W\) for color"),
        (lambda: build_vae((1, 28, 28), "s2"), r"gray is \(28, 28\); such a model takes batches \(B, 1, H, W\) too"),
        (lambda: build_vae((3, 28, 28), "s2"), "the images are color, 3 x 28 x 28: choose gaussian"),
        (lambda: build_vae((28, 28), "s2", sigma=0.1), "only gaussian"),
        (lambda: build_vae((28, 28), "t2"), "cannot read 't2'"),
        (lambda: ProductSpaceVAE([2], "uniform"), "vmf, power_spherical, spherical_cauchy, normal"),
        (lambda: ProductSpaceVAE([]), "at least one factor"),
        (lambda: build_vae((28, 28), "s2").log_likelihood(images(), 0), "0 importance samples"),
    ],
)
def test_a_wrong_value_is_named(build, words):
    with pytest.raises(InputError, match=words):
        build()
