"""Encoders and decoders: fully connected, and gated convolutions.

An encoder maps images (B, H, W) to features (B, feature_size). A decoder maps points (..., event_size) to a pixel's
parameters, (..., H, W), or (..., H, W, parameter_count) where that is more than one.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from svae_lib.errors import InputError

# Of the two halvings of an image. Twice as many cost four times the time: on a CPU some minutes an epoch of MNIST.
_CHANNELS = 16, 32
_SHRINK = 2 ** len(_CHANNELS)


class MLP(nn.Sequential):
    """Linear maps through `sizes`, with a ReLU after each but the last, or after the last too (`end_active`).

    >>> import torch
    >>> MLP([784, 256, 128], end_active=True)(torch.zeros(5, 784)).shape
    torch.Size([5, 128])
    """

    def __init__(self, sizes: Sequence[int], end_active: bool = False):
        layers = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]
        super().__init__(*(layers if end_active else layers[:-1]))


class MLPEncoder(nn.Module):
    """Images as vectors through hidden layers with ReLU, as in the papers; with none, the pixels are the features."""

    def __init__(self, image_shape: tuple[int, int], hidden: Sequence[int] = (256, 128)):
        super().__init__()
        sizes = [image_shape[0] * image_shape[1], *hidden]
        self.net, self.feature_size = MLP(sizes, end_active=True), sizes[-1]

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x.flatten(-2))


class MLPDecoder(nn.Module):
    """The encoder's layers in reverse: `hidden` is given in the encoder's order, widest first."""

    def __init__(
        self,
        event_size: int,
        image_shape: tuple[int, int],
        parameter_count: int = 1,
        hidden: Sequence[int] = (256, 128),
    ):
        super().__init__()
        self.image_shape = tuple(image_shape)
        self.pixel_shape = self.image_shape if parameter_count == 1 else (*self.image_shape, parameter_count)
        self.net = MLP([event_size, *reversed(hidden), image_shape[0] * image_shape[1] * parameter_count])

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z).unflatten(-1, self.pixel_shape)


class Gated(nn.Module):
    """A layer whose channels are half values, half gates: value * sigmoid(gate)  (Dauphin et al., arXiv 1612.08083)."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.glu(self.layer(x), dim=-3)


class ConvEncoder(nn.Module):
    """Gated convolutions that halve the image twice (28 x 28 -> 7 x 7, 28 x 20 -> 7 x 5), then hidden layers.

    Errors: InputError for an image whose sides are not multiples of 4.

    >>> import torch
    >>> ConvEncoder((28, 20))(torch.zeros(5, 28, 20)).shape
    torch.Size([5, 128])
    """

    def __init__(self, image_shape: tuple[int, int], hidden: Sequence[int] = (256, 128)):
        super().__init__()
        small = _shrunk(image_shape)
        first, second = _CHANNELS
        self.convolutions = nn.Sequential(
            Gated(nn.Conv2d(1, 2 * first, kernel_size=4, stride=2, padding=1)),
            Gated(nn.Conv2d(first, 2 * second, kernel_size=4, stride=2, padding=1)),
            Gated(nn.Conv2d(second, 2 * second, kernel_size=3, padding=1)),
        )
        sizes = [second * small[0] * small[1], *hidden]
        self.dense, self.feature_size = MLP(sizes, end_active=True), sizes[-1]

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.convolutions(x.unsqueeze(-3)).flatten(-3))


class ConvDecoder(nn.Module):
    """Hidden layers in reverse, then gated transposed convolutions that double a small image twice.

    Kernels of 4 at stride 2 overlap evenly, which leaves no checkerboard (Odena et al., 10.23915/distill.00003).
    Errors: as ConvEncoder's.

    >>> import torch
    >>> ConvDecoder(3, (28, 20), parameter_count=256)(torch.zeros(2, 5, 3)).shape
    torch.Size([2, 5, 28, 20, 256])
    """

    def __init__(
        self,
        event_size: int,
        image_shape: tuple[int, int],
        parameter_count: int = 1,
        hidden: Sequence[int] = (256, 128),
    ):
        super().__init__()
        self.image_shape, self.parameter_count = tuple(image_shape), parameter_count
        first, second = _CHANNELS
        self.small_shape = second, *_shrunk(image_shape)
        small_size = second * self.small_shape[1] * self.small_shape[2]
        self.dense = MLP([event_size, *reversed(hidden), small_size], end_active=True)
        self.convolutions = nn.Sequential(
            Gated(nn.ConvTranspose2d(second, 2 * first, kernel_size=4, stride=2, padding=1)),
            Gated(nn.ConvTranspose2d(first, 2 * first, kernel_size=4, stride=2, padding=1)),
            nn.Conv2d(first, parameter_count, kernel_size=1),
        )

    def forward(self, z: Tensor) -> Tensor:
        small = self.dense(z.reshape(-1, z.shape[-1])).unflatten(-1, self.small_shape)
        pixels = self.convolutions(small)
        pixels = pixels.reshape(*z.shape[:-1], *pixels.shape[1:])
        return pixels.squeeze(-3) if self.parameter_count == 1 else pixels.movedim(-3, -1)


NETWORKS = {"mlp": (MLPEncoder, MLPDecoder), "cnn": (ConvEncoder, ConvDecoder)}


def _shrunk(image_shape: tuple[int, int]) -> tuple[int, int]:
    """The shape after the halvings."""
    if any(side % _SHRINK for side in image_shape):
        size = f"{image_shape[0]} x {image_shape[1]}"
        raise InputError(
            f"network 'cnn' with images of {size}: both sides must be multiples of {_SHRINK}, or take 'mlp'"
        )
    return image_shape[0] // _SHRINK, image_shape[1] // _SHRINK
