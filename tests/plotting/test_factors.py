"""What several concentrations say that one cannot."""

import numpy as np
import pytest
import torch

from svae_lib import build_vae, plotting
from svae_lib.errors import InputError


def test_one_bell_is_round_the_product_of_two_is_not_and_both_cost_the_same():
    sphere, torus = plotting.bell_shapes().axes
    (round_,), (oval,) = (
        [line.get_xydata() for line in axes.lines if len(line.get_xdata()) > 1] for axes in (sphere, torus)
    )
    spread, wide = round_.std(0), oval.std(0)
    assert spread[0] / spread[1] == pytest.approx(1, abs=0.15)  # 600 draws: three standard errors are 0.12
    assert wide[0] / wide[1] > 2.5  # sqrt(100 / 10) = 3.2
    costs = [float(axes.get_title(loc="left").split(": ")[1].split()[0]) for axes in (sphere, torus)]
    assert costs[0] == costs[1]


def test_bell_shapes_leave_the_readers_random_numbers_alone():
    before = torch.get_rng_state()
    plotting.bell_shapes()
    assert torch.equal(torch.get_rng_state(), before)


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
