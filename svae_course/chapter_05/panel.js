// Chapter 05: codes that a line, a circle and a plane give to a part of a circle, as trained models stored them.
import { axes } from "../../svae_lib/widgets/axes.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";

const SPACES = ["line", "circle", "plane"], SIZES = [1, 2, 2]; // numbers of a code in each
const POINTS = 121, SCALE = 4096, PER_SETTING = SIZES.reduce((sum, size) => sum + size) * POINTS;

/**
 * The three paths of one setting.
 * @param {DataView} paths  int16, for each part of the circle, noise and space
 * @param {number} setting  the number of the part times two, plus that of the noise
 * @returns {number[][][]}  for each space its coordinates, each (121,)
 */
export function pathsAt(paths, setting) {
  let at = setting * PER_SETTING;
  return SIZES.map((size) => {
    const start = at;
    at += size * POINTS;
    return Array.from({ length: size }, (_, axis) =>
      Array.from({ length: POINTS }, (_, i) => paths.getInt16(2 * (start + i * size + axis), true) / SCALE));
  });
}

/**
 * A run in words.
 * @param {string} space
 * @param {[number, ?number, ?number]} fact  nats below the truth, percent backward, winding number
 * @returns {string}
 */
export function inWords(space, [lost, backward, winding]) {
  const times = ["0 times", "once"][Math.abs(winding)] ?? `${Math.abs(winding)} times`;
  const parts = [`${space}: ${lost.toFixed(1)} nats below the truth`];
  if (backward !== null) parts.push(`${backward} % of its way backward`);
  if (winding !== null) parts.push(`winds ${times}`);
  return parts.join(", ");
}

/** @param {number} degrees  a place on the circle @returns {string} its color */
function hue(degrees) {
  return `hsl(${(degrees + 360) % 360} 65% 48%)`;
}

/** Axes of one space, of the same scale both ways where a code has two coordinates. */
function frameOf(index, { left, top, width, height }, reach) {
  const title = `latent ${SPACES[index]}`;
  if (index === 0) {
    const marks = width < 300 ? [-180, 0, 180] : [-180, -90, 0, 90, 180];
    const ticks = marks.map((at) => [at, String(at).replace("-", "−")]);
    return axes({
      x: { from: -190, to: 190, label: "place on the circle (degrees)", ticks }, title,
      y: { from: -reach, to: reach, label: "z (deviations)" }, left, top, width, height,
    });
  }
  const inner = [Math.max(40, width - 72), Math.max(40, height - 66)], half = reach / Math.min(...inner);
  return axes({
    x: { from: -half * inner[0], to: half * inner[0], label: "z₁" }, title,
    y: { from: -half * inner[1], to: half * inner[1], label: "z₂" }, left, top, width, height,
  });
}

/** One space's path: a thin line, a dot for each image, and the place of some in degrees where there is room. */
function pathNodes(frame, index, coordinates, places) {
  const [xs, ys] = index === 0 ? [places, coordinates[0]] : coordinates;
  const line = make("path", { d: frame.path(xs, ys), fill: "none", stroke: "var(--line)", "stroke-width": 1.5 });
  const dots = places.map((place, i) =>
    make("circle", { cx: frame.X(xs[i]), cy: frame.Y(ys[i]), r: 3, fill: hue(place) }));
  const marked = places.flatMap((place, i) => (i % 20 === 0 && place < 179 ? [i] : []));
  const words = [], taken = [], { x: left, width } = frame.box;
  for (const i of marked) {
    const before = frame.X(xs[i]) > left + width - 36; // else it would be cut off
    const x = frame.X(xs[i]) + (before ? -5 : 5), y = frame.Y(ys[i]) - 5, middle = x + (before ? -12 : 12);
    if (taken.some(([a, b]) => Math.abs(a - middle) < 28 && Math.abs(b - y) < 12)) continue;
    taken.push([middle, y]);
    const halo = { stroke: "var(--paper)", "stroke-width": 3, "paint-order": "stroke" }; // it may lie over the path
    words.push(make("text", { x, y, "font-size": 11, "text-anchor": before ? "end" : "start", ...halo },
      `${Math.round(places[i])}°`.replace("-", "−")));
  }
  return [line, ...dots, ...words];
}

/** @param {{model: object, el: HTMLElement}} where @returns {function()} ends the panel */
function render({ model, el }) {
  const svg = make("svg"), paths = model.get("paths"), facts = model.get("facts");
  const sliders = Object.fromEntries(model.get("spec").sliders.map((it) => [it.name, it]));
  const place = (name, value) => Math.round((value - sliders[name].min) / sliders[name].step);
  const count = (name) => place(name, sliders[name].max) + 1, settings = count("covered") * count("noise");
  if (paths.byteLength !== 2 * settings * PER_SETTING || facts.length !== settings * SIZES.length) {
    throw new Error("the panel's paths are incomplete");
  }

  const { end } = panel({ model, el }, {
    picture: svg,
    draw({ covered, noise }, width) {
      const share = covered / 100, setting = place("covered", covered) * count("noise") + place("noise", noise);
      const found = pathsAt(paths, setting), beside = width >= 620;
      const places = Array.from({ length: POINTS }, (_, i) => 180 * share * (2 * i / (POINTS - 1) - 1));
      const wide = beside ? width / 3 : width, height = clamp(wide, 230, 330), nodes = [];
      found.forEach((coordinates, index) => {
        const farthest = Math.max(...coordinates.flat().map(Math.abs));
        const reach = index === 1 ? 1.3 : Math.max(index === 0 ? 1.2 : 2.5, 1.15 * farthest);
        const room = { left: beside ? index * wide : 0, top: beside ? 0 : index * height, width: wide, height };
        const frame = frameOf(index, room, reach);
        if (index === 1) {
          const r = frame.X(1) - frame.X(0), ring = { cx: frame.X(0), cy: frame.Y(0), r, fill: "none" };
          frame.layer.append(make("circle", { ...ring, stroke: "var(--soft)", "stroke-width": 9 }));
        }
        frame.layer.append(...pathNodes(frame, index, coordinates, places));
        nodes.push(frame.node);
      });
      svg.setAttribute("width", width);
      svg.setAttribute("height", beside ? height : 3 * height);
      svg.replaceChildren(...nodes);
      const said = SPACES.map((space, i) => inWords(space, facts[SIZES.length * setting + i]));
      return `${covered} % of the circle, noise ${noise}. ${said.join("; ")}`;
    },
  });
  return end;
}

export default { render };
