// Two ways from one image's code to another's: the great circle of the latent sphere, and the straight line.
import { axes, COLORS, curve, TEXTS } from "./axes.js";
import { decoder, precision, view } from "./decoder.js";
import { clamp, make, panel } from "./panel.js";
import { sheet } from "./sheet.js";
import { angle, slerp, straight } from "./sphere.js";

const WAYS = ["great circle", "straight line"], INK = [0, 2], COLUMNS = 11, PLACES = 51, GAP = 2;

/**
 * Where the two ways are at a fraction t, on the unit sphere and in its ball.
 *
 * @param {number[]} a (m), unit
 * @param {number[]} b (m), unit
 * @param {number} t from 0 at a to 1 at b
 * @returns {{points: number[][], distance: number, degrees: number}} points of the great circle and of the straight
 *   line, the second one's distance from the center, and the whole angle
 */
export function between(a, b, t) {
  const points = [slerp(a, b, t), straight(a, b, t)];
  return { points, distance: Math.hypot(...points[1]), degrees: (angle(a, b) * 180) / Math.PI };
}

/** Variance p (1 - p) of all pixels of an image, summed. */
export function uncertaintyOf(image) {
  let sum = 0;
  for (const p of image) sum += p * (1 - p);
  return sum;
}

/**
 * Images on both ways between any two codes.
 *
 * @param {import("./decoder.js").Network} network with the sphere's radius; a table's coordinates are the number of a
 *   pair, the way and the fraction
 * @param {DataView} weights
 * @param {number[][]} codes (n, m), unit
 * @returns {(first: number, second: number, t: number) => Float32Array[]} one on each way, the decoder's own arrays
 */
export function imagesOn(network, weights, codes) {
  const decode = decoder(network, weights), n = codes.length;
  const pair = (a, b) => a * n - (a * (a - 1)) / 2 + b - a; // the pairs with a <= b, in order
  if (network.table) {
    return (a, b, t) => decode([0, 1].map((way) => (a <= b ? [pair(a, b), way, t] : [pair(b, a), way, 1 - t])));
  }
  const scaled = (point) => point.map((x) => network.radius * x);
  return (a, b, t) => decode(between(codes[a], codes[b], t).points.map(scaled));
}

/**
 * What is decoded on both ways between two codes, place by place as time allows: those of the strips first.
 *
 * @returns {{uncertainty: number[][], strips: Float32Array[][], fill: (milliseconds: number) => boolean}} uncertainty
 *   (2, PLACES) and strips (2, COLUMNS), with holes where nothing is known yet; fill goes on, and says whether places
 *   are left
 */
function walk(imagesOf, first, second) {
  const uncertainty = WAYS.map(() => new Array(PLACES)), strips = WAYS.map(() => new Array(COLUMNS));
  const every = (PLACES - 1) / (COLUMNS - 1), all = Array.from({ length: PLACES }, (_, i) => i);
  const left = [...all.filter((i) => i % every), ...all.filter((i) => i % every === 0).reverse()];
  const fill = (milliseconds) => {
    for (const end = performance.now() + milliseconds; left.length && performance.now() < end;) {
      const place = left.pop();
      imagesOf(first, second, place / (PLACES - 1)).forEach((image, way) => {
        uncertainty[way][place] = uncertaintyOf(image);
        if (place % every === 0) strips[way][place / every] = image.slice();
      });
    }
    return left.length > 0;
  };
  return { uncertainty, strips, fill };
}

/** Image that the kernel decoded on both ways, or null: float64 first, second and percent, then uint8 pixels. */
function exactAt(bytes, ...at) {
  if (!bytes || bytes.byteLength <= 24 || at.some((value, i) => bytes.getFloat64(8 * i, true) !== value)) return null;
  const pixels = Float32Array.from(view(bytes, Uint8Array).subarray(24), (value) => value / 255);
  return [pixels.subarray(0, pixels.length / 2), pixels.subarray(pixels.length / 2)];
}

/** A frame in a way's color with its name above, an image in it, and words below. */
function frame(way, shape) {
  const [height, width] = shape, scale = `${Math.round(128 * Math.min(1, width / height))}px`;
  const look = `border: 2px solid ${COLORS[INK[way]]}; width: ${scale}; image-rendering: pixelated; display: block`;
  const canvas = make("canvas", { style: look }), below = make("div", { style: "font-size: 12px" });
  const { put, show } = sheet(canvas, [width, height], shape);
  const name = make("div", { style: `color: ${TEXTS[INK[way]]}; font-weight: 600` }, WAYS[way]);
  return { node: make("div", {}, name, canvas, below), below, draw: (image) => { put(image, 0, 0); show(); } };
}

/** A row of images, as wide as there is room for. */
function strip(way, [height, width, ...channels]) {
  const look = "width: 100%; image-rendering: pixelated; display: block; touch-action: pan-y";
  const canvas = make("canvas", { style: look });
  const { put, show } = sheet(canvas, [COLUMNS * (width + GAP) - GAP, height], [height, width, ...channels]);
  const name = make("div", { style: `color: ${TEXTS[INK[way]]}; font-size: 12px` }, WAYS[way]);
  const draw = (images) => { images.forEach((image, i) => put(image, i * (width + GAP), 0)); show(); };
  return { node: make("div", {}, name, canvas), canvas, draw };
}

