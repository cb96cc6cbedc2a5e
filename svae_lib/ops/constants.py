"""Numbers and tables as tensors, made once: torch makes a tensor of a Python number at every operation."""

import operator
from collections.abc import Callable
from functools import lru_cache, wraps

import numpy as np
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


def kept_for_each_dimension(arrays: Callable[[int, torch.dtype], tuple[np.ndarray, ...]]) -> Callable:
    """Decorator: a function from m and a dtype to arrays becomes one from m and a tensor to tensors like it, kept.

    Compiled code, which may hold m as a symbol, has them as constants.

    Example:
        >>> import numpy as np
        >>> import torch
        >>> from svae_lib.ops.constants import kept_for_each_dimension
        >>> @kept_for_each_dimension
        ... def first_numbers(ambient_dim, dtype):
        ...     return (np.arange(ambient_dim),)
        >>> first_numbers(3, torch.ones(2))
        (tensor([0., 1., 2.]),)
    """

    @lru_cache(maxsize=64)
    def kept(ambient_dim: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
        with outside_transforms():
            return tuple(torch.as_tensor(x, dtype=dtype, device=device) for x in arrays(ambient_dim, dtype))

    @torch.compiler.assume_constant_result
    def for_compiler(ambient_dim: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
        return kept(ambient_dim, dtype, device)

    @wraps(arrays)
    def at(ambient_dim: int, like: Tensor) -> tuple[Tensor, ...]:
        rule = for_compiler if torch.compiler.is_compiling() else kept
        return rule(operator.index(ambient_dim), like.dtype, like.device)

    return at


@lru_cache(maxsize=4096)
def _constant(value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    with outside_transforms():
        return torch.tensor(value, dtype=dtype, device=device)
