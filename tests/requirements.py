"""Which distributions a list of requirements brings, followed through what is installed here."""

import contextlib
import importlib.metadata
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def brought(requirements: Iterable[str], extras: Iterable[str] = (), **environment: str) -> set[str]:
    """Their names, and all names that these ask for, where the markers hold for the extras and the environment.

    Of a distribution that is not installed here (another system needs it) only the name is known.
    """
    names, asked = set(), [(Requirement(text), extra) for text in requirements for extra in ("", *extras)]
    while asked:
        requirement, extra = asked.pop()
        if requirement.marker is None or requirement.marker.evaluate(environment | {"extra": extra}):
            name = canonicalize_name(requirement.name)
            new = {(name, extra) for extra in ("", *requirement.extras)} - names
            names |= new
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                texts = importlib.metadata.requires(name) or []
                asked += [(Requirement(text), extra) for _, extra in new for text in texts]
    return {name for name, _ in names}
