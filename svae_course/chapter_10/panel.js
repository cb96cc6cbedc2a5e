// Chapter 10: eight runs that were made on purpose, their pictures clue by clue, and what is wrong with each.
import { TEXTS, axes } from "../../svae_lib/widgets/axes.js";
import { clamp, make, panel } from "../../svae_lib/widgets/panel.js";

const SIDE = 8, SHOWN = 8, KINDS = ["test images", "nearest in training", "reconstructions", "samples"], GAP = 1;
const PER_IMAGE = 3 * SIDE * SIDE, PER_RUN = KINDS.length * SHOWN * PER_IMAGE;
const WORDS = 132, TALL = (KINDS.length * (SIDE + GAP) - GAP) / (SHOWN * (SIDE + GAP) - GAP); // of the images' block
const ANSWER = 4, MARKED = { fill: "none", stroke: "var(--c2)", "stroke-width": 3 };

/**
 * One image of a run.
 * @param {DataView} pixels  uint8, by run, kind, number, row, column and channel
 * @param {number} run  @param {number} kind  @param {number} number  each from 0
 * @returns {number[]}  (192,), the channels of a pixel side by side
 */
export function imageOf(pixels, run, kind, number) {
  const start = run * PER_RUN + (kind * SHOWN + number) * PER_IMAGE;
  return Array.from({ length: PER_IMAGE }, (_, i) => pixels.getUint8(start + i));
}

/** The images of a run as the address of a PNG: a row per kind. */
function sheetOf(pixels, run) {
  const canvas = make("canvas"), step = SIDE + GAP;
  [canvas.width, canvas.height] = [SHOWN * step - GAP, KINDS.length * step - GAP];
  const pen = canvas.getContext("2d");
  for (let kind = 0; kind < KINDS.length; kind++) {
    for (let number = 0; number < SHOWN; number++) {
      const image = imageOf(pixels, run, kind, number), data = pen.createImageData(SIDE, SIDE);
      for (let i = 0; i < SIDE * SIDE; i++) data.data.set([...image.slice(3 * i, 3 * i + 3), 255], 4 * i);
      pen.putImageData(data, number * step, kind * step);
    }
  }
  return canvas.toDataURL();
}

/** Five quantiles as a box with whiskers, along x or along y. */
function box(frame, at, [low, q1, middle, q3, high], half, upright) {
  const point = (along, across) => upright ? `${frame.X(at + across)} ${frame.Y(along)}`
    : `${frame.X(along)} ${frame.Y(at + across)}`;
  const line = (d, look) => make("path", { d, fill: "none", stroke: "var(--ink)", "stroke-width": 1.3, ...look });
  const around = [[q1, -half], [q1, half], [q3, half], [q3, -half]].map((it) => point(...it)).join("L");
  return [
    line(`M${point(low, 0)}L${point(high, 0)}`),
    line(`M${around}Z`, { fill: "var(--c0)", "fill-opacity": 0.45 }),
    line(`M${point(middle, -half)}L${point(middle, half)}`, { stroke: "var(--c2)", "stroke-width": 3 }),
  ];
}

/** Ends of a scale with some room around the values. */
function around(values, share = 0.08) {
  const low = Math.min(...values), high = Math.max(...values), room = share * (high - low) || 1;
  return { from: low - room, to: high + room };
}

