"""Concentrations of posteriors: they are the encoder's own, and the figures show them."""

import numpy as np
import pytest
import torch

from svae_lib import build_vae, plotting
from svae_lib.distributions import VonMisesFisher
from svae_lib.errors import InputError
from svae_lib.plotting import concentrations, kappa_by_digit

KAPPAS = torch.tensor([10.0, 20.0, 40.0, 300.0, 3.0, 5.0])

LABELS = [0, 0, 0, 1, 1, 1]


@pytest.fixture
def model(glass):
    """A glass model that is as certain of an image as its upper left pixel says."""
    model = glass("s2")
    model.encode = lambda images: VonMisesFisher(torch.eye(3)[:1].expand(len(images), 3), 1000 * images[:, 0, 0])
    return model


@pytest.fixture
def images():
    images = torch.zeros(6, 8, 8)
    images[:, 0, 0] = KAPPAS / 1000
    return images


def test_the_concentrations_are_the_posteriors_own(model, images):
    np.testing.assert_allclose(concentrations(model, images), KAPPAS)


def test_every_image_is_a_point_and_every_digit_has_its_median(model, images):
    axes = kappa_by_digit(model, images, LABELS, shown=2).axes[0]
    zeros, median_of_zeros, ones, median_of_ones = axes.lines
    np.testing.assert_allclose(zeros.get_ydata(), KAPPAS[:3])
    np.testing.assert_allclose(ones.get_ydata(), KAPPAS[3:])
    assert set(median_of_zeros.get_ydata()) == {20}
    assert set(median_of_ones.get_ydata()) == {5}
    assert all(abs(x - 1) < 0.5 for x in ones.get_xdata())


def test_the_least_and_the_most_certain_are_shown(model, images):
    _, least, most = kappa_by_digit(model, images, LABELS, shown=2).axes
    assert least.get_title("left") == "least certain: κ from 3 to 5"
    assert most.get_title("left") == "most certain: κ from 40 to 300"
    np.testing.assert_allclose(least.images[0].get_array()[0, 0], 0.003)
    np.testing.assert_allclose(most.images[0].get_array()[0, [0]], 0.3)


def test_kappa_needs_a_sphere(glass):
    with pytest.raises(InputError, match="kappa needs one sphere as the latent space, this model has e2"):
        concentrations(glass("e2"), torch.zeros(1, 8, 8))


@pytest.mark.parametrize("space", ["5xs2", "s4,s3,s3", "s10"])
def test_concentrations_are_the_posteriors_own_in_the_order_of_the_factors(space):
    model, images = build_vae((28, 28), space, hidden=(8,)), torch.rand(7, 28, 28)
    posterior = model.encode(images)
    expected = [factor.concentration.detach() for factor in getattr(posterior, "factors", (posterior,))]
    np.testing.assert_allclose(plotting.factor_concentrations(model, images), torch.stack(expected, -1))


def test_a_flat_factor_has_no_concentration():
    model = build_vae((28, 28), "s2,e2", hidden=(8,))
    with pytest.raises(InputError, match="factor 2 of s2,e2 is e2"):
        plotting.factor_concentrations(model, torch.rand(2, 28, 28))


def test_the_picture_writes_down_the_concentrations_of_one_image_a_digit():
    model, images = build_vae((28, 28), "3xs2", hidden=(8,)), torch.rand(6, 28, 28)
    labels = torch.tensor([1, 0, 1, 0, 2, 2])
    cells = plotting.kappa_by_factor(model, images, labels).axes[2]
    written = [text.get_text() for text in cells.texts]
    kappas = plotting.factor_concentrations(model, images)
    assert written == [f"{kappa:.0f}" for kappa in kappas[[1, 0, 4]].ravel()]
