// Chapter 07: four estimators of a derivative as functions of the angle, and the distribution of the chosen one.
import { axes } from "../../svae_lib/widgets/axes.js";
import { legend } from "../../svae_lib/widgets/legend.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";
import { DRAWS, ESTIMATORS, estimators, places, spreads } from "./estimates.js";

export const BINS = 40;
const LOW = -4, HIGH = 6, DEGREES = 180 / Math.PI;
const LOOKS = [
  { stroke: "var(--c1)", "stroke-dasharray": "2 4" }, { stroke: "var(--c2)" },
  { stroke: "var(--c4)", "stroke-dasharray": "8 4" }, { stroke: "var(--c0)" },
];
const DENSITY = { stroke: "var(--c9)", "stroke-width": 9, "stroke-opacity": 0.5 };
const TRUTH = { stroke: "var(--ink)", "stroke-width": 1.5 };
const MEAN = { stroke: "var(--c4)", "stroke-width": 2, "stroke-dasharray": "5 4" };
let seen = { key: "" };

/** What the panel shows at a setting of the sliders; kept, since another estimator needs nothing new. */
function shown({ kappa, m, offset }) {
  const key = `${kappa} ${m} ${offset}`;
  if (seen.key !== key) seen = { key, ...spreads(kappa, m, offset) };
  return seen;
}

/**
 * Histogram of an estimate from DRAWS samples, in units of the truth: svae_course.chapter_07.panel.heights.
 * @param {{kappa: number, m: number, offset: number}} setting
 * @param {number} which  a number of ESTIMATORS
 * @returns {number[]}  (BINS,), shares of the samples
 */
export function heights(setting, which) {
  const found = shown(setting), { truth, of } = estimators(setting.kappa, setting.m, setting.offset);
  const counts = Array(BINS).fill(0), [first, second] = found.x, step = second - first;
  for (const place of places(found)) {
    const value = of(first + place * step)[which] / truth;
    counts[clamp(Math.floor((value - LOW) / (HIGH - LOW) * BINS), 0, BINS - 1)] += 1 / DRAWS;
  }
  return counts;
}

/** The estimates by the angle to mu, over the density of the angle. */
function curveNodes({ left, top, width, height }, { x, weights, values }, which) {
  const entries = [...ESTIMATORS.map((name, i) => [name, LOOKS[i]]), ["density of samples", DENSITY]];
  const title = "The estimate from one sample", room = { left: left + 8, top: top + 2, width: width - 16 };
  const words = legend({ title, entries, ...room });
  const ticks = [0, 45, 90, 135, 180].map((at) => [at, `${at}°`]);
  const frame = axes({
    x: { from: 0, to: 180, ticks, label: "angle of the sample to μ" },
    y: { from: LOW, to: HIGH, label: "estimate / truth" },
    left, top: top + words.height, width, height: height - words.height,
  });
  const angle = x.map((at) => 2 * Math.atan(Math.exp(-at)) * DEGREES);
  const density = x.map((at, i) => weights[i] * Math.cosh(at)), most = density.reduce((a, b) => Math.max(a, b));
  const area = frame.path([180, ...angle, 0], [LOW, ...density.map((it) => LOW + it / most * 0.9 * -LOW), LOW]);
  frame.layer.append(make("path", { d: `${area}Z`, fill: "var(--c9)", "fill-opacity": 0.5 }));
  frame.layer.append(make("path", { d: frame.path([0, 180], [1, 1]), ...TRUTH }));
  const order = [...ESTIMATORS.keys()].filter((i) => i !== which).concat(which);
  for (const i of order) {
    const look = { ...LOOKS[i], "stroke-width": i === which ? 3.5 : 1.2, fill: "none" };
    frame.layer.append(make("path", { d: frame.path(angle, values[i]), ...look }));
  }
  return [words.node, frame.node];
}

/** The distribution of the chosen estimate beside the truth. */
function histogramNodes({ left, top, width, height }, shares, mean, which) {
  const bar = { stroke: LOOKS[which].stroke, "stroke-width": 9, "stroke-opacity": 0.6 };
  const entries = [[ESTIMATORS[which], bar], ["truth", TRUTH], ["its mean", MEAN]];
  const title = "1,000 estimates (end bars: all beyond)";
  const room = { left: left + 8, top: top + 2, width: width - 16 };
  const words = legend({ title, entries, ...room });
  const most = shares.reduce((a, b) => Math.max(a, b));
  const frame = axes({
    x: { from: LOW, to: HIGH, label: "estimate / truth" },
    y: { from: 0, to: 1.08 * most, label: "share of the samples" },
    left, top: top + words.height, width, height: height - words.height,
  });
  const edge = (i) => frame.X(LOW + i * (HIGH - LOW) / BINS).toFixed(1), base = frame.Y(0);
  const steps = shares.map((it, i) => `V${frame.Y(it).toFixed(1)}H${edge(i + 1)}`).join("");
  const d = `M${edge(0)} ${base}${steps}V${base}Z`;
  frame.layer.append(make("path", { d, fill: LOOKS[which].stroke, "fill-opacity": 0.6 }));
  for (const [at, look] of [[1, TRUTH], [mean, MEAN]]) {
    frame.layer.append(make("path", { d: frame.path([at, at], [0, 1.08 * most]), fill: "none", ...look }));
  }
  return [words.node, frame.node];
}

/** @param {number} value @returns {string} in three significant digits */
const three = (value) => String(Number(value.toPrecision(3)));

/** @param {{model: object, el: HTMLElement}} where @returns {function()} ends the panel */
function render({ model, el }) {
  const svg = make("svg");
  const { end } = panel({ model, el }, {
    picture: svg,
    draw(values, width) {
      const { kappa, m, offset, estimator } = values, which = Math.max(0, ESTIMATORS.indexOf(estimator));
      const beside = width >= 620, wide = beside ? width / 2 - 6 : width, height = clamp(0.75 * wide, 310, 380);
      const next = beside ? { left: wide + 12, top: 0 } : { left: 0, top: height + 10 };
      const found = shown(values), [mean, deviation] = found.spreads[which];
      svg.setAttribute("width", width);
      svg.setAttribute("height", beside ? height : 2 * height + 10);
      const curves = curveNodes({ left: 0, top: 0, width: wide, height }, found, which);
      const shares = heights(values, which);
      svg.replaceChildren(...curves, ...histogramNodes({ ...next, width: wide, height }, shares, mean, which));
      const setting = `κ = ${kappa}, m = ${m}, c = ${offset}: the truth is ${three(found.truth)}`;
      const share = (100 * mean).toFixed(1);
      return `${setting}; ${estimator}: mean ${share} % of it, standard deviation ${(100 * deviation).toFixed(0)} %`;
    },
  });
  return end;
}

export default { render };
