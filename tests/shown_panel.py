"""A panel in a page of a browser, JupyterLab's or any other: its picture, its controls, and what moves it."""

from collections.abc import Callable

# what is drawn, without the words for it and without ids, which count drawings
PICTURE = r"""panel => [panel.querySelector(".picture"), ...panel.querySelectorAll(".picture canvas")].map((it) =>
    it.toDataURL?.() ?? it.outerHTML.replace(/ aria-\w+="[^"]*"/g, "").replace(/svae-[\w-]*\d/g, "")).join()"""
MOVED = f"([panel, before]) => ({PICTURE})(panel) != before"
AT_REST = f"""async (panel) => {{ // what is drawn at most once a frame, or refined from frame to frame
    for (let before, same = -1; same < 3;) {{
        await new Promise(requestAnimationFrame);
        const now = ({PICTURE})(panel);
        same = now === before ? same + 1 : 0;
        before = now;
    }}
}}"""


class ShownPanel:
    """One panel, by the Playwright locator of its `.svae-panel`."""

    def __init__(self, panel):
        self.panel, self.page, self.label = panel, panel.page, panel.get_attribute("aria-label")
        self.handles = panel.locator("input[type=range]").all()
        self.boxes = panel.locator("input[type=number]").all()
        self.presets = panel.locator(".presets button").all()  # the last is reset
        self.on_picture = panel.locator(".picture [tabindex], .picture[tabindex]").all()

    @property
    def values(self) -> list[float]:
        """Where the handles stand."""
        return [float(handle.input_value()) for handle in self.handles]

    @property
    def picture(self) -> str:
        """All that is drawn: the SVG's text, the canvas' pixels."""
        return self.panel.evaluate(PICTURE)

    def settle(self) -> None:
        """Wait until the picture is at rest."""
        self.panel.evaluate(AT_REST)

    def moves(self, act: Callable[[], None]) -> None:
        """The act gives another picture, or TimeoutError."""
        self.settle()
        element, before = self.panel.element_handle(), self.picture
        act()
        self.page.wait_for_function(MOVED, arg=[element, before], timeout=20_000)

    def move_by_key(self, handle) -> None:
        """One step, away from the nearer end."""
        low, high, value = (float(text) for text in (*self.ends(handle), handle.input_value()))
        up = value - low < high - value
        self.moves(lambda: handle.press("ArrowRight" if up else "ArrowLeft"))
        assert (float(handle.input_value()) > value) == up

    def move_by_pointer(self, handle) -> None:
        """Press it and drag it to near the farther end of its way; a slider of three places snaps to the end."""
        low, high, value = (float(text) for text in (*self.ends(handle), handle.input_value()))
        share = (value - low) / (high - low)
        to = 0.9 if share < 0.5 else 0.1
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        places = [(box["x"] + 8 + (box["width"] - 16) * x, box["y"] + box["height"] / 2) for x in (share, to)]

        def drag():
            self.page.mouse.move(*places[0])
            self.page.mouse.down()
            self.page.mouse.move(*places[1], steps=4)
            self.page.mouse.up()

        self.moves(drag)
        assert abs((float(handle.input_value()) - low) / (high - low) - to) < 0.15

    def turn_picture(self, picture) -> None:
        """Drag what is drawn, where it can be dragged, to the right."""
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()

        def drag():
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            self.page.mouse.move(x, y)
            self.page.mouse.down()
            self.page.mouse.move(x + 40, y, steps=4)
            self.page.mouse.up()

        self.moves(drag)

    def type_in(self, number: int, text: str) -> float:
        """Write into a box and press Enter; where its handle then stands."""
        self.boxes[number].fill(text)
        self.boxes[number].press("Enter")
        self.settle()
        return float(self.handles[number].input_value())

    @staticmethod
    def ends(handle) -> tuple[str, str]:
        """The ends of a handle's way."""
        return handle.get_attribute("min"), handle.get_attribute("max")
