// Chapter 02: a sphere on the collapsed curve of the KL, and where the naive formula for it fails.
import { axes } from "../../svae_lib/widgets/axes.js";
import { legend } from "../../svae_lib/widgets/legend.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";
import { klToUniform, logIve, logSurfaceArea } from "../../svae_lib/widgets/vmf.js";

const ROUND = { float32: Math.fround, float64: (x) => x };
const LEAST_LOG = -700.92; // below, SciPy's ive is 0: the routine behind it, AMOS, keeps three digits in reserve
const RATIOS = geomspace(0.002, 250, 200), CONCENTRATIONS = geomspace(0.4, 500, 60);
const LEAST_M = 1.8, MOST_M = 500;

/** @param {number} from @param {number} to @param {number} count @returns {number[]} as NumPy's */
function geomspace(from, to, count) {
  return Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)));
}

/**
 * KL(vMF || uniform) by the textbook formula, kappa A + log C + log area, with every step rounded as NumPy and SciPy
 * would: svae_course.chapter_02.figures.naive_kl, which chapter 2 shows to fail.
 * @param {number} m  ambient dimension
 * @param {number} kappa  concentration
 * @param {string} dtype  "float32" or "float64"
 * @returns {number}  NaN where ive underflows
 */
export function naiveKL(m, kappa, dtype) {
  const round = ROUND[dtype], v = m / 2 - 1, k = round(kappa);
  const ive = (order) => {
    const log = logIve(order, k);
    return log < LEAST_LOG ? 0 : round(Math.exp(log));
  };
  const bessel = ive(v), ratio = round(ive(v + 1) / bessel);
  const power = round(v * round(Math.log(k))), volume = round(m / 2 * Math.log(2 * Math.PI));
  const logC = round(round(round(power - volume) - round(Math.log(bessel))) - k);
  return round(round(round(k * ratio) + logC) + round(logSurfaceArea(m)));
}

/**
 * Smallest m for which naiveKL is not finite, as svae_course.chapter_02.panel.first_failing_dim; where it fails at m,
 * it fails for every larger m.
 * @param {number} kappa  @param {string} dtype
 * @param {number} [maximum]  the largest m to look at
 * @returns {?number}  null where naiveKL is finite up to the maximum
 */
