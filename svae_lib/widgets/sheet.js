// Images on a canvas, gray ones dark in the ink of the page, so that they are seen in light and in dark.

/**
 * Canvas that shows one image or several.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} size width and height of the canvas, pixels
 * @param {number[]} shape of an image, [H, W] or [H, W, 3]
 * @param {number} [step] every step-th pixel of an image is shown
 * @returns {{put: (image: ArrayLike<number>, left: number, top: number) => void, show: () => void}} put lays an image
 *   in [0, 1], from (left, top) on; show brings all that was laid to the screen
 */
export function sheet(canvas, size, [height, width, ...channels], step = 1) {
  [canvas.width, canvas.height] = size;
  const pen = canvas.getContext("2d"), pixels = pen.createImageData(canvas.width, canvas.height), { data } = pixels;
  const put = (image, left, top) => {
    for (let r = 0; r < height; r += step) {
      for (let c = 0, at = 4 * ((top + r / step) * canvas.width + left); c < width; c += step, at += 4) {
        const i = r * width + c;
        for (let k = 0; k < channels.length && k < 3; k++) data[at + k] = 255 * image[3 * i + k];
        data[at + 3] = channels.length ? 255 : 255 * image[i];
      }
    }
  };
  const show = () => {
    pen.putImageData(pixels, 0, 0);
    if (channels.length) return;
    pen.globalCompositeOperation = "source-in"; // the gray of a pixel is how much of the ink it has
    pen.fillStyle = getComputedStyle(canvas).color;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.globalCompositeOperation = "source-over";
  };
  return { put, show };
}
