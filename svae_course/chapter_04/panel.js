// A budget of ten dimensions on one sphere or on several: spread and KL of a posterior, images decoded from the prior.
import { make, panel } from "../../svae_lib/widgets/panel.js";
import { COLORS, axes } from "../../svae_lib/widgets/axes.js";
import { view } from "../../svae_lib/widgets/decoder.js";
import { sheet } from "../../svae_lib/widgets/sheet.js";
import { quantities } from "../../svae_lib/widgets/vmf.js";

const SIDE = 28; // of an image, pixels; ROWS by COLUMNS of them are shown, GAP apart
const ROWS = 4, COLUMNS = 6, GAP = 2;
const FACTORS = [0, 1, 2, 4, 5, 8].map((i) => COLORS[i]);

/**
 * KL and spread of a vMF on each factor of a partition, as svae_course.chapter_04.panel.factor_shapes.
 *
 * @param {number[]} dims (factors), manifold dimensions
 * @param {number[]} kappas (factors)
 * @returns {{kl: number[], spread: number[]}} kl (factors), to the uniform distribution, nats; spread (dimensions): the
 *   standard deviation of a coordinate across mu, sqrt(A / kappa), over that of the prior, sqrt(1 / m)
 */
export function factorShapes(dims, kappas) {
  const each = dims.map((d, k) => quantities((d + 1) / 2 - 1, kappas[k]));
  const wide = (k) => Math.sqrt((dims[k] + 1) * (kappas[k] > 0 ? each[k].ratio / kappas[k] : 1 / (dims[k] + 1)));
  return { kl: each.map(({ kl }) => kl), spread: dims.flatMap((d, k) => Array(d).fill(wide(k))) };
}

/**
 * Pixels from bytes that hold three of them each, a + 6 b + 36 c for a, b and c fifths of black.
 *
 * @param {Uint8Array} bytes (n)
 * @returns {Float64Array} (3 n), in [0, 1]
 */
export function unpacked(bytes) {
  const fifths = new Float64Array(3 * bytes.length);
  bytes.forEach((byte, i) => {
    [1, 6, 36].forEach((unit, k) => { fifths[3 * i + k] = (Math.floor(byte / unit) % 6) / 5; });
  });
  return fifths;
}

/**
 * Chart of bars over 1, 2, 3, ..., with their heights above them.
 *
 * @param {{title: string, x: string, y: string, top: number, count: number, digits: number}} look top of the vertical
 *   axis; how many bars there is room for; digits after the point of a height
 * @param {number} width pixels
 * @returns {{node: SVGElement, show: (heights: number[], colors: string[]) => void}} show takes (n) of each, n <= count
 */
function chart({ title, x, y, top, count, digits }, width) {
  const ticks = Array.from({ length: count }, (_, i) => [i + 1, `${i + 1}`]), height = 250;
  const across = { from: 0.4, to: count + 0.6, label: x, ticks }, up = { from: 0, to: top, label: y };
  const { X, Y, node, layer } = axes({ x: across, y: up, width, height, title, right: 4 });
  const each = Array.from({ length: count }, (_, i) => ({
    bar: make("rect", { x: X(i + 0.6), width: X(i + 1.4) - X(i + 0.6) }),
    text: make("text", { x: X(i + 1), "text-anchor": "middle", "font-size": X(1) - X(0) < 28 ? 9 : 12 }),
  }));
  const labeled = X(1) - X(0) > 22; // else the heights would run into each other
  layer.append(...each.flatMap(({ bar, text }) => [bar, text]));
  const show = (heights, colors) => each.forEach(({ bar, text }, i) => {
    const at = Y(heights[i] ?? 0);
    bar.setAttribute("y", at);
    bar.setAttribute("height", Y(0) - at);
    bar.setAttribute("fill", colors[i] ?? "none");
    text.setAttribute("y", at - 4);
    text.textContent = labeled && i < heights.length ? heights[i].toFixed(digits) : "";
  });
  return { node: make("svg", { viewBox: `0 0 ${width} ${height}`, width, height }, node), show };
}

function render({ model, el }) {
  const { rows, images } = held(model), sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const most = (count) => Math.max(...rows.map(({ dims }) => count(dims)));
  const looks = [
    { title: "spread across μ", x: "dimension", y: "relative to the prior", top: 1.15, digits: 2, count: most(sum) },
    { title: "KL of each factor", x: "factor", y: "nats", top: 17, digits: 1, count: most((dims) => dims.length) },
  ];
  const boxes = make("div", { class: "charts" }), canvas = make("canvas"), none = make("div");
  const heading = make("div", { class: "heading" }, "decoded, from the prior");
  const decoded = make("div", {}, heading, canvas, none), size = [COLUMNS, ROWS].map((n) => n * (SIDE + GAP) - GAP);
  const picture = make("div", { class: "partition" }, make("style", {}, CSS), boxes, decoded);
  const { put, show } = sheet(canvas, size, [SIDE, SIDE]);
  let room = 0, charts = [], laid = null;
  const draw = ({ partition, first, others }, width) => {
    const row = rows.find(({ space }) => space === partition) ?? rows[0], { dims } = row;
    const now = width < 620 ? width : Math.min(380, (width - 240) / 2);
    if (now !== room) {
      charts = looks.map((look) => chart(look, now));
      boxes.replaceChildren(...charts.map(({ node }) => node));
      room = now;
    }
    const { kl, spread } = factorShapes(dims, dims.map((_, k) => (k === 0 ? first : others)));
    const colors = dims.map((_, k) => FACTORS[k % FACTORS.length]);
    charts[0].show(spread, dims.flatMap((d, k) => Array(d).fill(colors[k])));
    charts[1].show(kl, colors);
    const shown = images.get(row.space), step = SIDE + GAP;
    if (laid !== row) shown?.forEach((image, i) => put(image, (i % COLUMNS) * step, Math.floor(i / COLUMNS) * step));
    if (shown) show();
    laid = row;
    canvas.hidden = !shown;
    none.textContent = row.message;
    const kappas = dims.length === 1 ? `κ = ${first}` : `κ = ${first}, the others ${others}`;
    return `${row.name}: ${kappas}: KL = ${sum(kl).toFixed(1)} nats; m = ${row.coordinates} coordinates, the encoder`
      + ` gives ${row.parameters} numbers`;
  };
  return panel({ model, el }, { picture, draw }).end;
}

/**
 * What the panel's traits hold, or an error: they may come from a notebook that nobody trusts.
 *
 * @param {object} model
 * @returns {{rows: object[], images: Map<string, Float64Array[]>}} rows as figures.partition gives them, with "space"
 *   and "message"; images by space
 */
function held(model) {
  const rows = model.get("rows"), images = new Map(), pixels = SIDE * SIDE, count = ROWS * COLUMNS;
  const text = (it) => typeof it === "string" && it.length < 1000;
  const small = (n) => Number.isInteger(n) && n > 0 && n < 100;
  const good = ({ name, space, message, dims }) => [name, space, message].every(text)
    && Array.isArray(dims) && small(dims.length) && dims.every(small);
  const all = unpacked(view(model.get("images"), Uint8Array));
  if (!Array.isArray(rows) || !small(rows.length) || !rows.every(good)) throw new Error("the panel's rows are broken");
  rows.filter(({ message }) => !message).forEach(({ space }, i) => {
    const own = all.subarray(i * count * pixels, (i + 1) * count * pixels);
    images.set(space, Array.from({ length: count }, (_, k) => own.subarray(k * pixels, (k + 1) * pixels)));
  });
  return { rows, images };
}

const CSS = `
.svae-panel .partition { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: flex-start; }
.svae-panel .charts { display: flex; flex-wrap: wrap; }
.svae-panel .partition .heading { font: 600 12px/1.4 system-ui, sans-serif; margin: 4px 0; }
.svae-panel .partition canvas { width: 216px; }
`;

export default { render };