export function firstFailingDim(kappa, dtype, maximum = 4096) {
  const fails = (m) => !Number.isFinite(naiveKL(m, kappa, dtype));
  if (!fails(maximum)) return null;
  let low = 2, high = maximum;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fails(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Limit of KL / m at kappa = a m, as m grows: -log(1 - rho^2) / 2 with rho = 2a / (1 + sqrt(1 + 4a^2)).
 * @param {number} a  kappa / m
 * @returns {number}
 */
export function limitKL(a) {
  const rho = 2 * a / (1 + Math.sqrt(1 + 4 * a * a));
  return -0.5 * Math.log1p(-rho * rho);
}

/**
 * A number in four significant digits, as Python's format "g" would have it.
 * @param {number} x
 * @returns {string}
 */
export function four(x) {
  return Number.isFinite(x) ? String(Number(x.toPrecision(4))) : String(x).toLowerCase().replace("infinity", "inf");
}

const EXACT = { stroke: "var(--c0)", "stroke-width": 6, "stroke-opacity": 0.5 };
const NAIVE = { stroke: "var(--c2)", "stroke-width": 1.7 };
const LIMIT = { stroke: "var(--ink)", "stroke-width": 1.5, "stroke-dasharray": "5 4" };
const dot = () => make("circle", { r: 6, fill: "var(--c4)", stroke: "var(--paper)", "stroke-width": 1.5 });

/** The collapsed curve: its axes with the limit, under a legend, and what moves in it. */
function curveAxes(place) {
  const entries = [["exact", EXACT], ["naive", NAIVE], ["limit, m → ∞", LIMIT]];
  const { left, top, width, height } = place;
  const words = legend({ title: "The collapsed curve", entries, left: left + 8, top: top + 2, width: width - 16 });
  const frame = axes({
    x: { from: RATIOS[0], to: RATIOS.at(-1), log: true, label: "κ / m" },
    y: { from: 1e-6, to: 9, log: true, label: "KL / m (nats)" },
    left, top: top + words.height, width, height: height - words.height,
  });
  const [exact, naive] = [EXACT, NAIVE].map((look) => make("path", { ...look, fill: "none" })), here = dot();
  const limit = make("path", { ...LIMIT, fill: "none", d: frame.path(RATIOS, RATIOS.map(limitKL)) });
  frame.layer.append(exact, limit, naive, here);
  return { frame, nodes: [words.node, frame.node], exact, naive, here };
}

/** Where the naive formula works, over kappa and m: its axes with a region for each dtype, and the dot. */
function regionAxes(place, dtypes) {
  const { left, top, width, height } = place;
  const entries = [["infinite or NaN", { stroke: "var(--c2)", "stroke-width": 9, "stroke-opacity": 0.7 }]];
  const title = "Where the naive formula fails";
  const words = legend({ title, entries, left: left + 8, top: top + 2, width: width - 16 });
  const frame = axes({
    x: { from: CONCENTRATIONS[0], to: CONCENTRATIONS.at(-1), log: true, label: "concentration κ" },
    y: { from: LEAST_M, to: MOST_M, log: true, label: "ambient dimension m" },
    left, top: top + words.height, width, height: height - words.height,
  });
  const regions = Object.fromEntries(dtypes.map((dtype) => {
    const edge = frame.path(CONCENTRATIONS, CONCENTRATIONS.map((kappa) => firstFailingDim(kappa, dtype)));
    const { x, y, width: wide } = frame.box;
    return [dtype, make("path", { d: `${edge}L${x + wide} ${y}L${x} ${y}Z`, fill: "var(--c2)", "fill-opacity": 0.7 })];
  }));
  const there = dot();
  frame.layer.append(...Object.values(regions), there);
  return { frame, nodes: [words.node, frame.node], regions, there };
}

/** @param {{model: object, el: HTMLElement}} where @returns {function()} ends the panel */
function render({ model, el }) {
  const svg = make("svg");
  let laidOut = 0, curve, region;
  function layout(width) {
    laidOut = width;
    const beside = width >= 600, wide = beside ? width / 2 - 6 : width, height = clamp(0.75 * wide, 280, 380);
    curve = curveAxes({ left: 0, top: 0, width: wide, height });
    const next = beside ? { left: wide + 12, top: 0 } : { left: 0, top: height + 10 };
    region = regionAxes({ ...next, width: wide, height }, Object.keys(ROUND));
    svg.setAttribute("width", width);
    svg.setAttribute("height", beside ? height : 2 * height + 10);
    svg.replaceChildren(...curve.nodes, ...region.nodes);
  }

  const { end } = panel({ model, el }, {
    picture: svg,
    draw({ kappa, m, floats }, width) {
      if (Math.abs(width - laidOut) > 1) layout(width);
      const { frame, exact, naive, here } = curve, at = region.frame;
      exact.setAttribute("d", frame.path(RATIOS, RATIOS.map((a) => klToUniform(m, a * m) / m)));
      const naively = RATIOS.map((a) => naiveKL(m, a * m, floats) / m);
      naive.setAttribute("d", frame.path(RATIOS, naively.map((value) => (value > 0 ? value : NaN))));
      const kl = klToUniform(m, kappa), naiveHere = four(naiveKL(m, kappa, floats));
      here.setAttribute("cx", frame.X(kappa / m));
      here.setAttribute("cy", frame.Y(kl / m));
      region.there.setAttribute("cx", at.X(kappa));
      region.there.setAttribute("cy", at.Y(m));
      for (const [dtype, path] of Object.entries(region.regions)) path.style.display = dtype === floats ? "" : "none";
      return `κ = ${kappa}, m = ${m}: KL = ${four(kl)} nats; naively, in ${floats}: ${naiveHere}`;
    },
  });
  return end;
}

export default { render };
