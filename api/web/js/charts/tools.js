// What can be done with any chart: see it in full size, and take it along as a picture or as numbers.

import { h } from "../dom.js";
import { save } from "../parts/download.js";
import { colour } from "../theme.js";

const EDGE = 16; // pixels around the picture
const ROW = 18; // of a line of the legend in it

/**
 * @param {Page.Plot} plot
 * @param {string} label
 * @param {() => Page.Drawing} drawing
 */
export function toolsOf(plot, label, drawing) {
  const title = label.split(/[.,:]/)[0];
  const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
  const about = `: ${title}`;
  /**
   * @param {string} words
   * @param {() => void} click
   */
  const button = (words, click) => h("button", { type: "button", class: "quiet", on: { click } }, words, h("span", { class: "visually-hidden" }, about));
  return h("div", { class: "chart-tools" },
    button("Full size", () => enlarge(plot.node, title)),
    button("PNG", () => picture(plot, title, drawing(), (blob) => save(blob, `${name}.png`))),
    button("CSV", () => save(new Blob([csv(drawing())], { type: "text/csv" }), `${name}.csv`)));
}

/**
 * Put the chart into a dialog as large as the window, until that is closed.
 * @param {HTMLElement} node
 * @param {string} title
 */
function enlarge(node, title) {
  const place = h("div", {});
  node.replaceWith(place);
  const dialog = h("dialog", { class: "enlarged", "aria-label": title },
    h("div", { class: "row spread" }, h("h2", {}, title), h("button", { type: "button", on: { click: () => dialog.close() } }, "Close")), node);
  dialog.addEventListener("close", () => {
    place.replaceWith(node);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * The canvas with its title and legend, on the ground of the page.
 * @param {Page.Plot} plot
 * @param {string} title
 * @param {Page.Drawing} drawing
 * @param {(blob: Blob) => void} made
 */
function picture(plot, title, drawing, made) {
  const from = plot.chart?.ctx.canvas;
  if (!from) return;
  const entries = drawing.legend.filter((one) => !one.off);
  const scale = devicePixelRatio;
  const head = (EDGE + ROW * (1 + entries.length)) * scale;
  const canvas = h("canvas", {});
  canvas.width = from.width + 2 * EDGE * scale;
  canvas.height = from.height + head + EDGE * scale;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = colour("ground");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(from, EDGE * scale, head);
  context.scale(scale, scale);
  context.fillStyle = colour("text");
  context.font = `600 14px ${colour("sans")}`;
  context.fillText(title, EDGE, EDGE + 8);
  context.font = `12px ${colour("sans")}`;
  entries.forEach(({ label, arm, dashed }, place) => {
    const y = EDGE + 8 + ROW * (place + 1);
    context.strokeStyle = colour(arm);
    context.lineWidth = 2.5;
    context.setLineDash(dashed ? [5, 4] : []);
    context.beginPath();
    context.moveTo(EDGE, y - 4);
    context.lineTo(EDGE + 22, y - 4);
    context.stroke();
    context.fillText(label, EDGE + 30, y);
  });
  canvas.toBlob((blob) => blob && made(blob));
}

/**
 * A column for x and for each line that is drawn; of a mean also its band.
 * @param {Page.Drawing} drawing
 */
export function csv({ data, legend, xName = "x" }) {
  const columns = legend.filter((one) => !one.off).flatMap(({ label, series, band }) => [
    { head: label, values: data[series] },
    ...(band ? [{ head: `${label} low`, values: data[band[0]] }, { head: `${label} high`, values: data[band[1]] }] : []),
  ]);
  const rows = data[0].map((x, at) => [x, ...columns.map(({ values }) => values[at] ?? "")].join(","));
  return [[xName, ...columns.map(({ head }) => quoted(head))].join(","), ...rows, ""].join("\n");
}

/** @param {string} text */
function quoted(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
