"""Every network keeps its shapes for every image and every batch, and uses all of its weights."""

import pytest
import torch

from svae_lib.errors import InputError
from svae_lib.models.networks import MLP, NETWORKS, Gated

every_network = pytest.mark.parametrize("network", NETWORKS)


@every_network
@pytest.mark.parametrize("image_shape", [(28, 28), (28, 20), (8, 4), (5, 7), (1, 1), (3, 32, 32), (3, 17, 23)])
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


@pytest.mark.parametrize("image_shape", [(5, 7), (30, 28), (3, 17, 23)])
def test_what_the_convolutions_pad_is_cut_off_again(image_shape):
    encoder, decoder = NETWORKS["cnn"][0](image_shape, (16,)), NETWORKS["cnn"][1](3, image_shape, 1, (16,))
    padded = torch.nn.functional.pad(torch.ones(image_shape), encoder.padding)
    assert padded.shape[-2] % 4 == padded.shape[-1] % 4 == 0
    assert torch.equal(padded[..., decoder.rows, decoder.columns], torch.ones(image_shape))


@every_network
def test_gray_models_keep_the_names_and_shapes_of_their_weights(network):
    """What was stored before there was color still fits."""
    encoder, decoder = NETWORKS[network][0]((28, 20), (16,)), NETWORKS[network][1](3, (28, 20), 256, (16,))
    layers = {
        "mlp": (["net.0"], ["net.0", "net.2"]),
        "cnn": (
            [*(f"convolutions.{i}.layer" for i in range(3)), "dense.0"],
            ["dense.0", "dense.2", "convolutions.0.layer", "convolutions.1.layer", "convolutions.2"],
        ),
    }[network]
    for net, names in zip((encoder, decoder), layers, strict=True):
        assert sorted(net.state_dict()) == sorted(f"{name}.{kind}" for name in names for kind in ("weight", "bias"))
    if network == "cnn":
        assert encoder.state_dict()["convolutions.0.layer.weight"].shape == (32, 1, 4, 4)
        assert encoder.state_dict()["dense.0.weight"].shape == (16, 32 * 7 * 5)
        assert decoder.state_dict()["convolutions.2.weight"].shape == (256, 16, 1, 1)


@every_network
def test_gray_images_with_a_channel_are_the_same_images(network):
    encoder, x = NETWORKS[network][0]((5, 7), (16,)), torch.rand(4, 5, 7)
    assert torch.equal(encoder(x), encoder(x[:, None]))


WRONG = {
    "color for gray": ((8, 5), (4, 3, 8, 5), "it is for gray images; for color, build it with image_shape (3, 8, 5)"),
    "gray for color": ((3, 8, 5), (4, 8, 5), "it is for color images"),
    "one channel for color": ((3, 8, 5), (4, 1, 8, 5), "it is for color images"),
    "channels last": ((3, 8, 5), (4, 8, 5, 3), "x.movedim(-1, -3)"),
    "another size": ((8, 5), (4, 5, 8), "the model takes (B, 8, 5): resize them"),
    "another size in color": ((3, 8, 5), (4, 3, 8, 9), "the model takes (B, 3, 8, 5): resize them"),
    "two batches": ((8, 5), (2, 4, 8, 5), "images of shape (2, 4, 8, 5)"),
}


@every_network
@pytest.mark.parametrize(("image_shape", "shape", "words"), WRONG.values(), ids=WRONG)
def test_other_images_are_refused_in_one_line(network, image_shape, shape, words):
    with pytest.raises(InputError) as refusal:
        NETWORKS[network][0](image_shape, (16,))(torch.zeros(shape))
    assert words in str(refusal.value) and str(shape) in str(refusal.value) and "\n" not in str(refusal.value)
