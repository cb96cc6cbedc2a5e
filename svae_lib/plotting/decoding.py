"""Access to a trained model: images from latent points, latent points from images, the factors of its space."""

import numpy as np
import torch

from svae_lib.latent_spaces import Sphere
from svae_lib.plotting.style import to_numpy


@torch.no_grad()
def decode_images(model, points: torch.Tensor | np.ndarray) -> np.ndarray:
    """Mean image at each latent point.

    Args:
        model: a VAE.
        points: (..., event_size).

    Returns:
        (..., H, W) in [0, 1]; for a model of color images (..., H, W, 3), as matplotlib shows them.
    """
    parameter = next(model.parameters())
    points = torch.as_tensor(points, dtype=parameter.dtype, device=parameter.device)
    images = to_numpy(model.likelihood.mean(model.decode(points)))
    return np.moveaxis(images, -3, -1) if images.ndim == points.ndim + 2 else images


@torch.no_grad()
def embed_images(model, images: torch.Tensor | np.ndarray) -> np.ndarray:
    """Mean, or mean direction, of the posterior of each image.

    Args:
        model: a VAE.
        images: (B, H, W) in [0, 1], or (B, 3, H, W).

    Returns:
        (B, event_size).
    """
    parameter = next(model.parameters())
    images = torch.as_tensor(to_numpy(images), dtype=parameter.dtype, device=parameter.device)
    return to_numpy(model.embed(images))


def factors_of(space) -> list[tuple[object, slice]]:
    """Factors of a latent space, each with its coordinates in a latent point.

    Args:
        space: a latent space; one that is no product is its own single factor.

    Returns:
        A (factor, slice) pair for each factor, in order.

    Example:
        >>> from svae_lib import parse_latent_space
        >>> [(str(factor), place) for factor, place in factors_of(parse_latent_space("s2,e1"))]
        [('s2', slice(0, 3, None)), ('e1', slice(3, 4, None))]
    """
    factors = getattr(space, "factors", (space,))
    ends = np.cumsum([factor.event_size for factor in factors])
    return [(f, slice(int(end) - f.event_size, int(end))) for f, end in zip(factors, ends, strict=True)]


def is_sphere(space, manifold_dim: int | None = None) -> bool:
    """Whether a space is one sphere, and of this dimension where one is given.

    Args:
        space: a latent space.
        manifold_dim: d of S^d, or None for any.

    Returns:
        True for one sphere, of any family and radius.
    """
    return isinstance(space, Sphere) and manifold_dim in (None, space.manifold_dim)
