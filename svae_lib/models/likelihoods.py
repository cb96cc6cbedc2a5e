"""Pixel likelihoods p(x | z): black or white, an intensity with normal noise, or one of 256 levels.

A likelihood knows both ends of a pixel: how it is observed in the stored image, and how probable that is under the
decoder's numbers.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from svae_lib.datasets.base import binarize, size_text, to_unit
from svae_lib.errors import InputError
from svae_lib.models.image_shape import fit_images


class Likelihood(nn.Module):
    """The distribution p(x | z) of an image's pixels, independent of each other given the decoder's output.

    Images x are (B, *image_shape) in [0, 1]; gray ones may be (B, 1, H, W). The decoder's parameters are
    (*samples, B, *image_shape), or (*samples, B, *image_shape, parameter_count) where that is more than one. In a color
    image, each value of each channel is a pixel of its own.

    Args:
        image_shape: (H, W), or (C, H, W) for color; None for gray images of any size.

    Attributes:
        name: What `build_likelihood` calls it.
        parameter_count: Decoder outputs per pixel.
    """

    name: str
    parameter_count: int

    def __init__(self, image_shape: Sequence[int] | None = None):
        super().__init__()
        self.image_shape = None if image_shape is None else tuple(image_shape)
        self.pixel_dims = (-2, -1) if image_shape is None else tuple(range(-len(image_shape), 0))  # an image's sums

    def observe(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Turn stored images into the x that is modeled: the intensities, scaled.

        Args:
            images: Any shape, uint8 from 0 to 255.
            generator: Of the images' device, for a likelihood that samples its pixels; else torch's global one.

        Returns:
            The same shape, float32 in [0, 1], on the images' device.
        """
        return to_unit(images)

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        """Compute log p(x | z) in nats.

        Args:
            parameters: (*samples, B, *image_shape), or (*samples, B, *image_shape, parameter_count).
            x: (B, *image_shape), in [0, 1]; for gray also (B, 1, H, W).

        Returns:
            (*samples, B), summed over pixels and channels.

        Raises:
            InputError: For an x of another shape, color for gray and gray for color among them.
        """
        raise NotImplementedError

    def mean(self, parameters: Tensor) -> Tensor:
        """Compute the mean image, in [0, 1]: (..., *image_shape)."""
        raise NotImplementedError

    def _fit(self, x: Tensor) -> Tensor:
        return fit_images(x, x.shape[-2:] if self.image_shape is None else self.image_shape)


