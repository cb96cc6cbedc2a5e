"""The shape of an image, (H, W) for gray and (C, H, W) for color, and the batches that fit it."""

import math
from collections.abc import Sequence

from torch import Tensor

from svae_lib.errors import InputError, is_integer

_MAX_PIXELS = 2**28  # above it a typing error, which would fill the memory


def check_image_shape(image_shape: Sequence[int]) -> tuple[int, ...]:
    """Check a shape that a model is to be built for.

    Args:
        image_shape: (H, W), or (C, H, W) with C > 1.

    Returns:
        The same, as a tuple.

    Raises:
        InputError: A side is not an integer >= 1, there are not two or three of them, or C is 1.

    Example:
        >>> check_image_shape([3, 32, 32])
        (3, 32, 32)
    """
    shape = tuple(image_shape)
    if not all(is_integer(size, at_least=1) for size in shape):
        raise InputError(f"image_shape {shape}: must be integers >= 1")
    shape = tuple(map(int, shape))
    if len(shape) not in (2, 3):
        raise InputError(f"image_shape {shape}: give (H, W) for gray images, (C, H, W) for color")
    if math.prod(shape) > _MAX_PIXELS:
        raise InputError(f"image_shape {shape}: the limit is {_MAX_PIXELS:,} numbers an image; resize the images")
    if len(shape) == 3 and shape[0] == 1:
        raise InputError(f"image_shape {shape}: gray is {shape[1:]}; such a model takes batches (B, 1, H, W) too")
    return shape


def fit_images(x: Tensor, image_shape: Sequence[int]) -> Tensor:
    """Fit a batch to the shape of a model's images, or refuse it.

    Args:
        x: (*image_shape) or (B, *image_shape); for gray also (B, 1, H, W), as a DataLoader gives it.
        image_shape: (H, W), or (C, H, W).

    Returns:
        The same images, without the 1.

    Raises:
        InputError: Their shape is another one (color for gray, gray for color, another size), or their dtype is not
            floating-point.

    Example:
        >>> import torch
        >>> fit_images(torch.zeros(5, 1, 28, 20), (28, 20)).shape
        torch.Size([5, 28, 20])
    """
    shape = tuple(image_shape)
    if not x.is_floating_point():
        raise InputError(
            f"images of {x.dtype}: the model takes floats in [0, 1], which likelihood.observe makes of uint8"
        )
    dims = len(shape)
    if x.shape[-dims:] == shape and x.ndim <= dims + 1:
        return x
    if dims == 2 and x.ndim == 4 and x.shape[1:] == (1, *shape):
        return x.squeeze(1)
    cure = "resize them, or build a model of their size"
    if x.ndim == 4 and dims == 2 and x.shape[1] > 1:
        cure = f"it is for gray images; for color, build it with image_shape {tuple(x.shape[1:])}"
    elif dims == 3 and x.shape[-dims:] == (*shape[1:], shape[0]):
        cure = "put the channels first: x.movedim(-1, -3)"
    elif dims == 3 and x.shape[-2:] == shape[1:]:
        cure = "it is for color images, of so many channels"
    raise InputError(f"images of shape {tuple(x.shape)}, but the model takes (B, {', '.join(map(str, shape))}): {cure}")
