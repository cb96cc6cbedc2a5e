// A globe that turns: dragged by pointer or finger, or by the arrow keys.
import { dragged, wrapped } from "./sphere.js";

const KEYS = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] };

/** What a canvas that is a globe says of itself. */
export const GLOBE = { tabindex: 0, role: "application", style: "touch-action: pan-y; cursor: grab",
  "aria-label": "globe: drag it, or press the arrow keys, to turn it" };

/**
 * Let a globe move the sliders longitude and latitude of its panel.
 *
 * @param {HTMLCanvasElement} globe
 * @param {{set: function(Object), values: function(): Object, signal: AbortSignal}} the panel
 */
export function turnable(globe, the) {
  let place = null, last = null, first = null; // while it is dragged: its place, not rounded, and the pointer's
  const move = (longitude, latitude) => the.set({ longitude, latitude });
  globe.addEventListener("pointerdown", (event) => {
    globe.setPointerCapture(event.pointerId);
    globe.focus({ preventScroll: true });
    place = [the.values().longitude, the.values().latitude];
    first = last = event;
  }, the);
  globe.addEventListener("pointermove", (event) => {
    if (!place) return;
    // a finger that goes up or down scrolls the page; it turns the globe once it has gone sideways
    if (event.pointerType === "touch" && first && Math.abs(event.clientX - first.clientX) < 10) return;
    first = null;
    const r = globe.clientWidth / 2;
    place = dragged(place, (event.clientX - last.clientX) / r, (event.clientY - last.clientY) / r);
    last = event;
    move(...place);
  }, the);
  for (const end of ["pointerup", "pointercancel"]) globe.addEventListener(end, () => { place = null; }, the);
  globe.addEventListener("keydown", (event) => {
    const by = KEYS[event.key], { longitude, latitude } = the.values();
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(wrapped(longitude + by[0]), latitude + by[1]);
  }, the);
}
