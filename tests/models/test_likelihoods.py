"""Every likelihood is a density of pixels: it sums or integrates to one, and broadcasts samples before images."""

import math

import pytest
import torch
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Categorical, Normal

from svae_lib.errors import InputError
from svae_lib.models.likelihoods import Bernoulli, Categorical256, Gaussian, build_likelihood

KINDS = [Bernoulli, Gaussian, Categorical256, lambda: Gaussian(sigma=0.2)]


def parameters_of(likelihood, *shape):
    torch.manual_seed(0)
    return torch.randn(*shape, *([] if likelihood.parameter_count == 1 else [likelihood.parameter_count]))


@pytest.mark.parametrize("build", KINDS)
def test_shapes_and_broadcasting(build):
    likelihood = build()
    parameters = parameters_of(likelihood, 3, 5, 6, 4)
    x = torch.rand(5, 6, 4).round()
    log_prob = likelihood.log_prob(parameters, x)
    assert log_prob.shape == (3, 5)
    one_by_one = torch.stack([likelihood.log_prob(parameters[k], x) for k in range(3)])
    torch.testing.assert_close(log_prob, one_by_one)
    mean = likelihood.mean(parameters)
    assert mean.shape == (3, 5, 6, 4) and mean.min() >= 0 and mean.max() <= 1


def test_bernoulli_is_torchs():
    parameters, x = parameters_of(Bernoulli(), 5, 6, 4), torch.rand(5, 6, 4).round()
    expected = TorchBernoulli(logits=parameters).log_prob(x).sum((-2, -1))
    torch.testing.assert_close(Bernoulli().log_prob(parameters, x), expected)
    torch.testing.assert_close(Bernoulli().mean(parameters), TorchBernoulli(logits=parameters).mean)


def test_bernoulli_of_extreme_logits_is_finite():
    logits = torch.tensor([[1e4, -1e4]])
    torch.testing.assert_close(Bernoulli().log_prob(logits, torch.tensor([[0.0, 1.0]])), torch.tensor(-2e4))


@pytest.mark.parametrize("sigma", [None, 0.1, 2.0])
def test_gaussian_has_its_normalizer(sigma):
    """The reference's squared error has none, so that its figures are no log-likelihoods."""
    likelihood = Gaussian(sigma)
    parameters, x = parameters_of(likelihood, 5, 6, 4), torch.rand(5, 6, 4)
    expected = Normal(parameters, 0.3 if sigma is None else sigma).log_prob(x).sum((-2, -1))
    torch.testing.assert_close(likelihood.log_prob(parameters, x), expected)


def test_gaussian_learns_sigma_only_where_none_is_given():
    assert [name for name, _ in Gaussian().named_parameters()] == ["log_sigma"]
    assert not list(Gaussian(0.3).parameters()) and not Gaussian(0.3).state_dict()
    likelihood = Gaussian()
    optimizer = torch.optim.Adam(likelihood.parameters(), 0.05)
    torch.manual_seed(0)
    x = 0.1 * torch.randn(500, 4, 4)
    for _ in range(200):
        optimizer.zero_grad()
        (-likelihood.log_prob(torch.zeros(500, 4, 4), x).mean()).backward()
        optimizer.step()
    assert abs(likelihood.log_sigma.exp().item() - x.square().mean().sqrt().item()) < 1e-3  # the maximum of likelihood


def test_categorical_sums_to_one_over_the_levels():
    likelihood = Categorical256()
    parameters = parameters_of(likelihood, 1, 1)
    levels = torch.arange(256) / 255
    probabilities = likelihood.log_prob(parameters.expand(256, 1, 1, 256), levels[:, None, None]).exp()
    torch.testing.assert_close(probabilities, parameters.softmax(-1).flatten())
    torch.testing.assert_close(probabilities.sum(), torch.tensor(1.0))


def test_categorical_reads_every_level_that_a_byte_has():
    likelihood = Categorical256()
    images = torch.arange(256, dtype=torch.uint8).reshape(16, 16)
    sure = torch.full((16, 16, 256), -100.0).scatter(-1, images.long().unsqueeze(-1), 100.0)
    assert likelihood.log_prob(sure, images.float() / 255) == 0
    rounded = torch.linspace(0, 1, 256).view(16, 16)  # 63 of these are a rounding below their level
    assert likelihood.log_prob(sure, rounded) == 0
    torch.testing.assert_close(likelihood.mean(sure), images.float() / 255)
    parameters = parameters_of(likelihood, 16, 16)
    expected = Categorical(logits=parameters).log_prob(images.long()).sum()
    torch.testing.assert_close(likelihood.log_prob(parameters, images.float() / 255), expected)


