// Appendix A: four ways to compute a modified Bessel function, term by term, and where ten digits take few terms.
import { axes } from "../../svae_lib/widgets/axes.js";
import { legend } from "../../svae_lib/widgets/legend.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";
import { debyePolynomials, logGamma, logIve, meanCosine } from "../../svae_lib/widgets/vmf.js";

const MOST = 400, MOST_DEBYE = 20, TARGET = 1e-10, FEW = 20; // terms, the error asked for, the terms of the map
const LEAST_LOG = -1074 * Math.LN2; // of the smallest number above 0 in float64
const MOST_X = 500, MOST_ORDER = 500, LEAST_X = 0.5; // the ends of the map
const [DEBYE] = debyePolynomials(MOST_DEBYE - 1);

/**
 * log I_v(x) by the first 1, 2, ... terms of the power series: svae_course.chapter_A.methods.power_series.
 * @param {number} v  order, >= 0  @param {number} x  > 0  @param {number} terms
 * @returns {number[]}  (terms,)
 */
export function powerSeries(v, x, terms) {
  const lead = v * Math.log(x / 2) - logGamma(v + 1), found = [];
  for (let k = 0, term = 1, sum = 0; k < terms; k++) {
    if (k) term *= (x / 2) ** 2 / (k * (v + k));
    found.push(Math.log(sum += term) + lead);
  }
  return found;
}

/**
 * log I_v(x) by the first 1, 2, ... terms of the expansion for large x: methods.large_argument.
 * @param {number} v  @param {number} x  @param {number} terms
 * @returns {number[]}  NaN where the sum is negative
 */
export function largeArgument(v, x, terms) {
  const lead = x - Math.log(2 * Math.PI * x) / 2, found = [];
  for (let k = 0, term = 1, sum = 0; k < terms; k++) {
    if (k) term *= -(4 * v ** 2 - (2 * k - 1) ** 2) / (8 * k * x);
    found.push(Math.log(sum += term) + lead);
  }
  return found;
}

/**
 * log I_v(x) by the first 1, 2, ... terms of Debye's expansion: methods.uniform.
 * @param {number} v  @param {number} x  @param {number} terms  at most 20
 * @returns {number[]}  NaN where the sum is negative
 */
export function uniform(v, x, terms) {
  const s = Math.hypot(v, x), p = v / s, found = [];
  const lead = s - v * Math.asinh(v / x) - Math.log(2 * Math.PI * s) / 2;
  for (let k = 0, sum = 0; k < Math.min(terms, MOST_DEBYE); k++) {
    let tail = 0;
    for (let j = DEBYE[k].length - 1; j >= k; j--) tail = tail * p + DEBYE[k][j]; // every polynomial begins at p^k
    found.push(Math.log(sum += tail / s ** k) + lead);
  }
  return found;
}

/**
 * I_{v+1}(x) / I_v(x) by the first 1, 2, ... steps of its continued fraction: methods.continued_fraction.
 * @param {number} v  @param {number} x  @param {number} terms
 * @returns {number[]}
 */
export function continuedFraction(v, x, terms) {
  let f = 2 * (v + 1) / x, above = f, below = 0;
  const found = [1 / f];
  for (let k = 2; k <= terms; k++) {
    const b = 2 * (v + k) / x;
    below = 1 / (b + below);
    above = b + 1 / above;
    f *= above * below;
    found.push(1 / f);
  }
  return found;
}

const ofLog = (values, v, x) => {
  const exact = logIve(v, x) + x;
  return values.map((value) => Math.abs(Math.expm1(value - exact)));
};
const ofRatio = (values, v, x) => {
  const exact = meanCosine(2 * v + 2, x);
  return values.map((value) => Math.abs(value / exact - 1));
};
const FRACTION = { stroke: "var(--c9)", "stroke-dasharray": "3 2" };
/** Name, values and errors of each method, how it is drawn, and in the map, on which side of its line it is cheap. */
const METHODS = [
  ["power series", powerSeries, ofLog, { stroke: "var(--c0)" }, "← series"],
  ["large argument", largeArgument, ofLog, { stroke: "var(--c1)", "stroke-dasharray": "8 4" }, "large x →"],
  ["uniform", uniform, ofLog, { stroke: "var(--c4)", "stroke-dasharray": "8 3 2 3" }, "uniform →"],
  ["continued fraction", continuedFraction, ofRatio, FRACTION, "← fraction"],
];

