"""Colors of lines that come in an order."""

import matplotlib
from matplotlib.colors import to_hex


def ordered_colors(count: int) -> list[str]:
    """Colors from viridis, without its palest end: a line in it would be lost on white paper.

    Args:
        count: how many.

    Returns:
        The colors, from dark to light.

    Example:
        >>> len(set(ordered_colors(5)))
        5
    """
    return [to_hex(matplotlib.colormaps["viridis"](0.75 * step / max(count - 1, 1))) for step in range(count)]