/** Axes of the pixel uncertainty with a line and a dot for each way; `draw` brings them to the uncertainties. */
function chart(svg, width, top) {
  const height = 190, y = { from: 0, to: 1.1 * top, label: "Σ p(1 − p), pixels" };
  const { X, Y, layer, node } = axes({ x: { from: 0, to: 1, label: "fraction t of the way" }, y, width, height,
    title: "pixel uncertainty" });
  const stroke = (way) => ({ stroke: COLORS[INK[way]], "stroke-width": 2, fill: "none" });
  const lines = WAYS.map((_, way) => make("path", { ...stroke(way), "stroke-dasharray": way ? "7 3" : "none" }));
  const dots = WAYS.map((_, way) => make("circle", { r: 5, fill: COLORS[INK[way]] }));
  layer.append(...lines, ...dots);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.replaceChildren(node);
  return (uncertainty, t, now) => lines.forEach((line, way) => {
    const known = uncertainty[way].map((value, i) => [i / (PLACES - 1), value]).filter(([, value]) => value >= 0);
    line.setAttribute("d", curve(known.map(([at]) => X(at)), known.map(([, value]) => Y(value))));
    dots[way].setAttribute("cx", X(t));
    dots[way].setAttribute("cy", Y(now[way]));
  });
}

function render({ model, el }) {
  const network = model.get("network"), top = model.get("top"), flat = view(model.get("codes"), Float64Array);
  const count = model.get("spec").sliders[0].max + 1, m = flat.length / count;
  if (!(top > 0) || !(m > 1) || m % 1 || !flat.every(Number.isFinite)) throw new Error("the codes' state is broken");
  const codes = Array.from({ length: count }, (_, i) => [...flat.subarray(i * m, (i + 1) * m)]);
  const imagesOf = imagesOn(network, model.get("weights"), codes), { shape } = network;
  const frames = WAYS.map((_, way) => frame(way, shape)), strips = WAYS.map((_, way) => strip(way, shape));
  const svg = make("svg", { style: "flex: none" }), mark = make("div", { "aria-hidden": "true" }, "▼");
  mark.style.cssText = "position: relative; width: 0; line-height: 1; text-indent: -0.5em";
  const rows = make("div", { style: "max-width: 760px; margin-top: 6px" }, mark, ...strips.map(({ node }) => node));
  const gap = "display: flex; flex-wrap: wrap; gap: 8px 16px";
  const note = make("p", { style: "margin: 4px 0; font-size: 12px" }, precision(network));
  const picture = make("div", {}, make("div", { style: gap }, ...frames.map(({ node }) => node), svg), rows, note);
  let now = { key: "" }, plot = null, plotted = 0, next = 0;

  const the = panel({ model, el }, {
    picture,
    also: ["exact"],
    draw({ first, second, fraction }, room) {
      const t = fraction / 100, key = `${first} ${second}`;
      if (now.key !== key) {
        now = { key, ...walk(imagesOf, first, second) };
        clearTimeout(next);
        next = setTimeout(fill);
      }
      strips.forEach(({ draw }, way) => draw(now.strips[way]));
      const width = clamp(room < 560 ? room : room - 300, 260, 460);
      if (plotted !== width) {
        plot = chart(svg, width, top);
        plotted = width;
      }
      const { distance, degrees } = between(codes[first], codes[second], t);
      const exact = network.table ? exactAt(model.get("exact"), first, second, fraction) : null;
      const from = [1, distance], uncertain = (exact ?? imagesOf(first, second, t)).map((image, way) => {
        frames[way].draw(image);
        frames[way].below.textContent = `${from[way].toFixed(2)} from the center`;
        return uncertaintyOf(image);
      });
      plot(now.uncertainty, t, uncertain);
      const [, wide] = shape, middle = (t * (COLUMNS - 1) * (wide + GAP) + wide / 2) / (COLUMNS * (wide + GAP) - GAP);
      mark.style.left = `${100 * middle}%`;
      const words = uncertain.map((value, way) => `${value.toFixed(1)} on the ${WAYS[way]}`).join(", ");
      return `from ${first} to ${second}, ${(t * degrees).toFixed(0)}° of ${degrees.toFixed(0)}° on the great circle; `
        + `the straight line is ${distance.toFixed(2)} from the center; pixel uncertainty ${words}`;
    },
  });
  function fill() { // strips and curves, between the frames
    if (the.signal.aborted) return;
    if (now.fill(8)) next = setTimeout(fill);
    the.follow();
  }

  let held = false;
  const walkTo = (event) => {
    const { left, width } = rows.getBoundingClientRect(), [, wide] = shape, whole = COLUMNS * (wide + GAP) - GAP;
    the.set({ fraction: 100 * (((event.clientX - left) / width) * whole - wide / 2) / ((COLUMNS - 1) * (wide + GAP)) });
  };
  for (const { canvas } of strips) {
    canvas.style.cursor = "pointer";
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      held = true;
      walkTo(event);
    }, the);
    canvas.addEventListener("pointermove", (event) => { if (held) walkTo(event); }, the);
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = false; }, the);
  }
  return the.end;
}

export default { render };
