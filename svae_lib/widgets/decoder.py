"""Decoders for the browser: int8 rows of fully connected ones, tables of the images of others, their error measured."""

from collections.abc import Callable
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from scipy.interpolate import RegularGridInterpolator

from svae_lib.errors import InputError
from svae_lib.models import VAE, Bernoulli, Categorical256, Gaussian
from svae_lib.models.networks import MLPDecoder
from svae_lib.plotting.decoding import decode_images

MAX_WEIGHTS = 2**20  # of a network that the browser computes: a millisecond an image, and 1.4 MB of a page
MAX_ERROR = 0.3  # of one pixel among all PROBES images: int8 rows that miss by more give way to a table
PROBES, COMPONENTS = 512, 96


class BrowserDecoder(NamedTuple):
    """Decoder as decoder.js reads it.

    Attributes:
        network: "sizes" of the layers, "shape" of an image, its "likelihood", "error" and "mean_error" of a pixel, and
            the axes (low, high, count) of a "table".
        weights: layer by layer, float32 scales and biases of the rows; int8 weights of all layers; int8 table.
    """

    network: dict
    weights: bytes


@torch.no_grad()
def quantized(model) -> BrowserDecoder | None:
    r"""Fully connected decoder with its weights in int8, one scale a row.

        W_rc = s_r q_rc + error,  s_r = \max_c |W_rc| / 127,  q_rc an integer from -127 to 127

    That takes a quarter of the room. Its cost is measured at 512 points of the prior: "error" is the largest difference
    between a pixel's mean and the model's own, "mean_error" the mean one.

    Args:
        model: a VAE.

    Returns:
        The decoder, whose input is a latent point (event_size,); or None for another network than MLPDecoder,
        more than a million weights, or too large an error.

    Raises:
        InputError: the model decodes to NaN.

    Example:
        >>> from svae_lib import build_vae
        >>> decoder = quantized(build_vae((28, 28), "s2"))
        >>> decoder.network["sizes"], decoder.network["error"] < 0.05, len(decoder.weights)
        ([3, 128, 256, 784], True, 243200)
    """
    own = getattr(type(model), "decode", None) is VAE.decode and type(model.decoder) is MLPDecoder
    if not own or type(model.likelihood) not in (Bernoulli, Gaussian, Categorical256):
        return None
    linear = [layer for layer in model.decoder.net if isinstance(layer, torch.nn.Linear)]
    if sum(layer.weight.numel() for layer in linear) > MAX_WEIGHTS:
        return None
    rounded = deepcopy(model)
    layers = []
    for layer, other in zip(linear, (m for m in rounded.decoder.net if isinstance(m, torch.nn.Linear)), strict=True):
        weights, bias = (values.double().cpu().numpy() for values in (layer.weight, layer.bias))
        scale, integers = int8_rows(weights)
        other.weight.copy_(torch.from_numpy(scale[:, None] * integers))
        layers.append((scale, bias, integers))
    points = probes(model)
    errors = np.abs(decode_images(rounded, points) - checked(decode_images(model, points)))
    if errors.max() > MAX_ERROR:
        return None
    layers[-1] = tuple(channels_last(values, model.image_shape) for values in layers[-1])
    shape = [*model.image_shape[-2:], *model.image_shape[:-2]]
    sizes = [linear[0].in_features, *(layer.out_features for layer in linear)]
    network = {"sizes": sizes, "shape": shape, "likelihood": model.likelihood.name, **stated(errors)}
    return BrowserDecoder(network, packed(layers))


