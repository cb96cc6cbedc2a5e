"""Globes that the reader turns with the mouse: plotly paints them, in the browser."""

from collections.abc import Callable
from copy import deepcopy

import numpy as np

from svae_lib.errors import import_optional
from svae_lib.ops.sphere import fibonacci_sphere
from svae_lib.plotting.globe import decode_at, decode_tiles
from svae_lib.plotting.images import draw_digit
from svae_lib.plotting.live import LiveFigure
from svae_lib.plotting.projections import lonlat_to_point, point_to_lonlat
from svae_lib.plotting.style import MARK, PAPER, new_figure, styled

UNLIT = {"ambient": 1, "diffuse": 0, "specular": 0, "fresnel": 0}
FINDER = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False, "text": " ", "width": 46}
FINDER |= {"height": 46, "bordercolor": MARK, "borderwidth": 2}  # where the reader looks: it stays, the globe turns


def xyz(points: np.ndarray) -> dict[str, np.ndarray]:
    """Points (n, 3) as plotly takes them: x, y and z, each (n,)."""
    return dict(zip("xyz", points.T, strict=True))


def plotly_globe(traces: list, title: str, reach: float, camera: dict, scale: float = 1.0, **layout):
    """Globe to turn by mouse; the page scrolls over it.

    Args:
        traces: plotly traces around the unit sphere.
        title: above the globe.
        reach: where the traces are cut off, in radii.
        camera: plotly's camera.
        scale: of the globe in its frame.
        **layout: further settings of plotly's Layout.

    Returns:
        A plotly FigureWidget.

    Raises:
        InputError: the extra [course] is not installed.
    """
    graph = import_optional("plotly.graph_objects", extra="course")
    import_optional("anywidget", extra="course")  # which a FigureWidget needs and plotly does not bring
    scene = {axis: {"visible": False, "range": [-reach, reach]} for axis in ("xaxis", "yaxis", "zaxis")}
    scene |= {"aspectmode": "manual", "aspectratio": dict.fromkeys("xyz", scale), "camera": camera}
    size = {"width": 370, "height": 370, "margin": {"l": 0, "r": 0, "t": 30, "b": 0}}
    named = {"text": title, "x": 0.03, "y": 0.97, "font": {"size": 14}}
    kept = {"showlegend": False, "uirevision": "keep the reader's camera"}
    widget = opened_whole(graph.Figure(traces, graph.Layout(**size, **kept, scene=scene, title=named, **layout)))
    widget._config = {"displayModeBar": False, "scrollZoom": False}
    return widget


def opened_whole(figure):
    """FigureWidget whose first message to the browser holds the whole plotly figure.

    A FigureWidget opens empty and sends its data after; inside of a box the browser may draw it in between, and then it
    stays empty (plotly.py issue 4998).

    Args:
        figure: a plotly Figure.

    Returns:
        The FigureWidget.
    """
    from plotly.graph_objects import FigureWidget
    from traitlets import default

    class WholeFigureWidget(FigureWidget):
        @default("_widget_data")
        def _first_data(self):
            return deepcopy(figure._data)

        @default("_widget_layout")
        def _first_layout(self):
            return deepcopy(figure._layout)

    return WholeFigureWidget(figure)


