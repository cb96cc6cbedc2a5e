"""Panel, the base of every panel: Python holds its traits and its data, an ES module computes and draws in the browser.

A Slider or a Choice is a trait with what the browser needs to show it: a range, a step, a label.
"""

import base64
import html
import json
from functools import cached_property
from itertools import count
from math import floor
from numbers import Real
from pathlib import Path

import anywidget
import traitlets

from svae_lib.errors import InputError
from svae_lib.files import atomic_write
from svae_lib.plotting.style import png
from svae_lib.widgets.bundle import bundle, script

MIME = "application/vnd.svae.panel+json"
FORMAT = 1  # of what page() says; a browser that knows only an older one shows the stored picture
_SERIAL = count()  # traits keep the order in which a class names them


class Slider(traitlets.TraitType):
    """Number that a panel has a slider for; a value is brought into the range and onto the nearest step.

    Args:
        value: where it starts; with an int, and an int as step, all its values are ints.
        min: lower end.
        max: upper end.
        step: between two values.
        label: what readers see beside the slider.
        unit: after the number, where it is read aloud.
    """

    def __init__(self, value: float, *, min: float, max: float, step: float = 1, label: str, unit: str = ""):
        super().__init__(value)
        self.is_integer = isinstance(value, int) and isinstance(step, int)
        self.min, self.max, self.step, self.label, self.unit = min, max, step, label, unit
        self.serial = next(_SERIAL)
        self.tag(sync=True)

    def validate(self, panel, value: float) -> float:
        """Value that the slider can take, nearest to this one.

        Raises:
            InputError: it is not a number.
        """
        if not isinstance(value, Real) or value != value:
            raise InputError(f"{self.name} takes a number from {self.min:g} to {self.max:g}, not {value!r}")
        value = min(max(value, self.min), self.max)
        value = min(self.min + floor((value - self.min) / self.step + 0.5) * self.step, self.max)  # as Math.round does
        return int(value) if self.is_integer else round(float(value), 9)

    def spec(self) -> dict:
        """Name, label, unit, ends and step, as panel.js takes them."""
        return {key: getattr(self, key) for key in ("name", "label", "unit", "min", "max", "step")}


class Choice(traitlets.TraitType):
    """One of a few texts, for which a panel has a row of buttons.

    Args:
        options: the texts; it starts with the first.
        label: what readers see beside the buttons; with None there are none, and only presets and code set it.
    """

    def __init__(self, options: tuple[str, ...], *, label: str | None):
        super().__init__(options[0])
        self.options, self.label, self.serial = tuple(options), label, next(_SERIAL)
        self.tag(sync=True)

    def validate(self, panel, value: str) -> str:
        """The value itself.

        Raises:
            InputError: it is not one of the options.
        """
        if not isinstance(value, str) or value not in self.options:
            raise InputError(f"{self.name} takes one of {', '.join(map(repr, self.options))}, not {value!r}")
        return value

    def spec(self) -> dict:
        """Name, label and options, as panel.js takes them."""
        return {"name": self.name, "label": self.label, "options": list(self.options)}


