"""Products of latent spaces, and latent spaces built from their names."""

from collections.abc import Iterable
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from svae_lib.distributions import ProductDistribution
from svae_lib.errors import InputError
from svae_lib.latent_spaces.base import LatentSpace, checked_size, independent
from svae_lib.latent_spaces.euclidean import Euclidean
from svae_lib.latent_spaces.names import Factor, parse_name, product_name
from svae_lib.latent_spaces.sphere import Sphere


class ProductSpace(LatentSpace):
    r"""The product of several spaces, in the order given: z = (z_1, ..., z_K), q and p independent over factors.

    KL(q || p) = \sum_k KL(q_k || p_k); event_size and parameter_size are sums over the factors. Consecutive equal
    factors are a group, computed as one batch (..., count, m): ten S^4 cost hardly more than one.

    Args:
        factors: The spaces, in order. They are patterns: the product makes modules of its own, and a learned radius is
            one number per factor, a vector per group. A product within a product is flattened.

    Attributes:
        factors: The tuple of all spaces, as given.
        groups: One module for each group of equal factors, and `counts` of them.

    Raises:
        InputError: For an empty list.

    References:
        Davidson, Tomczak and Gavves, arXiv 1910.02912.

    Example:
        >>> import torch
        >>> space = ProductSpace([Sphere(4), Sphere(4), Euclidean(2)])
        >>> str(space), space.event_size, [z.shape[-1] for z in space.prior().split(torch.randn(12))]
        ('2xs4,e2', 12, [5, 5, 2])
    """

    def __init__(self, factors: Iterable[LatentSpace]):
        super().__init__()
        self.factors = tuple(leaf for f in factors for leaf in (f.factors if isinstance(f, ProductSpace) else (f,)))
        if not self.factors:
            raise InputError("a product space needs at least one factor")
        self.event_size = sum(factor.event_size for factor in self.factors)
        self.parameter_size = checked_size(sum(factor.parameter_size for factor in self.factors))
        groups = [list(equal) for _, equal in groupby(self.factors, key=lambda factor: factor.config)]
        self.counts = [len(group) for group in groups]
        self.groups = nn.ModuleList(group[0]._as_group(len(group)) for group in groups)

    @property
    def config(self) -> tuple:
        return "ProductSpace", *(factor.config for factor in self.factors)

    def posterior(self, parameters: Tensor) -> Distribution:
        pieces = self._split(parameters, [group.parameter_size for group in self.groups])
        return self._product(group.posterior(piece) for group, piece in zip(self.groups, pieces, strict=True))

    def prior(self) -> Distribution:
        return self._product(group.prior() for group in self.groups)

    def sample_and_kl(self, parameters: Tensor, noise: tuple | None = None) -> tuple[Tensor, Tensor]:
        pieces = self._split(parameters, [group.parameter_size for group in self.groups])
        noise = noise or [None] * len(self.groups)
        pairs = [
            group.sample_and_kl(piece, step) for group, piece, step in zip(self.groups, pieces, noise, strict=True)
        ]
        z = [z.flatten(-2) for z, _ in pairs]
        kl = [kl.sum(-1) for _, kl in pairs]
        return (z[0], kl[0]) if len(pairs) == 1 else (torch.cat(z, -1), sum(kl[1:], kl[0]))

    def noise(self, num_steps: int, batch_size: int) -> list:
        return list(zip(*(group.noise(num_steps, batch_size) for group in self.groups), strict=True))

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        sizes = [group.event_size for group in self.groups]
        triples = zip(self.groups, self._split(a, sizes), self._split(b, sizes), strict=True)
        return sum(
            group.distance(u, v) ** 2
            for group, p, q in triples
            for u, v in zip(p.unbind(-2), q.unbind(-2), strict=True)
        ).sqrt()

    def _split(self, flat: Tensor, sizes: list[int]) -> list[Tensor]:
        """Split (..., total) into one (..., count, size) per group."""
        pieces = flat.split([count * size for count, size in zip(self.counts, sizes, strict=True)], dim=-1)
        return [p.unflatten(-1, (count, size)) for p, count, size in zip(pieces, self.counts, sizes, strict=True)]

    @staticmethod
    def _product(groups: Iterable[Distribution]) -> ProductDistribution:
        return ProductDistribution([independent(group) for group in groups], validate_args=False)

    def _load_from_state_dict(self, state_dict, prefix, *arguments):
        old, new = f"{prefix}runs.", f"{prefix}groups."  # version 0.1.0 called the groups runs
        for key in [key for key in state_dict if key.startswith(old)]:
            state_dict[new + key.removeprefix(old)] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *arguments)

    def extra_repr(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return product_name(map(str, self.factors))


def parse_latent_space(
    text: str,
    *,
    covariance: str = "diagonal",
    learn_scale: bool = False,
    radius: float | str = "sqrt_m",
    learn_radius: bool = False,
    concentration_floor: float = 1.0,
    concentration_head: str = "inverse_variance",
) -> LatentSpace:
    """Build a latent space from its name: "s9", "p4", "c4", "e2", "10xs4", "s4,e2" (numbers are manifold dimensions).

    The options hold for every factor they concern, and are not part of the name: with the same options,
    parse_latent_space(str(space)).config == space.config. One factor alone is that space; "1xs9" is a product of one.

    Args:
        text: The name, as svae_lib.latent_spaces.names reads it.
        covariance: Of every Euclidean factor, as Euclidean has it.
        learn_scale: Whether the scale of each Euclidean factor is trained.
        radius: Of every sphere, as Sphere has it: "sqrt_m" gives each its own. So are the following three.
        learn_radius: Whether the radius of each sphere is trained.
        concentration_floor: The smallest concentration of a posterior.
        concentration_head: From an encoder's output to a concentration.

    Returns:
        The space; a module.

    Raises:
        InputError: A piece cannot be read, or an option is not possible.

    Example:
        >>> parse_latent_space("s4,s4,e2").config == ProductSpace([Sphere(4), Sphere(4), Euclidean(2)]).config
        True
        >>> parse_latent_space("s2,e2x")
        Traceback (most recent call last):
        svae_lib.errors.InputError: ...
    """
    factors, is_product = parse_name(text)

    def build(factor: Factor) -> LatentSpace:
        if factor.family == "euclidean":
            return Euclidean(factor.manifold_dim, covariance, learn_scale)
        options = radius, learn_radius, concentration_floor, concentration_head
        return Sphere(factor.manifold_dim, factor.family, *options)

    spaces = {factor: build(factor) for factor in dict.fromkeys(factors)}
    return ProductSpace(spaces[factor] for factor in factors) if is_product else spaces[factors[0]]
