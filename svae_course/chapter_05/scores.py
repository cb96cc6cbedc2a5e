"""Scores of chapter 05 beside those of every run: the log-likelihood that none can beat, the topology of its code."""

import math

import numpy as np

from svae_course.chapter_05.shapes import ARCS, CLUSTER_DEVIATION, COVERED, SHAPES, pixels, turn
from svae_course.chapter_05.topology import along, backward, neighbors_kept, winding
from svae_lib.plotting.decoding import embed_images

POINTS = 500  # whose neighbors are counted


def grid(shape: str) -> tuple[np.ndarray, np.ndarray]:
    """Points that cover a shape evenly, and their probabilities: an integral over the shape is a weighted sum.

    Args:
        shape: one of SHAPES or ARCS.

    Returns:
        Points (n, k) and probabilities (n,), which sum to 1.

    Example:
        >>> points, weights = grid("sphere")
        >>> bool(abs(weights @ points).max() < 1e-3), round(float(weights.sum()), 6)
        (True, 1.0)
    """
    line = (np.arange(2000) + 0.5) / 2000 * 2 - 1  # from -1 to 1
    short = line[5::11]
    pair = np.stack(np.meshgrid(short, short, indexing="ij"), -1).reshape(-1, 2)
    if shape == "sphere":
        height = (np.arange(40_000) + 0.5) / 20_000 - 1
        golden = turn(math.pi * (3 - math.sqrt(5)) * np.arange(len(height)))
        points = np.column_stack([golden * np.sqrt(1 - height**2)[:, None], height])
    else:
        points = {
            "interval": lambda: math.pi * line[:, None],
            "circle": lambda: turn(math.pi * line),
            "clusters": lambda: turn(math.pi * line),
            "plane": lambda: math.sqrt(math.pi) * pair,
            "torus": lambda: turn(math.pi * pair).reshape(-1, 4),
        }.get(shape, lambda: turn(math.pi * int(shape.removeprefix("arc")) / 100 * line))()
    weights = np.ones(len(points))
    if shape == "clusters":
        from_nearest = (math.pi * line + math.pi / 3) % (2 * math.pi / 3) - math.pi / 3
        weights = np.exp(-0.5 * (from_nearest / CLUSTER_DEVIATION) ** 2)
    return points, weights / weights.sum()


def true_log_likelihood(images: np.ndarray, shape: str, noise: float) -> np.ndarray:
    r"""Log density of images under the very process that made them, which no model beats on average.

    \log p(x) = \log \int N(x; x(p), \sigma^2 I) p(p) dp, the integral as a sum over `grid`.

    Args:
        images: (B, 10, 10) in [0, 1].
        shape: one of SHAPES or ARCS.
        noise: standard deviation of a pixel.

    Returns:
        (B,), nats.
    """
    points, weights = grid(shape)
    means, x = pixels(points).reshape(len(points), -1) - 0.5, images.reshape(len(images), -1) - 0.5
    squares = (x**2).sum(1)[:, None] + (means**2).sum(1) - 2 * x @ means.T
    with np.errstate(divide="ignore"):  # no cluster is at some points
        exponents = np.log(weights) - squares / (2 * noise**2)
    highest = exponents.max(1)
    total = highest + np.log(np.exp(exponents - highest[:, None]).sum(1))
    return total - x.shape[1] * (math.log(noise) + 0.5 * math.log(2 * math.pi))


def path(shape: str) -> np.ndarray | None:
    """Points in order along a shape of one dimension, a degree apart on a whole circle; None for other shapes.

    Args:
        shape: one of SHAPES or ARCS.

    Returns:
        (361, k), the whole circle closed: the last point is the first.
    """
    share = np.linspace(-1, 1, 361)
    if shape == "interval":
        return math.pi * share[:, None]
    if shape in ("circle", "clusters"):
        return turn(math.pi * share)
    return turn(math.pi * int(shape.removeprefix("arc")) / 100 * share) if shape in ARCS else None


def topology(model, shape: str) -> dict[str, float]:
    """Topology of a trained model's codes of noiseless images.

    Args:
        model: a VAE of 10 x 10 images.
        shape: one of SHAPES or ARCS.

    Returns:
        `neighbors_kept` for 500 random points; for shapes of one dimension in a latent line, circle or plane
        `backward`; for closed ones in a circle or a plane `winding`.
    """
    points = (SHAPES | ARCS)[shape](POINTS, np.random.default_rng(0))
    found = {"neighbors_kept": neighbors_kept(points, embed_images(model, pixels(points)))}
    on_path, space = path(shape), str(model.latent_space)
    if on_path is None or space not in ("e1", "s1", "e2"):
        return found
    codes = embed_images(model, pixels(on_path))
    found["backward"] = backward(along(codes))
    if space != "e1" and shape in ("circle", "clusters", f"arc{COVERED[-1]}"):
        found["winding"] = winding(codes[:-1] if space == "s1" else codes[:-1] - codes[:-1].mean(0))
    return found
