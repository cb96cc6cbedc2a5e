"""The product of independent distributions."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import (
    Distribution,
    Independent,
    MultivariateNormal,
    Normal,
    kl_divergence,
    register_kl,
    transform_to,
)
from torch.distributions.constraints import Constraint, dependent_property, real_vector
from torch.distributions.transforms import Transform

from svae_lib.ops.transforms import is_plain_eager


class ProductDistribution(Distribution):
    r"""Product of independent factors, as on the latent space of a product of spheres.

        q(z_1, ..., z_K) = q_1(z_1) ... q_K(z_K),  samples concatenated in the order written

    Equal factors are best given as one group, `Independent(base, 1)` with event_shape (count, m): it is computed as one
    batch, however many factors it holds. batch_shape is that of the factors, and event_shape (sum of all m_k,).

    Args:
        factors: Distributions of event_shape (m_k,), or groups of event_shape (count, m_k), all of one batch_shape.
        validate_args: As in torch.distributions.

    Attributes:
        groups: The distributions as given, a tuple.

    Raises:
        ValueError: If there are no factors, their batch shapes differ, or an event_shape is neither of the two.

    References:
        Davidson, Tomczak, Gavves, "Increasing expressivity of a hyperspherical VAE" (2019), arXiv 1910.02912.

    Example:
        >>> from svae_lib.distributions import HypersphericalUniform, ProductDistribution
        >>> torus = ProductDistribution([HypersphericalUniform(2), HypersphericalUniform(2)])
        >>> torus.event_shape, torus.entropy()  # 2 log(2 pi)
        (torch.Size([4]), tensor(3.6758))
    """

    arg_constraints = {}

    def __init__(self, factors: Sequence[Distribution], validate_args=None):
        self.groups = tuple(factors)
        if not self.groups:
            raise ValueError("factors must hold at least one distribution, found none")
        for group in self.groups:
            if len(group.event_shape) not in (1, 2) or group.batch_shape != self.groups[0].batch_shape:
                raise ValueError(
                    "factors must share one batch_shape and have event_shape (m,), or (count, m) for a group, found "
                    + ", ".join(f"{tuple(group.batch_shape)} with {tuple(group.event_shape)}" for group in self.groups)
                )
        self._sizes = [group.event_shape.numel() for group in self.groups]
        super().__init__(self.groups[0].batch_shape, torch.Size((sum(self._sizes),)), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        """Product of the factors expanded to a larger batch_shape."""
        new = self._get_checked_instance(ProductDistribution, _instance)
        ProductDistribution.__init__(new, [group.expand(batch_shape) for group in self.groups], validate_args=False)
        new._validate_args = self._validate_args
        return new

    def __repr__(self) -> str:
        return f"ProductDistribution({', '.join(map(repr, self.groups))})"

    @property
    def has_rsample(self) -> bool:
        """Whether the samples of every factor are differentiable."""
        return all(group.has_rsample for group in self.groups)

    @dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> "_ProductSupport":
        """Points whose every piece lies in the support of its factor."""
        return _ProductSupport(self)

    @property
    def factors(self) -> tuple[Distribution, ...]:
        """One distribution per factor, with the groups unrolled."""
        unrolled = []
        for group in self.groups:
            if len(group.event_shape) == 1:
                unrolled.append(group)
            else:
                unrolled.extend(_select(group.base_dist, index) for index in range(group.event_shape[0]))
        return tuple(unrolled)

    def split(self, z: Tensor) -> tuple[Tensor, ...]:
        """Samples of each factor, cut from samples of the product.

        Args:
            z: Samples of the product, shape (*sample, *batch, sum of all m_k).

        Returns:
            One tensor per factor, shape (*sample, *batch, m_k).
        """
        sizes = [group.event_shape[-1] for group in self.groups for _ in range(group.event_shape[:-1].numel())]
        return z.split(sizes, -1)

    @property
    def mode(self) -> Tensor:
        """Modes of the factors side by side, shape (*batch, sum of all m_k)."""
        return self._concatenate([group.mode for group in self.groups])

    @property
    def mean(self) -> Tensor:
        """Means of the factors side by side, shape (*batch, sum of all m_k)."""
        return self._concatenate([group.mean for group in self.groups])

    @property
    def variance(self) -> Tensor:
        """Variance of each coordinate, shape (*batch, sum of all m_k)."""
        return self._concatenate([group.variance for group in self.groups])

    @property
    def covariance_matrix(self) -> Tensor:
        """Covariance, block diagonal, shape (*batch, sum of all m_k, sum of all m_k)."""
        return _block_diagonal([_covariance(factor) for factor in self.factors])

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density, the sum of the factors' log densities.

        Args:
            value: Samples of the product, shape (*sample, *batch, sum of all m_k).

        Returns:
            Log density in nats, shape (*sample, *batch).

        Raises:
            ValueError: If a piece is not in the support of its factor.
        """
        if self._validate_args and is_plain_eager():  # under a transform there is nothing to look at
            self._validate_sample(value)
        return sum(group.log_prob(piece) for group, piece in self._by_group(value))

    def rsample(self, sample_shape=()) -> Tensor:
        """Samples of the factors side by side, differentiable in their parameters.

        Args:
            sample_shape: Shape of the sample, (*sample).

        Returns:
            Samples, shape (*sample, *batch, sum of all m_k).
        """
        return self._concatenate([group.rsample(sample_shape) for group in self.groups])

    def entropy(self) -> Tensor:
        """Entropy in nats, the sum of the factors' entropies, shape (*batch)."""
        return sum(group.entropy() for group in self.groups)

    def _by_group(self, z: Tensor) -> list[tuple[Distribution, Tensor]]:
        """Each group with its events, cut from samples of the product."""
        pieces = z.split(self._sizes, -1)
        return [
            (group, piece.unflatten(-1, group.event_shape)) for group, piece in zip(self.groups, pieces, strict=True)
        ]

    def _concatenate(self, pieces: list[Tensor]) -> Tensor:
        """Events of the groups, flattened and side by side."""
        pairs = zip(self.groups, pieces, strict=True)
        return torch.cat([piece.flatten(piece.ndim - len(group.event_shape)) for group, piece in pairs], -1)


