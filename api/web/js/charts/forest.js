// Many differences on one scale: a row for each, with its name, its interval, zero and the margin.

import { s } from "../dom.js";
import { signed } from "../format.js";
import { domainOf } from "./interval.js";
import { marksChart, marksTools } from "./marks.js";
import { anchorAt, signedTick, ticks } from "./numbers.js";

const SIDE = 8;
const ROW = 46;
const FOOT = 24;
const LETTER = 6.6; // pixels of a letter, about

/**
 * `told` fills the dot: it is told from zero. `total` is a diamond, the mean of the rows above it, and
 * `predicted` where one more row would lie.
 * @typedef {{ one: Page.Difference, name: string, told: boolean, total?: boolean, predicted?: Reply.Interval | null }} Row
 */

/**
 * `rows` are the differences with the words for each, which stand above its interval.
 * @param {AbortSignal} signal
 * @param {Row[]} rows
 * @param {string} [label]
 */
export function forestChart(signal, rows, label = `${rows.length} effects with their intervals, the largest first; the table below has the figures`) {
  return marksChart(signal, { title: label, draw: (width) => drawing(rows, label, width), table: () => forestTable(rows) });
}

/**
 * The buttons that take such a chart along, of rows that the page shows as a table.
 * @param {Row[]} rows
 * @param {string} label
 */
export function forestTools(rows, label) {
  return marksTools({ title: label, draw: (width) => drawing(rows, label, width), table: () => forestTable(rows) });
}

/** @param {Row[]} rows */
function forestTable(rows) {
  return {
    name: rows.map(({ name }) => name),
    metric: rows.map(({ one }) => one.metric),
    difference: rows.map(({ one }) => one.mean_difference),
    low: rows.map(({ one }) => one.interval?.low),
    high: rows.map(({ one }) => one.interval?.high),
    confidence: rows.map(({ one }) => one.interval?.confidence),
    margin: rows.map(({ one }) => one.equivalence?.margin),
  };
}

/**
 * @param {Row[]} rows
 * @param {string} label
 * @param {number} width
 */
function drawing(rows, label, width) {
  const differences = rows.map(({ one }) => ({ ...one, pairs: [] })); // seeds would widen the scale
  const predicted = rows.flatMap((row) => (row.predicted ? [{ ...row.one, pairs: [], interval: row.predicted }] : []));
  const [low, high] = domainOf([...differences, ...predicted]);
  /** @param {number} value */
  const x = (value) => SIDE + ((value - low) / (high - low)) * (width - 2 * SIDE);
  const foot = rows.length * ROW;
  const axis = ticks(low, high, Math.max(3, width / 110));
  const margin = rows.map(({ one }) => one.equivalence?.margin).find((one) => one !== undefined);
  return s("svg", {
    class: "marks forest-chart", width, height: foot + FOOT, viewBox: `0 0 ${width} ${foot + FOOT}`, role: "img",
    "aria-label": label,
  },
    margin !== undefined && s("rect", { class: "margin", x: x(-margin), y: 0, width: x(margin) - x(-margin), height: foot }),
    s("line", { class: "axis", x1: 0, x2: width, y1: foot, y2: foot }),
    axis.values.map((at) => s("text", { x: x(at), y: foot + 17, "text-anchor": anchorAt(x(at), width) }, signedTick(at, axis.decimals))),
    s("line", { class: "zero", x1: x(0), x2: x(0), y1: 0, y2: foot }),
    rows.map((row, at) => drawnRow(row, at, x, width)));
}

/**
 * @param {Row} row
 * @param {number} at
 * @param {(value: number) => number} x
 * @param {number} width
 */
function drawnRow({ one, name, told, total = false, predicted = null }, at, x, width) {
  const top = at * ROW;
  const y = top + 32;
  const figure = signed(one.mean_difference, one.metric);
  const room = Math.floor((width - 2 * SIDE) / LETTER) - figure.length - 2;
  const short = name.length > room ? `${name.slice(0, Math.max(room - 1, 8))}…` : name;
  return s("g", { class: total ? "effect total" : "effect" },
    total && s("line", { class: "axis", x1: 0, x2: width, y1: top + 1, y2: top + 1 }),
    s("title", {}, `${name}: ${figure}`),
    s("text", { class: "strong", x: SIDE, y: top + 16 }, short),
    s("text", { x: width - SIDE, y: top + 16, "text-anchor": "end" }, figure),
    predicted && s("line", { class: "interval rare", x1: x(predicted.low), x2: x(predicted.high), y1: y, y2: y }),
    one.interval && s("line", { class: "interval", x1: x(one.interval.low), x2: x(one.interval.high), y1: y, y2: y }),
    one.mean_difference !== null && mark(x(one.mean_difference), y, told ? "estimate" : "estimate open", total));
}

/**
 * @param {number} cx
 * @param {number} cy
 * @param {string} kind
 * @param {boolean} total
 */
function mark(cx, cy, kind, total) {
  if (!total) return s("circle", { class: kind, cx, cy, r: 5.5 });
  return s("path", { class: kind, d: `M${cx - 8} ${cy} L${cx} ${cy - 7} L${cx + 8} ${cy} L${cx} ${cy + 7} Z` });
}
