// Chapter 01: samples of a von Mises-Fisher distribution on a globe that turns, and the distribution of w beside it.
import { axes } from "../../svae_lib/widgets/axes.js";
import { color, discs, pen } from "../../svae_lib/widgets/canvas.js";
import { legend } from "../../svae_lib/widgets/legend.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";
import { dragged, facing, toPoint } from "../../svae_lib/widgets/sphere.js";
import { BINS, COUNT, concentration, whatIsSeen } from "./samples.js";

const VIRIDIS = [[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128],
  [94, 201, 98], [173, 220, 48], [253, 231, 37]];
const SHADES = 32, START = [33, 25]; // steps of color; longitude and latitude that face the reader, degrees
const RADIANS = Math.PI / 180, GUIDE = { stroke: "var(--c4)", "stroke-width": 1.5, "stroke-dasharray": "5 4" };

/** Lines of longitude and latitude, 30 degrees apart: points (3) of the unit sphere, line by line. */
const GRATICULE = [
  ...Array.from({ length: 12 }, (_, i) => Array.from({ length: 37 }, (_, j) => [30 * i, 5 * j - 90])),
  ...Array.from({ length: 5 }, (_, i) => Array.from({ length: 73 }, (_, j) => [5 * j, 30 * i - 60])),
].map((line) => line.map(([longitude, latitude]) => toPoint(longitude * RADIANS, latitude * RADIANS)));

/**
 * Color of a height: viridis without the end that has too little contrast with the ground.
 * @param {number} share  0 to 1
 * @param {boolean} dark  the ground
 * @returns {string}
 */
export function viridis(share, dark) {
  const at = (dark ? 0.25 + 0.75 * share : 0.8 * share) * (VIRIDIS.length - 1), low = Math.min(Math.floor(at), 7);
  const mixed = VIRIDIS[low].map((c, i) => Math.round(c + (at - low) * (VIRIDIS[low + 1][i] - c)));
  return `rgb(${mixed.join(" ")})`;
}

/** Paint the globe with its samples; returns where each lies (x, y, towards the reader), in pixels and radii. */
function paintGlobe(canvas, size, points, [longitude, latitude], dark) {
  const context = pen(canvas, size, size), turned = facing(longitude * RADIANS, latitude * RADIANS);
  const r = size / 2.4, mid = [size / 2, size / 2 + 0.07 * size];
  const to = (x, y, z) => {
    const [east, north, near] = turned.map((row) => row[0] * x + row[1] * y + row[2] * z);
    return [mid[0] + r * east, mid[1] - r * north, near];
  };
  context.strokeStyle = color(canvas, "c3");
  for (const front of [false, true]) {
    context.globalAlpha = front ? 0.7 : 0.25;
    context.lineWidth = 0.8;
    context.beginPath();
    for (const line of GRATICULE) {
      let down = false;
      for (const point of line) {
        const [x, y, near] = to(...point);
        if (near >= 0 === front && down) context.lineTo(x, y);
        else context.moveTo(x, y);
        down = near >= 0 === front;
      }
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  context.beginPath();
  context.arc(...mid, r, 0, 7);
  context.stroke();
  const places = paintSamples(context, points, to, dark);
  const [x0, y0] = to(0, 0, 1), [x1, y1] = to(0, 0, 1.2);
  context.globalAlpha = latitude < 0 ? 0.5 : 1;
  context.strokeStyle = context.fillStyle = color(canvas, "c4");
  context.lineWidth = 4;
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
  context.font = "18px system-ui, sans-serif";
  context.fillText("μ", x1 + 7, y1 + 6);
  return places;
}

/** The samples, those behind first and paler, by steps of color: all that have one color follow each other. */
function paintSamples(context, points, to, dark) {
  const places = [], groups = Array.from({ length: 2 * SHADES }, () => []);
  for (let i = 0; i < COUNT; i++) {
    const w = points[3 * i + 2], place = to(points[3 * i], points[3 * i + 1], w);
    places.push([...place, w]);
    groups[(place[2] >= 0) * SHADES + Math.min(SHADES - 1, Math.floor((w + 1) / 2 * SHADES))].push(place);
  }
  groups.forEach((group, i) => {
    context.globalAlpha = i < SHADES ? 0.3 : 0.7;
    context.fillStyle = viridis((i % SHADES + 0.5) / SHADES, dark);
    discs(context, group.map((place) => place[0]), group.map((place) => place[1]), 1.8);
  });
  return places;
}

/** The least of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that is at least this. */
function roundedUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((it) => it * power >= value);
}

/** The picture of w: axes as high as this, under a legend, and what moves in it. */
function marginalAxes(left, top, width, height, most) {
  const words = legend({
    title: "Distribution of w", left: left + 8, top: top + 2, width: width - 16,
    entries: [
      ["1,000 samples", { stroke: "var(--c9)", "stroke-width": 9, "stroke-opacity": 0.6 }],
      ["exact density", { stroke: "var(--c2)" }],
      ["mean, E[w]", GUIDE],
    ],
  });
  const x = { from: -1, to: 1, label: "w = ⟨μ, z⟩, cosine of the angle to μ" };
  const y = { from: 0, to: most, label: "density (per unit of w)" };
  const frame = axes({ x, y, left, top: top + words.height, width, height: height - words.height });
  const bars = make("path", { fill: "var(--c9)", "fill-opacity": 0.6 });
  const line = make("path", { fill: "none", stroke: "var(--c2)", "stroke-width": 2 });
  const guide = make("path", GUIDE);
  frame.layer.append(bars, line, guide);
  return { frame, words: words.node, most, bars, line, guide };
}

/** Bring the picture of w to a distribution. */
function fillMarginal({ frame, bars, line, guide }, { grid, density, heights, mean }) {
  const base = frame.Y(0), edge = (i) => frame.X(2 * i / BINS - 1).toFixed(1);
  const steps = heights.map((height, i) => `V${frame.Y(height).toFixed(1)}H${edge(i + 1)}`);
  bars.setAttribute("d", `M${edge(0)} ${base}${steps.join("")}V${base}Z`);
  line.setAttribute("d", frame.path(grid, density));
  guide.setAttribute("d", `M${frame.X(mean)} ${base}V${frame.box.y}`);
}

/** Let pointer and arrow keys turn the globe; a finger that goes up or down scrolls the page. */
function letTurn(globe, view, turned, signal) {
  const turn = (place) => { [view.longitude, view.latitude] = place; turned(); };
  globe.addEventListener("pointerdown", (event) => globe.setPointerCapture(event.pointerId), { signal });
  globe.addEventListener("pointermove", (event) => {
    const r = globe.clientWidth / 2.4;
    if (event.buttons & 1) turn(dragged([view.longitude, view.latitude], event.movementX / r, event.movementY / r));
  }, { signal });
  globe.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!by && event.key !== "Home") return;
    event.preventDefault();
    turn(by ? dragged([view.longitude, view.latitude], by[0] / 12, by[1] / 12) : START);
  }, { signal });
}

