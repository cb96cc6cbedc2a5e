from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal, kl_divergence, register_kl
from torch.distributions.constraints import Constraint


class ProductDistribution(Distribution):
    r"""Independent factors side by side: the latent space of a product of spheres.

    q(z_1, ..., z_K) = q_1(z_1) ... q_K(z_K), samples concatenated in the order written

    Equal factors are best given as one run, `Independent(base, 1)` with event_shape (count, m): it is computed as one
    batch, however many factors it holds.

    Args: factors, each of event_shape (m_k,), or a run; all of the same batch_shape.
    Shapes: batch_shape = that of the factors; event_shape = (sum of all m_k,).
    Errors: ValueError for no factors, for different batch shapes and for events that are neither of the two.
    Source: Davidson, Tomczak, Gavves (2019), arXiv 1910.02912.

    >>> from svae_lib.distributions import HypersphericalUniform
    >>> torus = ProductDistribution([HypersphericalUniform(2), HypersphericalUniform(2)])
    >>> torus.event_shape, torus.entropy()  # 2 log(2 pi)
    (torch.Size([4]), tensor(3.6758))
    """

    arg_constraints = {}

    def __init__(self, factors: Sequence[Distribution], validate_args=None):
        self.runs = tuple(factors)
        if not self.runs:
            raise ValueError("factors must hold at least one distribution, found none")
        for run in self.runs:
            if len(run.event_shape) not in (1, 2) or run.batch_shape != self.runs[0].batch_shape:
                raise ValueError(
                    "factors must share one batch_shape and have event_shape (m,), or (count, m) for a run, found "
                    + ", ".join(f"{tuple(run.batch_shape)} with {tuple(run.event_shape)}" for run in self.runs)
                )
        self._sizes = [run.event_shape.numel() for run in self.runs]
        super().__init__(self.runs[0].batch_shape, torch.Size((sum(self._sizes),)), validate_args=validate_args)

    def __repr__(self) -> str:
        return f"ProductDistribution({', '.join(map(repr, self.runs))})"

    @property
    def has_rsample(self) -> bool:
        return all(run.has_rsample for run in self.runs)

    @property
    def support(self) -> "_ProductSupport":
        return _ProductSupport(self)

    @property
    def factors(self) -> tuple[Distribution, ...]:
        """One distribution a factor, the runs unrolled."""
        unrolled = []
        for run in self.runs:
            if len(run.event_shape) == 1:
                unrolled.append(run)
            else:
                unrolled.extend(_select(run.base_dist, index) for index in range(run.event_shape[0]))
        return tuple(unrolled)

    def split(self, z: Tensor) -> tuple[Tensor, ...]:
        """One tensor a factor, (*batch, m_k), of a tensor (*batch, sum of all m_k)."""
        return z.split([size for run in self.runs for size in self._factor_sizes(run)], -1)

    @staticmethod
    def _factor_sizes(run: Distribution) -> list[int]:
        return list(run.event_shape) if len(run.event_shape) == 1 else [run.event_shape[1]] * run.event_shape[0]

    def _by_run(self, z: Tensor) -> list[tuple[Distribution, Tensor]]:
        pieces = z.split(self._sizes, -1)
        return [(run, piece.unflatten(-1, run.event_shape)) for run, piece in zip(self.runs, pieces, strict=True)]

    def _joined(self, pieces: list[Tensor]) -> Tensor:
        """Events of the runs, laid side by side."""
        flat = [piece.flatten(piece.ndim - len(run.event_shape)) for run, piece in zip(self.runs, pieces, strict=True)]
        return torch.cat(flat, -1)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(ProductDistribution, _instance)
        ProductDistribution.__init__(new, [run.expand(batch_shape) for run in self.runs], validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def mode(self) -> Tensor:
        return self._joined([run.mode for run in self.runs])

    @property
    def mean(self) -> Tensor:
        return self._joined([run.mean for run in self.runs])

    @property
    def variance(self) -> Tensor:
        return self._joined([run.variance for run in self.runs])

    @property
    def covariance_matrix(self) -> Tensor:
        """Block diagonal, shape (*batch, sum of all m_k, sum of all m_k)."""
        blocks = [_covariance(factor) for factor in self.factors]
        matrix = blocks[0].new_zeros(*self.batch_shape, *self.event_shape, *self.event_shape)
        start = 0
        for block in blocks:
            stop = start + block.shape[-1]
            matrix[..., start:stop, start:stop] = block
            start = stop
        return matrix

    def rsample(self, sample_shape=()) -> Tensor:
        return self._joined([run.rsample(sample_shape) for run in self.runs])

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return sum(run.log_prob(piece) for run, piece in self._by_run(value))

    def entropy(self) -> Tensor:
        return sum(run.entropy() for run in self.runs)


class _ProductSupport(Constraint):
    """Every piece lies in the support of its factor."""

    event_dim = 1

    def __init__(self, product: ProductDistribution):
        self.product = product

    def check(self, value: Tensor) -> Tensor:
        checks = [run.support.check(piece) for run, piece in self.product._by_run(value)]
        return torch.stack(checks).all(0)

    def __repr__(self) -> str:
        return f"Product({', '.join(repr(run.support) for run in self.product.runs)})"


def _select(distribution: Distribution, index: int) -> Distribution:
    """The factor at one place of the last batch dimension; torch's normal distributions have no method for it."""
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


@register_kl(ProductDistribution, ProductDistribution)
def _kl_product_product(p: ProductDistribution, q: ProductDistribution) -> Tensor:
    """The sum over the factors, run by run where the runs of both match."""
    if [run.event_shape for run in p.runs] == [run.event_shape for run in q.runs]:
        pairs = zip(p.runs, q.runs, strict=True)
    elif [f.event_shape for f in p.factors] == [f.event_shape for f in q.factors]:
        pairs = zip(p.factors, q.factors, strict=True)
    else:
        raise ValueError(f"the factors do not match: {p!r} and {q!r}")
    return sum(kl_divergence(left, right) for left, right in pairs)
