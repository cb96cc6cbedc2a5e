"""Base of the exercise checks: a verdict in one line, the answer drawn against the truth, and never an exception.

Each check prints "not attempted yet", "correct" or what is wrong, and returns a picture (None where there is nothing to
draw), which a notebook shows.
"""

from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor

from svae_lib.plotting.style import MARK, Picture, new_figure, styled, to_numpy


class Wrong(Exception):
    """Hint for an answer that is not right, raised where there is nothing to draw."""


def exercise(check: Callable) -> Callable:
    """Decorator that makes a check print its verdict and never raise.

    Args:
        check: called as check(attempt), returns a verdict and a picture (or None); may raise Wrong. attempt(*inputs,
            shape=shape) calls the reader's function and returns its answer as a tensor of that shape.

    Returns:
        The check as the reader calls it: with a function of their own, returning the picture.

    Example:
        >>> @exercise
        ... def ex9_1(attempt):
        ...     return judge(attempt(2.0, shape=()), torch.tensor(4.0), {}), None
        >>> ex9_1(lambda x: None)
        Exercise 9.1: not attempted yet
        >>> ex9_1(lambda x: x**2)
        Exercise 9.1: correct
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
    """Verdict on an answer: "correct", the hint of the mistake that gives this very value, or that it is wrong.

    Args:
        value: the reader's answer.
        truth: of the same shape.
        mistakes: by hint, what a typical mistake gives, broadcast to that shape.

    Returns:
        The verdict.

    Example:
        >>> judge(torch.tensor(3.0), torch.tensor(9.0), {"square it": torch.tensor(3.0)})
        'not yet: square it'
    """
    if close(value, truth):
        return "correct"
    if not value.isfinite().all():
        return "not yet: some values are not a number, or infinite"
    for hint, wrong in mistakes.items():
        if close(value, wrong):
            return f"not yet: {hint}"
    return "not yet: compare your values with the truth in the picture"


def close(a: Tensor, b: Tensor) -> bool:
    """Whether two answers agree to four digits."""
    return torch.allclose(a.double(), b.double(), rtol=1e-4, atol=1e-6)


@styled
def against_truth(x: Tensor, answer: Tensor, truth: Tensor, title: str, xlabel: str, ylabel: str) -> Picture:
    """Answer as crosses in the circles of the truth.

    Args:
        x: (n,).
        answer: (n,), the reader's.
        truth: (n,).
        title: of the figure.
        xlabel: with its unit.
        ylabel: with its unit.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(6, 3.4, title)
    axes = figure.add_subplot()
    x, answer, truth = to_numpy(x), to_numpy(answer), to_numpy(truth)
    axes.plot(x, truth, "o", markersize=11, markerfacecolor="none", label="truth")
    axes.plot(x, answer, "x", markersize=8, markeredgewidth=2, color=MARK, label="yours")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure
