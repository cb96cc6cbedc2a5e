// Chapter 00: points of a standard normal distribution in R^m at their own distance from the origin, and that distance.
import { axes } from "../../svae_lib/widgets/axes.js";
import { color, discs, pen } from "../../svae_lib/widgets/canvas.js";
import { legend } from "../../svae_lib/widgets/legend.js";
import { normals } from "../../svae_lib/widgets/noise.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";
import { logSurfaceArea } from "../../svae_lib/widgets/vmf.js";

const COUNT = 1000, LARGEST_M = 200, BINS = 68, LONGEST = 17;
const GRID = Array.from({ length: 340 }, (_, i) => LONGEST * (i + 1) / 340);
const GUIDE = { stroke: "var(--c4)", "stroke-width": 1.5, "stroke-dasharray": "5 4" };
let drawn = null;

/** Normal numbers (COUNT, LARGEST_M), made once: directions of the first two, and |z| for every m. */
function samples() {
  if (drawn) return drawn;
  const z = normals(COUNT * LARGEST_M, 0), lengths = new Float64Array(z.length), first = new Float64Array(2 * COUNT);
  for (let i = 0; i < COUNT; i++) {
    const at = i * LARGEST_M, size = Math.hypot(z[at], z[at + 1]);
    first[2 * i] = z[at] / size;
    first[2 * i + 1] = z[at + 1] / size;
    for (let j = 0, sum = 0; j < LARGEST_M; j++) {
      sum += z[at + j] ** 2;
      lengths[at + j] = Math.sqrt(sum);
    }
  }
  drawn = { first, lengths };
  return drawn;
}

/**
 * The samples of this m, as svae_course.chapter_00.panel.shell.
 * @param {number} m  2 to 200
 * @returns {{lengths: Float64Array, xs: Float64Array, ys: Float64Array}}  (n,) each: |z|, and the place in units of
 *   sqrt(m): as far from the origin as z, in the direction of its first two coordinates
 */
export function shell(m) {
  const { first, lengths } = samples();
  const of = (value) => Float64Array.from({ length: COUNT }, (_, i) => value(i, lengths[i * LARGEST_M + m - 1]));
  return {
    lengths: of((_, length) => length),
    xs: of((i, length) => first[2 * i] * length / Math.sqrt(m)),
    ys: of((i, length) => first[2 * i + 1] * length / Math.sqrt(m)),
  };
}

/**
 * Density of |z| in R^m at r: the area of the sphere, S_m r^{m-1}, times (2 pi)^{-m/2} exp(-r^2/2).
 * @param {number} m
 * @returns {(r: number) => number}  of r > 0
 */
export function lengthDensity(m) {
  const constant = logSurfaceArea(m) - (m / 2) * Math.log(2 * Math.PI);
  return (r) => Math.exp(constant + (m - 1) * Math.log(r) - r * r / 2);
}

/** @param {ArrayLike<number>} values @returns {{mean: number, deviation: number}} as NumPy's mean and std */
export function moments(values) {
  let sum = 0, squares = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

/**
 * Histogram of lengths as a density.
 * @param {ArrayLike<number>} lengths
 * @returns {number[]}  (BINS,)
 */
export function histogram(lengths) {
  const heights = Array(BINS).fill(0), per = BINS / LONGEST;
  for (const length of lengths) heights[Math.min(BINS - 1, Math.floor(length * per))] += per / lengths.length;
  return heights;
}

/** The left picture: its axes, and the circle of radius sqrt(m), with a cross at the origin. */
function placeAxes(side) {
  const ends = { from: -2.3, to: 2.3, label: "units of √m" };
  const title = "Points at their own distance";
  const frame = axes({ x: ends, y: ends, width: side + 72, height: side + 66, title });
  const { X, Y, layer } = frame, r = X(1) - X(0);
  layer.append(make("circle", { ...GUIDE, cx: X(0), cy: Y(0), r, fill: "none" }));
  const cross = `M${X(0) - 4} ${Y(0)}h8M${X(0)} ${Y(0) - 4}v8`;
  layer.append(make("path", { d: cross, stroke: "var(--ink)", "stroke-width": 1.5 }));
  return frame;
}

/** The right picture: its axes under a legend, and what moves in it. */
function lengthAxes(left, top, width, height) {
  const words = legend({
    title: "How far from the origin?", left: left + 8, top: top + 2, width: width - 16,
    entries: [
      ["1,000 points", { stroke: "var(--c9)", "stroke-width": 9, "stroke-opacity": 0.6 }],
      ["exact density", { stroke: "var(--c2)" }],
      ["|z| = √m", GUIDE],
    ],
  });
  const x = { from: 0, to: LONGEST, label: "|z| (standard deviations)" }, y = { from: 0, to: 0.7, label: "density" };
  const frame = axes({ x, y, left, top: top + words.height, width, height: height - words.height });
  const bars = make("path", { fill: "var(--c9)", "fill-opacity": 0.6 });
  const line = make("path", { fill: "none", stroke: "var(--c2)", "stroke-width": 2 });
  const guide = make("path", GUIDE);
  frame.layer.append(bars, line, guide);
  return { frame, words: words.node, bars, line, guide };
}

/** @param {{model: object, el: HTMLElement}} where @returns {function()} ends the panel */
function render({ model, el }) {
  const svg = make("svg", { "aria-hidden": "true", style: "position: relative" }); // its circle lies above the dots
  const dots = make("canvas", { "aria-hidden": "true", style: "position: absolute" });
  const picture = make("div", { style: "position: relative" }, dots, svg);
  let laidOut = 0, places, lengths;
  function layout(width) {
    laidOut = width;
    const beside = width >= 600, side = beside ? clamp(0.3 * width, 200, 300) : clamp(width - 72, 180, 280);
    const height = side + 66, free = beside ? width - side - 80 : width;
    places = placeAxes(side);
    lengths = beside ? lengthAxes(side + 80, 0, free, height) : lengthAxes(0, height + 12, width, 270);
    svg.setAttribute("width", width);
    svg.setAttribute("height", beside ? height : height + 282);
    svg.replaceChildren(places.node, lengths.words, lengths.frame.node);
    dots.style.left = `${places.box.x}px`;
    dots.style.top = `${places.box.y}px`;
  }

  const { end } = panel({ model, el }, {
    picture,
    draw({ m }, width) {
      if (Math.abs(width - laidOut) > 1) layout(width);
      const view = shell(m), { box, X, Y } = places, context = pen(dots, box.width, box.height);
      context.fillStyle = color(dots, "c0");
      context.globalAlpha = 0.55;
      discs(context, view.xs.map((x) => X(x) - box.x), view.ys.map((y) => Y(y) - box.y), 1.7);
      const { frame, bars, line, guide } = lengths, density = lengthDensity(m), base = frame.Y(0);
      const edge = (i) => frame.X(LONGEST * i / BINS).toFixed(1);
      const steps = histogram(view.lengths).map((height, i) => `V${frame.Y(height).toFixed(1)}H${edge(i + 1)}`);
      bars.setAttribute("d", `M${edge(0)} ${base}${steps.join("")}V${base}Z`);
      line.setAttribute("d", frame.path(GRID, GRID.map(density)));
      guide.setAttribute("d", `M${frame.X(Math.sqrt(m))} ${base}V${frame.box.y}`);
      const { mean, deviation } = moments(view.lengths);
      return `m = ${m}: mean of |z| ${mean.toFixed(2)}, standard deviation ${deviation.toFixed(2)}`;
    },
  });
  return end;
}

export default { render };