const BLOCKS = [
  ["images", "Images", 1, ({ left, top, width, height }, fact, { url }) => {
    const wide = width - WORDS - 8, high = wide * TALL, y = top + 30, row = high / KINDS.length;
    const texts = KINDS.map((kind, i) => make("text", { x: left + 8, y: y + (i + 0.5) * row + 4 }, kind));
    const place = { x: left + WORDS, y, width: wide, height: Math.min(high, height - 36), href: url };
    return [heading(left, top, "Images"), ...texts,
      make("image", { ...place, preserveAspectRatio: "xMinYMin", style: "image-rendering: pixelated" })];
  }],
  ["curves", "Training", 2, (room, { epochs, train, validation }) => {
    const late = [train, validation].flatMap((it) => it.slice(Math.floor(it.length / 8)));
    const y = { ...around(late), label: "ELBO (nats per image)" };
    const frame = axes({ x: { from: 0, to: epochs.at(-1), label: "epoch" }, y, title: "Training", ...room });
    const curve = (values, look) => make("path", { d: frame.path(epochs, values), fill: "none", ...look });
    frame.layer.append(curve(train, { stroke: "var(--c0)", "stroke-width": 2 }),
      curve(validation, { stroke: "var(--c6)", "stroke-width": 2, "stroke-dasharray": "7 4" }));
    const word = (text, i, fill) => make("text",
      { x: frame.box.x + frame.box.width - 6, y: frame.box.y + frame.box.height - 26 + 17 * i, "text-anchor": "end",
        style: `fill: ${fill}` }, text);
    frame.node.append(word("training", 0, TEXTS[0]), word("validation (dashed)", 1, TEXTS[6]));
    return [frame.node];
  }],
  ["KL", "Where the KL goes", 3, (room, { information, marginal, kl, most }) => {
    const bars = [["mean KL", kl], ["KL(q‖p)", marginal], ["I(x; z)", information]];
    const ticks = bars.map(([name], i) => [i + 0.5, name]), to = 1.08 * Math.max(most, kl);
    const frame = axes({ x: { from: 0, to, label: "nats per image (dashed: log N)" },
      y: { from: 0, to: 3, ticks, label: "" }, title: "Where the KL goes", ...room });
    const bar = (value, i) => make("rect", { x: frame.X(0), y: frame.Y(i + 0.8), fill: `var(--c${[8, 6, 0][i]})`,
      width: Math.max(0, frame.X(value) - frame.X(0)), height: frame.Y(i + 0.2) - frame.Y(i + 0.8) });
    frame.layer.append(...bars.map(([, value], i) => bar(value, i)), make("path", { d: frame.path([most, most], [0, 3]),
      stroke: "var(--c2)", "stroke-dasharray": "5 4", "stroke-width": 2 }));
    return [frame.node];
  }],
  ["concentration", "κ of each sphere", 3, (room, { concentration, floor }) => {
    const count = concentration.length, top = Math.max(10 * floor, ...concentration.flat());
    const every = count > 8 ? 5 : 1, ticks = Array.from({ length: count }, (_, i) => [i + 1, String(i + 1)]);
    const frame = axes({ x: { from: 0.4, to: count + 0.6, label: "sphere, in order (gray: the floor)",
      ticks: ticks.filter(([at]) => at % every === 0) }, y: { from: 0.6 * floor, to: 1.5 * top, log: true, label: "κ" },
    title: "κ of each sphere", ...room });
    frame.layer.append(make("path", { d: frame.path([0.4, count + 0.6], [floor, floor]), stroke: "var(--c8)",
      "stroke-width": 5, "stroke-opacity": 0.6 }),
    ...concentration.flatMap((it, i) => box(frame, i + 1, it, 0.3, true)));
    return [frame.node];
  }],
  ["nearest", "Nearest training image", 3, (room, { nearest, clean }) => {
    const ticks = [[0.5, "clean"], [1.5, "this run"]], to = 1.1 * Math.max(...nearest, ...clean);
    const frame = axes({ x: { from: 0, to, label: "distance of test images to it / their contrast" },
      y: { from: 0, to: 2, ticks, label: "" }, title: "Nearest training image", ...room });
    frame.layer.append(...[clean, nearest].flatMap((it, i) => box(frame, i + 0.5, it, 0.22, false)));
    return [frame.node];
  }],
  ["claim", "The claim", 3, (room, { evidence }, { clues }) => {
    const shown = evidence.filter(([, , control]) => clues >= ANSWER || !control);
    const x = { ...around(evidence.flatMap(([, scores]) => scores), 0.15), label: "test log-likelihood (nats)" };
    const title = clues >= ANSWER ? "The claim, and its control" : "The claim";
    const frame = axes({ x, y: { from: 0, to: evidence.length, ticks: [], label: "" }, title, ...room });
    shown.forEach(([words, scores, control], i) => {
      const at = evidence.length - i - 0.7, fill = control ? "var(--c6)" : "var(--c0)";
      const dots = scores.map((score) => make("circle", { cx: frame.X(score), cy: frame.Y(at), r: 5, fill,
        "fill-opacity": 0.75 }));
      frame.layer.append(...dots);
      frame.node.append(make("text", { x: frame.box.x + 6, y: frame.Y(at + 0.35) + 4 }, words));
    });
    return [frame.node];
  }],
];