class _ProductSupport(Constraint):
    """Every piece lies in the support of its factor."""

    event_dim = 1

    def __init__(self, product: ProductDistribution):
        self.product = product

    def check(self, value: Tensor) -> Tensor:
        checks = [group.support.check(piece) for group, piece in self.product._by_group(value)]
        return torch.stack(checks).all(0)

    def __repr__(self) -> str:
        return f"Product({', '.join(repr(group.support) for group in self.product.groups)})"


@transform_to.register(_ProductSupport)
class _IntoProduct(Transform):
    """Free numbers, piece by piece, into the supports of the factors, by `transform_to` of each."""

    domain = real_vector

    def __init__(self, codomain: _ProductSupport, cache_size: int = 0):
        super().__init__(cache_size)
        self.codomain = codomain

    def with_cache(self, cache_size: int = 1) -> "_IntoProduct":
        return _IntoProduct(self.codomain, cache_size)

    def _call(self, x: Tensor) -> Tensor:
        product = self.codomain.product
        return product._concatenate([transform_to(group.support)(piece) for group, piece in product._by_group(x)])

    def _inverse(self, y: Tensor) -> Tensor:
        product = self.codomain.product
        return product._concatenate([transform_to(group.support).inv(piece) for group, piece in product._by_group(y)])


def _select(distribution: Distribution, index: int) -> Distribution:
    """The factor at one index of the last batch dimension; torch's normal distributions have no method for it."""
    if isinstance(distribution, Independent):
        normal = distribution.base_dist
        loc, scale = normal.loc[..., index, :], normal.scale[..., index, :]
        return Independent(Normal(loc, scale, validate_args=False), 1, validate_args=False)
    if isinstance(distribution, MultivariateNormal):
        loc, scale_tril = distribution.loc[..., index, :], distribution.scale_tril[..., index, :, :]
        return MultivariateNormal(loc, scale_tril=scale_tril, validate_args=False)
    return distribution.select(index)


def _covariance(factor: Distribution) -> Tensor:
    matrix = getattr(factor, "covariance_matrix", None)
    return torch.diag_embed(factor.variance) if matrix is None else matrix


def _block_diagonal(blocks: list[Tensor]) -> Tensor:
    """Blocks (*batch, m_k, m_k) along the diagonal; torch.block_diag takes no batch."""
    size = sum(block.shape[-1] for block in blocks)
    matrix = blocks[0].new_zeros(*blocks[0].shape[:-2], size, size)
    start = 0
    for block in blocks:
        stop = start + block.shape[-1]
        matrix[..., start:stop, start:stop] = block
        start = stop
    return matrix


@register_kl(ProductDistribution, ProductDistribution)
def _kl_product_product(p: ProductDistribution, q: ProductDistribution) -> Tensor:
    """The sum over the factors, group by group where the groups of both match."""
    if [group.event_shape for group in p.groups] == [group.event_shape for group in q.groups]:
        pairs = zip(p.groups, q.groups, strict=True)
    elif [factor.event_shape for factor in p.factors] == [factor.event_shape for factor in q.factors]:
        pairs = zip(p.factors, q.factors, strict=True)
    else:
        raise ValueError(f"the factors do not match: {p!r} and {q!r}")
    return sum(kl_divergence(left, right) for left, right in pairs)
