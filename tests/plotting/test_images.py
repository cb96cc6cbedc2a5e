"""Canvases of images: what was decoded for them is read back from their pixels."""

import numpy as np
import torch

from svae_lib.plotting import swap_factors


def read_points(figure, model, rows: int, columns: int) -> np.ndarray:
    """The latent points (rows, columns, event_size) of the tiles of a figure's canvas."""
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    tiles = [[canvas[10 * r : 10 * r + 8, 10 * c : 10 * c + 8] for c in range(columns)] for r in range(rows)]
    return model.embed(torch.as_tensor(np.array(tiles)).float()).numpy()


def test_a_swap_exchanges_one_factor_and_nothing_else(glass):
    model = glass("s1,e2,s1")
    first, second = np.array([1, 0, 0.3, 0.4, 0, 1.0]), np.array([0, -1, -1.3, 0.9, -1, 0.0])
    figure = swap_factors(model, model.image(*first), model.image(*second))
    points, close = read_points(figure, model, 2, 4), {"atol": 2e-6}  # float32 pixels, (z + 2) / 4
    np.testing.assert_allclose(points[:, 0], [first, second], **close)
    for number in range(3):
        own = slice(2 * number, 2 * number + 2)
        mixed = np.stack([first, second])
        mixed[:, own] = mixed[::-1, own].copy()
        np.testing.assert_allclose(points[:, 1 + number], mixed, **close)
