// Chapter 08: von Mises-Fisher, Power Spherical and spherical Cauchy distributions at one KL to the uniform one.
import { axes } from "../../svae_lib/widgets/axes.js";
import { legend } from "../../svae_lib/widgets/legend.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";
import { logSurfaceArea } from "../../svae_lib/widgets/vmf.js";

const LEFT_OUT = 30; // -log of the uniform distribution's mass beyond the ends of the grid, about
const STRIDE = 4; // so the step is at most 0.1, and sums over it are off by exp(-49): analytic for |Im x| < pi / 4
const LEAST_TAIL = 1e-8, DEGREES = 180 / Math.PI;

/** log density of each family over the uniform one, up to a constant, from u = 1 - w, log((1 + w) / 2), (m - 1) / 2. */
const FAMILIES = [
  ["von Mises-Fisher", (kappa, u) => -kappa * u, { stroke: "var(--c0)" }],
  ["Power Spherical", (kappa, u, logHalf) => kappa * logHalf, { stroke: "var(--c1)", "stroke-dasharray": "8 4" }],
  ["spherical Cauchy", (kappa, u, logHalf, b) => -2 * b * Math.log1p(kappa * u / (2 * b)),
    { stroke: "var(--c2)", "stroke-dasharray": "8 3 2 3" }],
];

/**
 * Grid in x = -log tan(angle / 2), in which every density here is smooth and 90 degrees is x = 0: that of
 * svae_course.chapter_08.families.angles.
 * @param {number} m  ambient dimension, >= 2
 * @param {number} nats  the KL
 * @returns {{x: number[], step: number, u: number[], logHalf: number[], logMass: number[]}}  1 - w, log((1 + w) / 2)
 *   and the logarithm of the uniform distribution's mass, of sum 1, at each x
 */
export function grid(m, nats) {
  const step = Math.min(0.025, 0.1 / Math.sqrt(m)), end = Math.acosh(Math.exp(LEFT_OUT / (m - 1)));
  const count = Math.ceil((2 * end + nats / (m - 1) + 1.5) / step), first = Math.floor(end / step);
  const x = Array.from({ length: count + 1 }, (_, i) => (i - first) * step);
  const constant = Math.log(step) + (m > 2 ? logSurfaceArea(m - 1) : Math.LN2) - logSurfaceArea(m);
  const u = x.map((at) => 2 / (1 + Math.exp(2 * at))), logHalf = x.map((at) => -Math.log1p(Math.exp(-2 * at)));
  return { x, step, u, logHalf, logMass: x.map((at) => constant - (m - 1) * Math.log(Math.cosh(at))) };
}

/** Logarithm of the mass at each point of a grid, and the KL. */
function distribution(logDensity, m, kappa, { u, logHalf, logMass }) {
  const over = u.map((it, i) => logDensity(kappa, it, logHalf[i], (m - 1) / 2));
  const most = over.reduce((a, b) => Math.max(a, b));
  let total = 0, sum = 0;
  over.forEach((it, i) => {
    const weight = Math.exp(it - most + logMass[i]);
    total += weight;
    sum += weight * (it - most);
  });
  const constant = most + Math.log(total);
  return { logMass: over.map((it, i) => it - constant + logMass[i]), kl: sum / total - Math.log(total) };
}

/** Every STRIDE-th point of a grid: for smooth functions like these its sums agree with the whole grid's. */
function thinned({ u, logHalf, logMass }) {
  const some = (list) => list.filter((_, i) => i % STRIDE === 0);
  return { u: some(u), logHalf: some(logHalf), logMass: some(logMass).map((it) => it + Math.log(STRIDE)) };
}

/**
 * The three families at one KL.
 * @param {number} m  ambient dimension, >= 2
 * @param {number} nats  the KL, from 0.1 to 10
 * @returns {{angle: number[], found: {name: string, kappa: number, density: number[], beyond: number[],
 *   beyond90: number}[]}}  angles in radians, from the largest; densities per radian; `beyond` is the probability of a
 *   larger angle
 */