/**
 * Relative errors of I_v(x), or of the ratio, after 1, 2, ... terms: methods.errors.
 * @param {number} method  its number  @param {number} v  @param {number} x  @param {number} [terms]
 * @returns {number[]}
 */
export function errors(method, v, x, terms = MOST) {
  const [, values, compared] = METHODS[method];
  return compared(values(v, x, terms), v, x);
}

/**
 * Fewest terms of each method after which the error is at most 1e-10: methods.terms_needed.
 * @param {number} v  @param {number} x
 * @returns {number[]}  Infinity where 400 terms (20 of the uniform expansion) are not enough
 */
export function termsNeeded(v, x) {
  return METHODS.map((_, method) => firstGood(errors(method, v, x)));
}

/** @param {number[]} found @returns {number} how many terms the first error that is small enough has, or Infinity */
function firstGood(found) {
  return 1 + found.findIndex((error) => error <= TARGET) || Infinity;
}

/**
 * The x at which ten digits begin, or cease, to take twenty terms at most, for each order.
 * @param {number} method  its number  @param {number[]} orders
 * @returns {number[]}  NaN where the whole row, or none of it, is good
 */
export function edge(method, orders) {
  const good = (v, x) => { // twice running: an error that only changes its sign is 0 somewhere
    const found = errors(method, v, x, FEW);
    return found.some((error, i) => error <= TARGET && found[i + 1] <= TARGET);
  };
  const leftIsGood = METHODS[method][4].startsWith("←");
  return orders.map((v) => {
    let low = LEAST_X / 2, high = 4 * MOST_X;
    if (good(v, low) === good(v, high)) return NaN;
    for (let i = 0; i < 30; i++) {
      const middle = Math.sqrt(low * high);
      if (good(v, middle) === leftIsGood) low = middle;
      else high = middle;
    }
    return low;
  });
}

/**
 * The order from which on exp(-x) I_v(x) is 0 in float64, for each x.
 * @param {number[]} xs
 * @returns {number[]}
 */
export function lastOrder(xs) {
  return xs.map((x) => {
    let low = 0, high = 2000;
    for (let i = 0; i < 40; i++) {
      const middle = (low + high) / 2;
      if (logIve(middle, x) < LEAST_LOG) high = middle;
      else low = middle;
    }
    return low;
  });
}

/**
 * A number given by its logarithm, which no float may be able to hold, in three digits and a power of ten.
 * @param {number} log
 * @returns {string}
 */
export function inWords(log) {
  const exponent = Math.floor(log / Math.LN10 + 1e-12), digits = Math.exp(log - exponent * Math.LN10).toFixed(2);
  const [mantissa, power] = digits === "10.00" ? ["1.00", exponent + 1] : [digits, exponent];
  return Math.abs(power) < 4 ? String(Number((mantissa * 10 ** power).toPrecision(3))) : `${mantissa}e${power}`;
}

/** @param {number} from @param {number} to @param {number} count @returns {number[]} as NumPy's */
function geomspace(from, to, count) {
  return Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)));
}

/** The errors over the number of terms: axes under a legend, with one curve for each method. */
function errorAxes({ left, top, width, height }) {
  const entries = METHODS.map(([name, , , look]) => [name, look]);
  const words = legend({ title: "Error after n terms", entries, left: left + 8, top: top + 2, width: width - 16 });
  const frame = axes({
    x: { from: 1, to: MOST, log: true, label: "terms n" },
    y: { from: 1e-16, to: 10, log: true, label: "relative error" },
    left, top: top + words.height, width, height: height - words.height,
  });
  const y = frame.Y(TARGET), { x, width: wide } = frame.box;
  const target = make("line", { x1: x, x2: x + wide, y1: y, y2: y, stroke: "var(--ink)", "stroke-dasharray": "2 3" });
  const curves = METHODS.map(([, , , look]) => make("path", { ...look, "stroke-width": 2.2, fill: "none" }));
  frame.layer.append(target, ...curves);
  return { frame, curves, nodes: [words.node, frame.node] };
}