/** What the globe shows. */
const caption = (m) => `1,000 samples: ${whatIsSeen(m)}`;

/** @param {{model: object, el: HTMLElement}} where @returns {function()} ends the panel */
function render({ model, el }) {
  const how = "globe: drag, or use the arrow keys, to turn it";
  const globe = make("canvas", { tabindex: 0, role: "application", "aria-label": how, style: "touch-action: pan-y" });
  const said = make("div", { style: "font-weight: 600; font-size: 12px; min-height: 1.5em" });
  const svg = make("svg", { "aria-hidden": "true" });
  const picture = make("div", { style: "display: flex; flex-wrap: wrap; gap: 4px 12px" },
    make("div", {}, said, globe), svg);
  const view = { longitude: START[0], latitude: START[1] };
  let marginal = { most: 0, width: 0 }, seen = { key: "" }, places = [];
  const { end, follow, signal, values } = panel({ model, el }, {
    picture,
    draw({ kappa, m }, width) {
      if (seen.key !== `${kappa} ${m}`) seen = { key: `${kappa} ${m}`, ...concentration(kappa, m) };
      const size = clamp(0.42 * width, 240, 340), beside = width >= 240 + 12 + 280;
      const wide = beside ? width - size - 12 : width;
      const within = m === 2 ? seen.density.filter((_, i) => Math.abs(seen.grid[i]) < 0.98) : seen.density;
      const most = roundedUp(1.08 * Math.max(...within, ...seen.heights));
      if (most !== marginal.most || Math.abs(wide - marginal.width) > 1) {
        const height = beside ? size + 20 : 270;
        marginal = { ...marginalAxes(0, 0, wide, height, most), width: wide };
        svg.setAttribute("width", wide);
        svg.setAttribute("height", height);
        svg.replaceChildren(marginal.words, marginal.frame.node);
      }
      fillMarginal(marginal, seen);
      const dark = picture.parentNode.dataset.theme === "dark";
      places = paintGlobe(globe, size, seen.points, [view.longitude, view.latitude], dark);
      said.textContent = caption(m);
      return `κ = ${kappa}, m = ${m}: KL ${seen.kl.toFixed(2)} nats, mean of w ${seen.mean.toFixed(3)}`;
    },
  });
  letTurn(globe, view, follow, signal);
  globe.addEventListener("pointermove", (event) => { // the sample under the pointer, where none is being turned
    if (event.buttons) return;
    const near = places.filter(([x, y]) => Math.hypot(x - event.offsetX, y - event.offsetY) < 5);
    const first = near.sort((a, b) => b[2] - a[2])[0];
    said.textContent = first ? `this sample has w = ${first[3].toFixed(3)}` : caption(values().m);
  }, { signal });
  return end;
}

export default { render };
