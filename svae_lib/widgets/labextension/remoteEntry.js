// Panels in JupyterLab from the notebook's own output: no kernel, no widget state and no trust needed.
(globalThis._JUPYTERLAB ??= {})["svae-panels"] = (() => {
  const MIME = "application/vnd.svae.panel+json", VIEW = "application/vnd.jupyter.widget-view+json";
  const PANELS = new Map([ // the name comes from a notebook that nobody trusts, and leads to an import
    ["shell", "svae_course/chapter_00/panel.js"],
    ["concentration", "svae_course/chapter_01/panel.js"],
    ["kl", "svae_course/chapter_02/panel.js"],
    ["latent globe", "svae_lib/widgets/latent_globe.js"],
    ["great circle", "svae_lib/widgets/great_circle.js"],
    ["dials", "svae_lib/widgets/dials.js"],
    ["partition", "svae_course/chapter_04/panel.js"],
    ["circle test", "svae_course/chapter_05/panel.js"],
    ["seeds", "svae_course/chapter_06/panel.js"],
    ["gradients", "svae_course/chapter_07/panel.js"],
    ["families", "svae_course/chapter_08/panel.js"],
    ["clusters", "svae_course/chapter_09/panel.js"],
    ["failures", "svae_course/chapter_10/panel.js"],
    ["bessel", "svae_course/chapter_A/panel.js"],
  ]);
  const FILES = [ // of panels' data, which chapters name and do not hold; written by tools/build_notebooks.py
    "280ce6e8ce588053.bin",
    "3c66ffddbba2197a.bin",
    "a1267a51ea7e059f.bin",
    "f3983aa39b39cd70.bin",
  ];
  const here = document.currentScript.src, SHIM = "svae_lib/widgets/shim.js";
  const modules = new Map(); // those that are here: of them a panel is made at once, even while the page is busy
  const load = (path) => modules.get(path) ?? import(new URL(path, here)).then((module) => {
    modules.set(path, module);
    return module;
  });
  const files = new Map(); // those that were asked for
  const fetched = (name) => {
    if (!/^[0-9a-f]{16}\.bin$/.test(name)) throw new Error("unknown file");
    if (!files.has(name)) files.set(name, download(name));
    return files.get(name);
  };
  const download = async (name) => {
    const answer = await fetch(new URL(`svae_course/panel_data/${name}`, here));
    if (!answer.ok) throw new Error("a file of its data is missing");
    return [name, await answer.arrayBuffer()];
  };
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  let scope; // what JupyterLab shares with its extensions

  async function mimeExtension() {
    // now, not with the first panel: while JupyterLab lays a notebook out, what comes later waits long
    for (const path of [...PANELS.values(), SHIM]) load(path).catch(() => {});
    for (const name of FILES) fetched(name).catch(() => files.delete(name)); // it is asked for again when it is needed
    const found = Object.values(scope["@lumino/widgets"]);
    const { Widget } = (await (found.find((entry) => entry.loaded) ?? found[0]).get())();

    class Rendered extends Widget {
      attached = new Promise((done) => { this.onAfterAttach = () => done(); });

      async renderModel(output) {
        const page = output.data[MIME], id = output.data[VIEW]?.model_id;
        try {
          if (!PANELS.has(page?.panel)) throw new Error("unknown panel");
          const [{ default: widget }, { mount }, ...data] = await Promise.all([load(PANELS.get(page.panel)),
            load(SHIM), ...Object.values(page.files ?? {}).map(fetched)]);
          const clear = () => { this.end?.(); this.node.replaceChildren(); };
          const live = async (manager) => {
            if (!id || !manager?.has_model(id)) return false;
            const model = await manager.get_model(id);
            clear();
            this.end = widget.render({ model, el: this.node });
            return true;
          };
          if (id && await live(await this.manager(0))) return;
          clear();
          this.end = mount(this.node, widget, page, new Map(data));
          if (id) this.join(live);
        } catch (error) {
          this.still(output, error);
        }
      }

      // The page was loaded anew, and its kernel may go on and know this panel; ipywidgets' manager comes late.
      async join(live) {
        await this.attached;
        await this.notebook?.sessionContext.ready;
        let manager = null;
        for (let tries = 0; !manager && tries < 40 && !this.isDisposed; tries++) manager = await this.manager(250);
        if (manager && !this.isDisposed && !await live(manager)) manager.restored.connect(() => live(manager));
      }

      still({ data, metadata }, error) { // the stored picture, in place of what cannot be shown
        console.warn(`a panel stays a picture: ${error.message}`);
        const text = String(metadata["image/png"]?.alt ?? data["text/plain"] ?? "");
        if (!data["image/png"]) { this.node.textContent = text; return; }
        const picture = document.createElement("img");
        picture.src = `data:image/png;base64,${String(data["image/png"]).replace(/\s/g, "")}`;
        picture.alt = text;
        picture.style.maxWidth = "100%";
        this.node.replaceChildren(picture);
      }

      get notebook() { // null in a view of an output alone
        for (let at = this.parent; at; at = at.parent) if (at.content?.rendermime && at.sessionContext) return at;
        return null;
      }

      manager(patience) { // of the live widgets, by way of the renderer that ipywidgets registers
        const registry = this.notebook?.content.rendermime;
        const found = registry?.mimeTypes.includes(VIEW) && registry.createRenderer(VIEW)._manager?.promise;
        return Promise.race([found, pause(patience)]);
      }

      dispose() {
        this.end?.();
        super.dispose();
      }
    }
    const rendererFactory = { safe: true, mimeTypes: [MIME], createRenderer: () => new Rendered() };
    return { id: "svae-panels:mime", rendererFactory, rank: -20, dataType: "json" };
  }

  return {
    init: (shared) => { scope = shared; },
    get: async () => { const it = await mimeExtension(); return () => ({ __esModule: true, default: it }); },
  };
})();
