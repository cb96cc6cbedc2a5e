// Images from latent points, computed in the browser: fully connected decoders, and tables of other decoders' images.

export const LANES = 4; // points that pass through the layers together

/**
 * How the bytes of a decoder are to be read, as svae_lib.widgets.decoder.network makes it.
 *
 * @typedef {object} Network
 * @property {number[]} sizes numbers at the input and after each layer
 * @property {number[]} shape of an image: [H, W], or [H, W, 3] in color
 * @property {"bernoulli" | "gaussian" | "categorical"} likelihood whose mean image is shown
 * @property {number[][]} [table] an axis [low, high, count] for each coordinate, where images stand in a table
 * @property {number} error largest difference of a pixel from the model's own; mean_error, the mean one
 */

/**
 * Typed array of a bytes trait, which arrives as a DataView that need not begin at a multiple of four.
 *
 * @param {DataView | ArrayBuffer} bytes
 * @param {Function} Kind a typed array's constructor
 * @returns {Int8Array | Uint8Array | Float32Array} a copy
 */
export function view(bytes, Kind) {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
  const whole = byteLength - byteLength % Kind.BYTES_PER_ELEMENT;
  return new Kind(buffer.slice(byteOffset, byteOffset + whole));
}

/** Number of values in an image, or of entries in a table. */
const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

/**
 * Layers of a network. The bytes hold, layer by layer, float32 scales and biases of the rows, then all int8 weights:
 * out[r] = scale[r] * sum_c weights[r, c] x[c] + bias[r].
 *
 * @param {number[]} sizes (layers + 1)
 * @param {DataView | ArrayBuffer} data
 * @returns {{layers: {weights: Float32Array, bias: Float32Array, out: Float32Array}[], rest: Int8Array}} the layers,
 *   and the bytes after them
 */
function layersOf(sizes, data) {
  const outputs = sizes.slice(1), rows = view(data, Uint8Array);
  const head = 8 * outputs.reduce((a, b) => a + b, 0), numbers = new Float32Array(rows.buffer.slice(0, head));
  const bytes = new Int8Array(rows.buffer, head);
  let row = 0, at = 0;
  const layers = outputs.map((n, layer) => {
    const scale = numbers.subarray(row, row + n), bias = numbers.subarray(row + n, row + 2 * n), k = sizes[layer];
    const weights = Float32Array.from(bytes.subarray(at, at + n * k), (weight, i) => weight * scale[Math.floor(i / k)]);
    row += 2 * n;
    at += n * k;
    return { weights, bias, out: new Float32Array(LANES * n) };
  });
  return { layers, rest: bytes.subarray(at) };
}

/**
 * A layer's outputs for LANES points, in place: each weight is read once for all of them.
 *
 * @param {{weights: Float32Array, bias: Float32Array, out: Float32Array}} layer
 * @param {Float32Array} x (inputs, LANES)
 * @param {boolean} rectified whether a ReLU follows
 * @returns {Float32Array} (outputs, LANES), the layer's own
 */
function apply({ weights, bias, out }, x, rectified) {
  const n = x.length / LANES, rows = bias.length;
  for (let r = 0; r < rows; r += 2) { // eight sums at a time, because each waits for its last addition
    const s = Math.min(r + 1, rows - 1);
    let a = bias[r], b = a, c = a, d = a, e = bias[s], f = e, g = e, h = e;
    for (let i = r * n, j = s * n, k = 0, end = x.length; k < end; i++, j++, k += LANES) {
      const v = weights[i], w = weights[j], p = x[k], q = x[k + 1], y = x[k + 2], z = x[k + 3];
      a += v * p;
      b += v * q;
      c += v * y;
      d += v * z;
      e += w * p;
      f += w * q;
      g += w * y;
      h += w * z;
    }
    out.set([a, b, c, d], LANES * r);
    out.set([e, f, g, h], LANES * s);
  }
  if (rectified) for (let i = 0; i < out.length; i++) if (out[i] < 0) out[i] = 0;
  return out;
}

/** Mean of each pixel from the last layer's outputs, as the likelihoods of svae_lib.models compute it. */
const MEANS = {
  bernoulli: (out, image) => { for (let i = 0; i < image.length; i++) image[i] = 1 / (1 + Math.exp(-out[i])); },
  gaussian: (out, image) => { for (let i = 0; i < image.length; i++) image[i] = Math.min(Math.max(out[i], 0), 1); },
  categorical: (out, image) => {
    for (let i = 0; i < image.length; i++) {
      const logits = out.subarray(256 * i, 256 * (i + 1)), top = logits.reduce((a, b) => Math.max(a, b));
      let total = 0, sum = 0;
      logits.forEach((logit, level) => {
        const weight = Math.exp(logit - top);
        total += weight;
        sum += weight * level / 255;
      });
      image[i] = sum / total;
    }
  },
};

