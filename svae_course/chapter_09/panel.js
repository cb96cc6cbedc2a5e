// Chapter 09: the world's airports on a globe, in the color of their cluster, under mixtures that Python fitted.
import { TEXTS } from "../../svae_lib/widgets/axes.js";
import { color, discs, pen } from "../../svae_lib/widgets/canvas.js";
import { view } from "../../svae_lib/widgets/decoder.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";
import { facing, toLonLat, toPoint } from "../../svae_lib/widgets/sphere.js";
import { GLOBE, turnable } from "../../svae_lib/widgets/turn.js";

const DEGREE = Math.PI / 180, STEPS = 100; // of a stored place in a degree

/**
 * @typedef {{count: number, kind: string, share: number[], longitude: number[], latitude: number[],
 *   concentration: number[], held_out: number, bic: number}} Fit  degrees; nats per airport
 */

/** Mean directions of a mixture, (K) points. @param {Fit} fit @returns {number[][]} */
const centers = ({ longitude, latitude }) => longitude.map((at, j) => toPoint(at * DEGREE, latitude[j] * DEGREE));

/**
 * Likeliest cluster of each point of S^2 under a mixture of vMF distributions, and the probability of that cluster.
 * @param {number[][]} points (n, 3), of length 1
 * @param {Fit} fit
 * @returns {{labels: number[], certainty: number[]}}
 */
export function assign(points, fit) {
  const middles = centers(fit), { concentration, share } = fit;
  // log of share and density at the mean direction, k / (2 pi (1 - exp(-2 k)))
  const top = concentration.map((k, j) => Math.log(share[j] * k / (2 * Math.PI * -Math.expm1(-2 * k))));
  const labels = [], certainty = [];
  for (const [x, y, z] of points) {
    const joint = middles.map(([a, b, c], j) =>
      top[j] - 0.5 * concentration[j] * ((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2));
    const most = Math.max(...joint);
    labels.push(joint.indexOf(most));
    certainty.push(1 / joint.reduce((sum, value) => sum + Math.exp(value - most), 0));
  }
  return { labels, certainty };
}

/**
 * Angle from the mean direction within which half of a vMF distribution on S^2 lies, as
 * svae_course.chapter_09.airports.half_mass_angle.
 * @param {number} kappa > 0
 * @returns {number} radians
 */
export function halfMassAngle(kappa) {
  return 2 * Math.asin(Math.sqrt(-Math.log1p(0.5 * Math.expm1(-2 * kappa)) / (2 * kappa)));
}

/** Points of the small circle at an angle around a point. @returns {number[][]} (91, 3) */
function around(center, angle) {
  const [east, north, outwards] = facing(...toLonLat(center)), [c, s] = [Math.cos(angle), Math.sin(angle)];
  return Array.from({ length: 91 }, (_, i) => {
    const turn = i * 4 * DEGREE, a = s * Math.cos(turn), b = s * Math.sin(turn);
    return outwards.map((value, j) => c * value + a * east[j] + b * north[j]);
  });
}

/** @param {number} x @returns {string} in three significant digits */
const three = (x) => String(Number(x.toPrecision(3)));
/** @param {number} share @returns {string} */
const percent = (share) => `${Math.round(100 * share)} %`;

/**
 * The circle of a component, those parts of it that are in front.
 * @param {CanvasRenderingContext2D} ink
 * @param {number} r  of the globe
 */
function strokeCircle(ink, [E, N, O], r, points) {
  const along = (axis, p) => axis[0] * p[0] + axis[1] * p[1] + axis[2] * p[2];
  ink.beginPath();
  let drawing = false;
  for (const p of points) {
    const at = [r + (r - 1) * along(E, p), r - (r - 1) * along(N, p)], front = along(O, p) > 0;
    if (front) ink[drawing ? "lineTo" : "moveTo"](...at);
    drawing = front;
  }
  ink.stroke();
}

function render({ model, el }) {
  const stored = view(model.get("places"), Int16Array), fits = model.get("fits"), sure = model.get("sure");
  if (stored.length % 2 || !fits.length) throw new Error("the panel's state is broken");
  const count = stored.length / 2, inDegrees = (i) => stored[i] / STEPS * DEGREE;
  const points = Array.from({ length: count }, (_, i) => toPoint(inDegrees(2 * i), inDegrees(2 * i + 1)));
  const globe = make("canvas", GLOBE), key = make("ul", { style: "list-style: none; margin: 0; padding: 0" });
  const picture = make("div", { style: "display: flex; flex-wrap: wrap; gap: 16px; align-items: center" }, globe, key);
  const known = new Map(); // by the fit: what does not change while the globe turns

  const facts = (kind, number) => {
    const name = `${kind} ${number}`;
    if (!known.has(name)) {
      const fit = fits.find((it) => it.kind === kind && it.count === number);
      const { labels, certainty } = assign(points, fit);
      const rings = centers(fit).map((at, j) => around(at, halfMassAngle(fit.concentration[j])));
      known.set(name, { fit, labels, rings, isSure: certainty.map((it) => it >= sure) });
    }
    return known.get(name);
  };

  function paint({ labels, rings, isSure, fit }, rotation, size) {
    const ink = pen(globe, size, size), r = size / 2, [E, N, O] = rotation, { length } = fit.share;
    const xs = Array.from({ length: length + 1 }, () => []), ys = Array.from({ length: length + 1 }, () => []);
    for (let i = 0; i < count; i++) {
      const [x, y, z] = points[i];
      if (O[0] * x + O[1] * y + O[2] * z <= 0) continue;
      const group = isSure[i] ? labels[i] : length;
      xs[group].push(r + (r - 1) * (E[0] * x + E[1] * y + E[2] * z));
      ys[group].push(r - (r - 1) * (N[0] * x + N[1] * y + N[2] * z));
    }
    const colors = fit.share.map((_, j) => color(globe, `c${j}`)), black = color(globe, "ink");
    xs.forEach((_, group) => {
      ink.fillStyle = colors[group] ?? black;
      discs(ink, xs[group], ys[group], 1.8);
    });
    ink.lineWidth = 2.5;
    rings.forEach((ring, j) => {
      ink.strokeStyle = colors[j];
      strokeCircle(ink, rotation, r, ring);
    });
    Object.assign(ink, { strokeStyle: black, lineWidth: 1 });
    ink.beginPath();
    ink.arc(r, r, r - 1, 0, 7);
    ink.stroke();
  }

  const the = panel({ model, el }, {
    picture,
    draw({ count: number, kind, longitude, latitude }, room) {
      const shown = facts(kind, number), { fit, isSure } = shown;
      paint(shown, facing(longitude * DEGREE, latitude * DEGREE), clamp(room < 520 ? room : room - 190, 220, 420));
      const words = fit.share.map((share, j) => `${percent(share)}, κ = ${three(fit.concentration[j])}`);
      key.replaceChildren(
        ...words.map((it, j) => make("li", { style: `color: ${TEXTS[j]}; font-weight: 600` }, `● ${it}`)),
        make("li", {}, `● unsure: below ${percent(sure)}`));
      const kappas = [...new Set(fit.concentration)].sort((a, b) => a - b).map(three).join(", ");
      const unsure = isSure.filter((it) => !it).length / count;
      return `${number} ${number === 1 ? "cluster" : "clusters"}, ${kind}: κ = ${kappas}. `
        + `${percent(unsure)} unsure. Held out: ${fit.held_out.toFixed(3).replace("-", "−")} nats per airport.`;
    },
  });
  turnable(globe, the);
  return the.end;
}

export default { render };
