"""What the checks share: a verdict in one line, a picture of the answer against the truth, and never an exception.

Each check prints "not attempted yet", "correct" or what is wrong, and returns a picture (None where there is nothing to
draw), which a notebook shows.
"""

from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor

from svae_lib.plotting.style import Picture, new_figure, styled, to_numpy


class Wrong(Exception):
    """The hint for an answer that is not right, with what to draw."""


def exercise(check: Callable) -> Callable:
    """Make a check that may raise Wrong, called with `attempt`, into one that prints its verdict and never raises.

    attempt(*inputs, shape=shape) calls the reader's function and sees to it that a tensor of that shape comes back.
    """

    @wraps(check)
    def run(answer: Callable) -> Picture | None:
        def attempt(*inputs, shape: tuple[int, ...]) -> Tensor:
            value = answer(*inputs)
            if value is None:
                raise NotImplementedError
            value = torch.as_tensor(value)
            if value.shape != shape:
                raise Wrong(f"the result has shape {tuple(value.shape)}, it should be {tuple(shape)}")
            return value

        picture, name = None, check.__name__.removeprefix("ex").replace("_", ".")
        try:
            verdict, picture = check(attempt)
        except NotImplementedError:
            verdict = "not attempted yet"
        except Wrong as hint:
            verdict = f"not yet: {hint}"
        except Exception as error:  # whatever the reader's code does, the notebook goes on
            verdict = f"not yet: your function raised {type(error).__name__}: {error}"
        print(f"Exercise {name}: {verdict}")
        return picture

    return run


def judge(value: Tensor, truth: Tensor, mistakes: dict[str, Tensor]) -> str:
    """ "correct", or the hint whose typical mistake gives this very value, or that it is wrong."""
    if close(value, truth):
        return "correct"
    if not value.isfinite().all():
        return "not yet: some values are not a number, or infinite"
    for hint, wrong in mistakes.items():
        if close(value, wrong):
            return f"not yet: {hint}"
    return "not yet: compare your values with the truth in the picture"


def close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a.double(), b.double(), rtol=1e-4, atol=1e-6)


@styled
def against_truth(x: Tensor, answer: Tensor, truth: Tensor, title: str, xlabel: str, ylabel: str) -> Picture:
    """The answer as crosses on the truth as a line."""
    figure = new_figure(6, 3.4, title)
    axes = figure.add_subplot()
    x, answer, truth = to_numpy(x), to_numpy(answer), to_numpy(truth)
    axes.plot(x, truth, "o", markersize=11, markerfacecolor="none", label="truth")
    axes.plot(x, answer, "x", markersize=8, markeredgewidth=2, color="#bd1f01", label="yours")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure
