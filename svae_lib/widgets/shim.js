// anywidget's `model` without a widget manager: the page is the only holder of the state.

const FORMAT = 1; // of what Panel.page() says

/** @param {string|ArrayBuffer} bytes  base64, or the bytes themselves @returns {DataView} */
function toBytes(bytes) {
  if (typeof bytes !== "string") return new DataView(bytes);
  return new DataView(Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)).buffer);
}

/** A panel's state, by trait; calls those who listen to "change:name" or "change". */
export class Model {
  /** @param {object} state @param {Object<string, string|ArrayBuffer>} bytes  base64, or the bytes themselves */
  constructor(state, bytes = {}) {
    this.state = new Map(Object.entries(state));
    for (const [name, data] of Object.entries(bytes)) this.state.set(name, toBytes(data));
    this.heard = [];
  }
  get(name) { return this.state.get(name); }
  set(name, value) {
    if (this.state.get(name) === value) return;
    this.state.set(name, value);
    for (const [event, call] of [...this.heard]) if (event === `change:${name}` || event === "change") call();
  }
  on(event, call) { this.heard.push([event, call]); }
  off(event, call) { this.heard = this.heard.filter(([e, c]) => e !== event || (call && c !== call)); }
  save_changes() {}
  send() {}
}

/**
 * A panel in `el`, from what Panel.page() returned.
 * @param {HTMLElement} el
 * @param {{render: function({model: Model, el: HTMLElement}): function()}} widget  a panel's module
 * @param {{format: number, state: object, bytes: Object<string, string>, files?: Object<string, string>}} page
 * @param {Map<string, string|ArrayBuffer>} files  what the page's state names instead of holding it, by file name
 * @returns {function()} ends it
 */
export function mount(el, widget, page, files = new Map()) {
  if (page?.format !== FORMAT || typeof widget?.render !== "function") throw new Error("unknown or newer panel");
  const bytes = { ...page.bytes };
  for (const [trait, name] of Object.entries(page.files ?? {})) {
    if (!files.has(name)) throw new Error("a file of its data is missing");
    bytes[trait] = files.get(name);
  }
  return widget.render({ model: new Model(page.state, bytes), el });
}

/**
 * Every panel of a page, <div class="svae-mount">, comes to life in place of its picture; one that cannot keeps it.
 * @param {Object<string, object>} panels  modules by name
 * @param {Object<string, string>} files  base64 by the file's name
 */
export function mountAll(panels, files) {
  const known = new Map(Object.entries(panels)), data = new Map(Object.entries(files));
  const all = () => document.querySelectorAll(".svae-mount").forEach((frame) => {
    const el = document.createElement("div");
    try {
      const page = JSON.parse(frame.querySelector("script[type='application/json']").textContent);
      frame.append(el);
      mount(el, known.get(page.panel), page, data);
      for (const node of [...frame.children]) if (node !== el) node.remove();
    } catch (error) {
      el.remove();
      console.warn(`a panel stays a picture: ${error.message}`);
    }
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
}
