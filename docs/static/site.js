// What a page needs beside the theme.
"use strict";
// Search without excerpts where pages come from a folder, which it cannot read.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
// The theme draws these two without a name: what unfolds a part of the contents, and the sidebar around all of them.
document.addEventListener("DOMContentLoaded", () => {
  for (const arrow of document.querySelectorAll(".bd-sidebar-primary summary")) {
    arrow.setAttribute("aria-label", `Pages of ${arrow.closest("li").querySelector("a").textContent.trim()}`);
  }
  const sidebar = document.querySelector(".bd-sidebar-primary");
  sidebar?.setAttribute("role", "region");
  sidebar?.setAttribute("aria-label", "Site");
});
// A formula that is wider than the page becomes smaller, down to three quarters; what is wider still, formula or
// picture, is scrolled, by keys too.
const reach = () => {
  for (const it of document.querySelectorAll("mjx-container[display=true], .figure-frame")) {
    it.style.fontSize = "";
    // In steps, as the height of an x, by which a formula is measured, is rounded to whole pixels.
    for (let size = 97; it.localName === "mjx-container" && it.scrollWidth > it.clientWidth && size >= 75; size -= 2) {
      it.style.fontSize = `${size}%`;
    }
    if (it.scrollWidth > it.clientWidth + 1) it.tabIndex = 0;
    else it.removeAttribute("tabindex");
  }
};
// No line begins with the comma that follows a formula, nor ends with the bracket before one.
const glue = () => {
  for (const formula of document.querySelectorAll("span.math:has(> mjx-container)")) {
    const before = formula.previousSibling, after = formula.nextSibling, whole = document.createElement("span");
    const opening = before?.nodeType === Node.TEXT_NODE && before.data.match(/[([“"]+$/);
    const closing = after?.nodeType === Node.TEXT_NODE && after.data.match(/^[^\s\p{L}\p{N}(]+/u);
    if (!opening && !closing) continue;
    whole.className = "glued";
    formula.replaceWith(whole);
    whole.append(opening ? before.splitText(before.data.length - opening[0].length) : "", formula);
    if (closing) {
      after.splitText(closing[0].length);
      whole.append(after);
    }
  }
};
addEventListener("load", () => window.MathJax?.startup?.promise.then(() => {
  glue();
  reach();
}));
addEventListener("load", reach);
addEventListener("resize", reach);
