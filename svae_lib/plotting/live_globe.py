"""Globes that the reader turns with the mouse: plotly paints them, in the browser."""

from copy import deepcopy

import numpy as np

from svae_lib.errors import import_optional


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
