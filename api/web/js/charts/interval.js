// A difference and its interval, drawn against zero and against the margin that was declared.

import { drawnToWidth, fill, h, s } from "../dom.js";
import { formatMetric, signed } from "../format.js";
import { armColour } from "../theme.js";
import { marksChart } from "./marks.js";
import { anchorAt, signedTick, ticks } from "./numbers.js";

const SIDE = 8;

/**
 * The part of the axis that all `differences` need, so that several can be drawn on one scale.
 * @param {Page.Difference[]} differences
 * @returns {[number, number]}
 */
export function domainOf(differences) {
  const values = [0];
  for (const one of differences) {
    if (one.equivalence) values.push(one.equivalence.margin, -one.equivalence.margin);
    if (one.interval) values.push(one.interval.low, one.interval.high);
    values.push(...one.pairs.map((pair) => pair.difference));
  }
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || 1) * 0.06;
  return [low - room, high + room];
}

/**
 * `index` is the place of arm a in the spec, whose colour the interval has.
 * @param {AbortSignal} signal
 * @param {Page.Difference} one
 * @param {number} index
 * @param {{ domain?: [number, number], ends?: boolean }} [options]
 */
export function intervalChart(signal, one, index, { domain = domainOf([one]), ends = true } = {}) {
  return marksChart(signal, {
    title: `${one.a} minus ${one.b}`, draw: (width) => drawing(one, index, domain, ends, width), table: () => ({
      of: ["mean", ...one.pairs.map((pair) => `seed ${pair.seed}`)],
      [`difference in ${one.metric}`]: [one.mean_difference, ...one.pairs.map((pair) => pair.difference)],
      low: [one.interval?.low],
      high: [one.interval?.high],
      margin: [one.equivalence?.margin],
    }),
  });
}

/**
 * As `intervalChart`, of one row of a table, which has the figures and is taken along as a whole.
 * @param {AbortSignal} signal
 * @param {Page.Difference} one
 * @param {number} index
 * @param {[number, number]} domain
 * @param {boolean} ends
 */
export function intervalOfRow(signal, one, index, domain, ends) {
  const holder = h("div", {});
  drawnToWidth(holder, signal, (width) => fill(holder, drawing(one, index, domain, ends, width)));
  return holder;
}

/**
 * @param {Page.Difference} one
 * @param {number} index
 * @param {[number, number]} domain
 * @param {boolean} ends
 * @param {number} width
 */
function drawing(one, index, [low, high], ends, width) {
  const height = ends ? 112 : 84;
  const middle = ends ? 56 : 30;
  /** @param {number} value */
  const x = (value) => SIDE + ((value - low) / (high - low)) * (width - 2 * SIDE);
  const foot = height - 22;
  const axis = ticks(low, high, Math.max(3, width / 110));
  const margin = one.equivalence?.margin;
  return s("svg", {
    class: "marks interval-chart", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": spoken(one), style: { "--arm": `var(--${armColour(index)})` },
  },
    margin && s("rect", { class: "margin", x: x(-margin), y: ends ? 24 : 4, width: x(margin) - x(-margin), height: foot - (ends ? 24 : 4) }),
    margin && [-margin, margin].map((at) => s("line", { class: "margin-edge", x1: x(at), x2: x(at), y1: ends ? 24 : 4, y2: foot })),
    s("line", { class: "axis", x1: 0, x2: width, y1: foot, y2: foot }),
    axis.values.map((at) => s("text", { x: x(at), y: height - 6, "text-anchor": anchorAt(x(at), width) }, signedTick(at, axis.decimals))),
    s("line", { class: "zero", x1: x(0), x2: x(0), y1: ends ? 18 : 0, y2: foot }),
    ends && sides(one, x(0), width),
    one.pairs.map((pair) => s("circle", { class: "seed", cx: x(pair.difference), cy: middle + 16, r: 3.5 },
      s("title", {}, `seed ${pair.seed}: ${signed(pair.difference, one.metric)}`))),
    one.interval && s("line", { class: "interval", x1: x(one.interval.low), x2: x(one.interval.high), y1: middle, y2: middle }),
    one.mean_difference !== null && s("circle", { class: "estimate", cx: x(one.mean_difference), cy: middle, r: 6.5 }));
}

/**
 * @param {Page.Difference} one
 * @param {number} zero
 * @param {number} width
 */
function sides(one, zero, width) {
  const [left, right] = one.higher_is_better ? [one.b, one.a] : [one.a, one.b];
  return [
    zero > 90 && s("text", { x: zero - 10, y: 12, "text-anchor": "end" }, `← ${left} better`),
    width - zero > 90 && s("text", { x: zero + 10, y: 12 }, `${right} better →`),
  ];
}

/** @param {Page.Difference} one */
function spoken(one) {
  if (one.mean_difference === null) return "No difference can be drawn yet";
  const interval = one.interval ? `, interval ${formatMetric(one.interval.low, one.metric)} to ${formatMetric(one.interval.high, one.metric)}` : "";
  const margin = one.equivalence ? `, margin ${formatMetric(one.equivalence.margin, one.metric)}` : "";
  return `${one.a} minus ${one.b}: ${signed(one.mean_difference, one.metric)}${interval}${margin}, drawn against zero`;
}
