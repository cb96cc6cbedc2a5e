"""Pixel likelihoods p(x | z): black or white, a gray value with normal noise, or one of 256 levels.

A likelihood knows both ends of a pixel: how it is observed in the stored image, and how probable that is under the
decoder's numbers.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from svae_lib.datasets.base import binarize, to_unit
from svae_lib.errors import InputError


class Likelihood(nn.Module):
    """The distribution p(x | z) of an image's pixels, independent of each other given the decoder's output.

    Images x are (..., H, W) in [0, 1]. The decoder's parameters are (..., H, W), or (..., H, W, parameter_count) where
    that is more than one, and may have more leading dimensions: samples before images.

    Attributes:
        name: what `build_likelihood` calls it.
        parameter_count: decoder outputs per pixel.
    """

    name: str
    parameter_count: int

    def observe(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Turn stored images into the x that is modeled: the intensities, scaled.

        Args:
            images: (..., H, W), uint8 from 0 to 255.
            generator: of the images' device, for a likelihood that samples its pixels; else torch's global one.

        Returns:
            (..., H, W), float32 in [0, 1], on the images' device.
        """
        return to_unit(images)

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        """Compute log p(x | z) in nats.

        Args:
            parameters: (*samples, *batch, H, W), or (*samples, *batch, H, W, parameter_count).
            x: (*batch, H, W), in [0, 1].

        Returns:
            (*samples, *batch), summed over pixels.
        """
        raise NotImplementedError

    def mean(self, parameters: Tensor) -> Tensor:
        """Compute the mean image, in [0, 1]: (..., H, W)."""
        raise NotImplementedError


class Bernoulli(Likelihood):
    r"""Black or white: \log p(x | l) = \sum_i x_i l_i - \log(1 + \exp l_i), with l the logits.

    For a gray x this is a cross entropy, not the logarithm of a probability, so pixels are binarized when observed.

    References:
        Salakhutdinov and Murray, On the quantitative analysis of deep belief networks, ICML 2008.

    Example:
        >>> Bernoulli().log_prob(torch.zeros(5, 2, 2), torch.ones(2, 2))[0]  # 4 log(1/2)
        tensor(-2.7726)
    """

    name = "bernoulli"
    parameter_count = 1

    def observe(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Sample binary pixels with P(x = 1) = intensity / 255; Args and shapes as Likelihood.observe."""
        return binarize(images, generator)

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        return -binary_cross_entropy_with_logits(parameters, x.expand_as(parameters), reduction="none").sum((-2, -1))

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.sigmoid()


class Gaussian(Likelihood):
    r"""A gray value with normal noise: \log p(x | l) = \sum_i \log N(x_i; l_i, \sigma^2), normalizer included.

    One sigma for all pixels. A density can be above 1, so its logarithm can be positive.

    Args:
        sigma: the standard deviation, fixed; where it is None, its logarithm is a parameter, learned from a start at
            0.3, about the deviation of MNIST's pixels from their mean.

    Raises:
        InputError: for a sigma not above 0.

    Example:
        >>> Gaussian(sigma=1.0).log_prob(torch.zeros(2, 2), torch.zeros(2, 2))  # -4/2 log(2 pi)
        tensor(-3.6758)
    """

    name = "gaussian"
    parameter_count = 1

    def __init__(self, sigma: float | None = None):
        super().__init__()
        if sigma is not None and not 0 < sigma < math.inf:
            raise InputError(f"sigma {sigma}: a normal needs a finite standard deviation above 0")
        log_sigma = torch.tensor(0.3 if sigma is None else float(sigma)).log()
        if sigma is None:
            self.log_sigma = nn.Parameter(log_sigma)
        else:
            self.register_buffer("log_sigma", log_sigma, persistent=False)

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        squares = (x - parameters).square().sum((-2, -1)) * torch.exp(-2 * self.log_sigma)
        return -0.5 * squares - x.shape[-2:].numel() * (self.log_sigma + 0.5 * math.log(2 * math.pi))

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.clamp(0, 1)  # nothing holds the mean of a gray value inside the range that can be shown


class Categorical256(Likelihood):
    r"""One of 256 gray levels: \log p(x | l) = \sum_i \log softmax(l_i)[255 x_i], the only exact model of 8-bit images.

    Example:
        >>> Categorical256().log_prob(torch.zeros(2, 2, 256), torch.zeros(2, 2))  # -4 log 256
        tensor(-22.1807)
    """

    name = "categorical"
    parameter_count = 256

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        level = (255 * x.nan_to_num()).round().long().expand(parameters.shape[:-1])
        nats = cross_entropy(parameters.flatten(0, -2), level.flatten(), reduction="none").view(level.shape)
        return (x - x).sum((-2, -1)) - nats.sum((-2, -1))  # x - x: a NaN has no level, and must stay one

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.softmax(-1) @ torch.linspace(0, 1, 256, dtype=parameters.dtype, device=parameters.device)


LIKELIHOODS = {kind.name: kind for kind in (Bernoulli, Gaussian, Categorical256)}


def build_likelihood(name: str, sigma: float | None = None) -> Likelihood:
    """Build a likelihood from its name.

    Args:
        name: "bernoulli", "gaussian" or "categorical".
        sigma: the Gaussian's standard deviation, fixed; learned where it is None.

    Raises:
        InputError: for an unknown name, with the choices, or a sigma without a Gaussian.

    Example:
        >>> build_likelihood("gaussian", sigma=0.5).parameter_count
        1
    """
    if name not in LIKELIHOODS:
        raise InputError(f"likelihood {name!r}: choose from {', '.join(LIKELIHOODS)}")
    if name == "gaussian":
        return Gaussian(sigma)
    if sigma is not None:
        raise InputError(f"sigma {sigma} with the likelihood {name!r}: only gaussian has a sigma")
    return LIKELIHOODS[name]()