def probes(model) -> torch.Tensor:
    """Points (512, event_size) of a model's prior, always the same, at which a decoder's error is measured."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return model.latent_space.prior().sample((PROBES,))


def tabulated(images_at: Callable[[np.ndarray], np.ndarray], axes: list[tuple[float, float, int]]) -> BrowserDecoder:
    """Table of images over a grid, between whose places decoder.js interpolates; for any decoder.

    An image is stored as its coordinates in the principal components of all of them, in int8. The error is measured at
    512 places between the grid's.

    Args:
        images_at: gives the images (n, H, W) or (n, H, W, 3), in [0, 1], at coordinates (n, number of axes).
        axes: low, high and count of each coordinate. One whose grid is the integers is read at them alone.

    Returns:
        The decoder, whose input is these coordinates.

    Raises:
        InputError: an image holds NaN.

    Example:
        >>> decoder = tabulated(lambda at: np.cos(at[:, :, None] * np.ones((2, 2))) ** 2, [(0, 1, 21)])
        >>> decoder.network["table"], decoder.network["error"] < 0.01
        ([(0, 1, 21)], True)
    """
    grid = [np.linspace(*axis) for axis in axes]
    images = checked(images_at(np.stack(np.meshgrid(*grid, indexing="ij"), -1).reshape(-1, len(axes))))
    mean, entries, components = principal(images.reshape(len(images), -1).astype(np.float64))
    reach = np.abs(entries).max(0).clip(1e-12)
    table = np.rint(entries / reach * 127).astype(np.int8)
    scale, integers = int8_rows(components * reach / 127)

    generator = np.random.default_rng(0)
    places = np.stack([generator.uniform(low, high, PROBES) for low, high, _ in axes], -1)
    whole = [high - low == count - 1 for low, high, count in axes]
    places[:, whole] = places[:, whole].round()
    read = RegularGridInterpolator(grid, table.reshape(*map(len, grid), -1).astype(float))(places)
    shown = (read @ (scale[:, None] * integers).T + mean).clip(0, 1)
    errors = np.abs(shown - images_at(places).reshape(PROBES, -1))

    network = {"sizes": [len(reach), len(mean)], "shape": list(images.shape[1:]), "likelihood": "gaussian"}
    network |= {"table": [tuple(axis) for axis in axes], **stated(errors)}
    return BrowserDecoder(network, packed([(scale, mean, integers)]) + table.tobytes())


def principal(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (P,), coordinates (N, K) and principal components (P, K) of rows (N, P), at most COMPONENTS of them."""
    mean = rows.mean(0)
    centered = torch.from_numpy(rows - mean)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # of the random projection by which svd_lowrank begins
        u, s, v = torch.svd_lowrank(centered, q=min(COMPONENTS, *rows.shape), niter=4)
    return mean, (u * s).numpy(), v.numpy()


def int8_rows(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale (rows,) and integers (rows, columns) whose product is nearest to the weights."""
    scale = np.abs(weights).max(1) / 127
    return scale, np.rint(weights / np.where(scale > 0, scale, 1)[:, None]).astype(np.int8)


def channels_last(values: np.ndarray, image_shape: tuple[int, ...]) -> np.ndarray:
    """Rows of a last layer (C H W parameters, ...) in the order (H W C parameters, ...)."""
    if len(image_shape) == 2:
        return values
    order = np.moveaxis(values.reshape(*image_shape, -1, *values.shape[1:]), 0, 2)
    return np.ascontiguousarray(order).reshape(values.shape)


def packed(layers: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> bytes:
    """Bytes of layers, each with scale, bias and integers."""
    rows = [np.concatenate([scale, bias]).astype("<f4").tobytes() for scale, bias, _ in layers]
    return b"".join(rows + [integers.tobytes() for *_, integers in layers])


def checked(images: np.ndarray) -> np.ndarray:
    """The images, if they are numbers."""
    if not np.isfinite(images).all():
        raise InputError(
            "the model decodes to NaN: its weights are damaged, or its training failed; load or train it anew"
        )
    return images


def stated(errors: np.ndarray) -> dict[str, float]:
    """Error of a pixel, for a network's description: the largest and the mean one, rounded up to two figures."""
    found = {}
    for name, value in (("error", errors.max()), ("mean_error", errors.mean())):
        unit = 10.0 ** (np.floor(np.log10(max(value, 1e-9))) - 1)
        found[name] = float(f"{np.ceil(value / unit) * unit:.2g}")
    return found
