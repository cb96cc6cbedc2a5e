"""The Euclidean latent space."""

import copy

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, MultivariateNormal, Normal
from torch.nn.functional import softplus

from svae_lib.errors import InputError
from svae_lib.latent_spaces.base import LatentSpace, checked_dim, checked_size, independent
from svae_lib.latent_spaces.names import Factor


class Euclidean(LatentSpace):
    r"""The Euclidean space R^d with a normal posterior and a normal prior.

    q(z) = N(z; c \mu, c^2 L L^T), p(z) = N(z; 0, c^2 I), with softplus of the encoder's outputs on the diagonal of L.
    The scale c is 1, or a parameter: no KL depends on it; the decoder sees it, as it sees the radius of a sphere.
    event_size is d.

    Args:
        manifold_dim: The dimension d.
        covariance: "diagonal", with parameter_size 2 d; "single", one scale for all coordinates, d + 1; or "full", with
            entries below the diagonal of L, free and of either sign, d + d (d + 1) / 2.
        learn_scale: Whether log c is a parameter that starts at 0.

    Raises:
        InputError: For a dimension below 1 or an unknown covariance.

    References:
        Kingma and Welling, arXiv 1312.6114, appendix F.2 for the full covariance.

    Example:
        >>> space = Euclidean(2, covariance="full")
        >>> space.parameter_size, space.posterior(torch.zeros(7, 5)).batch_shape
        (5, torch.Size([7]))
    """

    def __init__(self, manifold_dim: int, covariance: str = "diagonal", learn_scale: bool = False):
        super().__init__()
        d = checked_dim(manifold_dim)
        sizes = {"diagonal": 2 * d, "single": d + 1, "full": d + d * (d + 1) // 2}
        if covariance not in sizes:
            raise InputError(f"covariance {covariance!r}: choose from {', '.join(sizes)}")
        self.manifold_dim, self.covariance, self.learn_scale = d, covariance, bool(learn_scale)
        self.event_size, self.parameter_size = d, checked_size(sizes[covariance])
        self.register_buffer("origin", torch.zeros(d), persistent=False)
        self.log_scale = nn.Parameter(torch.zeros(())) if learn_scale else None
        if covariance == "full":
            self.register_buffer("below", torch.tril_indices(d, d, -1), persistent=False)

    @property
    def config(self) -> tuple:
        return "Euclidean", self.manifold_dim, self.covariance, self.learn_scale

    @property
    def scale(self) -> Tensor | float:
        """The scale c now: 1, or a learned one (1,), or (count, 1) for a group of factors."""
        return self.log_scale.exp().unsqueeze(-1) if self.learn_scale else 1.0

    def posterior(self, parameters: Tensor) -> Distribution:
        loc, spread = parameters.split([self.event_size, self.parameter_size - self.event_size], dim=-1)
        loc = loc * self.scale
        if self.covariance != "full":
            return independent(Normal(loc, softplus(spread) * self.scale, validate_args=False))
        diagonal, off_diagonal = spread.split([self.event_size, len(self.below[0])], dim=-1)
        scale_tril = torch.diag_embed(softplus(diagonal))
        scale_tril[..., self.below[0], self.below[1]] = off_diagonal
        if self.learn_scale:
            scale_tril = scale_tril * self.scale.unsqueeze(-1)
        return MultivariateNormal(loc, scale_tril=scale_tril, validate_args=False)

    def _fill_buffers(self) -> None:
        self.origin = torch.zeros_like(self.origin)
        if self.covariance == "full":
            self.below = torch.tril_indices(self.manifold_dim, self.manifold_dim, -1, device=self.below.device)

    def prior(self) -> Distribution:
        scale = torch.ones_like(self.origin) * self.scale
        if self.covariance == "full":
            return MultivariateNormal(self.origin, scale_tril=torch.diag_embed(scale), validate_args=False)
        return independent(Normal(self.origin, scale, validate_args=False))

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.cdist(a, b)

    def _as_group(self, count: int) -> "Euclidean":
        group = copy.deepcopy(self)
        group.origin = self.origin.repeat(count, 1)
        if self.learn_scale:
            group.log_scale = nn.Parameter(self.log_scale.detach().repeat(count))
        return group

    def extra_repr(self) -> str:
        return f"manifold_dim={self.manifold_dim}, covariance={self.covariance!r}, learn_scale={self.learn_scale}"

    def __str__(self) -> str:
        return str(Factor("euclidean", self.manifold_dim))
