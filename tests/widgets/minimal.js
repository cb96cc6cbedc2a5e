// The least of a panel: a line as long as its slider says.
import { make, panel } from "../../svae_lib/widgets/panel.js";
import { axes, COLORS } from "../../svae_lib/widgets/axes.js";

/** @param {{kappa: number, m: number}} values @returns {number} what the panel shows */
export function product({ kappa, m }) {
  return kappa * m;
}

function render({ model, el }) {
  const svg = make("svg");
  const { end } = panel({ model, el }, {
    picture: svg,
    draw(values, width) {
      const x = { from: 0, to: 10, label: "κ" }, y = { from: 1, to: 1000, log: true, label: "product" };
      const frame = axes({ x, y, width, height: 260, title: "product" });
      const dot = make("circle", { cx: frame.X(values.kappa), cy: frame.Y(product(values)), r: 5, fill: COLORS[2] });
      const line = make("path", { d: frame.path([0, values.kappa], [1, product(values)]), stroke: COLORS[0] });
      frame.layer.append(line, dot);
      svg.setAttribute("viewBox", `0 0 ${width} 260`);
      svg.replaceChildren(frame.node);
      return `κ = ${values.kappa}, m = ${values.m}, ${values.look}: ${product(values)}`;
    },
  });
  return end;
}
export default { render };
