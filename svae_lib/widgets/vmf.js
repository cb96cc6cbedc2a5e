// The von Mises-Fisher distribution on the unit sphere of R^m, and the Bessel functions behind it, in float64.
//
// The letters are those of svae_lib/ops/bessel_expansions.py: v is the order, m / 2 - 1 for a distribution; A is
// I_{v+1}(x) / I_v(x); s = sqrt(v^2 + x^2), p = v / s. F is what I_v is without its leading power:
// F = Gamma(v + 1) (2 / x)^v I_v(x) = 0F1(; v + 1; x^2 / 4) >= 1, so that the vMF density over the uniform one is
// exp(kappa w) / F. Power series (DLMF 10.25.2) where x^2 < 2000 (v + 1), Debye's expansion (10.41.3, 10.41.5) beyond:
// there s > 44, and the first term left out is below 1e-16.

const TERMS = 10;
const SERIES_REACH = 2000;

/**
 * Coefficients of Debye's U_k and V_k - U_k by powers of p (DLMF 10.41.9 and 10.41.11).
 * @param {number} last  the largest k
 * @returns {number[][][]} [U, V - U], each (last + 1) polynomials of 3 k + 1 coefficients
 */
export function debyePolynomials(last) {
  const u = [[1]], gap = [[0]];
  for (let k = 0; k < last; k++) {
    const next = Array(u[k].length + 3).fill(0), more = Array(u[k].length + 3).fill(0);
    u[k].forEach((c, j) => { // a term c p^j of U_k
      next[j + 1] += j * c / 2 + c / (8 * (j + 1));
      next[j + 3] -= j * c / 2 + 5 * c / (8 * (j + 3));
      more[j + 1] -= c / 2 + j * c;
      more[j + 3] += c / 2 + j * c;
    });
    u.push(next);
    gap.push(more);
  }
  return [u, gap];
}

const [DEBYE_U, DEBYE_GAP] = debyePolynomials(TERMS);

/**
 * log Gamma(x) for x > 0, by Stirling's series from 12 on and the recurrence below.
 * @param {number} x
 * @returns {number}
 */
export function logGamma(x) {
  let shift = 0;
  for (; x < 12; x++) shift += Math.log(x);
  const i = 1 / (x * x);
  const tail = (1 / 12 - i * (1 / 360 - i * (1 / 1260 - i * (1 / 1680 - i * (1 / 1188 - i * 691 / 360360))))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + tail - shift;
}

/**
 * log area of the unit sphere of R^m, 2 pi^{m/2} / Gamma(m/2).
 * @param {number} m ambient dimension, >= 1
 * @returns {number}
 */
export function logSurfaceArea(m) {
  return Math.LN2 + (m / 2) * Math.log(Math.PI) - logGamma(m / 2);
}

/** Series of F and of xA; every term is positive. */
function bySeries(v, x) {
  const q = x * x / 4;
  let f = 0, g = 0; // 0F1(; v + 1; q) - 1 and 0F1(; v + 2; q) - 1
  for (let k = 1, a = 1, b = 1; a > 1e-17 * f; k++) {
    a *= q / (k * (v + k));
    b *= q / (k * (v + 1 + k));
    f += a;
    g += b;
  }
  const ratio = x / (2 * (v + 1)) * (1 + g) / (1 + f), logF = Math.log1p(f);
  return { ratio, logF, kl: x * ratio - logF };
}

/** Debye's expansion of F, and of A through I_v' / I_v; what is large in log F and in xA never meets in the KL. */
function byDebye(v, x) {
  const s = Math.hypot(v, x), p = v / s;
  let u = 1, gap = 0, scale = 1; // sums of U_k / v^k and of (V_k - U_k) / v^k, both in p and 1 / s
  for (let k = 1; k <= TERMS; k++) {
    scale /= s;
    const ups = DEBYE_U[k], gaps = DEBYE_GAP[k];
    let atU = 0, atGap = 0; // every polynomial begins at p^k, and v^-k p^k = s^-k
    for (let j = ups.length - 1; j >= k; j--) {
      atU = atU * p + ups[j];
      atGap = atGap * p + gaps[j];
    }
    u += atU * scale;
    gap += atGap * scale;
  }
  const rest = logGamma(v + 1) + v * Math.log(2 / (v + s)) - 0.5 * Math.log(2 * Math.PI * s) + Math.log(u);
  const slope = s * gap / u; // xA = s - v + slope
  return { ratio: x / (v + s) + slope / x, logF: s + rest, kl: slope - v - rest };
}

/**
 * A, log F and the KL of a vMF to the uniform distribution (nats), from one evaluation.
 * @param {number} order v >= 0, m / 2 - 1 for the distribution in R^m
 * @param {number} x concentration, >= 0
 * @returns {{ratio: number, logF: number, kl: number}}
 */
export function quantities(order, x) {
  return x * x < SERIES_REACH * (order + 1) ? bySeries(order, x) : byDebye(order, x);
}

/**
 * log(I_order(x)) - x; -Infinity at x = 0 but for order 0.
 * @param {number} order >= 0
 * @param {number} x >= 0
 * @returns {number}
 */
export function logIve(order, x) {
  const power = order === 0 ? 0 : order * Math.log(x / 2) - logGamma(order + 1);
  return quantities(order, x).logF - x + power;
}

/**
 * A_m(kappa) = I_{m/2}(kappa) / I_{m/2-1}(kappa), the mean of w, the cosine of the angle to mu.
 * @param {number} m ambient dimension, >= 2
 * @param {number} kappa concentration, >= 0
 * @returns {number}
 */
export function meanCosine(m, kappa) {
  return quantities(m / 2 - 1, kappa).ratio;
}

/**
 * KL(vMF(mu, kappa) || uniform) on the unit sphere of R^m, in nats.
 * @param {number} m ambient dimension, >= 2
 * @param {number} kappa concentration, >= 0
 * @returns {number}
 */
export function klToUniform(m, kappa) {
  return quantities(m / 2 - 1, kappa).kl;
}

/**
 * log density of the vMF distribution on the sphere, C_m(kappa) exp(kappa w), as a function of w.
 * @param {number} m ambient dimension, >= 2
 * @param {number} kappa concentration, >= 0
 * @returns {(w: number) => number}
 */
export function logDensity(m, kappa) {
  const constant = quantities(m / 2 - 1, kappa).logF + logSurfaceArea(m);
  return (w) => kappa * w - constant;
}

/**
 * Density of w: the vMF density times the area of the sphere of those z, per unit of w.
 * @param {number} m ambient dimension, >= 2
 * @param {number} kappa concentration, >= 0
 * @returns {(w: number) => number} of w in (-1, 1)
 */
export function marginalDensity(m, kappa) {
  const onSphere = logDensity(m, kappa), area = logSurfaceArea(m - 1);
  return (w) => Math.exp(onSphere(w) + area + 0.5 * (m - 3) * Math.log1p(-w * w));
}
