"""The errors and warnings that a user is meant to read, checks that raise them, and the import of optional packages."""

from importlib import import_module
from numbers import Integral
from types import ModuleType

_LONGEST = 2_000  # characters of a line that a user is meant to read


def printable(text: object) -> str:
    """A text as it may reach a terminal, whichever file it is from: control characters are escaped, line ends stay.

    Args:
        text: Anything that is printed.

    Example:
        >>> print(printable("a\\x1b[2Jb"))
        a\\x1b[2Jb
    """
    return "".join(
        sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape", "backslashreplace").decode()
        for sign in str(text)
    )


class InputError(ValueError):
    """Wrong input from the user: one line that names the value and the cure.

    The command line prints it on standard error and exits with status 2. The middle of a very long one is left out.
    """

    def __init__(self, text: object):
        line = printable(text).replace("\n", " ")
        half = _LONGEST // 2
        super().__init__(line if len(line) <= _LONGEST else f"{line[:half]} ... {line[-half:]}")


class InputWarning(UserWarning):
    """One line on input that is taken, but not as a whole or not as it is; the command line prints it."""


def is_integer(value: object, at_least: int) -> bool:
    """Whether a value is an integer, Python's or NumPy's, and not too small; a boolean is none.

    Args:
        value: Anything.
        at_least: The smallest that will do.

    Example:
        >>> import numpy
        >>> is_integer(numpy.int64(2), at_least=1), is_integer(True, at_least=1), is_integer(2.0, at_least=1)
        (True, False, False)
    """
    return isinstance(value, Integral) and not isinstance(value, bool) and bool(value >= at_least)


def import_optional(module: str, extra: str) -> ModuleType:
    """Import `module`, or say which extra of svae_lib installs it.

    Args:
        module: The module's name.
        extra: The extra that installs it.

    Returns:
        The module.

    Raises:
        InputError: The module is missing; gives the pip command.

    Example:
        >>> import_optional("math", extra="course").sqrt(4)
        2.0
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise  # the module exists; something it needs is broken, and that traceback is the useful one
        raise InputError(f"this needs {error.name}: pip install 'svae_lib[{extra}]'") from None
