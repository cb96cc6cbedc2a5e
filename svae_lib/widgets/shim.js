// anywidget's `model` without a widget manager: the page is the only holder of the state.

const FORMAT = 1; // of what Panel.page() says

/** @param {string} text  base64 @returns {DataView} */
function toBytes(text) {
  return new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

/** A panel's state, by trait; calls those who listen to "change:name" or "change". */
export class Model {
  /** @param {object} state @param {Object<string, string>} bytes  base64 */
  constructor(state, bytes = {}) {
    this.state = new Map(Object.entries(state));
    for (const [name, text] of Object.entries(bytes)) this.state.set(name, toBytes(text));
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
 * @param {{format: number, state: object, bytes: Object<string, string>}} page
 * @returns {function()} ends it
 */
export function mount(el, widget, page) {
  if (page?.format !== FORMAT || typeof widget?.render !== "function") throw new Error("unknown or newer panel");
  return widget.render({ model: new Model(page.state, page.bytes), el });
}

/**
 * Every panel of a page, <div class="svae-mount">, comes to life in place of its picture; one that cannot keeps it.
 * @param {Object<string, object>} panels  modules by name
 */
export function mountAll(panels) {
  const known = new Map(Object.entries(panels));
  const all = () => document.querySelectorAll(".svae-mount").forEach((frame) => {
    const el = document.createElement("div");
    try {
      const page = JSON.parse(frame.querySelector("script[type='application/json']").textContent);
      frame.append(el);
      mount(el, known.get(page.panel), page);
      for (const node of [...frame.children]) if (node !== el) node.remove();
    } catch (error) {
      el.remove();
      console.warn(`a panel stays a picture: ${error.message}`);
    }
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
}
