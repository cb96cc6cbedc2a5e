"""SliderPanel, the base of every slider panel."""

import base64
from collections.abc import Callable
from numbers import Real

import ipywidgets as widgets

from svae_lib.errors import InputError


class SliderPanel(widgets.VBox):
    """Sliders, each tied to a box that takes typing, above a picture that follows them.

    Args:
        sliders: by name; reach one as panel.sliders["kappa"], set its value from code and the picture follows.
        draw: called as draw(**values); brings `picture` up to date.
        picture: any widget: an ipywidgets.Image, a plotly FigureWidget, a box of them.
        fallback: PNG for where no kernel runs (GitHub, a printout), in the mime bundle beside the live view.
        presets: named values, one button each; "reset" goes back to the values the sliders came with.
        height: of the picture, in pixels; fixed, so that the page does not jump.

    Attributes:
        sliders: by name.
        boxes: the boxes beside the sliders, by name.
        buttons: the presets' buttons, and "reset", by name.
        picture: as given.
        fallback: as given.

    Example:
        >>> slider, label = widgets.IntSlider(3, min=2, max=9), widgets.Label()
        >>> def draw(m):
        ...     label.value = f"m is {m}"
        >>> panel = SliderPanel({"m": slider}, draw, label, fallback=b"")
        >>> panel.set(m=5)
        >>> panel.values, label.value
        ({'m': 5}, 'm is 5')
    """

    def __init__(
        self,
        sliders: dict[str, widgets.FloatSlider | widgets.IntSlider],
        draw: Callable[..., None],
        picture: widgets.DOMWidget,
        *,
        fallback: bytes,
        presets: dict[str, dict[str, float]] | None = None,
        height: int = 380,
    ):
        self.sliders, self.picture, self.fallback = sliders, picture, fallback
        self._draw, self._held = draw, False
        self.boxes = {name: self._box(slider) for name, slider in sliders.items()}
        start = {name: slider.value for name, slider in sliders.items()}
        self.buttons = {name: self._button(name, at) for name, at in {**(presets or {}), "reset": start}.items()}
        rows = [widgets.HBox([slider, self.boxes[name]]) for name, slider in sliders.items()]
        frame = widgets.Box([picture], layout=widgets.Layout(height=f"{height}px", overflow="hidden"))
        super().__init__([*rows, widgets.HBox(list(self.buttons.values())), frame])
        self.add_class("svae-panel")
        self._follow()

    @property
    def values(self) -> dict[str, float]:
        """Value of each slider, by name."""
        return {name: slider.value for name, slider in self.sliders.items()}

    def set(self, **values: float) -> None:
        """Move several sliders and draw once.

        Args:
            **values: by slider; a value beyond a slider's range is brought to its end.

        Raises:
            InputError: a name is not a slider's, or a value is not a number. Nothing has moved.
        """
        for name, value in values.items():
            if name not in self.sliders:
                raise InputError(f"no slider {name!r}: choose from {', '.join(self.sliders)}")
            if not isinstance(value, Real) or value != value:
                low, high = self.sliders[name].min, self.sliders[name].max
                raise InputError(f"{name} takes a number from {low:g} to {high:g}, not {value!r}")
        self._held = True
        try:
            for name, value in values.items():
                slider = self.sliders[name]
                slider.value = min(max(value, slider.min), slider.max)
        finally:
            self._held = False
        self._follow()

    def close(self) -> None:
        """Close the panel and every widget in it: ipywidgets keeps each one in memory until then."""
        if self.comm is not None:
            for part in _parts(self):
                part.close()
        super().close()

    def _follow(self, _change=None) -> None:
        if not self._held:
            self._draw(**self.values)

    def _box(self, slider):
        """Box beside the slider: what is typed is brought into the slider's range; anything but a number is dropped."""
        is_integer = isinstance(slider, widgets.IntSlider)
        box = (widgets.BoundedIntText if is_integer else widgets.BoundedFloatText)(
            slider.value, min=slider.min, max=slider.max, step=slider.step, layout=widgets.Layout(width="6em")
        )
        slider.readout = False
        slider.layout.width = "30em"
        slider.observe(lambda change: self._moved(box, change), "value")
        box.observe(lambda change: setattr(slider, "value", change.new), "value")
        return box

    def _moved(self, box, change) -> None:
        """A slider has a new value: its box follows, then the picture; a NaN is taken back."""
        if change.new != change.new:
            change.owner.value = change.old
        else:
            box.value = change.new
            self._follow()

    def _add_toggle(self, label: str, toggle: widgets.ToggleButtons) -> None:
        """Put a choice above the picture, which follows it; presets and reset leave it as it is."""
        toggle.style.button_width = "6em"
        toggle.observe(self._follow, "value")
        *above, frame = self.children
        self.children = (*above, widgets.HBox([widgets.Label(label), toggle]), frame)

    def _button(self, name: str, values: dict[str, float]) -> widgets.Button:
        button = widgets.Button(description=name, layout=widgets.Layout(width="auto"))
        button.on_click(lambda _: self.set(**values))
        return button

    def __repr__(self) -> str:
        return f"{type(self).__name__}: sliders {', '.join(self.sliders)}; live where a kernel runs"

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        still = {"text/plain": repr(self), "image/png": base64.b64encode(self.fallback).decode()}
        return super()._repr_mimebundle_(**kwargs) | still, {"image/png": {"alt": repr(self)}}


def _parts(widget: widgets.Widget) -> list[widgets.Widget]:
    """The widgets that a widget holds, and theirs: what it shows, its layout and its style."""
    children = getattr(widget, "children", ())
    held = [part for name in ("layout", "style") if isinstance(part := getattr(widget, name, None), widgets.Widget)]
    return [*(part for child in children for part in (*_parts(child), child)), *held]
