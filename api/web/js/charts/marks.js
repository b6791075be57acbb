// One drawing in SVG with what every chart here has: it follows the width of its place, and can be
// seen in full size and taken along as a picture or as numbers.

import { drawnToWidth, fill, h } from "../dom.js";
import { csvOf, takeAlong, toolsOf } from "./tools.js";

/** @import { Legend } from "./tools.js" */

const WIDTH = 720; // of a picture that has no place on the page
const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "paint-order", "font-size", "font-weight", "font-family"];

/**
 * `draw(width)` is the drawing at that width; `table` its figures, by the heads of its columns; `title` names
 * the files, and `legend` stands in the picture, where the page has it elsewhere.
 * @typedef {{ title: string, draw: (width: number) => SVGSVGElement, table: () => Record<string, Page.Cell[]>, legend?: Legend[] }} Marks
 */

/**
 * @param {AbortSignal} signal
 * @param {Marks} chart
 */
export function marksChart(signal, { title, draw, table, legend = [] }) {
  const holder = h("div", {});
  const node = h("div", { class: "plot" }, holder);
  node.append(toolsOf(node, title, { picture: () => imageOf(holder.querySelector("svg"), legend), csv: () => csvOf(table()) }));
  drawnToWidth(holder, signal, (width) => fill(holder, draw(width)));
  return node;
}

/**
 * The buttons that take a drawing along which the page shows in another form, such as row by row.
 * @param {Marks} chart
 */
export function marksTools({ title, draw, table, legend = [] }) {
  return h("div", { class: "chart-tools" }, takeAlong(title, {
    picture: async () => {
      const place = h("div", { class: "visually-hidden" }, draw(WIDTH));
      document.body.append(place); // styles are of what is in the document
      try {
        return await imageOf(place.querySelector("svg"), legend);
      } finally {
        place.remove();
      }
    },
    csv: () => csvOf(table()),
  }));
}

/**
 * The drawing as an image: what the page's styles make of it is written into it, since an image has none.
 * @param {SVGSVGElement | null} drawing
 * @param {Legend[]} legend
 */
async function imageOf(drawing, legend) {
  if (!drawing) return null;
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const [from, to] = [drawing, copy].map((one) => [one, .../** @type {NodeListOf<SVGElement>} */ (one.querySelectorAll("*"))]);
  from.forEach((one, at) => {
    const style = getComputedStyle(one);
    for (const name of STYLES) to[at].setAttribute(name, style.getPropertyValue(name));
    to[at].removeAttribute("style");
  });
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } finally {
    URL.revokeObjectURL(address);
  }
  return { image, width: drawing.width.baseVal.value, height: drawing.height.baseVal.value, legend };
}