/** @returns {Element} a block's title */
function heading(left, top, words) {
  return make("text", { x: left + 8, y: top + 16, "font-weight": 600 }, words);
}

/** @param {object} fact  of a run @param {number} clues @returns {string} what is shown, in words */
export function inWords(fact, clues) {
  const last = (values) => values.at(-1).toFixed(1), said = [`“${fact.claim}”`];
  if (clues >= 2) {
    const [train, validation] = [last(fact.train), last(fact.validation)];
    said.push(`ELBO after ${fact.epochs.at(-1)} epochs: training ${train}, validation ${validation} nats`);
  }
  if (clues >= 3) {
    said.push(`Mutual information ${fact.information} of at most ${fact.most}, mean KL ${fact.kl}`);
    const middle = fact.concentration.map((it) => it[2]);
    said.push(`Median κ from ${Math.min(...middle)} to ${Math.max(...middle)}, floor ${fact.floor}`);
    said.push(`Median distance to the nearest training image ${fact.nearest[2]}, in a clean split ${fact.clean[2]}`);
    const shown = fact.evidence.filter(([, , control]) => clues >= ANSWER || !control);
    const scored = shown.map(([words, scores]) => `${words} ${scores.map((it) => it.toFixed(1)).join(", ")}`);
    said.push(`Test log-likelihood: ${scored.join("; ")}`);
  }
  if (clues >= ANSWER) said.push(`Answer: ${fact.failure}; ${fact.why}`);
  return said.join(". ").replaceAll("..", ".").replaceAll(".”.", ".”");
}

/** @param {{model: object, el: HTMLElement}} where @returns {function()} ends the panel */
function render({ model, el }) {
  const svg = make("svg"), pixels = model.get("pixels"), facts = model.get("facts"), urls = new Map();
  if (!facts.length || pixels.byteLength !== facts.length * PER_RUN) throw new Error("the panel's runs are incomplete");

  const { end } = panel({ model, el }, {
    picture: svg,
    draw({ run, clues }, width) {
      const fact = facts[run - 1], columns = width >= 850 ? 3 : width >= 560 ? 2 : 1;
      if (!urls.has(run)) urls.set(run, sheetOf(pixels, run - 1));
      const wide = width / columns - 6, full = clamp(0.66 * wide, 200, 240), nodes = [];
      let top = 0, height = columns === 1 ? TALL * (wide - WORDS) + 40 : full; // alone in its row, the first is low
      BLOCKS.forEach(([name, title, from, drawn], i) => {
        if (i && i % columns === 0) [top, height] = [top + height + 12, full];
        const room = { left: (i % columns) * (wide + 9), top };
        const place = { ...room, width: wide, height }, frame = { x: room.left + 1.5, y: room.top + 1.5,
          width: wide - 3, height: height - 3, rx: 4 };
        if (clues < from) {
          const middle = { x: room.left + wide / 2, y: room.top + height / 2, "text-anchor": "middle" };
          nodes.push(make("rect", { ...frame, fill: "none", stroke: "var(--soft)" }),
            heading(room.left, room.top, title), make("text", middle, `clue ${from}`));
          return;
        }
        nodes.push(...drawn(place, fact, { url: urls.get(run), clues }));
        if (clues >= ANSWER && fact.tell === name) nodes.push(make("rect", { ...frame, ...MARKED }));
      });
      svg.setAttribute("width", width);
      svg.setAttribute("height", top + height + 12);
      svg.replaceChildren(...nodes);
      return `Run ${run}, clue ${clues} of ${ANSWER}: ${inWords(fact, clues)}`;
    },
  });
  return end;
}

export default { render };