export function atEqualKL(m, nats) {
  const points = grid(m, nats), few = thinned(points), { x, step } = points;
  const found = FAMILIES.map(([name, logDensity]) => {
    const kappa = concentration((k) => distribution(logDensity, m, k, few).kl, m, nats);
    const { logMass } = distribution(logDensity, m, kappa, points);
    let sum = 0;
    const beyond = logMass.map((it, i) => { // between two points it is that of an exponential function
      const difference = it - logMass[i - 1], rise = Math.abs(difference) < 1e-5 ? 1e-5 : difference;
      return i ? (sum += Math.exp(it) * -Math.expm1(-rise) / rise) : 0;
    });
    const density = logMass.map((it, i) => Math.exp(it) / step * Math.cosh(x[i]));
    return { name, kappa, density, beyond, beyond90: beyond[x.indexOf(0)] };
  });
  return { angle: x.map((at) => 2 * Math.atan(Math.exp(-at))), found };
}

/** Root of kl(kappa) = nats, by secants of log kl over log kappa, which is close to straight. */
function concentration(kl, m, nats) {
  const target = Math.log(nats), gap = (at) => Math.log(kl(Math.exp(at))) - target;
  let a = 0.5 * Math.log(2 * m * nats) + nats / m, b = a + 1, low = gap(a), high = gap(b);
  for (let i = 0; i < 40 && Math.abs(b - a) > 1e-13 && high !== low; i++) {
    const next = b - clamp(high * (b - a) / (high - low), -2, 2);
    [a, low, b] = [b, high, next];
    high = gap(b);
  }
  return Math.exp(b);
}

/** @param {number} x @returns {string} in three significant digits */
const three = (x) => String(Number(x.toPrecision(3)));

/** @param {number} share @returns {string} a probability as a percentage, or as a power of ten where it is small */
function percent(share) {
  if (share === 0) return "0"; // to float64
  return share > 1e-5 ? `${three(100 * share)} %` : share.toExponential(1).replace("-", "−");
}

/** Axes over the angle, under a legend, with a curve for each family. */
function angleAxes(title, y, { left, top, width, height }) {
  const entries = FAMILIES.map(([name, , look]) => [name, look]);
  const words = legend({ title, entries, left: left + 8, top: top + 2, width: width - 16 });
  const ticks = [0, 45, 90, 135, 180].map((at) => [at, `${at}°`]);
  const frame = axes({
    x: { from: 0, to: 180, ticks, label: "angle to μ" }, y,
    left, top: top + words.height, width, height: height - words.height,
  });
  const curves = FAMILIES.map(([, , look]) => make("path", { ...look, "stroke-width": 2.2, fill: "none" }));
  frame.layer.append(...curves);
  return { frame, curves, nodes: [words.node, frame.node] };
}

/** @param {{model: object, el: HTMLElement}} where @returns {function()} ends the panel */
function render({ model, el }) {
  const svg = make("svg");
  const { end } = panel({ model, el }, {
    picture: svg,
    draw({ m, nats }, width) {
      const beside = width >= 600, wide = beside ? width / 2 - 6 : width, height = clamp(0.75 * wide, 290, 380);
      const { angle, found } = atEqualKL(m, nats), degrees = angle.map((it) => it * DEGREES);
      const perDegree = found.map(({ density }) => density.map((it) => it / DEGREES));
      const tallest = 1.05 * perDegree.flat().reduce((a, b) => Math.max(a, b));
      const next = beside ? { left: wide + 12, top: 0 } : { left: 0, top: height + 10 };
      const density = angleAxes("Density of the angle", { from: 0, to: tallest, label: "per degree" },
        { left: 0, top: 0, width: wide, height });
      const probability = { from: LEAST_TAIL, to: 1, log: true, label: "probability" };
      const tail = angleAxes("Probability of a larger angle", probability, { ...next, width: wide, height });
      found.forEach(({ beyond }, i) => {
        density.curves[i].setAttribute("d", density.frame.path(degrees, perDegree[i]));
        tail.curves[i].setAttribute("d", tail.frame.path(degrees, beyond));
      });
      svg.setAttribute("width", width);
      svg.setAttribute("height", beside ? height : 2 * height + 10);
      svg.replaceChildren(...density.nodes, ...tail.nodes);
      const words = ({ name, kappa, beyond90 }) => `${name} κ = ${three(kappa)}, ${percent(beyond90)} beyond 90°`;
      const each = found.map(words);
      return `${nats} nats at m = ${m}: ${each.join("; ")}`;
    },
  });
  return end;
}

export default { render };
