// What panels that paint many points share: a canvas as sharp as the screen, and the colors of the page.

/**
 * A canvas of this size, empty, whose context counts in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width  @param {number} height  in CSS pixels
 * @returns {CanvasRenderingContext2D}
 */
export function pen(canvas, width, height) {
  const scale = Math.min(window.devicePixelRatio || 1, 3);
  const wide = Math.round(width * scale), high = Math.round(height * scale);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/**
 * A color of the panel's style as a canvas takes it.
 * @param {Element} node  inside of the panel
 * @param {string} name  "c0" to "c9", of style.js, or "ink"
 * @returns {string}
 */
export function color(node, name) {
  const style = getComputedStyle(node);
  return name === "ink" ? style.color : style.getPropertyValue(`--${name}`).trim();
}

/**
 * Discs one by one, so that where they lie over each other they are darker.
 * @param {CanvasRenderingContext2D} context  whose fillStyle and globalAlpha they take
 * @param {ArrayLike<number>} xs  @param {ArrayLike<number>} ys  (n,) middles, in CSS pixels
 * @param {number} radius
 */
export function discs(context, xs, ys, radius) {
  for (let i = 0; i < xs.length; i++) {
    context.beginPath();
    context.arc(xs[i], ys[i], radius, 0, 7);
    context.fill();
  }
}
