"""The panel of chapter 09: mixtures of the world's airports on a globe to turn."""

from pathlib import Path

import numpy as np
import traitlets

from svae_course.chapter_09.airports import directions, stored_fits
from svae_course.chapter_09.figures import SURE, static_preview
from svae_lib.plotting.projections import point_to_lonlat
from svae_lib.widgets import Choice, Panel, Slider

STEP = 0.01  # degrees, of a stored place
EVERY = 11  # one airport in so many is shown
PRESETS = {
    "two, free κ": {"count": 2, "kind": "free", "longitude": -60, "latitude": 30},
    "two, one κ": {"count": 2, "kind": "tied", "longitude": -60, "latitude": 30},
    "ten over Europe": {"count": 10, "kind": "free", "longitude": 10, "latitude": 45},
}


def packed(points: np.ndarray) -> bytes:
    """Places as the browser reads them: int16 longitude and latitude in steps of 0.01 degrees.

    Args:
        points: (n, 3), of the unit sphere.

    Returns:
        4 n bytes.
    """
    return np.rint(np.degrees(np.stack(point_to_lonlat(points), -1)) / STEP).astype("<i2").tobytes()


class ClustersPanel(Panel):
    """Globe of airports in the color of their cluster, by the number of clusters and the kind of mixture.

    Args:
        count: where the slider of the number of clusters starts.
        longitude: of the place in front, degrees.
        latitude: of the place in front, degrees.
        presets: values of sliders and of the kind by name, one button each.

    Attributes:
        kind: "free" for a concentration of its own for each cluster, "tied" for one of all.

    Raises:
        InputError: the stored mixtures are missing or damaged.

    Example:
        >>> panel = ClustersPanel()
        >>> panel.set(count=3, kind="tied")
        >>> panel.values
        {'count': 3, 'longitude': -90.0, 'latitude': 30.0}
    """

    name, label = "clusters", "The world's airports by cluster, on a globe"
    module = Path(__file__).with_name("panel.js")
    preview = staticmethod(static_preview)  # where no JavaScript runs
    count = Slider(5, min=1, max=10, label="number of clusters")
    longitude = Slider(-90.0, min=-180, max=180, step=0.5, label="longitude (°)", unit=" degrees")
    latitude = Slider(30.0, min=-90, max=90, step=0.5, label="latitude (°)", unit=" degrees")
    kind = Choice(("free", "tied"), label="κ of the clusters")
    places = traitlets.Bytes().tag(sync=True)
    fits = traitlets.List().tag(sync=True)
    sure = traitlets.Float(SURE).tag(sync=True)

    def __init__(
        self, count: int = 5, longitude: float = -90, latitude: float = 30, presets: dict[str, dict] = PRESETS
    ):
        fits = [fit for fit in stored_fits().values() if fit["count"] <= 10]
        data = {"places": packed(directions()[::EVERY]), "fits": fits}
        super().__init__(presets, count=count, longitude=float(longitude), latitude=float(latitude), **data)
