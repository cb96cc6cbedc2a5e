// What every panel shares: sliders with boxes, choices, presets, a picture that follows, a status line, themes.
import { CSS } from "./style.js";

/**
 * @typedef {{name: string, label: string, unit: string, min: number, max: number, step: number}} Slider
 * @typedef {{name: string, label: ?string, options: string[]}} Choice
 * @typedef {{label: string, sliders: Slider[], choices: Choice[], start: Object<string, number|string>}} Spec
 * @typedef {{get: function(string): *, set: function(string, *), save_changes: function(),
 *   on: function(string, function()), off: function(string, function())}} Model  anywidget's, or shim.js's
 */

const SVG = new Set("svg g path line text tspan circle ellipse rect polygon polyline clipPath defs image".split(" "));
let serial = 0;

/**
 * An element, of SVG where the tag is one of SVG's.
 * @param {string} tag
 * @param {Object<string, *>} attrs
 * @param {...(Node|string)} children  strings become text, never markup
 * @returns {Element}
 */
export function make(tag, attrs = {}, ...children) {
  const node = SVG.has(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, value);
  // JupyterLab's shortcuts would take the keys: its test is on the focused element itself, not on what is around it
  if ("tabindex" in attrs || ["input", "button", "canvas"].includes(tag)) {
    node.setAttribute("data-lm-suppress-shortcuts", "true");
  }
  node.append(...children);
  return node;
}

/** @param {number} x @param {number} low @param {number} high @returns {number} x, or the end that it is beyond */
export function clamp(x, low, high) {
  return Math.min(Math.max(x, low), high);
}

/**
 * The value that a slider can take, nearest to this one.
 * @param {Slider} slider
 * @param {*} value
 * @returns {?number} null where the value is no number
 */
export function snap({ min, max, step }, value) {
  if (typeof value === "string" ? value.trim() === "" : typeof value !== "number") return null;
  const number = Number(value);
  if (Number.isNaN(number)) return null;
  const near = min + Math.round((clamp(number, min, max) - min) / step) * step;
  return Number(Math.min(near, max).toFixed(9));
}

/**
 * The specification that Python wrote, or an error: it may come from a notebook that nobody trusts.
 * @param {*} spec
 * @returns {Spec}
 */
export function checked(spec) {
  const text = (it) => typeof it === "string" && it.length < 200;
  const slider = (s) => text(s.name) && text(s.label) && text(s.unit)
    && [s.min, s.max, s.step].every(Number.isFinite) && s.min < s.max && s.step > 0;
  const choice = (c) => text(c.name) && (c.label === null || text(c.label))
    && Array.isArray(c.options) && c.options.length > 0 && c.options.length < 100 && c.options.every(text);
  const few = (list) => Array.isArray(list) && list.length < 100;
  if (!text(spec?.label) || !few(spec.sliders) || !few(spec.choices) || !spec.start
    || !spec.sliders.every(slider) || !spec.choices.every(choice)) throw new Error("the panel's state is broken");
  return spec;
}

/**
 * A panel in `el`: the controls that Python named, above a picture.
 * @param {{model: Model, el: HTMLElement}} where
 * @param {object} what
 * @param {Element} what.picture  an SVG, a canvas, or a box of them
 * @param {function(Object<string, number|string>, number): string} what.draw  brings the picture to the values (of
 *   sliders and choices, by name) at this width in pixels, and returns what it shows in words. Called at once, then
 *   when a reader moves something or `follow` asks, at most once a frame.
 * @param {string[]} [what.also]  further traits whose change is drawn
 * @returns {{set: function(Object), follow: function(), signal: AbortSignal, values: function(): Object,
 *   root: HTMLElement, end: function()}}  `set` moves what it names; `follow` draws at the next frame; `end` is
 *   render's result
 */
