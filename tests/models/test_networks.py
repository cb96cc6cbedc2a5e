"""Every network keeps its shapes for every image and every batch, and uses all of its weights."""

import pytest
import torch

from svae_lib.errors import InputError
from svae_lib.models.networks import MLP, NETWORKS, Gated

every_network = pytest.mark.parametrize("network", NETWORKS)


@every_network
@pytest.mark.parametrize("image_shape", [(28, 28), (28, 20), (8, 4)])
@pytest.mark.parametrize("hidden", [(256, 128), (7,), (), (5, 6, 7)])
def test_shapes(network, image_shape, hidden):
    encoder_kind, decoder_kind = NETWORKS[network]
    encoder = encoder_kind(image_shape, hidden)
    features = encoder(torch.zeros(5, *image_shape))
    assert features.shape == (5, encoder.feature_size)
    assert not hidden or encoder.feature_size == hidden[-1]
    for parameter_count, tail in (1, ()), (256, (256,)):
        decoder = decoder_kind(3, image_shape, parameter_count, hidden)
        assert decoder.image_shape == image_shape
        for batch in (), (5,), (2, 5):
            assert decoder(torch.zeros(*batch, 3)).shape == (*batch, *image_shape, *tail)


@every_network
def test_samples_and_images_are_decoded_one_by_one(network):
    torch.manual_seed(0)
    decoder = NETWORKS[network][1](3, (28, 20), 4, (16,))
    z = torch.randn(2, 5, 3)
    one_by_one = torch.stack([torch.stack([decoder(point) for point in row]) for row in z])
    torch.testing.assert_close(decoder(z), one_by_one, rtol=1e-4, atol=1e-5)  # sums in another order


@every_network
def test_every_weight_has_a_gradient(network):
    torch.manual_seed(0)
    encoder, decoder = (NETWORKS[network][0]((28, 20), (16, 8)), NETWORKS[network][1](8, (28, 20), 1, (16, 8)))
    decoder(encoder(torch.rand(5, 28, 20))).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for net in (encoder, decoder) for p in net.parameters())


def test_an_mlp_is_active_between_its_layers_and_at_its_end_if_asked():
    assert [type(layer).__name__ for layer in MLP([3, 4, 5])] == ["Linear", "ReLU", "Linear"]
    assert [type(layer).__name__ for layer in MLP([3, 4, 5], end_active=True)] == ["Linear", "ReLU"] * 2
    assert len(MLP([3], end_active=True)) == 0


def test_gates_are_sigmoids_of_the_second_half_of_the_channels():
    x = torch.randn(5, 6, 4, 4)
    torch.testing.assert_close(Gated(torch.nn.Identity())(x), x[:, :3] * x[:, 3:].sigmoid())


def test_an_image_whose_sides_cannot_be_halved_twice_is_refused():
    for kind, arguments in zip(NETWORKS["cnn"], [((28, 30),), (3, (28, 30))], strict=True):
        with pytest.raises(InputError, match="28 x 30: both sides must be multiples of 4"):
            kind(*arguments)
