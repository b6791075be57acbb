// How far apart every two runs of one arm lie, drawn against the margin and what two more will differ by.

import { s } from "../dom.js";
import { formatMetric } from "../format.js";
import { armColour } from "../theme.js";
import { marksChart } from "./marks.js";
import { ticks } from "./numbers.js";

const SIDE = 8;
const TOP = 34;
const HEIGHT = 128;
const FOOT = HEIGHT - 22;
const MOST_DOTS = 300; // 1,000 runs have half a million differences

/**
 * `index` is the place of the arm in the spec, whose colour the dots have.
 * @param {AbortSignal} signal
 * @param {Reply.NoiseFloor} floor
 * @param {number} index
 */
export function noiseChart(signal, floor, index) {
  return marksChart(signal, {
    title: `Differences of two runs of ${floor.arm}`, draw: (width) => drawing(floor, index, width),
    table: () => ({ [`difference of two runs in ${floor.metric}`]: differences(floor.points) }),
  });
}

/**
 * The absolute differences of every two values, ascending; of very many, some spread evenly.
 * @param {number[]} points
 */
export function differences(points) {
  const all = points.flatMap((one, at) => points.slice(at + 1).map((other) => Math.abs(one - other))).sort((a, b) => a - b);
  if (all.length <= MOST_DOTS) return all;
  return Array.from({ length: MOST_DOTS }, (_, at) => all[Math.round((at * (all.length - 1)) / (MOST_DOTS - 1))]);
}

/**
 * @param {Reply.NoiseFloor} floor
 * @param {number} index
 * @param {number} width
 */
function drawing(floor, index, width) {
  const { metric, margin, two_runs_differ_by: { median, in_1_of_20: rare } } = floor;
  const apart = differences(floor.points);
  const high = Math.max(margin, rare ?? 0, ...apart) * 1.06;
  /** @param {number} value */
  const x = (value) => SIDE + (value / high) * (width - 2 * SIDE);
  const axis = ticks(0, high, Math.max(3, width / 110));
  return s("svg", {
    class: "marks noise-chart", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
    "aria-label": spoken(floor, apart.length), style: { "--arm": `var(--${armColour(index)})` },
  },
    s("rect", { class: "margin", x: x(0), y: TOP, width: x(margin) - x(0), height: FOOT - TOP }),
    s("line", { class: "margin-edge", x1: x(margin), x2: x(margin), y1: TOP, y2: FOOT }),
    s("line", { class: "axis", x1: 0, x2: width, y1: FOOT, y2: FOOT }),
    axis.values.map((at) => s("text", { x: x(at), y: HEIGHT - 6, "text-anchor": at === 0 ? "start" : "middle" }, at === 0 ? "0" : at.toFixed(Math.min(axis.decimals, 6)))),
    s("line", { class: "zero", x1: x(0), x2: x(0), y1: TOP, y2: FOOT }),
    apart.map((value, at) => s("circle", { class: "seed", cx: x(value), cy: TOP + 16 + 7 * ((at * 3) % 7), r: 3 })),
    median !== null && quantile("median", x(median), 12, "half differ by more", width),
    rare !== null && quantile("rare", x(rare), 26, "1 in 20 by more", width),
    s("title", {}, `margin ${formatMetric(margin, metric)}`));
}

/**
 * @param {string} name
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {number} width
 */
function quantile(name, x, y, text, width) {
  const left = x > width / 2;
  return [
    s("line", { class: `interval ${name}`, x1: x, x2: x, y1: y - 8, y2: FOOT }),
    s("text", { class: "strong", x: left ? x - 6 : x + 6, y, "text-anchor": left ? "end" : "start" }, text),
  ];
}

/**
 * @param {Reply.NoiseFloor} floor
 * @param {number} pairs
 */
function spoken({ arm, metric, margin, two_runs_differ_by: { median, in_1_of_20: rare } }, pairs) {
  if (median === null) return "Too few runs have ended to draw how far apart they lie";
  return `Differences of ${pairs} pairs of runs of ${arm}: half of all are above ${formatMetric(median, metric)}, 1 in 20 above ${formatMetric(rare, metric)}, drawn against the margin of ${formatMetric(margin, metric)}`;
}
