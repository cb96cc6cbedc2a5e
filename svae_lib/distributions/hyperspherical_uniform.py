import torch
from torch import Tensor
from torch.distributions import register_kl

from svae_lib.distributions import constraints
from svae_lib.distributions.sphere_distribution import SphereDistribution, floating, same_radius
from svae_lib.ops.sphere import log_surface_area


class HypersphericalUniform(SphereDistribution):
    r"""Uniform distribution on the sphere of radius r in R^m.

    q(z) = Gamma(m/2) / (2 pi^{m/2} r^{m-1})

    Args: ambient_dim, m >= 2 (the sphere itself has m - 1 dimensions); radius, a number or a tensor, > 0.
    Shapes: batch_shape = shape of radius; event_shape = (m,).
    Errors: ValueError for m < 2 and a radius that is not positive; TypeError for an integer tensor.
    Source: Davidson et al. (2018), arXiv 1804.00891, appendix B.

    >>> prior = HypersphericalUniform(3)
    >>> prior.log_prob(prior.sample((2,)))  # -log(4 pi)
    tensor([-2.5310, -2.5310])
    """

    arg_constraints = {"radius": constraints.radius}

    def __init__(self, ambient_dim: int, radius: Tensor | float = 1.0, validate_args=None):
        if isinstance(ambient_dim, bool) or not isinstance(ambient_dim, int) or ambient_dim < 2:
            raise ValueError(f"ambient_dim must be a whole number >= 2 (S^d lies in R^(d+1)), found {ambient_dim!r}")
        self.radius = floating("radius", radius)
        super().__init__(self.radius.shape, torch.Size((ambient_dim,)), validate_args=validate_args)

    def __repr__(self) -> str:
        radius = self.radius.item() if self.radius.numel() == 1 else tuple(self.radius.shape)
        return f"HypersphericalUniform(ambient_dim: {self.ambient_dim}, radius: {radius})"

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(HypersphericalUniform, _instance)
        new.radius = self.radius.expand(torch.Size(batch_shape))
        super(HypersphericalUniform, new).__init__(new.radius.shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def select(self, index: int) -> "HypersphericalUniform":
        return HypersphericalUniform(self.ambient_dim, self.radius[..., index], validate_args=False)

    @property
    def mode(self) -> Tensor:
        """Every point is one; this is the pole (r, 0, ..., 0)."""
        pole = torch.zeros(self.ambient_dim, dtype=self.radius.dtype, device=self.radius.device)
        pole[0] = 1.0
        return self.radius.unsqueeze(-1) * pole

    @property
    def mean(self) -> Tensor:
        return torch.zeros(self._extended_shape(), dtype=self.radius.dtype, device=self.radius.device)

    @property
    def variance(self) -> Tensor:
        return (self.radius.square() / self.ambient_dim).unsqueeze(-1).expand(self._extended_shape())

    @property
    def covariance_matrix(self) -> Tensor:
        """(r^2 / m) I, shape (*batch, m, m)."""
        return torch.diag_embed(self.variance)

    def rsample(self, sample_shape=()) -> Tensor:
        """Normal vectors scaled to length r: shape (*sample_shape, *batch, m), differentiable in r."""
        shape = self._extended_shape(torch.Size(sample_shape))
        normal = torch.randn(shape, dtype=self.radius.dtype, device=self.radius.device)
        return normal * (self.radius / normal.norm(dim=-1)).unsqueeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Minus the logarithm of the area of the sphere of radius r, shape (*sample, *batch)."""
        if self._validate_args:
            self._validate_sample(value)
        shape = torch.broadcast_shapes(value.shape[:-1], self.batch_shape)
        return value.new_full(shape, -log_surface_area(self.ambient_dim)) - self._log_growth()

    def entropy(self) -> Tensor:
        """Logarithm of the area, log 2 + (m/2) log(pi) - log Gamma(m/2) + (m-1) log r, shape (*batch)."""
        return log_surface_area(self.ambient_dim) + self._log_growth()


@register_kl(HypersphericalUniform, HypersphericalUniform)
def _kl_uniform_uniform(p: HypersphericalUniform, q: HypersphericalUniform) -> Tensor:
    return same_radius(p, q, torch.zeros_like(p.radius))
