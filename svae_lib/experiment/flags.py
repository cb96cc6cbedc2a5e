"""A dataclass's fields as flags: their names, their help, and one rule for what each may be."""

import math
import sys
from dataclasses import Field, field, fields
from typing import Any

from svae_lib.errors import InputError

_MOST = {tuple: 2**31 - 1, int: 2**31 - 1, float: sys.float_info.max}


def flag(default: Any, names: str, group: str, help: str, **about: Any) -> Any:
    """A field that is a flag; a default of None allows None.

    about: choices, low, above, most; runtime=True where a run may be resumed with another value.
    """
    return field(default=default, metadata={"names": names.split(), "group": group, "help": help, **about})


def kind(spec: Field) -> type:
    """tuple (of whole numbers), int, float, bool or str."""
    return next(kind for kind in (tuple, int, float, bool, str) if kind.__name__ in str(spec.type))


def read(spec: Field, text: str) -> Any:
    """The value that a flag's text stands for. Errors: InputError."""
    try:
        value = tuple(int(piece) for piece in text.split(",")) if kind(spec) is tuple else kind(spec)(text)
    except ValueError:
        raise _complaint(spec, text) from None
    return checked(spec, value)


def check_fields(instance: Any) -> None:
    """Check every field of a frozen dataclass, for its __post_init__."""
    for spec in fields(instance):
        object.__setattr__(instance, spec.name, checked(spec, getattr(instance, spec.name)))


def checked(spec: Field, value: Any) -> Any:
    """The value, a list made a tuple and a whole number a float where the field wants those. Errors: InputError."""
    if value is None and spec.default is None:
        return None
    wanted = kind(spec)
    if wanted is tuple and isinstance(value, list):
        value = tuple(value)
    if wanted is float and type(value) is int:
        value = float(value)
    numbers = value if wanted is tuple and isinstance(value, tuple) else (value,)
    if type(value) is not wanted or not all(_fits(spec, number) for number in numbers) or numbers == ():
        raise _complaint(spec, value)
    return value


def _fits(spec: Field, value: Any) -> bool:
    about, wanted = spec.metadata, kind(spec)
    if wanted in (bool, str):
        return value in about.get("choices", (value,))
    if wanted is tuple and type(value) is not int:
        return False
    bounds = about.get("low", -math.inf), about.get("most", _MOST[wanted])
    return bounds[0] <= value <= bounds[1] and value > about.get("above", -math.inf)


def _complaint(spec: Field, value: Any) -> InputError:
    about = spec.metadata
    if "choices" in about:
        cure = "choose from " + ", ".join(about["choices"])
    else:
        what = {tuple: "whole numbers with commas between", int: "a whole number", float: "a number"}
        cure = "give " + what.get(kind(spec), "yes or no" if kind(spec) is bool else "a text")
        cure += f", {about['low']} or above" if "low" in about else ", above 0" if "above" in about else ""
        if "most" in about or (type(value) is int and value > _MOST[int]):
            cure += f", at most {about.get('most', _MOST[int])}"
    return InputError(f"{'/'.join(about['names'])} {value!r}: {cure}")