class Panel(anywidget.AnyWidget):
    """Sliders, presets and a picture that follows them in the browser, with a kernel or without one.

    A panel is a subclass: `name` and `label` say what it is, `module` is the ES module that draws it, Sliders and
    Choices are its traits, and `preview` draws its picture where no JavaScript runs. Further traits tagged sync=True
    carry data; those of type Bytes arrive in the browser as a DataView.

    Args:
        presets: values by the name of their button, {"sharp": {"kappa": 100}}.
        **values: of sliders and choices, where they start; of further traits.

    Attributes:
        presets: [name, values] pairs.

    Raises:
        InputError: a name is neither a slider's nor another trait's, or a value is not one that it takes.

    Example:
        >>> class Shell(Panel):
        ...     name, label, module = "shell", "a shell", Path(__file__).with_name("panel.js")
        ...     m = Slider(3, min=2, max=200, label="coordinates m")
        >>> panel = Shell(presets={"many": {"m": 100}})
        >>> panel.set(m=5000)
        >>> panel.m, panel.values, panel.presets
        (200, {'m': 200}, [['many', {'m': 100}]])
        >>> panel.reset()
        >>> panel.m
        3
    """

    name: str | None = None  # in the list that JupyterLab's renderer knows; without one it needs a kernel, or save()
    label: str  # the picture in a few words, read aloud before the values
    module: Path
    presets = traitlets.List().tag(sync=True)  # pairs: a notebook's JSON sorts the keys of a dict
    spec = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "module" in cls.__dict__:
            cls._esm = bundle(cls.module)

    def __init__(self, presets: dict[str, dict] | None = None, **values):
        controls = self._controls()
        for name in values:
            if name not in self.traits():
                raise InputError(f"no slider {name!r}: choose from {', '.join(controls)}")
        super().__init__(**values)
        moved = [name for name, trait in controls.items() if isinstance(trait, Slider) or trait.label is None]
        self._start = {name: getattr(self, name) for name in moved}
        sliders = [trait.spec() for trait in controls.values() if isinstance(trait, Slider)]
        choices = [trait.spec() for trait in controls.values() if isinstance(trait, Choice)]
        self.spec = {"label": self.label, "sliders": sliders, "choices": choices, "start": self._start}
        self.presets = [[name, self._checked(at)] for name, at in (presets or {}).items()]

    @property
    def values(self) -> dict[str, float]:
        """Value of each slider, by name."""
        return {name: getattr(self, name) for name, trait in self._controls().items() if isinstance(trait, Slider)}

    def preview(self):
        """Picture of the panel where no JavaScript runs; None where there is none."""

    @cached_property
    def fallback(self) -> bytes:
        """PNG of `preview`, drawn when it is first asked for."""
        picture = self.preview()
        return b"" if picture is None else png(picture)

    def set(self, **values: float | str) -> None:
        """Move several sliders and draw once.

        Args:
            **values: by slider or choice; a number beyond a slider's range is brought to its end.

        Raises:
            InputError: a name is neither a slider's nor a choice's, or a value is not one that it takes. Nothing has
                moved.
        """
        checked = self._checked(values)
        with self.hold_sync():
            for name, value in checked.items():
                setattr(self, name, value)

    def reset(self) -> None:
        """Go back to the values that the sliders came with."""
        self.set(**self._start)

    def close(self) -> None:
        """Close the panel and its layout: ipywidgets keeps each widget in memory until then."""
        if self.comm is not None:
            self.layout.close()
        super().close()

    def page(self) -> dict:
        """What the browser needs to bring this panel to life without Python: name, state, bytes as base64."""
        names = self.traits(sync=True).keys() - anywidget.AnyWidget.class_traits().keys()
        values = {name: getattr(self, name) for name in sorted(names) if not name.startswith("_")}
        data = {name: base64.b64encode(v).decode() for name, v in values.items() if isinstance(v, bytes)}
        state = {name: v for name, v in values.items() if name not in data}
        return {"format": FORMAT, "panel": str(self.name), "state": state, "bytes": data}

    def frame(self) -> str:
        """The panel's place on a page of HTML, with its picture, which `bundle.script` brings to life."""
        picture = base64.b64encode(self.fallback).decode()
        data = json.dumps(self.page(), allow_nan=False).replace("</", "<\\/")
        return _FRAME.format(label=html.escape(self.label), picture=picture, data=data)

    def save(self, path: str | Path) -> None:
        """Write one page of HTML that holds all it needs: the panel is alive in it, without Python and a network.

        Args:
            path: of the file, as "globe.html".

        Raises:
            InputError: the folder is gone or not writable, or the disk is full.
        """
        code = script({str(self.name): self.module})
        text = _PAGE.format(title=html.escape(self.label[:1].upper() + self.label[1:]), frame=self.frame(), script=code)
        atomic_write(path, text.encode())

    def _controls(self) -> dict[str, Slider | Choice]:
        """Sliders and choices by name, in the order in which they were made."""
        found = [(name, trait) for name, trait in self.traits().items() if isinstance(trait, (Slider, Choice))]
        return dict(sorted(found, key=lambda pair: pair[1].serial))

    def _checked(self, values: dict) -> dict:
        """These values as their sliders and choices take them."""
        controls = self._controls()
        for name in values:
            if name not in controls:
                raise InputError(f"no slider {name!r}: choose from {', '.join(controls)}")
        return {name: controls[name].validate(self, value) for name, value in values.items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.label}; it moves wherever JavaScript runs"

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        shown, _ = super()._repr_mimebundle_(**kwargs)
        shown |= {"text/plain": repr(self), "image/png": base64.b64encode(self.fallback).decode()}
        if self.name:
            shown[MIME] = self.page()
        return shown, {"image/png": {"alt": repr(self)}}


_FRAME = """<div class="svae-mount">
<img src="data:image/png;base64,{picture}" alt="{label}">
<script type="application/json">{data}</script>
</div>"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>{title}</title>
<main><h1 style="font: 600 17px system-ui">{title}</h1>
{frame}</main>
<script>
{script}
</script>
"""