def test_a_nan_stays_a_nan():
    for build in KINDS:
        likelihood = build()
        parameters = parameters_of(likelihood, 2, 3, 3)
        parameters[1] = math.nan
        assert likelihood.log_prob(parameters, torch.zeros(2, 3, 3)).isnan().tolist() == [False, True]
        x = torch.zeros(2, 3, 3)
        x[0, 1, 1] = math.nan
        assert likelihood.log_prob(parameters_of(likelihood, 2, 3, 3), x).isnan().tolist() == [True, False]


def test_a_level_that_no_byte_has_is_an_error():
    with pytest.raises(IndexError):
        Categorical256().log_prob(torch.zeros(1, 1, 256), torch.full((1, 1), 200.0))  # an image of bytes, not of [0, 1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("poisson",), "bernoulli, gaussian, categorical"),
        (("bernoulli", 0.5), "only gaussian"),
        (("gaussian", 0.0), "sigma 0.0"),
        (("gaussian", math.inf), "sigma inf"),
    ],
)
def test_a_wrong_value_is_named(arguments, words):
    with pytest.raises(InputError, match=words):
        build_likelihood(*arguments)


@pytest.mark.parametrize("build", [Gaussian, Categorical256, lambda **shape: Gaussian(sigma=0.2, **shape)])
@pytest.mark.parametrize("image_shape", [(3, 6, 4), (2, 1, 1)])
def test_a_color_image_is_its_channels_side_by_side(build, image_shape):
    """log p of a color image is the sum over its channels as gray images, and the mean theirs."""
    color, gray = build(image_shape=image_shape), build()
    parameters, x = parameters_of(color, 4, 5, *image_shape), torch.rand(5, *image_shape)
    channels = range(image_shape[0])
    expected = sum(gray.log_prob(parameters[:, :, c], x[:, c]) for c in channels)
    torch.testing.assert_close(color.log_prob(parameters, x), expected)
    assert color.log_prob(parameters, x).shape == (4, 5)
    assert torch.equal(color.mean(parameters), torch.stack([gray.mean(parameters[:, :, c]) for c in channels], 2))


def test_categorical_sums_to_one_over_the_colors_of_a_pixel():
    likelihood = Categorical256((2, 1, 1))
    parameters = parameters_of(likelihood, 2, 1, 1)
    colors = torch.cartesian_prod(torch.arange(256), torch.arange(256)).view(-1, 2, 1, 1) / 255
    total = likelihood.log_prob(parameters.expand(256**2, 2, 1, 1, 256), colors).double().logsumexp(0)
    assert total.item() == pytest.approx(0, abs=1e-5)


def test_black_and_white_is_no_color():
    with pytest.raises(InputError, match="color, 3 x 32 x 32: choose gaussian or categorical") as refusal:
        build_likelihood("bernoulli", image_shape=(3, 32, 32))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("build", KINDS)
def test_gray_images_with_a_channel_are_the_same_images(build):
    likelihood = build()
    parameters, x = parameters_of(likelihood, 3, 5, 6, 4), torch.rand(5, 6, 4).round()
    assert torch.equal(likelihood.log_prob(parameters, x), likelihood.log_prob(parameters, x[:, None]))


@pytest.mark.parametrize("build", KINDS)
def test_color_images_are_refused_by_a_likelihood_of_gray_ones(build):
    likelihood = build()
    with pytest.raises(InputError, match=r"images of shape \(5, 3, 6, 4\)"):
        likelihood.log_prob(parameters_of(likelihood, 3, 5, 6, 4), torch.rand(5, 3, 6, 4))


@pytest.mark.parametrize("build", KINDS)
def test_observed_pixels_are_what_the_likelihood_models(build):
    """Binary for a Bernoulli, drawn from the generator that is given; every gray level for the others."""
    levels, likelihood = torch.arange(256, dtype=torch.uint8).expand(1_000, 16, 256), build()
    first, again, other = (likelihood.observe(levels, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert first.shape == levels.shape and first.dtype == torch.float32 and torch.equal(first, again)
    if likelihood.name == "bernoulli":
        assert set(first.unique().tolist()) == {0.0, 1.0} and not torch.equal(first, other)
        p = torch.arange(256) / 255
        assert ((first.mean((0, 1)) - p).abs() <= 5 * (p * (1 - p) / 16_000).sqrt()).all()  # five standard errors
    else:
        assert torch.equal(first, levels / 255) and torch.equal(first, other)
