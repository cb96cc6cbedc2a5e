r"""Concentration heads: from one unbounded output s of the encoder to the concentration \kappa above its floor.

What differs is the scale of s at which useful concentrations lie. They grow with m (a few hundred on S^10) and, where
the data allow, far beyond it, while an encoder's outputs start near 0 and move by about 1.
"""

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import softplus

_LARGEST = 30.0  # log(\kappa / m) grows to this and no further: 10^13 m is more than data ask for, and no overflow


def _softplus(s: Tensor, ambient_dim: int) -> Tensor:
    return softplus(s)


def _squared_softplus(s: Tensor, ambient_dim: int) -> Tensor:
    return ambient_dim * softplus(s).square()


def _exp(s: Tensor, ambient_dim: int) -> Tensor:
    return ambient_dim * s.clamp(max=_LARGEST).exp()


def _inverse_variance(s: Tensor, ambient_dim: int) -> Tensor:
    return ambient_dim / softplus(-s.clamp(max=_LARGEST / 2)).square()


CONCENTRATION_HEADS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "softplus": _softplus,
    "squared_softplus": _squared_softplus,
    "exp": _exp,
    "inverse_variance": _inverse_variance,
}
