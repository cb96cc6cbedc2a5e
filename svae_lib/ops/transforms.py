r"""torch.func, forward-mode differentiation, torch.compile and torch.export, and how the library works under them.

In plain eager mode each quantity with a derivative of its own is an autograd Function, which is fastest there. Those do
not survive the transforms: nested forward mode takes a silent zero for the second derivative, and the compiler does not
follow them. Under a transform the quantity is therefore its Taylor polynomial in h = x - stop(x), whose value is 0:

    f = f_0 + h f_1 + h^2/2 f_2,  f_0, f_1, f_2 computed at stop(x)

Its value is f, bit for bit, its first two derivatives are f_1 and f_2, and every transform can work with it. The
coefficients come from operators that transforms and compiler take whole, without a look inside: tables, expansions and
draws that loop until all rows are accepted stay as they are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch._C import _functorch
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.autograd import forward_ad
from torch.utils._python_dispatch import _disable_current_modes

_LIBRARY = torch.library.Library("svae_lib", "FRAGMENT")


def is_plain_eager() -> bool:
    """Whether no transform is at work: not torch.func, forward-mode differentiation, compilation, export or tracing.

    Example:
        >>> import torch
        >>> from svae_lib.ops.transforms import is_plain_eager
        >>> is_plain_eager(), torch.vmap(lambda x: x * is_plain_eager())(torch.ones(2))
        (True, tensor([0., 0.]))
    """
    return not torch.compiler.is_compiling() and (
        _functorch.peek_interpreter_stack() is None and forward_ad._current_level < 0 and not torch.jit.is_tracing()
    )


def one_derivative_is_enough() -> bool:
    """Whether the Taylor polynomial may end at h: compiled code has one derivative, unless torch.func is part of it."""
    return torch.compiler.is_compiling() and not torch._C._are_functorch_transforms_active()


def expansion_point(x: Tensor, derivatives: int = 2) -> tuple[Tensor, Tensor]:
    """stop(x) and h = x - stop(x), in which the derivatives of x go on.

    Raises:
        NotImplementedError: Where torch.func asks for more derivatives than the polynomial has.
    """
    point = x.detach()
    if not torch.compiler.is_compiling():
        inner, levels = x, 0
        while _functorch.is_functorch_wrapped_tensor(inner):
            levels += _functorch.is_gradtrackingtensor(inner)
            inner = _functorch.get_unwrapped(inner)
        if levels > derivatives or (derivatives == 1 and inner.requires_grad):
            raise NotImplementedError(
                "this can be differentiated twice, not three times" if derivatives == 2 else
                "a Power Spherical sample can be differentiated once: in forward mode, its parameters require no grad"
            )  # fmt: skip
    return point, x - point


def opaque_operator(schema: str, fake: Callable, vmap: Callable, random: bool = False) -> Callable:
    """Decorator: the function as an operator that transforms and compiler take whole; it has no derivative.

    Args:
        schema: Its name and signature in torch's notation.
        fake: From the same arguments to empty outputs of the right shape.
        vmap: The batching rule of torch.library.register_vmap.
        random: Whether it draws from torch's generator.
    """
    name = schema.partition("(")[0]
    tags = (torch.Tag.pt2_compliant_tag, *((torch.Tag.nondeterministic_seeded,) if random else ()))

    def register(function: Callable) -> Callable:
        _LIBRARY.define(schema, tags=tags)
        _LIBRARY.impl(name, function, "CompositeExplicitAutograd")
        torch.library.register_fake(f"svae_lib::{name}", fake, lib=_LIBRARY)
        torch.library.register_vmap(f"svae_lib::{name}", vmap, lib=_LIBRARY)
        return getattr(torch.ops.svae_lib, name).default

    return register


@contextmanager
def outside_transforms() -> Iterator[None]:
    """Inside it, a tensor is a plain one that can be kept, whatever mode or transform asked for it first."""
    with torch.inference_mode(False), _disable_current_modes(), temporarily_clear_interpreter_stack():
        yield