/** The map of orders and arguments: where twenty terms give ten digits, where float64 has no number, and the dot. */
function mapAxes({ left, top, width, height }) {
  const title = "Where 20 terms give 10 digits";
  const entries = METHODS.map(([, , , look, side]) => [side, look]);
  const lost = { stroke: "var(--c2)", "stroke-width": 9, "stroke-opacity": 0.6 };
  const all = [...entries, ["e⁻ˣI is 0", lost]];
  const words = legend({ title, entries: all, left: left + 8, top: top + 2, width: width - 16 });
  const marks = [0, 1, 3, 10, 30, 100, 300].map((order) => [order + 1, String(order)]);
  const frame = axes({ // an order of 0 stands on a logarithmic scale too, at v + 1
    x: { from: LEAST_X, to: MOST_X, log: true, label: "argument x" },
    y: { from: 0.9, to: MOST_ORDER + 1, log: true, label: "order v", ticks: marks },
    left, top: top + words.height, width, height: height - words.height,
  });
  const heights = geomspace(0.9, MOST_ORDER + 1, 70), orders = heights.map((it) => Math.max(it - 1, 0) + 0.03);
  const { x, y, width: wide } = frame.box, xs = geomspace(LEAST_X, MOST_X, 60);
  const rim = frame.path(xs, lastOrder(xs).map((order) => order + 1));
  const dead = make("path", { d: `${rim}L${x + wide} ${y}L${x} ${y}Z`, fill: "var(--c2)", "fill-opacity": 0.6 });
  const edges = METHODS.map(([, , , look], i) => (
    make("path", { ...look, "stroke-width": 2.2, fill: "none", d: frame.path(edge(i, orders), heights) })));
  const dot = make("circle", { r: 6, fill: "var(--ink)", stroke: "var(--paper)", "stroke-width": 1.5 });
  frame.layer.append(dead, ...edges, dot);
  return { frame, dot, nodes: [words.node, frame.node] };
}

/** @param {{model: object, el: HTMLElement}} where @returns {function()} ends the panel */
function render({ model, el }) {
  const svg = make("svg"), counts = Array.from({ length: MOST }, (_, i) => i + 1);
  let laidOut = 0, left, right;
  function layout(width) {
    laidOut = width;
    const beside = width >= 640, wide = beside ? width / 2 - 6 : width, height = clamp(0.85 * wide, 330, 430);
    left = errorAxes({ left: 0, top: 0, width: wide, height });
    right = mapAxes({ ...(beside ? { left: wide + 12, top: 0 } : { left: 0, top: height + 10 }), width: wide, height });
    svg.setAttribute("width", width);
    svg.setAttribute("height", beside ? height : 2 * height + 10);
    svg.replaceChildren(...left.nodes, ...right.nodes);
  }
  const { end } = panel({ model, el }, {
    picture: svg,
    draw({ order, x }, width) {
      if (Math.abs(width - laidOut) > 1) layout(width);
      const found = METHODS.map((_, i) => errors(i, order, x));
      found.forEach((each, i) => {
        const shown = each.map((error) => Math.max(error, 1e-16));
        left.curves[i].setAttribute("d", left.frame.path(counts.slice(0, shown.length), shown));
      });
      right.dot.setAttribute("cx", right.frame.X(x));
      right.dot.setAttribute("cy", right.frame.Y(order + 1));
      const log = logIve(order, x), naive = log < LEAST_LOG ? "0" : inWords(log);
      const needed = found.map(firstGood).map((n, i) => `${METHODS[i][0]} ${Number.isFinite(n) ? n : "never"}`);
      const ratio = Number(meanCosine(2 * order + 2, x).toPrecision(4));
      return `v = ${order}, x = ${x}: I = ${inWords(log + x)}, e⁻ˣI in float64 ${naive}, ratio A = ${ratio}. `
        + `Terms for 10 digits: ${needed.join(", ")}`;
    },
  });
  return end;
}

export default { render };
