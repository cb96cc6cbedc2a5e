// A dial for every factor of a product of spheres, ringed by the digits it leads to, and the digit decoded where they
// stand: in plotting/dials.py the same in Python.
import { make, panel } from "./panel.js";
import { decoder, view } from "./decoder.js";
import { sheet } from "./sheet.js";

export const AHEAD = 12;
export const RING = 190;
const HAND = 0.58; // its length, where half the side of a ring is 1
const STALE = "the digits stay as they were stored: only Python can decode this network";

/**
 * Planes in which the dials turn.
 *
 * @param {Float64Array} flat (2, m): every factor's points at 0 degrees side by side, then those at 90 degrees
 * @param {number[]} sizes m_k, the coordinates of each factor
 * @returns {Float64Array[][]} for each factor, its two points (m_k)
 */
export function planesOf(flat, sizes) {
  const m = flat.length / 2;
  let at = 0;
  return sizes.map((size) => {
    const plane = [flat.subarray(at, at + size), flat.subarray(m + at, m + at + size)];
    at += size;
    return plane;
  });
}

/**
 * Code at which each factor's dial stands at its angle.
 *
 * @param {Float64Array[][]} planes see planesOf
 * @param {number[]} degrees (factors)
 * @returns {number[]} (m)
 */
export function turned(planes, degrees) {
  return planes.flatMap(([front, side], k) => {
    const turn = (degrees[k] * Math.PI) / 180, c = Math.cos(turn), s = Math.sin(turn);
    return Array.from(front, (x, i) => c * x + s * side[i]);
  });
}

/**
 * Angles to which one dial leads while the others stay.
 *
 * @param {number[]} degrees (factors)
 * @param {number} dial which, counted from 0
 * @returns {number[][]} (AHEAD, factors), the dial's own from 0 on, counterclockwise
 */
export function ahead(degrees, dial) {
  const own = (step) => ((step * 360) / AHEAD + 180) % 360 - 180;
  return Array.from({ length: AHEAD }, (_, step) => degrees.map((turn, k) => (k === dial ? own(step) : turn)));
}

/**
 * Length of the shortest way between two codes on the product of unit spheres.
 *
 * @param {number[]} a (m)
 * @param {number[]} b (m)
 * @param {number[]} sizes m_k
 * @returns {number} degrees
 */
export function distance(a, b, sizes) {
  let at = 0, sum = 0;
  for (const size of sizes) {
    const length = Math.hypot(...a.slice(at, at + size));
    let apart = 0, together = 0;
    for (const end = at + size; at < end; at++) {
      apart += (a[at] - b[at]) ** 2;
      together += (a[at] + b[at]) ** 2;
    }
    if (length > 0) sum += (2 * Math.atan2(Math.sqrt(apart), Math.sqrt(together))) ** 2;
  }
  return (Math.sqrt(sum) * 180) / Math.PI;
}

/**
 * One dial: a line that says where it stands, a ring of digits, a rim and a hand.
 *
 * @param {number[]} shape of an image
 * @returns {{cell: HTMLElement, face: SVGElement, lay: (image: ArrayLike<number>, i: number) => void, show: () => void,
 *   point: (name: string, degrees: number) => void}} lay puts the i-th image of the ring
 */
function dial(shape) {
  const line = make("div"), canvas = make("canvas"), knob = make("circle", { r: 0.2, class: "knob" });
  const hand = make("path", { class: "hand" }), tip = make("circle", { r: 0.07, class: "tip" });
  const turn = (i) => (2 * Math.PI * i) / AHEAD;
  const ray = (length, i) => `${length * Math.cos(turn(i))} ${length * Math.sin(turn(i))}`;
  const ticks = Array.from({ length: AHEAD }, (_, i) => `M${ray(0.57, i)}L${ray(0.62, i)}`).join("");
  const rim = [make("circle", { r: 0.62, class: "rim" }), make("path", { d: ticks, class: "rim" })];
  const face = make("svg", { viewBox: "-1 -1 2 2" }, ...rim, hand, tip, knob);
  const largest = Math.max(...shape.slice(0, 2)), step = Math.ceil(largest / Math.floor(RING / 3));
  const [high, wide] = shape.map((n) => Math.ceil(n / step) / 2), reach = RING / 2 - Math.max(high, wide);
  const { put, show } = sheet(canvas, [RING, RING], shape, step);
  return {
    cell: make("div", {}, line, make("div", { class: "dial" }, canvas, face)), face, show,
    lay: (image, i) => put(image, Math.round(RING / 2 + reach * Math.cos(turn(i)) - wide),
      Math.round(RING / 2 - reach * Math.sin(turn(i)) - high)),
    point: (name, degrees) => {
      const x = HAND * Math.cos((degrees * Math.PI) / 180), y = -HAND * Math.sin((degrees * Math.PI) / 180);
      line.textContent = `${name}: ${degrees}°`;
      hand.setAttribute("d", `M0 0L${x} ${y}`);
      for (const end of [tip, knob]) { end.setAttribute("cx", x); end.setAttribute("cy", y); }
    },
  };
}

/**
 * Everything that the panel's traits hold, or an error: they may come from a notebook that nobody trusts.
 *
 * @param {object} model
 * @returns {{network: object, sizes: number[], starts: string[], planes: Float64Array[][][], names: string[]}} planes
 *   of each start
 */
