"""Base of the exercise checks: a verdict in one line, the answer drawn against the truth, and never an exception.

Each check prints "not attempted yet", "correct" or what is wrong, and returns a picture (None where there is nothing to
draw), which a notebook shows.
"""

import json
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor

from svae_lib.errors import InputError
from svae_lib.files import atomic_write
from svae_lib.plotting.style import FAINT, MARK, SAMPLES, Picture, new_figure, styled, to_numpy

SOLVED = Path(".progress.json")  # in the folder of the notebooks, where their kernels work; git ignores it


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
        if verdict == "correct":
            remember(name)
        return picture

    return run


def solved() -> set[str]:
    """Names of the exercises that were solved in this folder, such as "0.1"; what cannot be read counts as none."""
    try:
        names = json.loads(SOLVED.read_text())
    except (OSError, ValueError):
        return set()
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()


def remember(name: str) -> None:
    """Note that an exercise is solved, in a file beside the notebooks; only where a notebook runs."""
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None or name in solved():
        return
    with suppress(InputError):  # a folder that takes no file: the verdict counts
        atomic_write(SOLVED, json.dumps(sorted(solved() | {name})).encode())


def exercises() -> dict[str, list[str]]:
    """Names of all exercises, by the number or the letter of their chapter."""
    found = {}
    for folder in sorted(Path(__file__).parent.glob("chapter_*/exercises.py")):
        checks = vars(import_module(f"svae_course.{folder.parent.name}.exercises"))
        names = [name[2:].replace("_", ".") for name in checks if re.fullmatch(r"ex[0-9A-Z]+_\d+", name)]
        found[folder.parent.name.removeprefix("chapter_")] = names
    return found


@styled
def progress() -> Picture:
    """Picture of the exercises of all chapters, filled where one was solved on this machine; nothing leaves it.

    Returns:
        A figure with one axes: a column for each chapter, a disc for each exercise.

    Example:
        >>> "exercises solved" in progress().get_suptitle()
        True
    """
    done, chapters = solved(), exercises()
    names = [name for row in chapters.values() for name in row]
    title = f"{len(done.intersection(names))} of {len(names)} exercises solved"
    figure = new_figure(4.5, 3.15, title)  # of one size, however many chapters there are: notebooks store it
    axes = figure.add_subplot()
    for place, row in enumerate(chapters.values()):
        for height, name in enumerate(row):
            face, ink = (SAMPLES, "white") if name in done else ("white", "black")
            axes.plot(place, height, "o", markersize=19, markerfacecolor=face, markeredgecolor=FAINT)
            axes.annotate(name, (place, height), ha="center", va="center", fontsize=8 - (len(name) > 3), color=ink)
    axes.set(xticks=range(len(chapters)), xticklabels=chapters, xlabel="chapter", yticks=())
    axes.set(xlim=(-0.6, len(chapters) - 0.4), ylim=(max(5, *map(len, chapters.values())) - 0.4, -0.6))
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


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