/**
 * A network that can be read, or an error: it may come from a notebook that nobody trusts.
 *
 * @param {*} network
 * @param {number} length bytes that it describes
 * @returns {Network}
 */
function checked(network, length) {
  const { sizes, shape, likelihood, table = [] } = network ?? {};
  const count = (n) => Number.isInteger(n) && n > 0 && n < 1e7;
  const few = (list, least) => Array.isArray(list) && list.length >= least && list.length < 20;
  const axis = (a) => Array.isArray(a) && a.length === 3 && a.every(Number.isFinite) && a[0] < a[1] && count(a[2]);
  const known = few(sizes, 2) && sizes.every(count) && few(shape, 2) && shape.every(count)
    && shape.length <= 3 && (shape[2] ?? 3) === 3 && Object.hasOwn(MEANS, likelihood)
    && few(table, 0) && table.every(axis);
  if (known) {
    const layers = sizes.slice(1).map((n, i) => n * (8 + sizes[i])).reduce((a, b) => a + b);
    const entries = table.length ? sizes[0] * product(table.map((a) => a[2])) : 0;
    const outputs = product(shape) * (likelihood === "categorical" ? 256 : 1);
    if (layers + entries === length && outputs === sizes.at(-1)) return network;
  }
  throw new Error("the decoder's state is broken");
}

/**
 * Entry of a table between its grid's places, linear in each coordinate.
 *
 * @param {number[][]} axes an axis [low, high, count] for each coordinate
 * @param {Int8Array} entries (count_1, count_2, ..., size)
 * @param {number[]} at a number for each coordinate; one beyond its axis counts as the end
 * @param {Float32Array} out (size), filled
 * @returns {Float32Array} out
 */
export function interpolate(axes, entries, at, out) {
  out.fill(0);
  const places = axes.map(([low, high, count], i) => {
    const place = Math.min(Math.max((at[i] - low) / (high - low || 1), 0), 1) * (count - 1);
    const below = Math.max(Math.min(Math.floor(place), count - 2), 0);
    return [below, place - below];
  });
  for (let corner = 0; corner < 2 ** axes.length; corner++) {
    let index = 0, share = 1;
    places.forEach(([below, part], i) => {
      const upper = (corner >> i) & 1;
      index = index * axes[i][2] + below + upper;
      share *= upper ? part : 1 - part;
    });
    if (share === 0) continue;
    for (let k = 0; k < out.length; k++) out[k] += share * entries[index * out.length + k];
  }
  return out;
}

/**
 * Decoder that computes mean images.
 *
 * @param {Network} network
 * @param {DataView | ArrayBuffer} data its bytes
 * @returns {(points: ArrayLike<number>[]) => Float32Array[]} from points of the latent space (n, event_size), their
 *   radius included, or from a table's coordinates, n images (H W) or (H W 3) in [0, 1]: the same arrays at every call
 */
export function decoder(network, data) {
  const { sizes, shape, likelihood, table } = checked(network, data?.byteLength);
  const { layers, rest } = layersOf(sizes, data), mean = MEANS[likelihood], images = [];
  const entry = new Float32Array(sizes[0]), input = new Float32Array(LANES * sizes[0]);
  const own = new Float32Array(sizes.at(-1)); // the last layer's outputs for one point
  return (points) => {
    while (images.length < points.length) images.push(new Float32Array(product(shape)));
    for (let at = 0; at < points.length; at += LANES) {
      const few = points.slice(at, at + LANES);
      few.forEach((point, lane) => {
        const x = table ? interpolate(table, rest, point, entry) : point;
        for (let k = 0; k < sizes[0]; k++) input[LANES * k + lane] = x[k];
      });
      const out = layers.reduce((x, layer, i) => apply(layer, x, i < layers.length - 1), input);
      few.forEach((_, lane) => {
        for (let k = 0; k < own.length; k++) own[k] = out[LANES * k + lane];
        mean(own, images[at + lane]);
      });
    }
    return images.slice(0, points.length);
  };
}

/**
 * Words on how near the browser's images are to the model's.
 *
 * @param {Network} network
 * @returns {string}
 */
export function precision({ table, error, mean_error: mean }) {
  const count = product((table ?? []).map((axis) => axis[2]));
  const way = table ? `interpolated from ${count} images` : "decoded from 8-bit weights";
  return `${way}: a pixel is off by ${mean} on average, ${error} at most`;
}
