// Axes of a 2-D picture in SVG: linear and logarithmic scales, ticks, labels, curves that leave out what is not finite.
import { clamp, make } from "./panel.js";

export const COLORS = Array.from({ length: 10 }, (_, i) => `var(--c${i})`); // lines and marks; see style.js
export const TEXTS = COLORS.map((color) => `color-mix(in srgb, ${color} 60%, var(--ink))`); // words in their color
const SUPERSCRIPTS = Object.fromEntries([..."-0123456789"].map((c, i) => [c, "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"[i]]));
let serial = 0;

/**
 * Places of ticks and their texts.
 * @param {number} from  @param {number} to  the ends, from < to
 * @param {boolean} log  whether the scale is logarithmic
 * @param {number} most  about how many
 * @returns {[number, string][]}
 */
export function ticks(from, to, log = false, most = 6) {
  if (!log) {
    const rough = (to - from) / Math.max(most, 1), power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((it) => it * power >= rough * (1 - 1e-9));
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), first = Math.ceil(from / step - 1e-9);
    const places = Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
    return places.map((at) => [at, at.toFixed(decimals).replace("-", "−")]);
  }
  const low = Math.log10(from), high = Math.log10(to), every = Math.max(1, Math.ceil((high - low) / Math.max(most, 1)));
  const within = high - low < 1.7 ? [1, 2, 5] : [1], found = [];
  for (let e = Math.floor(low); e <= high + 1e-9; e++) {
    for (const k of within) {
      const at = k * 10 ** e;
      if (e % every === 0 && at >= from * (1 - 1e-9) && at <= to * (1 + 1e-9)) found.push([at, power(k, e)]);
    }
  }
  return found;
}

/** @param {number} k @param {number} e @returns {string} k times 10 to the e, as a tick says it */
function power(k, e) {
  if (e >= -2 && e <= 3) return (k * 10 ** e).toFixed(Math.max(0, -e));
  return (k > 1 ? `${k}·` : "") + "10" + [...String(e)].map((c) => SUPERSCRIPTS[c]).join("");
}

/**
 * @typedef {{from: number, to: number, label: string, log?: boolean, ticks?: [number, string][]}} Axis
 * @typedef {{X: function(number): number, Y: function(number): number, path: function(number[], number[]): string,
 *   node: SVGGElement, layer: SVGGElement, box: {x: number, y: number, width: number, height: number}}} Axes
 *   X and Y give pixels; `path` the d of a curve; `node` is the frame, with `layer` in it, where curves are put: it is
 *   cut off at the frame
 */

/**
 * A pair of axes.
 * @param {object} what
 * @param {Axis} what.x  @param {Axis} what.y
 * @param {number} what.width  @param {number} what.height  of the whole, in pixels
 * @param {number} [what.left]  @param {number} [what.top]  where the whole begins in the SVG
 * @param {string} [what.title]
 * @param {number} [what.right]  room for words at the right of the frame
 * @returns {Axes}
 */
export function axes({ x, y, width, height, left = 0, top = 0, title = "", right = 14 }) {
  const box = { x: left + 58, y: top + (title ? 26 : 10) };
  box.width = Math.max(40, left + width - right - box.x);
  box.height = Math.max(40, top + height - 40 - box.y);
  const scale = ({ from, to, log }, start, length) => {
    const at = log ? Math.log10 : Number, low = at(from), per = length / (at(to) - low);
    return (value) => clamp(start + (at(value) - low) * per, -1e4, 1e4); // the logarithm of 0 is far below
  };
  const X = scale(x, box.x, box.width), Y = scale(y, box.y + box.height, -box.height), id = `svae-clip-${++serial}`;
  const grid = make("g", { stroke: "var(--soft)" }), texts = make("g"), bottom = box.y + box.height;
  for (const [value, text] of x.ticks ?? ticks(x.from, x.to, x.log, box.width / 52)) {
    grid.append(make("line", { x1: X(value), x2: X(value), y1: box.y, y2: bottom }));
    texts.append(make("text", { x: X(value), y: bottom + 16, "text-anchor": "middle" }, text));
  }
  for (const [value, text] of y.ticks ?? ticks(y.from, y.to, y.log, box.height / 40)) {
    grid.append(make("line", { x1: box.x, x2: box.x + box.width, y1: Y(value), y2: Y(value) }));
    texts.append(make("text", { x: box.x - 6, y: Y(value) + 4, "text-anchor": "end" }, text));
  }
  texts.append(make("text", { x: box.x + box.width / 2, y: bottom + 34, "text-anchor": "middle" }, x.label));
  const middle = `translate(${left + 13} ${box.y + box.height / 2}) rotate(-90)`;
  texts.append(make("text", { transform: middle, "text-anchor": "middle" }, y.label));
  if (title) texts.append(make("text", { x: box.x, y: top + 16, "font-weight": 600 }, title));
  const d = `M${box.x} ${box.y}V${bottom}H${box.x + box.width}`;
  const layer = make("g", { "clip-path": `url(#${id})` });
  const node = make("g", {}, make("clipPath", { id }, make("rect", box)), grid, layer,
    make("path", { d, fill: "none", stroke: "var(--ink)" }), texts);
  const finite = (to) => (value) => Number.isFinite(value) ? to(value) : NaN;
  return { X, Y, path: (xs, ys) => curve(xs.map(finite(X)), ys.map(finite(Y))), node, layer, box };
}

/**
 * The d of a curve through points in pixels, but those very near the one before; it breaks where one is not finite.
 * @param {number[]} xs  @param {number[]} ys  (n,) each
 * @returns {string}
 */
export function curve(xs, ys) {
  let d = "", pen = "M", left = 0, above = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i], y = ys[i];
    if (!Number.isFinite(x) || !Number.isFinite(y)) { pen = "M"; continue; }
    if (pen === "L" && Math.abs(x - left) < 0.3 && Math.abs(y - above) < 0.3) continue; // nobody would see it
    d += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    [pen, left, above] = ["L", x, y];
  }
  return d;
}
