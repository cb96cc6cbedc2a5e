"""A dataclass's fields as flags: their names, their help, and one rule for which values each may have."""

import math
import reprlib
import sys
from collections.abc import Iterable
from dataclasses import Field, field, fields
from typing import Any

from svae_lib.errors import InputError

_LONGEST = 100  # numbers of a list
_SHORT = reprlib.Repr()  # of a value in a message, however long or deep
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 400
_SHORT.maxtuple = _SHORT.maxlist = 20
_MAXIMUM = {tuple: 2**31 - 1, int: 2**31 - 1, float: sys.float_info.max}


def flag(default: Any, aliases: str, group: str, help: str, **metadata: Any) -> Any:
    """A field that is a flag, --learning-rate for `learning_rate`.

    Args:
        default: The field's default; None allows None.
        aliases: Other names of the flag: a short one, and those of the papers' code.
        group: The heading that --help lists it under.
        help: What --help says.
        **metadata: choices, minimum, above, maximum; words that may stand in place of a number; value_aliases, other
            words for the choices; when_missing, the value in files from before the field existed; runtime=True where a
            run may be resumed with another value.

    Returns:
        The field.
    """
    return field(default=default, metadata={"aliases": aliases.split(), "group": group, "help": help, **metadata})


def long_flag(name: str) -> str:
    """The flag of a field.

    Example:
        >>> long_flag("learning_rate")
        '--learning-rate'
    """
    return "--" + name.replace("_", "-")


def flag_names(spec: Field) -> list[str]:
    """All names of a field's flag: the short one, the field's own, then those of the papers' code."""
    aliases = spec.metadata["aliases"]
    short = [name for name in aliases if name[:2] != "--"]
    return [*short, long_flag(spec.name), *(name for name in aliases if name not in short)]


def flags_by_name(specs: Iterable[Field]) -> dict[str, Field]:
    """Every field by its own name and by the long names of the papers' code.

    A sweep's file may use either. So may experiment.json: version 0.1.0 stored a run under the papers' names, and this
    is the one table that reads them.
    """
    return {name[2:].replace("-", "_"): spec for spec in specs for name in flag_names(spec) if name[:2] == "--"}


def value_type(spec: Field) -> type:
    """tuple (of integers), int, float, bool or str."""
    return next(kind for kind in (tuple, int, float, bool, str) if kind.__name__ in str(spec.type))


def read(spec: Field, text: str) -> Any:
    """The value that a flag's text stands for. Raises: InputError."""
    kind = value_type(spec)
    if text in spec.metadata.get("words", ()):
        return text
    try:
        value = tuple(int(piece) for piece in text.split(",")) if kind is tuple else kind(resolve_alias(spec, text))
    except ValueError:
        raise _complaint(spec, text) from None
    return checked(spec, value)


def resolve_alias(spec: Field, value: Any) -> Any:
    """The value, or our word for it where it is one of the papers' code."""
    return spec.metadata.get("value_aliases", {}).get(value, value) if isinstance(value, str) else value


def check_fields(instance: Any) -> None:
    """Check every field of a frozen dataclass, for its __post_init__. Raises: InputError."""
    for spec in fields(instance):
        object.__setattr__(instance, spec.name, checked(spec, getattr(instance, spec.name)))


def checked(spec: Field, value: Any) -> Any:
    """The value, a list made a tuple and an integer a float where the field wants those. Raises: InputError."""
    if (value is None and spec.default is None) or (isinstance(value, str) and value in spec.metadata.get("words", ())):
        return value
    wanted = value_type(spec)
    if wanted is tuple and isinstance(value, list):
        value = tuple(value)
    if wanted is float and type(value) is int and abs(value) <= _MAXIMUM[float]:
        value = float(value)
    numbers = value if wanted is tuple and isinstance(value, tuple) else (value,)
    if not (type(value) is wanted and 0 < len(numbers) <= _LONGEST and all(_fits(spec, each) for each in numbers)):
        raise _complaint(spec, value)
    return value


def _fits(spec: Field, value: Any) -> bool:
    metadata, wanted = spec.metadata, value_type(spec)
    if wanted in (bool, str):
        return value in metadata.get("choices", (value,))
    if wanted is tuple and type(value) is not int:
        return False
    bounds = metadata.get("minimum", -math.inf), metadata.get("maximum", _MAXIMUM[wanted])
    return bounds[0] <= value <= bounds[1] and value > metadata.get("above", -math.inf)


def _complaint(spec: Field, value: Any) -> InputError:
    metadata, kind = spec.metadata, value_type(spec)
    if "choices" in metadata:
        cure = "choose from " + ", ".join(metadata["choices"])
    else:
        what = {tuple: "integers separated by commas", int: "an integer", float: "a number", bool: "yes or no"}
        bounds = [f">= {metadata['minimum']}"] if "minimum" in metadata else []
        bounds += [f"> {metadata['above']}"] if "above" in metadata else []
        if "maximum" in metadata or (type(value) is int and value > _MAXIMUM[int]):
            bounds.append(f"<= {metadata.get('maximum', _MAXIMUM[int])}")
        cure = f"must be {what.get(kind, 'text')}"
        cure += (f", at most {_LONGEST}, each " if kind is tuple else " ") + " and ".join(bounds) if bounds else ""
        cure += "".join(f", or {word}" for word in metadata.get("words", ()))
    return InputError(f"{'/'.join(flag_names(spec))} {_SHORT.repr(value)}: {cure}")
