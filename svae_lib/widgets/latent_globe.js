// The latent sphere S^2 as a globe to turn: decoded images or embedded points on it, and large the one at the mark.
import { decoder, LANES, precision, view } from "./decoder.js";
import { drawDots, fillGlobe, tilesOf } from "./globe.js";
import { clamp, make, panel, rgb } from "./panel.js";
import { sheet } from "./sheet.js";
import { facing, toLonLat, toPoint } from "./sphere.js";
import { GLOBE, turnable } from "./turn.js";

const DIGIT_COLORS = [0, 8, 2, 3, 4, 5, 6, 7, 1, 9]; // by digit, as in plotting/style.py
const TILES = 200, DEGREE = Math.PI / 180;

/**
 * Images by their places on the sphere.
 *
 * @param {import("./decoder.js").Network} network with the sphere's radius
 * @param {DataView} weights
 * @returns {(places: number[][]) => Float32Array[]} from degrees of longitude and latitude (n, 2), the decoder's arrays
 */
function imagesAt(network, weights) {
  const decode = decoder(network, weights), { table, radius } = network;
  if (table) return decode;
  return (places) => decode(places.map((place) => toPoint(...place.map((x) => x * DEGREE)).map((x) => radius * x)));
}

/**
 * Image that the kernel decoded at a place, for networks that the browser cannot compute.
 *
 * @param {DataView} bytes float64 longitude and latitude in degrees, then uint8 pixels
 * @param {number} longitude
 * @param {number} latitude
 * @returns {?Float32Array} null where it is of another place
 */
export function exactAt(bytes, longitude, latitude) {
  if (!bytes || bytes.byteLength <= 16) return null;
  const [at, up] = [bytes.getFloat64(0, true), bytes.getFloat64(8, true)];
  if (at !== longitude || up !== latitude) return null;
  return Float32Array.from(view(bytes, Uint8Array).subarray(16), (value) => value / 255);
}

/**
 * Decoded images of all tiles, to be filled one after the other, those near the point `front` (3) first.
 *
 * @returns {{values: Uint8Array, shape: number[], fill: (milliseconds: number) => boolean}} `fill` goes on for so long,
 *   and says whether tiles are left
 */
function album({ frames }, imagesOf, shape, front) {
  const size = shape.reduce((a, b) => a * b, 1), values = new Uint8Array(TILES * size);
  if (shape.length === 3) values.fill(255);
  const point = (tile) => [...frames.subarray(9 * tile + 6, 9 * tile + 9)];
  const along = (tile) => point(tile).reduce((sum, x, i) => sum + x * front[i], 0);
  const left = Array.from({ length: TILES }, (_, tile) => tile).sort((a, b) => along(a) - along(b));
  const fill = (milliseconds) => {
    for (const end = performance.now() + milliseconds; left.length && performance.now() < end;) {
      const few = left.splice(-LANES);
      imagesOf(few.map((tile) => toLonLat(point(tile)).map((x) => x / DEGREE))).forEach((image, k) => {
        for (let i = 0; i < size; i++) values[few[k] * size + i] = 255 * image[i];
      });
    }
    return left.length > 0;
  };
  return { values, shape, fill };
}

function render({ model, el }) {
  const network = model.get("network"), imagesOf = imagesAt(network, model.get("weights")), tiles = tilesOf(TILES);
  const points = view(model.get("points"), Int8Array), labels = view(model.get("labels"), Uint16Array);
  const names = model.get("names"), short = names.every((name) => name.length <= 2);
  if (points.length !== 3 * labels.length || labels.some((label) => label >= names.length)) {
    throw new Error("the points' state is broken");
  }
  const globe = make("canvas", GLOBE);
  const look = "border: 2px solid var(--c2); display: block; image-rendering: pixelated";
  const framed = make("canvas", { role: "img", style: look });
  const key = make("p", { style: "margin: 8px 0 0; font-weight: bold" });
  const note = make("p", { style: "margin: 4px 0; font-size: 12px; max-width: 34em" }, precision(network));
  const side = make("div", { style: "flex: 1 0 130px" }, framed, make("span", {}, "decoded at the mark"), key);
  const both = make("div", { style: "display: flex; flex-wrap: wrap; gap: 12px" }, globe, side);
  const picture = make("div", {}, both, note);
  const pen = globe.getContext("2d"), { shape } = network, [height, width] = shape;
  const { put, show } = sheet(framed, [width, height], shape);
  framed.style.width = `${Math.round(136 * Math.min(1, width / height))}px`;
  const spots = names.map((name, label) => {
    const spot = make("span", {}, `${short ? "" : "● "}${name} `);
    key.append(spot);
    return [spot, `--c${DIGIT_COLORS[label % 10]}`];
  });
  let disc = null; // the globe's pixels, kept from frame to frame
  const start = toPoint(model.get("longitude") * DEGREE, model.get("latitude") * DEGREE);
  const images = album(tiles, imagesOf, shape, start);

  function paint(rotation, mode, size) {
    const style = getComputedStyle(picture.parentNode), ratio = Math.min(globalThis.devicePixelRatio || 1, 2);
    const ink = rgb(style.color), paper = rgb(style.backgroundColor), real = Math.round(size * ratio), r = real / 2;
    const ground = paper.map((value, i) => value + 0.07 * (ink[i] - value));
    if (globe.width !== real || !disc) {
      globe.width = globe.height = real;
      globe.style.width = `${size}px`;
      disc = pen.createImageData(real, real);
    }
    if (mode === "points") {
      const colors = DIGIT_COLORS.map((i) => style.getPropertyValue(`--c${i}`).trim());
      pen.clearRect(0, 0, real, real);
      pen.fillStyle = `rgb(${ground.map(Math.round)})`;
      pen.beginPath();
      pen.arc(r, r, r - 1, 0, 7);
      pen.fill();
      drawDots(pen, real, rotation, points, labels, { names: short ? names : names.map(() => ""), colors });
    } else {
      fillGlobe(disc.data, real, rotation, tiles, images, { ink, ground });
      pen.putImageData(disc, 0, 0);
    }
    for (const [color, line, reach] of [[style.color, 1, r - 1], [style.getPropertyValue("--c2"), 2, 0.13 * r]]) {
      Object.assign(pen, { strokeStyle: color, lineWidth: line * ratio });
      pen.beginPath();
      pen.arc(r, r, reach, 0, 7);
      pen.stroke();
    }
    for (const [spot, name] of spots) spot.style.color = style.getPropertyValue(name);
  }

  const the = panel({ model, el }, {
    picture,
    also: ["exact"],
    draw({ longitude, latitude, mode }, room) {
      const size = Math.round(clamp(room < 390 ? room : room - 160, 220, 400));
      paint(facing(longitude * DEGREE, latitude * DEGREE), mode, size);
      const exact = network.table ? exactAt(model.get("exact"), longitude, latitude) : null;
      put(exact ?? imagesOf([[longitude, latitude]])[0], 0, 0);
      show();
      key.hidden = mode !== "points";
      const text = `longitude ${longitude}°, latitude ${latitude}°: the image decoded there is framed`;
      framed.setAttribute("aria-label", text);
      return exact ? `${text}, by the model itself` : text;
    },
  });
  const fill = () => {
    if (the.signal.aborted) return;
    const more = images.fill(12);
    the.follow();
    if (more) setTimeout(fill);
  };
  fill();

  turnable(globe, the);
  return the.end;
}

export default { render };
