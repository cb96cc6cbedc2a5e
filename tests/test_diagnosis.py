"""The diagnosis of a latent space, on models whose encoder is known: what each figure must then be."""

import json
import math

import numpy as np
import pytest
import torch
from scipy.special import hyp0f1
from torch import nn

from svae_lib import VAE, build_vae, parse_latent_space, plotting
from svae_lib.errors import InputError
from svae_lib.evaluation import diagnose
from svae_lib.plotting.style import png

N = 300


class Pixels(nn.Module):
    """An encoder whose features are the pixels: with the identity as head, images are the posterior's parameters."""

    def __init__(self, feature_size):
        super().__init__()
        self.feature_size = feature_size

    def forward(self, x):
        return x.flatten(1)


def diagnosed(name, parameters, **options):
    """The diagnosis of a space whose posteriors have these parameters, (N, parameter_size)."""
    space = parse_latent_space(name, **options)
    image_shape = 1, space.parameter_size
    model = VAE(Pixels(space.parameter_size), build_vae(image_shape, space, (4,)).decoder, space, nn.Identity())
    nn.init.eye_(model.head.weight)
    nn.init.zeros_(model.head.bias)
    return diagnose(model, parameters.reshape(-1, *image_shape))


def uniform_codes(name, count=N, s=9.0, seed=0):
    """Parameters whose directions (means, for a Euclidean space) are the prior's draws."""
    generator, pieces = torch.Generator().manual_seed(seed), []
    space = parse_latent_space(name)
    for factor in getattr(space, "factors", (space,)):
        pieces.append(torch.randn(count, factor.event_size, generator=generator))
        spread = -s if name.startswith("e") or str(factor).startswith("e") else s  # small scales, large concentrations
        pieces.append(torch.full((count, factor.parameter_size - factor.event_size), spread))
    return torch.cat(pieces, -1)


SPACES = ["s1", "s2", "p4", "c3", "e2", "s10", "3xs2", "s2,p3,e2", "2xe2"]


@pytest.mark.parametrize("name", SPACES)
def test_an_encoder_that_ignores_the_image_tells_nothing(name):
    parameters = uniform_codes(name, 1, s=-60.0 if "e" not in name else 0.5).expand(N, -1)
    found = diagnosed(name, parameters)
    assert abs(found.mutual_information) < 1e-9  # every posterior is the mixture
    assert found.num_active == 0 and max(factor.spread for factor in found.factors) < 1e-12
    assert found.collapsed == ("e" not in name)  # at the floor, whose own KL is no information


@pytest.mark.parametrize("name", SPACES)
def test_posteriors_that_are_apart_tell_all_images_apart(name):
    found = diagnosed(name, uniform_codes(name))
    assert found.mutual_information == pytest.approx(math.log(N), abs=0.02)  # a few directions of S^1 are close
    assert found.mutual_information <= found.max_mutual_information + 1e-9 == math.log(N) + 1e-9
    assert found.num_active == len(found.factors) and found.collapsed == 0
    assert all(factor.spread == pytest.approx(1, abs=0.25) for factor in found.factors)  # as the prior's, 300 draws


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("s", [-1.0, 1.0])
def test_the_two_parts_of_the_kl_add_up(name, s):
    found = diagnosed(name, uniform_codes(name, 1000, s))
    # the sum is the mean of log q(z|x) - log p(z) of one draw, whose noise for 1,000 images is below 0.1 a factor
    assert found.mutual_information + found.marginal_kl == pytest.approx(found.kl, abs=0.15 * len(found.factors))
    assert 0 < found.mutual_information < found.kl + 0.15 * len(found.factors)


def test_a_mixture_of_two_far_codes_tells_one_bit():
    parameters = torch.tensor([[9.0, 0.0, -3.0, -3.0], [-9.0, 0.0, -3.0, -3.0]]).repeat(N, 1)
    assert diagnosed("e2", parameters).mutual_information == pytest.approx(math.log(2), abs=1e-9)


def test_standard_normal_posteriors_are_collapsed():
    one = math.log(math.e - 1)  # softplus of it is 1
    found = diagnosed("e2", torch.tensor([[0.0, 0.0, one, one]]).repeat(N, 1))
    assert (found.collapsed, found.num_active) == (1, 0)
    assert abs(found.kl) < 1e-6 and abs(found.marginal_kl) < 1e-6  # parameters are float32


@pytest.mark.parametrize("floor, little, more", [(0.0, 0.6, 0.95), (1.0, 0.2, 0.5), (50.0, 3.0, 8.0)])
def test_images_above_the_floor_by_a_tenth_of_a_nat_are_not_collapsed(floor, little, more):
    """On S^2 the KL at `little` above the floor is 0.04 to 0.08 nats above the floor's own, at `more` 0.14 to 0.19."""
    s = torch.tensor([-60.0, little, more, more]).expm1().log().nan_to_num(-60.0)
    parameters = torch.cat([torch.tensor([[1.0, 0.0, 0.0]]).repeat(4, 1), s[:, None]], -1)
    found = diagnosed("s2", parameters, concentration_floor=floor, concentration_head="softplus")
    assert found.collapsed == 0.5
    lowest, *_, highest = found.factors[0].concentration
    assert found.factors[0].floor == floor <= lowest < highest == pytest.approx(floor + more, rel=1e-6)


def test_concentrations_are_given_by_their_quantiles():
    s = torch.linspace(-2, 4, 101)
    directions = torch.randn(101, 3, generator=torch.Generator().manual_seed(0))
    found = diagnosed("s2", torch.cat([directions, s[:, None]], -1), concentration_head="softplus")
    expected = 1 + np.log1p(np.exp([-2 + 6 * q for q in (0.05, 0.25, 0.5, 0.75, 0.95)]))
    np.testing.assert_allclose(found.factors[0].concentration, expected, rtol=1e-6)  # parameters are float32


