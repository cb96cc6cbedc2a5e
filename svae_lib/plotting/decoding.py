"""What the pictures ask of a model: images from latent points, latent points from images, the factors of its space."""

import numpy as np
import torch

from svae_lib.latent_spaces import Sphere
from svae_lib.plotting.style import to_numpy


@torch.no_grad()
def decode_images(model, points: torch.Tensor | np.ndarray) -> np.ndarray:
    """The mean image at each latent point: (..., event_size) -> (..., H, W) in [0, 1]."""
    parameter = next(model.parameters())
    points = torch.as_tensor(points, dtype=parameter.dtype, device=parameter.device)
    return to_numpy(model.likelihood.mean(model.decode(points)))


@torch.no_grad()
def embed_images(model, images: torch.Tensor | np.ndarray) -> np.ndarray:
    """Where the posterior of each image points: (B, H, W) in [0, 1] -> (B, event_size)."""
    parameter = next(model.parameters())
    images = torch.as_tensor(to_numpy(images), dtype=parameter.dtype, device=parameter.device)
    return to_numpy(model.embed(images))


def factors_of(space) -> list[tuple[object, slice]]:
    """Each factor of a product space with its coordinates in a latent point; for any other space, itself with all."""
    factors = getattr(space, "factors", (space,))
    ends = np.cumsum([factor.event_size for factor in factors])
    return [(f, slice(int(end) - f.event_size, int(end))) for f, end in zip(factors, ends, strict=True)]


def is_sphere(space, manifold_dim: int | None = None) -> bool:
    """Whether a space is one sphere, and of this dimension where one is asked for."""
    return isinstance(space, Sphere) and manifold_dim in (None, space.manifold_dim)
