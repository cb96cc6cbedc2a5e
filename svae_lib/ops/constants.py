"""Numbers as tensors: torch makes a tensor of a Python number at every operation, which costs four more calls."""

from functools import lru_cache

import torch
from torch import Tensor

from svae_lib.ops.transforms import outside_transforms


def constant(value: float, like: Tensor) -> Tensor:
    """The number as a 0-dim tensor of the dtype and device of `like`, made once and kept.

    Example:
        >>> import torch
        >>> from svae_lib.ops.constants import constant
        >>> x = torch.ones(2)
        >>> constant(0.5, x) - x, constant(0.5, x) is constant(0.5, x)
        (tensor([-0.5000, -0.5000]), True)
    """
    return _constant(value, like.dtype, like.device)


def traced_constant(value: float, like: Tensor) -> Tensor:
    """`constant` for code that torch.compile or torch.export reads, where no tensor may be kept."""
    return torch.full((), value, dtype=like.dtype, device=like.device)


@lru_cache(maxsize=4096)
def _constant(value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    with outside_transforms():
        return torch.tensor(value, dtype=dtype, device=device)
