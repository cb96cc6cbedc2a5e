// Random numbers that are the same in every browser, on every machine, and in Python (svae_course/noise.py).

const STEP = 0x6d2b79f5;

/**
 * Uniform numbers by Mulberry32, whose state is a counter: number i depends on the seed and on i alone.
 * @param {number} count
 * @param {number} seed
 * @returns {Float64Array} (count,), in (0, 1), never an end
 */
export function uniforms(count, seed) {
  const out = new Float64Array(count);
  for (let i = 0, state = seed | 0; i < count; i++) {
    state = (state + STEP) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    out[i] = (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  }
  return out;
}

/**
 * Standard normal numbers, two of each pair of uniform ones (Box and Muller).
 * @param {number} count even
 * @param {number} seed
 * @returns {Float64Array} (count,)
 */
export function normals(count, seed) {
  const out = uniforms(count, seed);
  for (let i = 0; i < count; i += 2) {
    const length = Math.sqrt(-2 * Math.log(out[i])), angle = 2 * Math.PI * out[i + 1];
    out[i] = length * Math.cos(angle);
    out[i + 1] = length * Math.sin(angle);
  }
  return out;
}

/**
 * Distribution function of a density on even steps, not normalized, by the trapezoidal rule.
 * @param {ArrayLike<number>} weights  (n,)
 * @returns {Float64Array}  (n,), from 0
 */
export function cumulative(weights) {
  const below = new Float64Array(weights.length);
  for (let i = 1; i < below.length; i++) below[i] = below[i - 1] + (weights[i - 1] + weights[i]) / 2;
  return below;
}

/** Where `below`, which grows, is `level`, as an index with a fraction. */
export function inverse(below, level) {
  let low = 0, high = below.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (below[middle] <= level) low = middle;
    else high = middle;
  }
  return low + (level - below[low]) / (below[high] - below[low]);
}
