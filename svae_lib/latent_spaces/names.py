"""The names of latent spaces, "s9", "10xs4" or "s4,s4,e2": plain text, read and written without torch."""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from svae_lib.errors import InputError

LETTERS = {"vmf": "s", "power_spherical": "p", "spherical_cauchy": "c", "euclidean": "e"}  # by family
_FAMILIES = {letter: family for family, letter in LETTERS.items()}
_GRAMMAR = (
    "write s9 (vMF on S^9), p4 (Power Spherical), c4 (spherical Cauchy), e2 (Euclidean), 10xs4 (ten S^4), or several: "
    "s4,s4,e2"
)

_MOST, _MOST_GROUPS = 1_000, 200  # factors; above them a slip, which would take minutes to build


class Factor(NamedTuple):
    """One factor of a latent space: a sphere with its family of posteriors, or a Euclidean space.

    Attributes:
        family: "vmf", "power_spherical", "spherical_cauchy" or "euclidean".
        manifold_dim: The dimension d of the manifold: S^d or R^d.

    Example:
        >>> str(Factor("vmf", 9))
        's9'
    """

    family: str
    manifold_dim: int

    def __str__(self) -> str:
        return f"{LETTERS[self.family]}{self.manifold_dim}"


class ParsedName(NamedTuple):
    """The name of a latent space, taken apart.

    Attributes:
        factors: Every factor, in the order written.
        is_product: Whether the space is a product; "1xs9" is one, of a single factor, and "s9" is not.
    """

    factors: tuple[Factor, ...]
    is_product: bool


def parse_name(text: str) -> ParsedName:
    """Take the name of a latent space apart.

    Args:
        text: Factors with commas between; each is a letter and a manifold dimension, and may have a count before it.

    Returns:
        The factors, and whether they make a product.

    Raises:
        InputError: A piece cannot be read; names the piece and the grammar.

    Example:
        >>> [str(factor) for factor in parse_name("2xs4,e2").factors], parse_name("1xs9").is_product
        (['s4', 's4', 'e2'], True)
    """
    factors, groups = [], 0
    for piece in text.split(","):
        match = re.fullmatch(r"(?:([0-9]{1,6})x)?([sepc])([0-9]{1,6})", piece.strip())
        if match is None or (match[1] and int(match[1]) < 1) or int(match[3]) < 1:
            raise InputError(f"latent space: cannot read {piece!r} in {text!r}; {_GRAMMAR}")
        count = int(match[1] or 1)
        if len(factors) + count > _MOST or (groups := groups + 1) > _MOST_GROUPS:
            limit = f"the limit is {_MOST:,} factors, and {_MOST_GROUPS} that differ from the one before"
            raise InputError(f"latent space {text!r}: {limit}")
        factors += [Factor(_FAMILIES[match[2]], int(match[3]))] * count
    return ParsedName(tuple(factors), is_product="x" in text or "," in text)


def product_name(factors: Iterable[object]) -> str:
    """The name of a product of latent spaces.

    Args:
        factors: Its factors, or their names; consecutive equal ones are counted.

    Returns:
        The text that parse_name reads.

    Example:
        >>> product_name(["s4", "s4", "e2"]), product_name(["s9"])
        ('2xs4,e2', '1xs9')
    """
    groups = [(len(list(equal)), factor) for factor, equal in groupby(factors)]
    if len(groups) == 1:
        return "{}x{}".format(*groups[0])
    return ",".join(f"{count}x{factor}" if count > 1 else str(factor) for count, factor in groups)
