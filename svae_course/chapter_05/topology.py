"""Scores of a code's topology: how often it winds around, where it runs backward, which neighbors it keeps."""

import numpy as np


def turns(codes: np.ndarray) -> np.ndarray:
    """Angle swept so far about the origin, in turns, along a path of which no step is half a turn or more.

    Args:
        codes: (n, 2), not the origin.

    Returns:
        (n,), 0 at the first.

    Example:
        >>> turns(np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0]])).tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    x, y = np.asarray(codes, dtype=float).T
    cross, dot = x[:-1] * y[1:] - y[:-1] * x[1:], x[:-1] * x[1:] + y[:-1] * y[1:]
    return np.concatenate([[0.0], np.cumsum(np.arctan2(cross, dot))]) / (2 * np.pi)


def winding(codes: np.ndarray) -> int:
    """Winding number of a closed path about the origin: counterclockwise turns, negative where it goes clockwise.

    Args:
        codes: (n, 2), in the order of the path; the last is followed by the first.

    Returns:
        The number of turns.

    Example:
        >>> angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
        >>> once = np.stack([np.cos(angle), np.sin(angle)], 1)
        >>> winding(once), winding(once[::-1]), winding(once + 3)
        (1, -1, 0)
    """
    return round(float(turns(np.concatenate([codes, codes[:1]]))[-1]))


def backward(positions: np.ndarray) -> float:
    """Part of a path's steps that go against most of its steps: 0 for a path without a fold, 0.5 for one that returns.

    Args:
        positions: (n,), along a line.

    Returns:
        From 0 to 0.5.

    Example:
        >>> backward(np.array([0, 1, 2, 3, 2.5])), backward(np.array([0, -1, -2]))
        (0.25, 0.0)
    """
    up = float(np.mean(np.diff(positions) > 0))
    return min(up, 1 - up)


def along(codes: np.ndarray) -> np.ndarray:
    """Position along the latent line, or the angle swept about the origin or about the middle of a plane's path.

    Args:
        codes: (n, 1) or (n, 2); of a circle's codes the middle is that of the circle.

    Returns:
        (n,), deviations of the prior or turns.
    """
    if codes.shape[1] == 1:
        return codes[:, 0]
    on_circle = np.ptp(np.linalg.norm(codes, axis=1)) < 1e-3
    return turns(codes if on_circle else codes - codes.mean(0))


def neighbors_kept(points: np.ndarray, codes: np.ndarray, k: int = 10) -> float:
    """Share of the k nearest neighbors of each point that are among the k nearest neighbors of its code, on average.

    Args:
        points: (n, p).
        codes: (n, m), in the same order.
        k: number of neighbors.

    Returns:
        From about k / n, for codes that know nothing, to 1.

    References:
        Venna and Kaski, Local multidimensional scaling, Neural Networks 19 (2006), for scores of this kind.

    Example:
        >>> line = np.arange(20.0)[:, None]
        >>> neighbors_kept(line, -3 * line, k=2), round(neighbors_kept(line, abs(line - 9.7), k=2), 2)
        (1.0, 0.1)
    """
    near, near_code = nearest(points, k), nearest(codes, k)
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(near, near_code, strict=True)]))


def nearest(points: np.ndarray, k: int) -> np.ndarray:
    """Indices of the k nearest other points of each, (n, k)."""
    square = (points**2).sum(1)
    distances = square[:, None] + square - 2 * points @ points.T
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1, kind="stable")[:, :k]
