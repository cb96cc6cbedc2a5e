"""A model as torch's users treat one: built without memory, called, hooked, and given what a DataLoader gives."""

import numpy as np
import pytest
import torch
from torch.distributions import kl_divergence

from svae_lib.errors import InputError
from svae_lib.latent_spaces import Euclidean, ProductSpace, Sphere, parse_latent_space
from svae_lib.models import build_vae

SPACES = {
    "sphere": lambda: Sphere(2, radius=2.0),
    "group": lambda: parse_latent_space("3xs2,2xe2", radius=2.0),
    "normal": lambda: Euclidean(3, "full"),
    "learned": lambda: ProductSpace([Sphere(2, radius=2.0, learn_radius=True), Euclidean(2)]),
}


@pytest.mark.parametrize("name", SPACES)
def test_a_model_built_on_the_meta_device_is_the_one_that_was_stored(name):
    """Its radius was whatever the memory held, -0.31 once: to_empty fills no buffer that is not stored."""
    torch.manual_seed(0)
    options = dict(hidden=(8,), likelihood="gaussian", sigma=0.5)
    stored = build_vae((4, 3), SPACES[name](), **options)
    with torch.device("meta"):
        model = build_vae((4, 3), SPACES[name](), **options)
    model.to_empty(device="cpu").load_state_dict(stored.state_dict())
    x, draws = torch.rand(5, 4, 3), []
    for each in (stored, model):
        torch.manual_seed(1)
        draws.append([*each.elbo(x), each.sample(3), each.embed(x), each.log_likelihood(x, 3)])
    torch.testing.assert_close(*draws, rtol=0, atol=0)


def test_a_radius_keeps_its_digits_in_another_dtype():
    assert Sphere(2, radius=0.1).double().radius.item() == 0.1
    assert ProductSpace([Sphere(2, radius=0.1)] * 2).double().groups[0].radius.tolist() == [0.1, 0.1]


def test_spaces_of_two_dimensions_have_no_divergence():
    posterior = Sphere(4).posterior(torch.randn(3, 6))
    with pytest.raises(ValueError, match=r"R\^5, the second in R\^3"):
        kl_divergence(posterior, Sphere(2).prior())


def test_a_call_is_the_bound_and_runs_the_hooks():
    model, x, seen = build_vae((4, 3), "s2", hidden=(8,)), torch.rand(5, 4, 3), []
    model.register_forward_hook(lambda module, arguments, result: seen.append(result))
    torch.manual_seed(0)
    found = model(x)
    torch.manual_seed(0)
    torch.testing.assert_close(found, model.elbo(x), rtol=0, atol=0)
    assert seen == [found]


METHODS = {
    "elbo": lambda model, x: model.elbo(x),
    "embed": lambda model, x: model.embed(x),
    "reconstruct": lambda model, x: model.reconstruct(x),
    "log_likelihood": lambda model, x: model.log_likelihood(x, 2),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_every_method_takes_a_data_loaders_batch_and_refuses_what_is_no_image_of_its_own(network, method):
    model, call = build_vae((8, 8), "s2", hidden=(8,), network=network), METHODS[method]
    call(model, torch.rand(5, 1, 8, 8))
    for shape in [(5, 3, 8, 8), (5, 8, 12), (5, 1, 8, 12)]:
        with pytest.raises(InputError, match="images of shape"):
            call(model, torch.rand(shape))
    for wrong in (torch.zeros(5, 8, 8, dtype=torch.uint8), torch.zeros(5, 8, 8, dtype=torch.bool)):
        with pytest.raises(InputError, match=f"images of {wrong.dtype}: .* likelihood.observe") as error:
            call(model, wrong)
        assert "\n" not in str(error.value)


def test_integers_of_numpy_are_integers_and_booleans_are_not():
    model = build_vae(np.array([4, 3]), Sphere(np.int64(2)), hidden=np.array([8]))
    assert (
        model.image_shape == (4, 3) and str(model.latent_space) == "s2" and model(torch.rand(2, 4, 3)).kl.shape == (2,)
    )
    for build in (
        lambda: Sphere(True),
        lambda: build_vae((True, 3), "s2"),
        lambda: build_vae((4, 3), "s2", hidden=(True,)),
    ):
        with pytest.raises(InputError, match="True"):
            build()
