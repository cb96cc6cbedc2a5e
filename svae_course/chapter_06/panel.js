// Chapter 06: the observed difference of two spaces over experiments with new seeds, and how often the wrong one wins.
import { axes } from "../../svae_lib/widgets/axes.js";
import { legend } from "../../svae_lib/widgets/legend.js";
import { normals } from "../../svae_lib/widgets/noise.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";

const MOST_SEEDS = 20;
const EXPERIMENTS = 60;
const GRID = Array.from({ length: 161 }, (_, i) => i / 160);

/**
 * Chance that a standard normal number is above x: by its series for small |x|, else by a continued fraction.
 * @param {number} x
 * @returns {number}
 */
export function normalTail(x) {
  if (x < 0) return 1 - normalTail(-x);
  const density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  if (x < 2.5) { // 1/2 - density (x + x^3/3 + x^5/15 + ...)
    let term = x, sum = x;
    for (let n = 3; Math.abs(term) > 1e-17 * sum && n < 200; n += 2) sum += term *= x * x / n;
    return 0.5 - density * sum;
  }
  let fraction = x;
  for (let n = 80; n > 0; n--) fraction = x + n / fraction;
  return density / fraction;
}

/**
 * Chance that the worse of two spaces has the higher mean: svae_course.chapter_06.seeds.wrong_winner.
 * @param {number} difference  @param {number} spread  @param {number} seeds  on each side
 * @returns {number}
 */
export function wrongWinner(difference, spread, seeds) {
  return normalTail(difference / (spread * Math.sqrt(2 / seeds)));
}

/**
 * Chance that a two-sided t test separates the two: svae_course.chapter_06.seeds.power. The test compares a normal
 * number with critical * s, and s^2 is a chi^2 number over its degrees of freedom: the mean over s, by trapezoids in
 * log s, which converge exponentially here.
 * @param {number} difference  @param {number} spread  @param {number} seeds  2 or more
 * @param {number} critical  of Student's t distribution with 2 seeds - 2 degrees of freedom
 * @returns {number}
 */
export function power(difference, spread, seeds, critical) {
  const freedom = 2 * seeds - 2, shift = difference / (spread * Math.sqrt(2 / seeds)), step = 0.04;
  let sum = 0, weight = 0;
  for (let i = -350; i <= 100; i++) {
    const u = i * step, w = Math.exp(freedom * (u - Math.expm1(2 * u) / 2));
    if (w < 1e-14) continue; // of a peak of 1, where what is found is 0.05 or more
    const bound = critical * Math.exp(u);
    sum += w * (normalTail(bound - shift) + normalTail(bound + shift));
    weight += w;
  }
  return sum / weight;
}

/**
 * Differences of means in repeated experiments: svae_course.chapter_06.seeds.repeated.
 * @param {number} difference  @param {number} spread  @param {number} seeds
 * @returns {number[]}  (EXPERIMENTS,)
 */
export function repeated(difference, spread, seeds) {
  const z = normals(EXPERIMENTS * 2 * MOST_SEEDS, 1);
  return Array.from({ length: EXPERIMENTS }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < seeds; j++) sum += z[2 * i * MOST_SEEDS + j] - z[(2 * i + 1) * MOST_SEEDS + j];
    return difference + spread * sum / seeds;
  });
}

const GOOD = { stroke: "var(--c0)", "stroke-width": 9, "stroke-opacity": 0.35 };
const WRONG = { stroke: "var(--c2)", "stroke-width": 9 };
const TRUTH = { stroke: "var(--c4)", "stroke-width": 1.7, "stroke-dasharray": "5 4" };
const TESTED = { stroke: "var(--c0)", "stroke-width": 2.2 };
const LOST = { stroke: "var(--c2)", "stroke-width": 2.2 };
const dot = (fill) => make("circle", { r: 6, fill, stroke: "var(--paper)", "stroke-width": 1.5 });