export function panel({ model, el }, { picture, draw, also = [] }) {
  const { label, sliders, choices, start } = checked(model.get("spec"));
  const abort = new AbortController(), { signal } = abort;
  const read = (s) => snap(s, model.get(s.name)) ?? snap(s, start[s.name]) ?? s.min;
  const chosen = (c) => c.options.includes(model.get(c.name)) ? model.get(c.name) : c.options[0];
  const values = () => Object.fromEntries(
    [...sliders.map((s) => [s.name, read(s)]), ...choices.map((c) => [c.name, chosen(c)])]);
  let note = ""; // on what was typed, said once
  const set = (changes, remark = "") => {
    note = remark;
    for (const s of sliders) {
      const value = s.name in changes ? snap(s, changes[s.name]) : null;
      if (value !== null) model.set(s.name, value);
    }
    for (const c of choices) if (c.options.includes(changes[c.name])) model.set(c.name, changes[c.name]);
    model.save_changes();
    answer(); // a model may not tell the view that changed it
  };

  const say = make("p", { class: "say", "aria-hidden": "true" }), aloud = make("output", { class: "aloud" });
  const rows = make("div", { class: "rows" }), above = make("div", { class: "choices" });
  const presets = make("div", { class: "presets" });
  const root = make("section", { class: "svae-panel", "aria-label": label });
  const shows = [...sliders.map((s) => sliderRow(rows, s, { set, values, signal })),
    ...choices.filter((c) => c.label !== null).map((c) => choiceRow(above, c, { set, signal }))];
  for (const [name, at] of [...pairs(model.get("presets")), ["reset", start]]) {
    const button = make("button", { type: "button" }, name);
    button.addEventListener("click", () => set(at), { signal });
    presets.append(button);
  }
  picture.classList.add("picture");
  picture.setAttribute("role", picture.querySelector("[tabindex]") ? "group" : "img");
  root.append(make("style", {}, CSS), rows, above, presets, say, picture, aloud);
  el.append(root);

  let frame = 0, late = false, drawn = false, quiet = 0, spoken = null, wide = 0, tall = 0;
  const now = () => {
    const at = values();
    for (const show of shows) show(at);
    root.dataset.theme = isDark(root) ? "dark" : "light";
    const text = draw(at, Math.max(260, picture.getBoundingClientRect().width)) + note;
    say.textContent = text;
    picture.setAttribute("aria-label", `${label}. ${text}`);
    clearTimeout(quiet); // what moves is read aloud when it rests; what is there from the start is not
    spoken ??= text;
    quiet = setTimeout(() => { if (spoken !== text) aloud.textContent = spoken = text; }, 400);
    if (say.offsetHeight > tall) say.style.minHeight = `${tall = say.offsetHeight}px`; // the picture does not jump
  };
  const next = () => { if (!signal.aborted) frame ||= requestAnimationFrame(tick); };
  const tick = () => {
    const due = late && !drawn;
    frame = 0;
    drawn = false;
    if (due) {
      late = false;
      now();
    } else if (late) next(); // one draw a frame: what was drawn before it is painted first
  };
  const follow = () => { late = true; next(); };
  const answer = () => { // what a reader moves is drawn while the browser waits for the frame, not in it
    follow();
    if (drawn || signal.aborted) return;
    drawn = true;
    late = false;
    now();
  };
  const names = [...sliders, ...choices].map((it) => it.name).concat(also);
  for (const name of names) model.on(`change:${name}`, follow);
  const theme = new MutationObserver(follow), size = new ResizeObserver(([{ contentRect }]) => {
    if (Math.abs(contentRect.width - wide) < 0.5) return;
    [wide, tall, say.style.minHeight] = [contentRect.width, 0, ""];
    follow();
  });
  size.observe(root);
  for (const node of [document.documentElement, document.body]) theme.observe(node, { attributes: true });
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", follow, { signal });
  }
  try {
    now();
  } catch (error) { // what cannot be drawn leaves nothing behind, and the stored picture stays
    end();
    throw error;
  }
  function end() {
    abort.abort(); size.disconnect(); theme.disconnect(); cancelAnimationFrame(frame); clearTimeout(quiet);
    root.remove();
    for (const name of names) model.off(`change:${name}`, follow);
  }
  return { set, follow, signal, values, root, end };
}

/** @param {*} presets @returns {[string, object][]} those that are a name and values */
function pairs(presets) {
  const list = Array.isArray(presets) ? presets.slice(0, 100) : [];
  return list.filter((it) => Array.isArray(it) && typeof it[0] === "string" && it[1] && typeof it[1] === "object");
}

/**
 * A slider's label, handle and box, appended to `rows`.
 * @returns {function(Object)} brings them to the values
 */
function sliderRow(rows, { name, label, unit, min, max, step }, { set, values, signal }) {
  const range = make("input", { type: "range", id: `svae-slider-${++serial}`, min, max, step });
  const box = make("input", { type: "number", min, max, step, "aria-label": `${label}, as a number` });
  let shown = "";
  const restore = () => { box.value = String(values()[name]); };
  const typed = () => {
    const text = box.value, end = clamp(Number(text), min, max), isWithin = text.trim() === "" || end === Number(text);
    if (text === String(values()[name])) return; // Enter has set it, and the box reports its change
    set({ [name]: text }, isWithin ? "" : `; ${text} is beyond the slider's end, ${end}`);
    restore();
  };
  range.addEventListener("input", () => set({ [name]: range.value }), { signal });
  box.addEventListener("change", typed, { signal });
  box.addEventListener("keydown", (event) => { // JupyterLab keeps Enter's change to itself
    if (event.key === "Enter") typed();
    if (event.key === "Escape") restore();
  }, { signal });
  box.addEventListener("wheel", () => box.blur(), { signal, passive: true }); // the page scrolls, not the number
  rows.append(make("label", { for: range.id }, label), range, box);
  return (values) => {
    const before = shown;
    shown = String(values[name]);
    range.value = shown;
    if (document.activeElement !== box || before !== shown) box.value = shown;
    range.setAttribute("aria-valuetext", shown + unit);
  };
}

/**
 * A row of radio buttons, appended to `above`.
 * @returns {function(Object)} brings it to the values
 */
function choiceRow(above, { name, label, options }, { set, signal }) {
  const group = `svae-choice-${++serial}`;
  const buttons = options.map((value) => make("input", { type: "radio", name: group, value }));
  for (const button of buttons) button.addEventListener("change", () => set({ [name]: button.value }), { signal });
  above.append(make("fieldset", {}, make("legend", {}, label),
    ...buttons.map((button) => make("label", {}, button, make("span", {}, button.value)))));
  return (values) => { for (const button of buttons) button.checked = button.value === values[name]; };
}

/** @param {Element} node @returns {boolean} whether its background is dark */
export function isDark(node) {
  const [r, g, b] = rgb(getComputedStyle(node).backgroundColor);
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

/** @param {string} color  as getComputedStyle gives it, or #rrggbb @returns {number[]} red, green, blue, 0 to 255 */
export function rgb(color) {
  const hex = /^#(..)(..)(..)$/.exec(color.trim());
  if (hex) return hex.slice(1).map((part) => parseInt(part, 16));
  const [r, g, b] = color.match(/[\d.]+/g)?.map(Number) ?? [255, 255, 255];
  return color.startsWith("color(") ? [255 * r, 255 * g, 255 * b] : [r, g, b];
}