class Bernoulli(Likelihood):
    r"""Black or white: \log p(x | l) = \sum_i x_i l_i - \log(1 + \exp l_i), with l the logits.

    For a gray x this is a cross entropy, not the logarithm of a probability, so pixels are binarized when observed.

    Args:
        image_shape: (H, W), or None for any size.

    Raises:
        InputError: For a color image_shape: a color is neither black nor white.

    References:
        Salakhutdinov and Murray, On the quantitative analysis of deep belief networks, ICML 2008.

    Example:
        >>> Bernoulli().log_prob(torch.zeros(5, 2, 2), torch.ones(2, 2))[0]  # 4 log(1/2)
        tensor(-2.7726)
    """

    name = "bernoulli"
    parameter_count = 1

    def __init__(self, image_shape: Sequence[int] | None = None):
        if image_shape is not None and len(image_shape) > 2:
            raise InputError(
                f"the likelihood bernoulli is for black and white, and the images are color, {size_text(image_shape)}: "
                "choose gaussian or categorical (-lf)"
            )
        super().__init__(image_shape)

    def observe(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Sample binary pixels with P(x = 1) = intensity / 255; Args and shapes as Likelihood.observe."""
        return binarize(images, generator)

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        x = self._fit(x).expand_as(parameters)
        return -binary_cross_entropy_with_logits(parameters, x, reduction="none").sum(self.pixel_dims)

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.sigmoid()


class Gaussian(Likelihood):
    r"""An intensity with normal noise: \log p(x | l) = \sum_i \log N(x_i; l_i, \sigma^2), normalizer included.

    One sigma for all pixels and channels. A density can be above 1, so its logarithm can be positive.

    Args:
        sigma: The standard deviation, fixed; where it is None, its logarithm is a parameter, learned from a start at
            0.3, about the deviation of MNIST's pixels from their mean.
        image_shape: (H, W), or (C, H, W) for color; None for gray images of any size.

    Raises:
        InputError: For a sigma not above 0.

    Example:
        >>> Gaussian(sigma=1.0).log_prob(torch.zeros(2, 2), torch.zeros(2, 2))  # -4/2 log(2 pi)
        tensor(-3.6758)
    """

    name = "gaussian"
    parameter_count = 1

    def __init__(self, sigma: float | None = None, image_shape: Sequence[int] | None = None):
        super().__init__(image_shape)
        if sigma is not None and not 0 < sigma < math.inf:
            raise InputError(f"sigma {sigma}: a normal needs a finite standard deviation above 0")
        # a fixed one is configuration, so it is no buffer, which to_empty would leave unfilled
        self.log_sigma = nn.Parameter(torch.tensor(0.3).log()) if sigma is None else math.log(sigma)

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        x = self._fit(x)
        log_precision = -2 * self.log_sigma
        precision = math.exp(log_precision) if isinstance(log_precision, float) else log_precision.exp()
        squares = (x - parameters).square().sum(self.pixel_dims) * precision
        count = x.shape[self.pixel_dims[0] :].numel()
        return -0.5 * squares - count * (self.log_sigma + 0.5 * math.log(2 * math.pi))

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.clamp(0, 1)  # nothing holds the mean inside the range that can be shown


class Categorical256(Likelihood):
    r"""One of 256 levels: \log p(x | l) = \sum_i \log softmax(l_i)[255 x_i], the only exact model of 8-bit images.

    Args:
        image_shape: (H, W), or (C, H, W) for color; None for gray images of any size.

    Example:
        >>> Categorical256().log_prob(torch.zeros(2, 2, 256), torch.zeros(2, 2))  # -4 log 256
        tensor(-22.1807)
    """

    name = "categorical"
    parameter_count = 256

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        x = self._fit(x)
        level = (255 * x.nan_to_num()).round().long().expand(parameters.shape[:-1])
        nats = cross_entropy(parameters.flatten(0, -2), level.flatten(), reduction="none").view(level.shape)
        return (x - x).sum(self.pixel_dims) - nats.sum(self.pixel_dims)  # x - x: a NaN has no level, and must stay one

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.softmax(-1) @ torch.linspace(0, 1, 256, dtype=parameters.dtype, device=parameters.device)


LIKELIHOODS = {kind.name: kind for kind in (Bernoulli, Gaussian, Categorical256)}


def build_likelihood(name: str, sigma: float | None = None, image_shape: Sequence[int] | None = None) -> Likelihood:
    """Build a likelihood from its name.

    Args:
        name: "bernoulli", "gaussian" or "categorical".
        sigma: The Gaussian's standard deviation, fixed; learned where it is None.
        image_shape: (H, W), or (C, H, W) for color; None for gray images of any size.

    Raises:
        InputError: For an unknown name, with the choices, a sigma without a Gaussian, or a Bernoulli for color.

    Example:
        >>> build_likelihood("gaussian", sigma=0.5).parameter_count
        1
    """
    if name not in LIKELIHOODS:
        raise InputError(f"likelihood {name!r}: choose from {', '.join(LIKELIHOODS)}")
    if name == "gaussian":
        return Gaussian(sigma, image_shape)
    if sigma is not None:
        raise InputError(f"sigma {sigma} with the likelihood {name!r}: only gaussian has a sigma")
    return LIKELIHOODS[name](image_shape)
