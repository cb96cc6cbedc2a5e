"""DialsPanel: a dial for every factor of a product of spheres."""

from pathlib import Path

import numpy as np
import traitlets

from svae_lib.plotting.decoding import decode_images, factors_of
from svae_lib.plotting.dials import dial_frames, dial_names, dial_view, digit_turns, static_preview, turned
from svae_lib.widgets.decoder import BrowserDecoder, quantized, tabulated
from svae_lib.widgets.panel import Choice, Panel, Slider

FIRST_AXES = "the first axes"


class DialsPanel(Panel):
    """Panel that turns one factor of a product of spheres at a time, with the digit it decodes to.

    On a circle the dial's angle is the code's angle. On a larger sphere the dial turns along one great circle: at 0
    it stands on the start digit's own code, and the circle leads from there toward a coordinate axis. Around each
    dial are the digits to which it leads while the others stay. Before a start digit's button is pressed, and after
    reset, 0 is the first coordinate axis on every factor.

    Fully connected decoders are computed in the browser, from int8 rows. Other networks are decoded by Python where a
    kernel runs; without one, one circle or two are read from a table of images, and else the digits stay.

    Args:
        model: a VAE whose latent space is a sphere or a product of spheres.
        images: start digits, (H, W) in [0, 1] by name ("a 3"), one button each; or None.

    Attributes:
        start: whose planes the dials turn in: the name of a start digit, or "the first axes".

    Raises:
        InputError: a factor is not a sphere.

    Example:
        >>> from svae_lib import build_vae
        >>> panel = DialsPanel(build_vae((28, 28), "s1,s2"))
        >>> panel.set(**{"circle 1": 90})
        >>> panel.values
        {'circle 1': 90, 'sphere 2': 0}
    """

    name, module = "dials", Path(__file__).with_name("dials.js")
    network = traitlets.Dict().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    sizes = traitlets.List().tag(sync=True)  # coordinates of each factor
    planes = traitlets.Bytes().tag(sync=True)  # float64 (starts, 2, m), those of the first axes first
    decoded = traitlets.Bytes().tag(sync=True)  # uint8 images of a network that only Python can compute: `dial_view`'s
    decoded_at = traitlets.List().tag(sync=True)  # start and degrees of these images

    def __init__(self, model, images: dict | None = None):
        space, starts = model.latent_space, digit_turns(model, images or {})
        names, sizes = dial_names(space), [factor.event_size for factor, _ in factors_of(space)]
        self._model, self._frames = model, {FIRST_AXES: dial_frames(space)}
        self._frames |= {name: frames for name, (frames, _) in starts.items()}
        self.label = f"Dials of the latent space {space}, and the digit decoded at their positions"
        dials = {name: Slider(0, min=-180, max=180, label=name, unit="°") for name in names}
        self.add_traits(start=Choice(tuple(self._frames), label=None), **dials)
        found = quantized(model) or (self._table() if set(sizes) == {2} and len(sizes) < 3 else None)
        super().__init__(
            {name: {"start": name, **dict(zip(names, at, strict=True))} for name, (_, at) in starts.items()},
            network=found.network if found else {"shape": self._view()[0].shape},
            weights=found.weights if found else b"",
            sizes=sizes,
            planes=np.stack([np.concatenate(frames, -1) for frames in self._frames.values()]).astype("<f8").tobytes(),
        )
        if found is None or "table" in found.network:
            self._decode()
            self.observe(self._decode, ["start", *names])

    def preview(self):
        """The dials at three settings, around the first start digit."""
        first, *others = [0] * len(self.sizes)
        settings = [first, *others], [120, *others], [*others, -120]
        frames = list(self._frames.values())[:2][-1]
        return static_preview(self._model, settings, frames)

    def _table(self) -> BrowserDecoder:
        """Images at all angles, of one circle or two, in 30 kB."""
        frames = self._frames[FIRST_AXES]
        return tabulated(lambda at: decode_images(self._model, turned(frames, at)), [(-180, 180, 25)] * len(frames))

    def _view(self) -> tuple[np.ndarray, np.ndarray]:
        """Image where the dials stand, and those around each: `dial_view`."""
        return dial_view(self._model, self._frames[self.start], list(self.values.values()))

    def _decode(self, _change=None) -> None:
        """Give the browser the images that it cannot decode, or only by way of a table."""
        image, ahead = self._view()
        images = np.concatenate([image[None], ahead.reshape(-1, *image.shape)])
        with self.hold_sync():
            self.decoded_at = [self.start, *self.values.values()]
            self.decoded = np.rint(255 * images).astype(np.uint8).tobytes()
