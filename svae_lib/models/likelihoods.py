"""What a pixel is, given the decoder's numbers: black or white, a grey value with noise, or one of 256 levels.

Each likelihood has its `name`; `parameter_count`, the decoder's numbers a pixel; `log_prob(parameters, x)`, in nats and
summed over pixels; and `mean(parameters)`, an image. Images x are (..., H, W) in [0, 1]; parameters are (..., H, W), or
(..., H, W, parameter_count) where that is more than one, and may have more leading dimensions: samples before images.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from svae_lib.errors import InputError


class Bernoulli(nn.Module):
    r"""Black or white: log p(x | l) = \sum_i x_i l_i - log(1 + exp l_i), with l the logits.

    On a grey x this is the cross entropy, and bounds no likelihood: binarize first.

    >>> Bernoulli().log_prob(torch.zeros(5, 2, 2), torch.ones(2, 2))[0]  # 4 log(1/2)
    tensor(-2.7726)
    """

    name = "bernoulli"
    parameter_count = 1

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        return -binary_cross_entropy_with_logits(parameters, x.expand_as(parameters), reduction="none").sum((-2, -1))

    def mean(self, parameters: Tensor) -> Tensor:
        return parameters.sigmoid()


class Gaussian(nn.Module):
    r"""A grey value with normal noise: log p(x | l) = \sum_i log N(x_i; l_i, \sigma^2), normaliser included.

    One sigma for all pixels: the one given, held fixed, or a parameter learned in its logarithm, which starts at 0.3,
    about the deviation of MNIST's pixels from their mean. A density can be above 1, so its logarithm can be positive.

    Errors: InputError for a sigma not above 0.

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
        return parameters.clamp(0, 1)  # nothing holds the mean of a grey value inside the range that can be shown


class Categorical256(nn.Module):
    r"""One of 256 grey levels: log p(x | l) = \sum_i log softmax(l_i)[255 x_i], the only exact model of 8-bit images.

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


def build_likelihood(name: str, sigma: float | None = None) -> nn.Module:
    """The likelihood of that name; sigma is the Gaussian's, fixed, or learned where None.

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
