"""The uniform distribution on a sphere."""

import torch
from torch import Tensor

from svae_lib.distributions import constraints
from svae_lib.distributions.sphere_distribution import SphereDistribution, as_float_tensor, register_sphere_kl
from svae_lib.errors import is_integer
from svae_lib.ops.sphere import log_surface_area


class HypersphericalUniform(SphereDistribution):
    r"""Uniform distribution on the sphere of radius r in R^m.

        q(z) = Gamma(m/2) / (2 pi^{m/2} r^{m-1})

    batch_shape is the shape of `radius`, and event_shape (m,).

    Args:
        ambient_dim: m >= 2; the sphere itself has m - 1 dimensions.
        radius: r > 0, shape (*batch) or a number.
        validate_args: As in torch.distributions.

    Raises:
        ValueError: If m is not an integer >= 2 or a radius is not finite and positive.
        TypeError: If the radius is a tensor that is not floating point.

    References:
        Davidson, Falorsi, De Cao, Kipf, Tomczak, "Hyperspherical variational auto-encoders" (2018), arXiv 1804.00891,
        appendix B.

    Example:
        >>> import torch
        >>> from svae_lib.distributions import HypersphericalUniform
        >>> prior = HypersphericalUniform(3)
        >>> prior.log_prob(prior.sample((2,)))  # -log(4 pi)
        tensor([-2.5310, -2.5310])
    """

    arg_constraints = {"radius": constraints.radius}

    def __init__(self, ambient_dim: int, radius: Tensor | float = 1.0, validate_args=None):
        if not is_integer(ambient_dim, at_least=2):
            raise ValueError(f"ambient_dim must be an integer >= 2 (S^d lies in R^(d+1)), found {ambient_dim!r}")
        self.radius = as_float_tensor("radius", radius)
        super().__init__(self.radius.shape, torch.Size((int(ambient_dim),)), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        """Distribution with its radius expanded to a larger batch_shape."""
        new = self._get_checked_instance(HypersphericalUniform, _instance)
        new.radius = self.radius.expand(torch.Size(batch_shape))
        super(HypersphericalUniform, new).__init__(new.radius.shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def select(self, index: int) -> "HypersphericalUniform":
        """Distribution at one index of the last batch dimension."""
        return HypersphericalUniform(self.ambient_dim, self.radius[..., index], validate_args=False)

    def __repr__(self) -> str:
        radius = self.radius.item() if self.radius.numel() == 1 else tuple(self.radius.shape)
        return f"HypersphericalUniform(ambient_dim: {self.ambient_dim}, radius: {radius})"

    @property
    def mode(self) -> Tensor:
        """One of the modes, since every point is one: the pole (r, 0, ..., 0), shape (*batch, m)."""
        pole = torch.zeros(self.ambient_dim, dtype=self.radius.dtype, device=self.radius.device)
        pole[0] = 1.0
        return self.radius.unsqueeze(-1) * pole

    @property
    def mean(self) -> Tensor:
        """Mean 0, the center of the sphere, shape (*batch, m)."""
        return torch.zeros(self._extended_shape(), dtype=self.radius.dtype, device=self.radius.device)

    @property
    def variance(self) -> Tensor:
        """Variance r^2 / m of each coordinate, shape (*batch, m)."""
        return (self.radius.square() / self.ambient_dim).unsqueeze(-1).expand(self._extended_shape())

    @property
    def covariance_matrix(self) -> Tensor:
        """Covariance (r^2 / m) I, shape (*batch, m, m)."""
        return torch.diag_embed(self.variance)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log density, minus the logarithm of the area of the sphere of radius r.

        Args:
            value: Points of the sphere, shape (*sample, *batch, m).

        Returns:
            Log density in nats, shape (*sample, *batch).

        Raises:
            ValueError: If a value is not on the sphere.
        """
        if self._validate_args:
            self._validate_sample(value)
        zero = (value - value).sum(-1)  # but NaN for a value that is none
        return zero - log_surface_area(self.ambient_dim) - self._log_growth()

    def rsample(self, sample_shape=()) -> Tensor:
        """Samples, normal vectors scaled to length r; differentiable in r.

        Args:
            sample_shape: Shape of the sample, (*sample).

        Returns:
            Points of the sphere, shape (*sample, *batch, m).
        """
        shape = self._extended_shape(torch.Size(sample_shape))
        normal = torch.randn(shape, dtype=self.radius.dtype, device=self.radius.device)
        return normal * (self.radius / normal.norm(dim=-1)).unsqueeze(-1)

    def entropy(self) -> Tensor:
        """Logarithm of the area, log 2 + (m/2) log(pi) - log Gamma(m/2) + (m-1) log r, shape (*batch)."""
        return log_surface_area(self.ambient_dim) + self._log_growth()


@register_sphere_kl(HypersphericalUniform, HypersphericalUniform)
def _kl_uniform_uniform(p: HypersphericalUniform, q: HypersphericalUniform) -> Tensor:
    return torch.zeros_like(p.radius)