function held(model) {
  const sizes = model.get("sizes"), network = model.get("network"), { sliders, choices } = model.get("spec");
  const starts = choices[0].options, flat = view(model.get("planes"), Float64Array), names = sliders.map((s) => s.name);
  const whole = (n) => Number.isInteger(n) && n > 0 && n < 1024, [height, width, channels = 3] = network.shape;
  const m = sizes.every(whole) ? sizes.reduce((a, b) => a + b, 0) : 0;
  if (![m, height, width].every(whole) || channels !== 3 || sizes.length !== names.length
    || flat.length !== 2 * m * starts.length || !flat.every(Number.isFinite)) throw new Error("the dials are broken");
  return { network, sizes, starts, names,
    planes: starts.map((_, i) => planesOf(flat.subarray(2 * m * i, 2 * m * (i + 1)), sizes)) };
}

function render({ model, el }) {
  const { network, sizes, starts, names, planes } = held(model), { shape } = network;
  const dials = names.map(() => dial(shape)), canvas = make("canvas", { class: "digit" });
  const columns = names.length < 3 ? names.length + 1 : Math.ceil((names.length + 1) / 2);
  const picture = make("div", { class: "dials", style: `--columns: ${columns}` }, ...dials.map(({ cell }) => cell),
    make("div", {}, make("div", {}, "decoded"), canvas));
  const { put, show } = sheet(canvas, [shape[1], shape[0]], shape), count = shape.reduce((a, b) => a * b, 1);
  const decode = network.sizes ? decoder(network, model.get("weights")) : null;
  const codes = (model.get("presets") ?? []).filter(([, at]) => starts.includes(at.start))
    .map(([name, at]) => [name, turned(planes[starts.indexOf(at.start)], names.map((dial) => at[dial]))]);
  const drawn = [];

  const draw = (values) => {
    const degrees = names.map((name) => values[name]), plane = planes[starts.indexOf(values.start)];
    const at = turned(plane, degrees), exact = images();
    const isNow = JSON.stringify(model.get("decoded_at")) === JSON.stringify([values.start, ...degrees]);
    const fromPython = exact && (isNow || !decode);
    const input = (turns) => (network.table ? turns : turned(plane, turns));
    dials.forEach(({ lay, show, point }, k) => {
      point(names[k], degrees[k]);
      const key = fromPython ? null : JSON.stringify([values.start, degrees.map((turn, i) => (i === k ? 0 : turn))]);
      if (fromPython || drawn[k] !== key) { // a dial's own angle does not change its ring
        const ring = fromPython ? Array.from({ length: AHEAD }, (_, i) => exact(1 + k * AHEAD + i))
          : decode(ahead(degrees, k).map(input));
        ring.forEach(lay);
        drawn[k] = key;
      }
      show();
    });
    put(fromPython ? exact(0) : decode([input(degrees)])[0], 0, 0);
    show();
    return described(degrees, at) + (decode || isNow ? "" : `; ${STALE}`);
  };
  const images = () => { // what Python decoded, if it did
    const all = view(model.get("decoded"), Uint8Array);
    return all.length === count * (1 + AHEAD * names.length)
      ? (i) => Array.from(all.subarray(i * count, (i + 1) * count), (level) => level / 255) : null;
  };
  const described = (degrees, at) => {
    const near = codes.map(([name, code]) => [distance(at, code, sizes), name]).sort((a, b) => a[0] - b[0])[0];
    return names.map((name, k) => `${name} at ${degrees[k]}°`).join(", ")
      + (near ? `; the nearest start digit is ${near[1]}, ${near[0].toFixed(0)}° away` : "");
  };

  picture.prepend(make("style", {}, CSS));
  const { set, signal, end } = panel({ model, el }, { picture, draw, also: ["decoded"] });
  dials.forEach(({ face }, k) => {
    const follow = (event) => {
      const box = face.getBoundingClientRect();
      const [x, y] = [event.clientX - box.x - box.width / 2, box.y + box.height / 2 - event.clientY];
      if (Math.hypot(x, y) > 4) set({ [names[k]]: (Math.atan2(y, x) * 180) / Math.PI });
    };
    // a finger turns the dial by its knob, and scrolls the page anywhere else
    face.addEventListener("pointerdown", (event) => {
      if (event.button || (event.pointerType !== "mouse" && event.target.getAttribute("class") !== "knob")) return;
      face.setPointerCapture(event.pointerId);
      event.preventDefault();
      follow(event);
    }, { signal });
    const held = ({ pointerId }) => face.hasPointerCapture(pointerId);
    face.addEventListener("pointermove", (event) => held(event) && follow(event), { signal });
    face.addEventListener("click", follow, { signal });
  });
  return end;
}

const CSS = `
.svae-panel .dials { display: grid; gap: 8px 14px; max-width: calc(290px * var(--columns));
  grid-template-columns: repeat(auto-fit, minmax(max(130px, 100% / var(--columns) - 14px), 1fr)); }
.svae-panel .dials > div { text-align: center; }
@container svae (max-width: 440px) {
  .svae-panel .dials > div:last-child { grid-column: 1 / -1; width: 50%; margin: auto; } }
.svae-panel .dial { position: relative; }
.svae-panel .dials canvas { display: block; width: 100%; }
.svae-panel .dials .digit { width: 62%; margin: 12% auto; border: 1px solid var(--line); image-rendering: pixelated; }
.svae-panel .dial svg { position: absolute; inset: 0; width: 100%; height: 100%; cursor: pointer; }
.svae-panel .rim { fill: none; stroke: var(--line); stroke-width: 0.01; }
.svae-panel .hand { stroke: var(--c2); stroke-width: 0.035; stroke-linecap: round; }
.svae-panel .tip { fill: var(--c2); }
.svae-panel .knob { fill: transparent; touch-action: none; cursor: grab; }
`;

export default { render };
