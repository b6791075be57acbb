// Standard deviations on one scale from zero: a row for each, with its name and its interval.

import { s } from "../dom.js";
import { formatMetric } from "../format.js";
import { marksChart } from "./marks.js";
import { anchorAt, ticks } from "./numbers.js";

const SIDE = 8;
const ROW = 46;
const FOOT = 24;

/** @typedef {{ name: string, sd: number | null, interval: Reply.Interval | null }} Spread */

/**
 * @param {AbortSignal} signal
 * @param {Spread[]} rows
 * @param {string} metric
 */
export function spreadChart(signal, rows, metric) {
  return marksChart(signal, {
    title: "Standard deviations by source", draw: (width) => drawing(rows, metric, width),
    table: () => ({
      source: rows.map((one) => one.name), [`standard deviation of ${metric}`]: rows.map((one) => one.sd),
      low: rows.map((one) => one.interval?.low), high: rows.map((one) => one.interval?.high),
    }),
  });
}

/**
 * @param {Spread[]} rows
 * @param {string} metric
 * @param {number} width
 */
function drawing(rows, metric, width) {
  const high = Math.max(...rows.map((one) => one.interval?.high ?? one.sd ?? 0)) * 1.06 || 1;
  /** @param {number} value */
  const x = (value) => SIDE + (value / high) * (width - 2 * SIDE);
  const foot = rows.length * ROW;
  const axis = ticks(0, high, Math.max(3, width / 110));
  return s("svg", {
    class: "marks forest-chart", width, height: foot + FOOT, viewBox: `0 0 ${width} ${foot + FOOT}`, role: "img",
    "aria-label": `${rows.length} standard deviations with their intervals; the table below has the figures`,
  },
    s("line", { class: "axis", x1: 0, x2: width, y1: foot, y2: foot }),
    axis.values.map((at) => s("text", { x: x(at), y: foot + 17, "text-anchor": anchorAt(x(at), width) }, at === 0 ? "0" : at.toFixed(Math.min(axis.decimals, 6)))),
    s("line", { class: "zero", x1: x(0), x2: x(0), y1: 0, y2: foot }),
    rows.map((row, at) => drawnRow(row, at * ROW, x, metric, width)));
}

/**
 * @param {Spread} row
 * @param {number} top
 * @param {(value: number) => number} x
 * @param {string} metric
 * @param {number} width
 */
function drawnRow({ name, sd, interval }, top, x, metric, width) {
  const y = top + 32;
  return s("g", { class: "effect" },
    s("text", { class: "strong", x: SIDE, y: top + 16 }, name),
    s("text", { x: width - SIDE, y: top + 16, "text-anchor": "end" }, formatMetric(sd, metric)),
    interval && s("line", { class: "interval", x1: x(interval.low), x2: x(interval.high), y1: y, y2: y }),
    sd !== null && s("circle", { class: "estimate", cx: x(sd), cy: y, r: 5.5 }));
}
