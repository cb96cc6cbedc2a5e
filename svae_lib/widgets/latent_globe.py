"""LatentGlobe: a latent sphere as a globe to turn."""

import struct
from pathlib import Path

import numpy as np
import traitlets

from svae_lib.errors import InputError
from svae_lib.plotting.decoding import decode_images, embed_images, is_sphere
from svae_lib.plotting.globe import decode_at, digit_places, static_preview
from svae_lib.plotting.projections import lonlat_to_point
from svae_lib.plotting.style import to_numpy
from svae_lib.widgets.decoder import quantized, tabulated
from svae_lib.widgets.panel import Choice, Panel, Slider

MAX_POINTS = 2_000  # more hide each other
GRID = [(-180, 180, 37), (-90, 90, 19)]  # of the table of a network that the browser cannot compute


class LatentGlobe(Panel):
    """Globe of decoded images, or of embedded points, to turn; with the image at its marked place shown large.

    A fully connected decoder is computed in the browser; of any other, a table of its images is interpolated there, and
    while a kernel runs the large image is the model's own.

    Args:
        model: a VAE whose latent space is s2.
        images: (N, H, W) in [0, 1], or (N, 3, H, W), whose embeddings are shown as points, at most 2,000; or None.
        labels: (N,) of the images, or None.
        presets: places by name, {"a seven": (longitude, latitude)} in degrees, one button each; None for the mean place
            of each label.

    Attributes:
        longitude: of the place in front, degrees.
        latitude: of the place in front, degrees.
        mode: "digits" or "points".

    Raises:
        InputError: the latent space is not s2, or there are not as many labels as images.

    Example:
        >>> from svae_lib import build_vae
        >>> panel = LatentGlobe(build_vae((28, 28), "s2"), presets={"Greenwich": (0, 51)})
        >>> panel.longitude = 90
        >>> panel.values
        {'longitude': 90.0, 'latitude': 0.0}
    """

    name = "latent globe"
    label = "the latent sphere as a globe of decoded images"
    module = Path(__file__).with_name("latent_globe.js")
    longitude = Slider(0.0, min=-180, max=180, step=0.5, label="longitude (°)", unit=" degrees")
    latitude = Slider(0.0, min=-90, max=90, step=0.5, label="latitude (°)", unit=" degrees")
    mode = Choice(("digits", "points"), label="on the globe")
    network = traitlets.Dict().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    points = traitlets.Bytes().tag(sync=True)  # int8 (N, 3)
    labels = traitlets.Bytes().tag(sync=True)  # uint16 (N,), places in names
    names = traitlets.List().tag(sync=True)
    exact = traitlets.Bytes().tag(sync=True)  # of the place in front: its longitude and latitude, its uint8 pixels

    def __init__(self, model, images=None, labels=None, presets: dict[str, tuple[float, float]] | None = None):
        if not is_sphere(model.latent_space, 2):
            raise InputError(f"a globe needs the latent space s2, this model has {model.latent_space}")
        self._model = model
        data = {"points": b"", "labels": b"", "names": []} if images is None else embedded(model, images, labels)
        if presets is None:
            presets = {} if images is None or labels is None else digit_places(model, images, labels)
        network, weights = quantized(model) or tabulated(self._images_at, GRID)
        network["radius"] = float(model.latent_space.radius)
        places = {name: {"longitude": at, "latitude": up} for name, (at, up) in presets.items()}
        super().__init__(places, network=network, weights=weights, **data)
        if images is None:
            self.spec = {**self.spec, "choices": []}
        if "table" in network:
            self.observe(self._decode, ["longitude", "latitude"])
            self._decode()

    def preview(self):
        """Three sides of the globe, for where no JavaScript runs."""
        return static_preview(self._model)

    @traitlets.validate("mode")
    def _has_points(self, proposal):
        if proposal.value == "points" and not self.points:
            raise InputError("this globe has no points: make it with LatentGlobe(model, images, labels)")
        return proposal.value

    def _images_at(self, degrees: np.ndarray) -> np.ndarray:
        """Images (n, H, W) at longitudes and latitudes (n, 2)."""
        radius = float(self._model.latent_space.radius)
        return decode_images(self._model, radius * lonlat_to_point(*np.radians(degrees).T))

    def _decode(self, _change=None) -> None:
        """Send the exact image of the place in front."""
        image = decode_at(self._model, self.longitude, self.latitude)
        self.exact = struct.pack("<2d", self.longitude, self.latitude) + np.rint(255 * image).astype(np.uint8).tobytes()


def embedded(model, images, labels) -> dict:
    """Traits points, labels and names of a globe: the codes of images, and what each shows.

    Args:
        model: a VAE whose latent space is s2.
        images: (N, H, W) in [0, 1], or (N, 3, H, W).
        labels: (N,), or None.

    Returns:
        The traits by name.

    Raises:
        InputError: there are not as many labels as images.
    """
    labels = np.full(len(images), "") if labels is None else to_numpy(labels)
    if len(labels) != len(images):
        raise InputError(f"{len(labels)} labels for {len(images)} images: give one for each")
    codes = embed_images(model, images[:MAX_POINTS])
    codes = codes / np.linalg.norm(codes, axis=-1, keepdims=True)
    names, kinds = np.unique(labels[:MAX_POINTS], return_inverse=True)
    integers = np.rint(127 * codes).astype(np.int8).tobytes(), kinds.astype("<u2").tobytes()
    return {"points": integers[0], "labels": integers[1], "names": [str(name) for name in names]}
