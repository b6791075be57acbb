// What can be done with any chart: see it in full size, and take it along as a picture or as numbers.

import { h } from "../dom.js";
import { save } from "../parts/download.js";
import { colour } from "../theme.js";

const EDGE = 16; // pixels around the picture
const ROW = 18; // of a line of the legend in it

/**
 * @typedef {{ label: string, arm: string, dashed?: boolean }} Legend
 * @typedef {{ image: CanvasImageSource, width: number, height: number, legend: Legend[] }} Picture in pixels of CSS
 * @typedef {{ picture: () => Promise<Picture | null>, csv: () => string }} Taken
 */

/**
 * @param {HTMLElement} node
 * @param {string} label
 * @param {Taken} taken
 */
export function toolsOf(node, label, taken) {
  const title = titleOf(label);
  return h("div", { class: "chart-tools" }, toolButton(title, "Full size", () => enlarge(node, title)), takeAlong(title, taken));
}

/**
 * The buttons that save a picture and the numbers.
 * @param {string} label
 * @param {Taken} taken
 */
export function takeAlong(label, { picture, csv }) {
  const title = titleOf(label);
  const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
  return [
    toolButton(title, "PNG", async () => {
      const made = await picture();
      if (made) framed(title, made, (blob) => save(blob, `${name}.png`));
    }),
    toolButton(title, "CSV", () => save(new Blob([csv()], { type: "text/csv" }), `${name}.csv`)),
  ];
}

/** @param {string} label */
function titleOf(label) {
  return label.split(/[.,:;]/)[0];
}

/**
 * @param {string} title
 * @param {string} words
 * @param {() => void} click
 */
function toolButton(title, words, click) {
  return h("button", { type: "button", class: "quiet", on: { click } }, words, h("span", { class: "visually-hidden" }, `: ${title}`));
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
 * The picture with its title and legend, on the ground of the page.
 * @param {string} title
 * @param {Picture} made
 * @param {(blob: Blob) => void} done
 */
function framed(title, { image, width, height, legend }, done) {
  const scale = devicePixelRatio;
  const head = EDGE + ROW * (1 + legend.length);
  const canvas = h("canvas", {});
  canvas.width = Math.round((width + 2 * EDGE) * scale);
  canvas.height = Math.round((height + head + EDGE) * scale);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(scale, scale);
  context.fillStyle = colour("ground");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, EDGE, head, width, height);
  context.fillStyle = colour("text");
  context.font = `600 14px ${colour("sans")}`;
  context.fillText(title, EDGE, EDGE + 8);
  context.font = `12px ${colour("sans")}`;
  legend.forEach(({ label, arm, dashed }, place) => {
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
  canvas.toBlob((blob) => blob && done(blob));
}

/**
 * A plot's canvas.
 * @param {Page.Plot} plot
 * @param {Page.Drawing} drawing
 * @returns {Promise<Picture | null>}
 */
export async function canvasOf(plot, drawing) {
  const image = plot.chart?.ctx.canvas;
  if (!image) return null;
  const [width, height] = [image.width, image.height].map((one) => one / devicePixelRatio);
  return { image, width, height, legend: drawing.legend.filter((one) => !one.off) };
}

/**
 * A column for x and for each line that is drawn; of a mean also its band.
 * @param {Page.Drawing} drawing
 */
export function csvOfPlot({ data, legend, xName = "x" }) {
  return csvOf(Object.fromEntries([[xName, data[0]], ...legend.filter((one) => !one.off).flatMap(({ label, series, band }) => [
    [label, data[series]],
    ...(band ? [[`${label} low`, data[band[0]]], [`${label} high`, data[band[1]]]] : []),
  ])]));
}

/**
 * Columns of one length under their heads; what is not there is an empty cell.
 * @param {Record<string, Page.Cell[]>} columns
 */
export function csvOf(columns) {
  const [heads, values] = [Object.keys(columns), Object.values(columns)];
  const rows = (values[0] ?? []).map((_, at) => values.map((column) => cell(column[at])).join(","));
  return [heads.map(quoted).join(","), ...rows, ""].join("\n");
}

/** @param {Page.Cell} value */
function cell(value) {
  return value === null || value === undefined ? "" : quoted(String(value));
}

/** @param {string} text */
function quoted(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
