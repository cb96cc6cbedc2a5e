"""Data whose shape is known: points of a circle, a sphere, ..., seen through 100 curved pixels with normal noise.

    python -m svae_course.chapter_05.shapes DIR

writes every shape with each noise to DIR, and arcs of the circle, as files that `svae train -d` reads.
"""

import argparse
import io
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from svae_lib.files import atomic_write

SEED = 5
COUNT = 5_000
SIDE = 10  # an image has 10 x 10 pixels
AMPLITUDE = 0.2  # of a pixel about 1/2, so that noise seldom leaves [0, 1]
NOISES = {"quiet": 0.04, "noisy": 0.12}  # standard deviations of a pixel
COVERED = (50, 75)  # percent of the circle that an arc has
CLUSTER_DEVIATION = 0.2  # radians


def turn(angle: np.ndarray) -> np.ndarray:
    """Points of the unit circle.

    Args:
        angle: (...), radians.

    Returns:
        (..., 2).

    Example:
        >>> turn(np.array([0.0])).tolist()
        [[1.0, 0.0]]
    """
    return np.stack([np.cos(angle), np.sin(angle)], -1)


def interval(count: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform points of an interval as long as the circle: (count, 1)."""
    return rng.uniform(-math.pi, math.pi, (count, 1))


def circle(count: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform points of the unit circle: (count, 2)."""
    return turn(rng.uniform(-math.pi, math.pi, count))


def clusters(count: int, rng: np.random.Generator) -> np.ndarray:
    """Points of the unit circle in three clusters: 0, 120 or 240 degrees plus a normal of deviation 0.2 radians.

    Args:
        count: number of points.
        rng: generator.

    Returns:
        (count, 2).
    """
    return turn(2 * math.pi / 3 * rng.integers(3, size=count) + CLUSTER_DEVIATION * rng.normal(size=count))


def arc(percent: float) -> Callable[[int, np.random.Generator], np.ndarray]:
    """Uniform points of a part of the unit circle; the gap is in the middle of the left half, about 180 degrees.

    Args:
        percent: of the circle that is covered.

    Returns:
        A function as those in SHAPES.
    """
    return lambda count, rng: turn(percent / 100 * rng.uniform(-math.pi, math.pi, count))


def sphere(count: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform points of the unit sphere: (count, 3)."""
    points = rng.normal(size=(count, 3))
    return points / np.linalg.norm(points, axis=-1, keepdims=True)


def torus(count: int, rng: np.random.Generator) -> np.ndarray:
    """Two independent points of the unit circle each: (count, 4)."""
    return np.concatenate([circle(count, rng), circle(count, rng)], -1)


def plane(count: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform points of a flat square with the area of the sphere: (count, 2)."""
    return rng.uniform(-1, 1, (count, 2)) * math.sqrt(math.pi)


SHAPES: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "interval": interval, "circle": circle, "clusters": clusters, "plane": plane, "sphere": sphere, "torus": torus,
}  # fmt: skip
ARCS = {f"arc{percent}": arc(percent) for percent in COVERED}


def pixels(points: np.ndarray) -> np.ndarray:
    r"""Noiseless images of points: each pixel is a wave over the space that the shape lies in.

    x_i(p) = 1/2 + a \sin(w_i \cdot p + b_i),   w_i ~ N(0, I/4),   b_i uniform

    A step of length h along a shape moves its image by about 5 a h / sqrt(2), on every shape and everywhere.

    Args:
        points: (..., k).

    Returns:
        (..., 10, 10) in [0, 1].

    Example:
        >>> step = np.diff(pixels(turn(np.array([1.0, 1.01]))), axis=0)
        >>> round(float(np.linalg.norm(step)) / 0.01, 1)
        0.7
    """
    rng = np.random.default_rng(SEED)
    phases = rng.uniform(0, 2 * math.pi, SIDE**2)
    waves = 0.5 * rng.normal(size=(SIDE**2, points.shape[-1]))
    values = 0.5 + AMPLITUDE * np.sin(points @ waves.T + phases)
    return values.reshape(*points.shape[:-1], SIDE, SIDE)


def observed(images: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Images with normal noise, rounded to 256 levels: uint8 of the same shape.

    Args:
        images: any shape, in [0, 1].
        noise: standard deviation.
        rng: generator.
    """
    noisy = images + noise * rng.normal(size=images.shape)
    return np.rint(255 * noisy.clip(0, 1)).astype(np.uint8)


def data(shape: str, noise: float, count: int = COUNT, seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """Points of a shape and their noisy images.

    Args:
        shape: one of SHAPES or ARCS.
        noise: standard deviation of a pixel.
        count: number of points.
        seed: of points and noise.

    Returns:
        Points (count, k) and images (count, 10, 10), uint8.

    Example:
        >>> points, images = data("sphere", 0.1, count=3)
        >>> points.shape, images.shape, images.dtype
        ((3, 3), (3, 10, 10), dtype('uint8'))
    """
    rng = np.random.default_rng(seed)
    points = (SHAPES | ARCS)[shape](count, rng)
    return points, observed(pixels(points), noise, rng)


def files() -> dict[str, tuple[str, float]]:
    """Shape and noise of each data set, by the name of its file.

    Example:
        >>> files()["arc75_noisy"]
        ('arc75', 0.12)
    """
    return {f"{shape}_{name}": (shape, noise) for shape in SHAPES | ARCS for name, noise in NOISES.items()}


def write(folder: Path, name: str) -> Path:
    """Write one data set as NAME.npz: `images` and the `points` that they show.

    Args:
        folder: where to; made where it is not.
        name: one of `files`.

    Returns:
        The file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    points, images = data(*files()[name])
    np.savez(content := io.BytesIO(), points=points, images=images)
    atomic_write(folder / f"{name}.npz", content.getvalue())
    return folder / f"{name}.npz"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the data sets of chapter 05.", allow_abbrev=False)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write them")
    folder = parser.parse_args().folder
    for each in files():
        print(write(folder, each))
