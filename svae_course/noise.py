"""Random numbers that are the same in Python and in the browser (svae_lib/widgets/noise.js), where panels draw them."""

import numpy as np

STEP = np.uint32(0x6D2B79F5)


def uniforms(count: int, seed: int) -> np.ndarray:
    """Uniform numbers by Mulberry32, whose state is a counter: number i depends on the seed and on i alone.

    Args:
        count: how many.
        seed: >= 0.

    Returns:
        (count,), float64, in (0, 1), never an end.

    Example:
        >>> uniforms(3, 0).round(4)
        array([0.2664, 0.0003, 0.2233])
    """
    with np.errstate(over="ignore"):  # 32 bits that wrap around
        state = np.uint32(seed) + STEP * np.arange(1, count + 1, dtype=np.uint32)
        t = (state ^ (state >> 15)) * (state | 1)
        t ^= t + (t ^ (t >> 7)) * (t | 61)
    return ((t ^ (t >> 14)) + 0.5) / 2**32


def normals(count: int, seed: int) -> np.ndarray:
    """Standard normal numbers, two of each pair of uniform ones (Box and Muller).

    Args:
        count: how many, even.
        seed: >= 0.

    Returns:
        (count,), float64.

    Example:
        >>> bool(abs(normals(10_000, 0).std() - 1) < 0.02)
        True
    """
    first, second = uniforms(count, seed).reshape(-1, 2).T
    length, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second
    return np.stack([length * np.cos(angle), length * np.sin(angle)], -1).ravel()