def digit_patches(model, tiles: int = 100) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Decoded digits as patches of the sphere, a point for each square of 2 x 2 pixels.

    Args:
        model: a VAE whose latent space is s2.
        tiles: how many digits, at points spread evenly over the sphere.

    Returns:
        Points (n, 3), the pixel value at each (n,), or (n, 3) in color, and triangles (k, 3) of indices; of gray
        images, only where a digit is dark.

    Raises:
        InputError: the latent space is not s2.
    """
    images, frames, half_side = decode_tiles(model, tiles)
    rows, columns, *channels = images.shape[1] // 2, images.shape[2] // 2, *images.shape[3:]
    values = images[:, : 2 * rows, : 2 * columns].reshape(tiles, rows, 2, columns, 2, *channels).mean((2, 4))
    across, up = ((np.arange(n) + 0.5) / n * 2 - 1 for n in (columns, rows))
    flat = np.stack(np.broadcast_arrays(half_side * across, -half_side * up[:, None], 1.0), -1)
    points = np.einsum("rcd,tde->trce", flat, frames)
    index = np.arange(tiles * rows * columns).reshape(tiles, rows, columns)
    a, b, c, d = index[:, :-1, :-1], index[:, :-1, 1:], index[:, 1:, :-1], index[:, 1:, 1:]
    triangles = np.concatenate([np.stack(corners, -1).reshape(-1, 3) for corners in ((a, b, c), (b, d, c))])
    points = (points / np.linalg.norm(points, axis=-1, keepdims=True)).reshape(-1, 3)
    values = values.reshape(-1, *channels)
    return points, values, triangles if channels else triangles[values[triangles].max(-1) > 0.04]


class LiveDigitGlobe:
    """Decoded digits on a plotly globe, and large, as a picture, the one decoded at the place that faces the reader.

    Args:
        model: a VAE whose latent space is s2.
        turned: called with (longitude, latitude), in whole degrees, when the reader has turned the globe.

    Attributes:
        widget: the FigureWidget.

    Raises:
        InputError: the latent space is not s2.
    """

    @styled
    def __init__(self, model, turned: Callable[[int, int], None]):
        self._model, self._at = model, (0.0, 0.0)
        points, values, triangles = digit_patches(model)
        figure = new_figure(3.2, 3.7, " ")
        axes = figure.add_subplot()
        axes.set_title("decoded at the marked place")
        self._digit = draw_digit(axes)
        self._live = LiveFigure(figure, [self._digit])
        graph = import_optional("plotly.graph_objects", extra="course")
        looks = {"hoverinfo": "skip", "lighting": UNLIT}
        ball = 0.97 * fibonacci_sphere(300).numpy()
        paper = graph.Mesh3d(**xyz(ball.astype(np.float32)), alphahull=0, color=PAPER, **looks)
        scale = {"colorscale": [[0, PAPER], [1, "black"]], "cmin": 0, "cmax": 1, "showscale": False}
        corners = dict(zip("ijk", triangles.astype(np.int32).T, strict=True))
        shades = {"intensity": values.astype(np.float32), **scale}
        if values.ndim == 2:
            shades = {"vertexcolor": ["rgb({},{},{})".format(*color) for color in np.rint(255 * values).astype(int)]}
        digits = graph.Mesh3d(**xyz(points.astype(np.float32)), **corners, **shades, **looks)
        camera = {"eye": xyz(1.25 * lonlat_to_point(0.0, 0.0)), "projection": {"type": "orthographic"}}
        self.widget = plotly_globe([paper, digits], "drag to turn", 1.02, camera, scale=1.75, annotations=[FINDER])
        self.widget.layout.scene.on_change(lambda _, camera: self._follow(camera, turned), "camera")

    def digit(self, longitude: float, latitude: float) -> bytes:
        """PNG of the digit decoded at the place (longitude, latitude), in degrees."""
        self._digit.set_data(decode_at(self._model, longitude, latitude))
        return self._live.frame(f"longitude {longitude:g}°, latitude {latitude:g}°")

    def turn(self, longitude: float, latitude: float) -> None:
        """Turn the globe until this place, in degrees, faces the reader."""
        if self._at != (longitude, latitude):
            self._at = longitude, latitude
            # seen from straight above a pole, the globe could not tell which way is up
            eye = 1.25 * lonlat_to_point(np.radians(longitude), np.radians(np.clip(latitude, -89, 89)))
            self.widget.layout.scene.camera.eye = xyz(eye)

    def _follow(self, camera, turned: Callable[[int, int], None]) -> None:
        """The camera moved: by `turn`, which then knows the place already, or by the reader."""
        place = tuple(int(np.rint(np.degrees(a))) for a in point_to_lonlat([camera.eye.x, camera.eye.y, camera.eye.z]))
        if place != tuple(np.clip(self._at, (-180, -89), (180, 89))):
            self._at = place
            turned(*place)
