// A globe on a canvas, seen from far away: decoded images on tiles all over it, or labeled dots.
import { facing, fibonacciSphere, toLonLat } from "./sphere.js";

/**
 * Points spread evenly over S^2, each with the square tile around it on which an image lies, north up; and a cube's
 * map of which point is nearest, to be looked up without trigonometry.
 *
 * @typedef {object} Tiles
 * @property {Float64Array} frames (count, 3, 3): east, north and outwards of each tile; outwards is its point
 * @property {number} half half a tile's side, in radii; all tiles cover 0.9 of the sphere
 * @property {Uint16Array} nearest (6, SIDE, SIDE) tile nearest to each place of the cube
 */
const SIDE = 96;

/** Place on the cube's map of a direction (x, y, z): a face by its longest axis and sign, then two coordinates. */
function cubeIndex(x, y, z) {
  const a = x < 0 ? -x : x, b = y < 0 ? -y : y, c = z < 0 ? -z : z, half = SIDE / 2;
  let face = 4, s = x, t = y, size = c, along = z;
  if (a >= b && a >= c) { face = 0; s = y; t = z; size = a; along = x; }
  else if (b >= c) { face = 2; t = z; size = b; along = y; }
  if (along < 0) face++;
  let row = ((t / size + 1) * half) | 0, column = ((s / size + 1) * half) | 0;
  if (row === SIDE) row--;
  if (column === SIDE) column--;
  return (face * SIDE + row) * SIDE + column;
}

/**
 * Tiles of a globe.
 *
 * @param {number} count
 * @returns {Tiles}
 */
export function tilesOf(count) {
  const points = fibonacciSphere(count), nearest = new Uint16Array(6 * SIDE * SIDE);
  const frames = Float64Array.from(points.flatMap((point) => facing(...toLonLat(point)).flat()));
  const closest = (x, y, z) => {
    let best = 0, most = -Infinity;
    for (let i = 0, at = 6; i < count; i++, at += 9) {
      const along = frames[at] * x + frames[at + 1] * y + frames[at + 2] * z;
      if (along > most) { most = along; best = i; }
    }
    return best;
  };
  for (let index = 0; index < SIDE * SIDE; index++) {
    const s = (2 * (index % SIDE) + 1) / SIDE - 1, t = (2 * Math.floor(index / SIDE) + 1) / SIDE - 1;
    for (const sign of [1, -1]) {
      nearest[cubeIndex(sign, s, t)] = closest(sign, s, t);
      nearest[cubeIndex(s, sign, t)] = closest(s, sign, t);
      nearest[cubeIndex(s, t, sign)] = closest(s, t, sign);
    }
  }
  return { frames, half: 0.95 * Math.sqrt(Math.PI / count), nearest };
}

/**
 * Globe of images on tiles, as the pixels of a square canvas.
 *
 * @param {Uint8ClampedArray} pixels (size, size, 4), filled; transparent off the disc
 * @param {number} size
 * @param {number[][]} rotation (3, 3): east, north and outwards at the place that faces the reader
 * @param {Tiles} tiles
 * @param {{values: Uint8Array, shape: number[]}} images (count, H, W) or (count, H, W, 3), from 0 to 255, and [H, W]
 *   or [H, W, 3]; a gray 255 is drawn in `ink`, a gray 0 as the globe's ground
 * @param {{ink: ArrayLike<number>, ground: ArrayLike<number>}} colors red, green and blue from 0 to 255
 */
export function fillGlobe(pixels, size, [E, N, O], { frames, half, nearest }, { values, shape }, { ink, ground }) {
  const [height, width, channels = 1] = shape, r = size / 2, area = height * width;
  const out = new Uint32Array(pixels.buffer);
  const rgba = (red, green, blue) => (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0; // in a canvas's bytes
  const mixed = (v) => ground.map((g, c) => g + ((ink[c] - g) * v) / 255);
  const shades = Uint32Array.from({ length: 256 }, (_, v) => rgba(...mixed(v)));
  for (let py = 0, at = 0; py < size; py++) {
    const v = (r - py - 0.5) / (r - 1), x0 = v * N[0], y0 = v * N[1], z0 = v * N[2];
    for (let px = 0; px < size; px++, at++) {
      const u = (px + 0.5 - r) / (r - 1), q = 1 - u * u - v * v;
      if (q < 0) { out[at] = 0; continue; }
      const w = Math.sqrt(q), x = x0 + u * E[0] + w * O[0], y = y0 + u * E[1] + w * O[1], z = z0 + w * O[2];
      const tile = nearest[cubeIndex(x, y, z)], f = 9 * tile;
      const across = (frames[f] * x + frames[f + 1] * y) / half;
      const up = (frames[f + 3] * x + frames[f + 4] * y + frames[f + 5] * z) / half;
      let shade = shades[0];
      if (across >= -1 && across < 1 && up > -1 && up <= 1) {
        const pixel = tile * area + (((1 - up) * height) >> 1) * width + (((across + 1) * width) >> 1);
        shade = channels === 1 ? shades[values[pixel]]
          : rgba(values[3 * pixel], values[3 * pixel + 1], values[3 * pixel + 2]);
      }
      out[at] = shade;
    }
  }
}

/**
 * Labeled dots on a globe, those behind it faint. A dot is the last figure of its label, in its label's color.
 *
 * @param {CanvasRenderingContext2D} pen of a square canvas
 * @param {number} size
 * @param {number[][]} rotation (3, 3), as for fillGlobe
 * @param {Int8Array} points (n, 3), 127 times points of the sphere
 * @param {ArrayLike<number>} labels (n), from 0
 * @param {{names: string[], colors: string[]}} look by label; colors begin again where they end
 */
export function drawDots(pen, size, [E, N, O], points, labels, { names, colors }) {
  const r = size / 2, count = labels.length, mark = Math.min(Math.max(Math.sqrt(40000 / (count + 1)), 9), 13);
  const stamps = names.map((name, label) => stamp(pen, name, colors[label % colors.length], mark));
  const side = stamps.length ? stamps[0].width : 0;
  for (const front of [false, true]) {
    pen.globalAlpha = front ? 1 : 0.16;
    for (let i = 0; i < count; i++) {
      const x = points[3 * i] / 127, y = points[3 * i + 1] / 127, z = points[3 * i + 2] / 127;
      if (x * O[0] + y * O[1] + z * O[2] > 0 !== front) continue;
      const across = x * E[0] + y * E[1] + z * E[2], up = x * N[0] + y * N[1] + z * N[2];
      pen.drawImage(stamps[labels[i]], r + (r - 1) * across - side / 2, r - (r - 1) * up - side / 2);
    }
  }
  pen.globalAlpha = 1;
}

/** Small picture of a label, to be drawn many times; without a name, a dot. */
const STAMPS = new Map();
function stamp(pen, name, color, size) {
  const key = `${name} ${color} ${size}`, side = Math.ceil(1.4 * size);
  if (!STAMPS.has(key)) {
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    const ink = canvas.getContext("2d"), font = `bold ${size}px system-ui, sans-serif`;
    Object.assign(ink, { fillStyle: color, font, textAlign: "center", textBaseline: "middle" });
    if (name) ink.fillText(name, side / 2, side / 2);
    else { ink.arc(side / 2, side / 2, size / 4, 0, 7); ink.fill(); }
    STAMPS.set(key, canvas);
  }
  return STAMPS.get(key);
}
