// The unit sphere: longitude and latitude, turns of a globe, great circles. Angles are in radians.

/**
 * Point of the unit sphere S^2 at a longitude and a latitude, as svae_lib.plotting.projections.lonlat_to_point.
 *
 * @param {number} longitude
 * @param {number} latitude
 * @returns {number[]} (3)
 */
export function toPoint(longitude, latitude) {
  const across = Math.cos(latitude);
  return [across * Math.cos(longitude), across * Math.sin(longitude), Math.sin(latitude)];
}

/**
 * Longitude in [-pi, pi] and latitude in [-pi/2, pi/2] of a point.
 *
 * @param {ArrayLike<number>} point (3), of any length
 * @returns {number[]} (2)
 */
export function toLonLat([x, y, z]) {
  return [Math.atan2(y, x), Math.atan2(z, Math.hypot(x, y))];
}

/**
 * Rotation whose rows are east, north and outwards at the place that faces the reader.
 *
 * @param {number} longitude
 * @param {number} latitude
 * @returns {number[][]} (3, 3)
 */
export function facing(longitude, latitude) {
  const [c, s, d, t] = [Math.cos(longitude), Math.sin(longitude), Math.cos(latitude), Math.sin(latitude)];
  return [[-s, c, 0], [-t * c, -t * s, d], [d * c, d * s, t]];
}

/**
 * Points spread evenly over S^2, as svae_lib.ops.sphere.fibonacci_sphere.
 *
 * @param {number} count
 * @returns {number[][]} (count, 3)
 */
export function fibonacciSphere(count) {
  return Array.from({ length: count }, (_, i) => {
    const z = 1 - (2 * i + 1) / count, across = Math.sqrt(1 - z * z), turn = i * Math.PI * (3 - Math.sqrt(5));
    return [across * Math.cos(turn), across * Math.sin(turn), z];
  });
}

/**
 * Angle between two unit vectors, exact for near and for opposite ones: 2 atan2(|a - b|, |a + b|).
 *
 * @param {ArrayLike<number>} a (m)
 * @param {ArrayLike<number>} b (m)
 * @returns {number} in [0, pi]
 */
export function angle(a, b) {
  let minus = 0, plus = 0;
  for (let i = 0; i < a.length; i++) {
    minus += (a[i] - b[i]) ** 2;
    plus += (a[i] + b[i]) ** 2;
  }
  return 2 * Math.atan2(Math.sqrt(minus), Math.sqrt(plus));
}

/** Inner product of two vectors (m). */
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/**
 * Point a fraction t of the way along the great circle from a to b, as svae_lib.ops.sphere.slerp:
 * cos(t w) a + sin(t w) u, with w the angle between them and u the direction in which b lies. Opposite points have
 * no one such direction: the coordinate axis furthest from a gives it.
 *
 * @param {number[]} a (m), unit
 * @param {number[]} b (m), unit
 * @param {number} t from 0 at a to 1 at b
 * @returns {number[]} (m), unit
 */
export function slerp(a, b, t) {
  const w = angle(a, b), side = w < Math.PI / 2 ? -1 : 1; // b - a or b + a, whichever is short: neither cancels
  const across = (v) => {
    const along = dot(a, v), u = v.map((value, i) => value - along * a[i]), size = Math.hypot(...u);
    return size > 1e-14 ? u.map((value) => value / size) : null;
  };
  if (w === 0) return [...a];
  const axis = a.reduce((best, value, i) => (Math.abs(value) < Math.abs(a[best]) ? i : best), 0);
  const u = across(b.map((value, i) => value + side * a[i])) ?? across(a.map((_, i) => Number(i === axis)));
  return a.map((value, i) => Math.cos(t * w) * value + Math.sin(t * w) * u[i]);
}

/**
 * Point a fraction t of the way along the straight line from a to b.
 *
 * @param {number[]} a (m)
 * @param {number[]} b (m)
 * @param {number} t from 0 at a to 1 at b
 * @returns {number[]} (m)
 */
export function straight(a, b, t) {
  return a.map((value, i) => value + t * (b[i] - value));
}

/**
 * Place that faces the reader after a globe was dragged, so that what was under the pointer stays about there.
 *
 * @param {number[]} place longitude and latitude, degrees
 * @param {number} dx of the pointer to the right, in radii of the globe
 * @param {number} dy downwards
 * @returns {number[]} longitude in [-180, 180) and latitude in [-90, 90], degrees
 */
export function dragged([longitude, latitude], dx, dy) {
  const degrees = 180 / Math.PI, around = Math.max(0.2, Math.cos(latitude / degrees));
  return [wrapped(longitude - (dx * degrees) / around), Math.min(Math.max(latitude + dy * degrees, -90), 90)];
}

/** An angle in degrees, brought into [-180, 180). */
export function wrapped(degrees) {
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}
