// Chapter 01: what its panel shows, in numbers; svae_course/chapter_01/panel.py has the same in Python.
import { cumulative, inverse, uniforms } from "../../svae_lib/widgets/noise.js";
import { marginalDensity, quantities } from "../../svae_lib/widgets/vmf.js";

export const COUNT = 1000;
export const BINS = 30;
const NODES = 1024, GRID = 600;
const NOISE = uniforms(3 * COUNT, 1);

/**
 * Distribution function of the angle to mu, not normalized, on NODES even steps from 0 to pi: its density is
 * proportional to exp(kappa cos(theta)) sin(theta)^{m-2}; summed by the trapezoidal rule.
 * @param {number} kappa  @param {number} m
 * @returns {Float64Array}  (NODES,)
 */
function angleDistribution(kappa, m) {
  const logs = new Float64Array(NODES);
  for (let i = 0; i < NODES; i++) {
    const theta = i * Math.PI / (NODES - 1);
    logs[i] = kappa * Math.cos(theta) + (m > 2 ? (m - 2) * Math.log(Math.sin(theta)) : 0);
  }
  const most = logs.reduce((a, b) => Math.max(a, b));
  return cumulative(logs.map((log) => Math.exp(log - most)));
}

/**
 * Three coordinates of samples of the vMF distribution around the third: the angle by its inverse distribution
 * function, the direction across mu uniform. Of a uniform point of S^{m-2} the first two coordinates have the squared
 * length 1 - U^{2/(m-3)}. The same random numbers make them at every kappa and m, so that they glide.
 * @param {number} kappa  @param {number} m
 * @returns {Float64Array}  (3 COUNT): two coordinates across mu, then w, sample after sample
 */
export function samples(kappa, m) {
  const below = angleDistribution(kappa, m), total = below[NODES - 1], points = new Float64Array(3 * COUNT);
  for (let i = 0; i < COUNT; i++) {
    const theta = inverse(below, NOISE[i] * total) * Math.PI / (NODES - 1);
    const length = m > 3 ? Math.sqrt(1 - NOISE[COUNT + i] ** (2 / (m - 3))) : 1, turn = NOISE[2 * COUNT + i];
    const across = Math.sin(theta) * length;
    points[3 * i] = across * (m === 2 ? Math.sign(0.5 - turn) : Math.cos(2 * Math.PI * turn));
    points[3 * i + 1] = m === 2 ? 0 : across * Math.sin(2 * Math.PI * turn);
    points[3 * i + 2] = Math.cos(theta);
  }
  return points;
}

/**
 * The distribution at kappa and m, as svae_course.chapter_01.panel.concentration.
 * @param {number} kappa  @param {number} m
 * @returns {{points: Float64Array, grid: number[], density: number[], heights: number[], mean: number, kl: number}}
 *   points (3 COUNT); grid (g,) values of w and the density there; heights (BINS,) of the samples' histogram over
 *   [-1, 1]; E[w]; KL to the uniform distribution, nats
 */
export function concentration(kappa, m) {
  const points = samples(kappa, m), density = marginalDensity(m, kappa), { ratio, kl } = quantities(m / 2 - 1, kappa);
  const grid = Array.from({ length: GRID }, (_, i) => Math.cos((GRID - i - 0.5) / GRID * Math.PI));
  const heights = Array(BINS).fill(0);
  for (let i = 2; i < points.length; i += 3) {
    heights[Math.min(BINS - 1, Math.floor((points[i] + 1) * BINS / 2))] += BINS / 2 / COUNT;
  }
  return { points, grid, density: grid.map(density), heights, mean: ratio, kl };
}

/**
 * What three coordinates of a point of R^m show.
 * @param {number} m
 * @returns {string}
 */
export function whatIsSeen(m) {
  if (m === 3) return "the whole sphere S²";
  return m === 2 ? "the circle S¹" : `3 of ${m} coordinates`;
}
