"""The one error that a user is meant to read, and the one way to import an optional dependency."""

from importlib import import_module
from types import ModuleType


class InputError(ValueError):
    """Wrong input from the user: one line that names the value and the cure.

    The command line prints it on standard error and exits with status 2.
    """


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
