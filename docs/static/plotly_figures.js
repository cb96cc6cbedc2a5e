// Draws each plotly figure of a page from the JSON in its frame, in place of its picture, in the colors of the page.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  for (const frame of document.querySelectorAll(".plotly-figure")) {
    const { data, layout } = JSON.parse(frame.querySelector("script").textContent);
    const clear = "rgba(0, 0, 0, 0)", ink = getComputedStyle(frame).color;
    const look = { ...layout, paper_bgcolor: clear, font: { ...layout.font, color: ink }, autosize: true };
    frame.replaceChildren();
    Plotly.newPlot(frame, data, look, { responsive: true, displayModeBar: false, topojsonURL: "" });
  }
});
