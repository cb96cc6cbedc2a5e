"""Numbers as tensors: torch makes a tensor of a Python number at every operation, which costs four more calls."""

from functools import lru_cache

import torch
from torch import Tensor


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


@lru_cache(maxsize=4096)
def _constant(value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # else no later call could save it for its backward
        return torch.tensor(value, dtype=dtype, device=device)