@pytest.mark.parametrize("dim, radius", [(1, 1.0), (2, "sqrt_m"), (4, 1.0), (10, 3.0), (40, "sqrt_m")])
def test_codes_like_the_prior_have_its_uniformity(dim, radius):
    count, m = 1000, dim + 1
    factor = diagnosed(f"s{dim}", uniform_codes(f"s{dim}", count, 12.0), radius=radius).factors[0]
    # E e^{4t} over the sphere is Gamma(m/2) (2/4)^{m/2-1} I_{m/2-1}(4) = 0F1(; m/2; 4), by another library
    assert factor.uniform == pytest.approx(-4 + math.log(hyp0f1(m / 2, 4.0)), abs=1e-9)
    assert factor.uniformity == pytest.approx(factor.uniform, abs=0.03)  # of 1,000 draws
    assert factor.alignment < 0.2 and factor.kl > 5


def test_equal_codes_are_aligned_and_not_uniform():
    factor = diagnosed("s2", torch.tensor([[1.0, 2.0, 2.0, 14.0]]).repeat(N, 1)).factors[0]
    assert abs(factor.uniformity) < 0.1 and factor.alignment < 0.1  # both 0 in the limit
    noise = diagnosed("s2", torch.tensor([[1.0, 2.0, 2.0, -60.0]]).repeat(N, 1), concentration_floor=0.0).factors[0]
    assert noise.alignment == pytest.approx(2, abs=1e-6)  # two draws at concentration 3/60^2
    assert noise.uniformity == pytest.approx(noise.uniform, abs=0.05)  # of 300 draws


def test_the_factors_are_the_spheres_and_the_coordinates_in_order():
    parameters = uniform_codes("s2,e2")
    parameters[:, 4] = 0.05  # the first coordinate of e2 does not move
    found = diagnosed("s2,e2", parameters)
    assert [factor.name for factor in found.factors] == ["1: s2", "2: e2[1]", "2: e2[2]"]
    assert [factor.active for factor in found.factors] == [True, False, True] and found.num_active == 2
    assert [factor.concentration is None for factor in found.factors] == [False, True, True]
    assert found.kl == pytest.approx(sum(factor.kl for factor in found.factors))  # diagonal: the marginals add up


def test_a_full_covariance_is_diagnosed_by_its_marginals():
    parameters = torch.randn(N, 5, generator=torch.Generator().manual_seed(0))
    found = diagnosed("e2", parameters, covariance="full")
    assert len(found.factors) == 2 and found.kl > sum(factor.kl for factor in found.factors) > 0


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build_vae((8, 8), "s2,e1", hidden=(8,)).train()


def test_the_same_at_any_time_in_any_batches_and_nothing_else_is_touched(model):
    images, state = torch.rand(30, 8, 8), torch.get_rng_state()
    first = diagnose(model, images)
    assert torch.equal(torch.get_rng_state(), state) and model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert diagnose(model, images) == first != diagnose(model, images, seed=1)
    assert diagnose(model, images, batch_size=7).kl == pytest.approx(first.kl, rel=1e-5)


def test_chunks_do_not_change_the_figures(model, monkeypatch):
    images = torch.rand(30, 8, 8)
    whole = diagnose(model, images)
    monkeypatch.setattr("svae_lib.evaluation.diagnosis._MAX_CHUNK", 1)
    pieces = diagnose(model, images)
    assert pieces.mutual_information == pytest.approx(whole.mutual_information, rel=1e-9)
    assert pieces.factors[0].uniformity == pytest.approx(whole.factors[0].uniformity, rel=1e-9)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_images_are_an_error(model, count):
    with pytest.raises(InputError, match=f"a diagnosis by {count} images"):
        diagnose(model, torch.zeros(count, 8, 8))


def test_a_nan_of_the_encoder_is_a_nan_of_the_diagnosis_which_can_be_drawn(model):
    images = torch.rand(5, 8, 8)
    images[2] = math.nan
    found = diagnose(model, images)
    assert all(map(math.isnan, (found.kl, found.mutual_information, found.marginal_kl, found.collapsed)))
    assert png(plotting.diagnosis(found))


def test_the_picture_shows_the_figures(model):
    found = diagnose(model, torch.rand(30, 8, 8))
    parts, factors, concentrations, codes = plotting.diagnosis(found).axes
    heights = [bar.get_height() for bar in parts.patches]
    assert heights == [found.mutual_information, found.marginal_kl, found.kl]
    assert set(parts.lines[0].get_ydata()) == {math.log(30)}
    assert [bar.get_height() for bar in factors.patches] == [factor.spread for factor in found.factors]
    sphere = found.factors[0]
    assert sphere.concentration[2] in [line.get_ydata()[0] for line in concentrations.lines]
    assert [line.get_ydata()[0] for line in codes.lines] == [sphere.uniformity, sphere.uniform, sphere.alignment]


def test_the_figures_are_plain_numbers_and_the_words_name_each_sphere(model):
    found = diagnose(model, torch.rand(30, 8, 8))
    figures = json.loads(json.dumps(found.figures()))
    assert figures["mutual_information"] == found.mutual_information and figures["num_active"] == found.num_active
    assert [factor["active"] for factor in figures["factors"]] == [factor.active for factor in found.factors]
    words = str(found).splitlines()
    assert f"mutual information {found.mutual_information:.2f} of at most 3.40" in words[0]
    assert len(words) == 3 and words[2].startswith("  1: s2: KL ")
