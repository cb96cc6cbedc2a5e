// The look of every panel, in JupyterLab's themes, the site's, and a plain page's; petroff10, darker or lighter where
// the ground asks for it: each color stands out from paper by 3 to 1 at least.
const LIGHT = "3f90da c47d00 bd1f01 7f8d8b 832db6 a96b59 d95c00 8f8240 717581 2f949b".split(" ");
const DARK = "5ba6ea ffa90e ff7a5c 94a4a2 c792ea cf9583 ff8c42 b9ac70 a3a7b3 92dadd".split(" ");

/** @param {string[]} colors @returns {string} their declarations, --c0 to --c9 */
function declared(colors) {
  return colors.map((color, i) => `--c${i}: #${color};`).join(" ");
}

export const CSS = `
.svae-panel { ${declared(LIGHT)} --ink: var(--jp-ui-font-color1, var(--pst-color-text-base, CanvasText));
  --paper: var(--jp-layout-color0, var(--pst-color-background, Canvas));
  --soft: color-mix(in srgb, var(--ink) 14%, var(--paper)); --line: color-mix(in srgb, var(--ink) 55%, var(--paper));
  container: svae / inline-size; color: var(--ink); background: var(--paper); font: 14px/1.4 system-ui, sans-serif;
  max-width: 1100px; padding: 6px 4px; box-sizing: border-box; accent-color: #2a78bf; overflow-wrap: anywhere; }
.svae-panel[data-theme=dark] { ${declared(DARK)} accent-color: #5ba6ea; }
.svae-panel *, .svae-panel { box-sizing: border-box; }
.svae-panel .rows { display: grid; grid-template-columns: minmax(6em, max-content) minmax(90px, 420px) 5.5em;
  gap: 4px 10px; align-items: center; }
.svae-panel input[type=number] { font: inherit; color: inherit; background: var(--paper); width: 100%;
  border: 1px solid var(--line); border-radius: 3px; padding: 2px 4px; min-height: 26px; }
.svae-panel input[type=range] { width: 100%; margin: 0; min-height: 26px; touch-action: pan-y; }
.svae-panel :is(.presets, .choices:not(:empty)) { display: flex; flex-wrap: wrap; gap: 6px; margin: 6px 0; }
.svae-panel fieldset { display: flex; flex-wrap: wrap; gap: 4px; align-items: center; border: 0; margin: 0;
  padding: 0; min-width: 0; }
.svae-panel legend { float: left; width: auto; margin: 0; padding: 0 6px 0 0; font: inherit; }
.svae-panel fieldset label { position: relative; cursor: pointer; }
.svae-panel fieldset input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
  cursor: pointer; }
.svae-panel :is(button, fieldset span) { font: inherit; color: inherit; background: var(--soft); display: block;
  border: 1px solid transparent; border-radius: 3px; padding: 3px 10px; min-height: 28px; cursor: pointer; }
.svae-panel :is(button:hover, label:hover span) { border-color: var(--line); }
.svae-panel fieldset input:checked + span { background: var(--ink); color: var(--paper); }
.svae-panel :is(button, input, canvas, svg, [tabindex]):focus-visible, .svae-panel fieldset input:focus-visible + span {
  outline: 2px solid var(--c0); outline-offset: 2px; }
.svae-panel .say { margin: 4px 0; min-height: 1.4em; font-variant-numeric: tabular-nums; }
.svae-panel .aloud { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.svae-panel .picture { width: 100%; }
.svae-panel svg { display: block; font: 12px system-ui, sans-serif; overflow: hidden; }
.svae-panel svg text { fill: var(--ink); }
.svae-panel canvas { max-width: 100%; }
@container svae (max-width: 520px) { .svae-panel .rows { grid-template-columns: 1fr 5.5em; }
  .svae-panel .rows label { grid-column: 1 / -1; margin-bottom: -4px; } }
@media (forced-colors: active) { .svae-panel { --ink: CanvasText; --paper: Canvas; }
  .svae-panel .picture { forced-color-adjust: none; } /* its colors mean something, and stand on this paper */
  .svae-panel :is(button, fieldset span) { background: ButtonFace; color: ButtonText; border-color: ButtonBorder; }
  .svae-panel fieldset input:checked + span { background: Highlight; color: HighlightText; forced-color-adjust: none; }
  .svae-panel :is(button, input, canvas, svg, [tabindex]):focus-visible { outline-color: Highlight; } }
@media print { .svae-panel :is(.rows, .choices, .presets) { display: none; } }
`;
