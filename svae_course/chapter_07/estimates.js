// Chapter 07: four estimators of d E[w + c] / d kappa, in numbers; svae_course/chapter_07/estimators.py has the same.
import { cumulative, inverse, uniforms } from "../../svae_lib/widgets/noise.js";
import { meanCosine } from "../../svae_lib/widgets/vmf.js";

export const DRAWS = 1000;
export const ESTIMATORS = ["score function", "without correction", "with correction", "implicit"];
const LEFT_OUT = 34, REACH = 3;
const NOISE = uniforms(DRAWS, 7), NODES = gaussLegendre(24);

/** Nodes r and weights of Gauss and Legendre's rule on [0, 1], by Newton's method. */
function gaussLegendre(count) {
  return Array.from({ length: count }, (_, i) => {
    let x = Math.cos(Math.PI * (i + 0.75) / (count + 0.5)), slope = 1;
    for (let step = 0; step < 20; step++) {
      let before = 1, at = x;
      for (let n = 2; n <= count; n++) [before, at] = [at, ((2 * n - 1) * x * at - (n - 1) * before) / n];
      slope = count * (x * at - before) / (x * x - 1);
      x -= at / slope;
    }
    return [(1 + x) / 2, 1 / ((1 - x * x) * slope * slope)];
  });
}

/**
 * A = E[w], 1 - A and the truth A' = Var[w], by sums over the grid, in which nothing cancels.
 * @param {number} kappa  > 0  @param {number} m
 * @returns {{ratio: number, gap: number, truth: number}}
 */
export function moments(kappa, m) {
  const { x, weights } = grid(kappa, m), ratio = meanCosine(m, kappa);
  let gap = 0, truth = 0;
  for (let i = 0; i < x.length; i++) {
    const u = versine(x[i]);
    gap += weights[i] * u;
    truth += weights[i] * (Math.tanh(x[i]) - ratio) ** 2;
  }
  return { ratio, gap, truth };
}

/** 1 - w at x = -log tan(angle / 2), where w = tanh(x). */
const versine = (x) => 2 / (1 + Math.exp(2 * x));

/**
 * Grid in x with w = tanh(x), and probabilities.
 * @param {number} kappa  @param {number} m
 * @returns {{x: number[], weights: number[]}}  the weights sum to 1
 */
export function grid(kappa, m) {
  const step = Math.min(0.1, 0.35 / Math.sqrt(m)), end = Math.acosh(Math.exp(LEFT_OUT / (m - 1)));
  const first = Math.ceil(end / step), count = first + Math.ceil((end + REACH) / step) + 1;
  const x = Array.from({ length: count }, (_, i) => (i - first) * step);
  const weights = x.map((at) => Math.exp(-kappa * versine(at) - (m - 1) * Math.log(Math.cosh(at))));
  const total = weights.reduce((a, b) => a + b);
  return { x, weights: weights.map((it) => it / total) };
}

/**
 * Implicit derivative dw / dkappa = sin(theta)^2 Q: svae_lib.distributions.implicit_gradient, whose notation this is.
 * @param {number} kappa  @param {number} m  @param {number} gap  1 - A
 * @returns {(x: number) => number}
 */
export function implicit(kappa, m, gap) {
  const reach = Math.exp(-8 / Math.sqrt(m - 1)), start = reach > 0.02 ? reach : 0;
  const nodes = NODES.map(([at, weight]) => {
    const r = start + (1 - start) * at;
    return [r * r, 1 - r * r, Math.log((1 - start) * weight) + (m - 2) * Math.log(r)];
  });
  return (x) => {
    const u = versine(x), sine2 = 1 / Math.cosh(x) ** 2, before = u < gap, half = before ? u / 2 : versine(-x) / 2;
    const tilt = (before ? kappa : -kappa) * sine2 / 2;
    let sum = 0;
    for (const [r2, nu, logWeight] of nodes) {
      const s = 1 - nu * half, at = before ? 2 * r2 * half / s : 2 * (1 - half) / s; // 1 - w at the node
      sum += Math.exp(logWeight + tilt * nu / s - m * Math.log(s)) * s * (before ? gap - at : at - gap);
    }
    return sine2 * sum;
  };
}

/**
 * What each estimator says of a sample at x: svae_course.chapter_07.estimators.estimates.
 * @param {number} kappa  > 0  @param {number} m  @param {number} offset
 * @returns {{truth: number, of: function(number): number[]}}  `of` gives one number for each of ESTIMATORS
 */
export function estimators(kappa, m, offset) {
  const { ratio, gap, truth } = moments(kappa, m), root = Math.hypot(2 * kappa, m - 1);
  const shift = 2 * kappa / (m - 1 + root), middle = truth + (ratio - shift) ** 2, exact = implicit(kappa, m, gap);
  const of = (x) => {
    const w = Math.tanh(x), moved = 1 / (Math.cosh(x) ** 2 * root), score = -kappa / root * ((w - shift) ** 2 - middle);
    return [(w + offset) * (gap - versine(x)), moved, moved + (w + offset) * score, exact(x)];
  };
  return { truth, of };
}

/**
 * Exact mean and standard deviation of each estimate, in units of the truth, on the grid where it is also known.
 * @param {number} kappa  @param {number} m  @param {number} offset
 * @returns {{truth: number, x: number[], weights: number[], values: number[][], spreads: [number, number][]}}  values
 *   for each of ESTIMATORS along x, in units of the truth
 */
export function spreads(kappa, m, offset) {
  const { x, weights } = grid(kappa, m), { truth, of } = estimators(kappa, m, offset);
  const rows = x.map(of), values = ESTIMATORS.map((_, k) => rows.map((row) => row[k] / truth));
  const found = values.map((each) => {
    const mean = each.reduce((sum, it, i) => sum + weights[i] * it, 0);
    return [mean, Math.sqrt(each.reduce((sum, it, i) => sum + weights[i] * (it - mean) ** 2, 0))];
  });
  return { truth, x, weights, values, spreads: found };
}

/**
 * Places x of samples, from the same random numbers at every setting: svae_course.chapter_07.estimators.draws.
 * @param {{x: number[], weights: number[]}} points  of `grid` or `spreads`
 * @returns {Float64Array}  (DRAWS,), as numbers of a grid point, with a fraction
 */
export function places({ weights }) {
  const below = cumulative(weights);
  return NOISE.map((share) => inverse(below, share * below[below.length - 1]));
}
