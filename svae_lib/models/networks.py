"""Encoders and decoders: fully connected, and gated convolutions.

An encoder maps images (B, *image_shape) to features (B, feature_size), where image_shape is (H, W), or (C, H, W) for
color; gray images may be (B, 1, H, W). A decoder maps points (..., event_size) to the parameters of each pixel,
(..., *image_shape), or (..., *image_shape, parameter_count) where that is more than one.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from svae_lib.models.image_shape import fit_images

# Of the two halvings of an image. Twice as many cost four times the time: on a CPU some minutes an epoch of MNIST.
_CHANNELS = 16, 32
_SHRINK = 2 ** len(_CHANNELS)


class MLP(nn.Sequential):
    """Multilayer perceptron: linear maps with a ReLU between each two.

    Args:
        sizes: Features at the input, after each layer, and at the output.
        end_active: Whether a ReLU follows the last map too.

    Example:
        >>> import torch
        >>> MLP([784, 256, 128], end_active=True)(torch.zeros(5, 784)).shape
        torch.Size([5, 128])
    """

    def __init__(self, sizes: Sequence[int], end_active: bool = False):
        layers = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]
        super().__init__(*(layers if end_active else layers[:-1]))


class MLPEncoder(nn.Module):
    """Encoder of hidden layers with ReLU on the image as a vector, as in the papers.

    Args:
        image_shape: (H, W), or (C, H, W) for color.
        hidden: Sizes of the layers; with none, the pixels are the features.
    """

    def __init__(self, image_shape: Sequence[int], hidden: Sequence[int] = (256, 128)):
        super().__init__()
        self.image_shape = tuple(image_shape)
        sizes = [math.prod(image_shape), *hidden]
        self.net, self.feature_size = MLP(sizes, end_active=True), sizes[-1]

    def forward(self, x: Tensor) -> Tensor:
        return self.net(fit_images(x, self.image_shape).flatten(-len(self.image_shape)))


class MLPDecoder(nn.Module):
    """Decoder with an MLPEncoder's layers in reverse.

    Args:
        event_size: Coordinates of a latent point.
        image_shape: (H, W), or (C, H, W) for color.
        parameter_count: Outputs per pixel.
        hidden: Sizes of the layers in the encoder's order, widest first.
    """

    def __init__(
        self,
        event_size: int,
        image_shape: Sequence[int],
        parameter_count: int = 1,
        hidden: Sequence[int] = (256, 128),
    ):
        super().__init__()
        self.image_shape = tuple(image_shape)
        self.pixel_shape = self.image_shape if parameter_count == 1 else (*self.image_shape, parameter_count)
        self.net = MLP([event_size, *reversed(hidden), math.prod(image_shape) * parameter_count])

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z).unflatten(-1, self.pixel_shape)


class Gated(nn.Module):
    """Gated layer, half of whose channels are values and half gates: value * sigmoid(gate).

    Args:
        layer: Gives (..., 2 C, H, W), of which (..., C, H, W) remain.

    References:
        Dauphin et al., arXiv 1612.08083.
    """

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.glu(self.layer(x), dim=-3)


class ConvEncoder(nn.Module):
    """Encoder of gated convolutions that halve the image twice (28 x 20 -> 7 x 5), then hidden layers.

    A side that is no multiple of 4 is padded to the next one with zeros: 5 x 7 -> 8 x 8 -> 2 x 2.

    Args:
        image_shape: (H, W), or (C, H, W) for color.
        hidden: Sizes of the dense layers.

    Example:
        >>> import torch
        >>> ConvEncoder((3, 28, 19))(torch.zeros(5, 3, 28, 19)).shape
        torch.Size([5, 128])
    """

    def __init__(self, image_shape: Sequence[int], hidden: Sequence[int] = (256, 128)):
        super().__init__()
        self.image_shape = tuple(image_shape)
        *channels, height, width = image_shape
        (top, bottom, tall), (left, right, wide) = _padding(height), _padding(width)
        self.padding = left, right, top, bottom
        small = tall // _SHRINK, wide // _SHRINK
        first, second = _CHANNELS
        self.convolutions = nn.Sequential(
            Gated(nn.Conv2d(math.prod(channels), 2 * first, kernel_size=4, stride=2, padding=1)),
            Gated(nn.Conv2d(first, 2 * second, kernel_size=4, stride=2, padding=1)),
            Gated(nn.Conv2d(second, 2 * second, kernel_size=3, padding=1)),
        )
        sizes = [second * small[0] * small[1], *hidden]
        self.dense, self.feature_size = MLP(sizes, end_active=True), sizes[-1]

    def forward(self, x: Tensor) -> Tensor:
        x = fit_images(x, self.image_shape)
        x = x if len(self.image_shape) == 3 else x.unsqueeze(-3)
        x = nn.functional.pad(x, self.padding) if any(self.padding) else x
        return self.dense(self.convolutions(x).flatten(-3))


class ConvDecoder(nn.Module):
    """Decoder of hidden layers, then gated transposed convolutions that double a small image twice.

    Kernels of 4 at stride 2 overlap evenly, which leaves no checkerboard. What ConvEncoder pads is cut off again.

    Args:
        event_size: Coordinates of a latent point.
        image_shape: (H, W), or (C, H, W) for color.
        parameter_count: Outputs per pixel.
        hidden: Sizes of the dense layers in the encoder's order, widest first.

    References:
        Odena, Dumoulin and Olah, 10.23915/distill.00003.

    Example:
        >>> import torch
        >>> ConvDecoder(3, (3, 28, 19), parameter_count=256)(torch.zeros(2, 5, 3)).shape
        torch.Size([2, 5, 3, 28, 19, 256])
    """

    def __init__(
        self,
        event_size: int,
        image_shape: Sequence[int],
        parameter_count: int = 1,
        hidden: Sequence[int] = (256, 128),
    ):
        super().__init__()
        self.image_shape, self.parameter_count = tuple(image_shape), parameter_count
        *channels, height, width = image_shape
        (top, _, tall), (left, _, wide) = _padding(height), _padding(width)
        self.rows, self.columns = slice(top, top + height), slice(left, left + width)
        first, second = _CHANNELS
        self.small_shape = second, tall // _SHRINK, wide // _SHRINK
        self.dense = MLP([event_size, *reversed(hidden), math.prod(self.small_shape)], end_active=True)
        self.convolutions = nn.Sequential(
            Gated(nn.ConvTranspose2d(second, 2 * first, kernel_size=4, stride=2, padding=1)),
            Gated(nn.ConvTranspose2d(first, 2 * first, kernel_size=4, stride=2, padding=1)),
            nn.Conv2d(first, math.prod(channels) * parameter_count, kernel_size=1),
        )

    def forward(self, z: Tensor) -> Tensor:
        small = self.dense(z.reshape(-1, z.shape[-1])).unflatten(-1, self.small_shape)
        pixels = self.convolutions(small)[..., self.rows, self.columns]
        pixels = pixels.reshape(*z.shape[:-1], *self.image_shape[:-2], self.parameter_count, *self.image_shape[-2:])
        return pixels.squeeze(-3) if self.parameter_count == 1 else pixels.movedim(-3, -1)


NETWORKS = {"mlp": (MLPEncoder, MLPDecoder), "cnn": (ConvEncoder, ConvDecoder)}


def _padding(side: int) -> tuple[int, int, int]:
    """Pixels to add before and after a side so that it can be halved, and its length with them."""
    missing = -side % _SHRINK
    return missing // 2, missing - missing // 2, side + missing
