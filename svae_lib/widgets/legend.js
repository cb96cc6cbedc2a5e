// The words above a 2-D picture: its title, and what its lines and areas are.
import { make } from "./panel.js";

const PER_LETTER = 6.4, SWATCH = 18, BETWEEN = 14, ROW = 18; // pixels

/**
 * A title and a legend under it, whose entries go on in a new row where they find no room.
 * @param {object} what
 * @param {string} what.title
 * @param {[string, Object<string, *>][]} what.entries  words, and the attributes of a line of SVG
 * @param {number} what.left  @param {number} what.top  @param {number} what.width  in pixels
 * @returns {{node: SVGGElement, height: number}}
 */
export function legend({ title, entries, left, top, width }) {
  const node = make("g", {}, make("text", { x: left, y: top + 14, "font-weight": 600 }, title));
  let x = left, y = top + 14 + ROW;
  for (const [words, look] of entries) {
    const room = SWATCH + PER_LETTER * words.length;
    if (x > left && x + room > left + width) [x, y] = [left, y + ROW];
    node.append(make("line", { x1: x, x2: x + 13, y1: y - 4, y2: y - 4, "stroke-width": 2, ...look }));
    node.append(make("text", { x: x + SWATCH, y }, words));
    x += room + BETWEEN;
  }
  return { node, height: (entries.length ? y : top + 14) - top + 2 };
}