/** The distribution of the observed difference, in axes that fit it, with an experiment a tick. */
function differenceNodes({ left, top, width, height }, { difference, spread, seeds }) {
  const entries = [["the better one wins", GOOD], ["the worse one wins", WRONG], ["true difference", TRUTH]];
  const words = legend({ title: "The observed difference", entries, left: left + 8, top: top + 2, width: width - 16 });
  const wide = spread * Math.sqrt(2 / seeds), from = Math.min(-wide, difference - 4 * wide), to = difference + 4 * wide;
  const density = (x) => Math.exp(-(((x - difference) / wide) ** 2) / 2);
  const frame = axes({
    x: { from, to, label: "observed difference (nats)" },
    y: { from: -0.16, to: 1.08, label: "density", ticks: [] },
    left, top: top + words.height, width, height: height - words.height,
  });
  const area = (a, b, fill, opacity) => {
    const xs = GRID.map((t) => a + (b - a) * t);
    const d = frame.path([a, ...xs, b], [0, ...xs.map(density), 0]);
    return make("path", { d: `${d}Z`, fill, "fill-opacity": opacity });
  };
  const rug = repeated(difference, spread, seeds).map((x) => {
    const stroke = x < 0 ? "var(--c2)" : "var(--ink)";
    return make("path", { d: frame.path([x, x], [-0.12, -0.04]), stroke, "stroke-opacity": 0.6 });
  });
  const mark = (x, look) => make("path", { d: frame.path([x, x], [-0.16, 1.08]), fill: "none", ...look });
  const areas = [area(Math.max(from, 0), to, "var(--c0)", 0.35), area(Math.min(from, 0), 0, "var(--c2)", 1)];
  frame.layer.append(...areas, mark(0, { stroke: "var(--ink)" }), mark(difference, TRUTH), ...rug);
  return [words.node, frame.node];
}

/** Both chances against the number of seeds, with dots where the reader is. */
function chanceNodes({ left, top, width, height }, { difference, spread, seeds }, critical) {
  const entries = [["the worse one wins", LOST], ["a test separates them", TESTED]];
  const words = legend({ title: "More seeds", entries, left: left + 8, top: top + 2, width: width - 16 });
  const frame = axes({
    x: { from: 0.5, to: MOST_SEEDS + 0.5, label: "seeds on each side" },
    y: { from: 0, to: 1, label: "chance" },
    left, top: top + words.height, width, height: height - words.height,
  });
  const counts = Array.from({ length: MOST_SEEDS }, (_, i) => i + 1);
  const lost = counts.map((n) => wrongWinner(difference, spread, n));
  const tested = counts.map((n) => (n > 1 ? power(difference, spread, n, critical[n - 2]) : NaN));
  for (const [values, look] of [[lost, LOST], [tested, TESTED]]) {
    frame.layer.append(make("path", { d: frame.path(counts, values), fill: "none", ...look }));
    if (!Number.isFinite(values[seeds - 1])) continue;
    const here = dot(look.stroke);
    here.setAttribute("cx", frame.X(seeds));
    here.setAttribute("cy", frame.Y(values[seeds - 1]));
    frame.layer.append(here);
  }
  return { nodes: [words.node, frame.node], lost: lost[seeds - 1], tested: tested[seeds - 1] };
}

/** @param {{model: object, el: HTMLElement}} where @returns {function()} ends the panel */
function render({ model, el }) {
  const svg = make("svg");
  const { end } = panel({ model, el }, {
    picture: svg,
    draw(values, width) {
      const beside = width >= 600, wide = beside ? width / 2 - 6 : width, height = clamp(0.75 * wide, 280, 360);
      const next = beside ? { left: wide + 12, top: 0 } : { left: 0, top: height + 10 };
      const chances = chanceNodes({ ...next, width: wide, height }, values, model.get("critical"));
      svg.setAttribute("width", width);
      svg.setAttribute("height", beside ? height : 2 * height + 10);
      svg.replaceChildren(...differenceNodes({ left: 0, top: 0, width: wide, height }, values), ...chances.nodes);
      const tested = values.seeds > 1 ? `${(100 * chances.tested).toFixed(1)} %` : "none, for lack of a spread";
      const given = `seeds: ${values.seeds}, difference: ${values.difference}, spread: ${values.spread}`;
      return `${given}: the worse one wins in ${(100 * chances.lost).toFixed(1)} %, a test separates them in ${tested}`;
    },
  });
  return end;
}

export default { render };
