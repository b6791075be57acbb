// Two factors at a time: the levels of one on the axis, a line for each level of the other. Lines that
// run alike mean that the factors do not depend on each other.

import { h, s } from "../dom.js";
import { formatMetric } from "../format.js";
import { arm } from "../parts/small.js";
import { armColour, armDash } from "../theme.js";
import { marksChart } from "./marks.js";
import { ticks } from "./numbers.js";

const LEFT = 56;
const RIGHT = 16;
const HEIGHT = 190;
const FOOT = 26;

/**
 * @param {AbortSignal} signal
 * @param {Reply.FactorPair} pair
 * @param {string} metric
 */
export function interactionChart(signal, pair, metric) {
  const [lines, axis] = pair.factors;
  const levels = [0, 1].map((at) => [...new Set(pair.means.map((one) => one.levels[at]))]);
  const chart = marksChart(signal, {
    title: `${lines} and ${axis}`, draw: (width) => drawing(pair, levels, metric, width),
    table: () => ({
      [lines]: pair.means.map((one) => one.levels[0]), [axis]: pair.means.map((one) => one.levels[1]),
      [`mean ${metric}`]: pair.means.map((one) => one.mean),
    }),
    legend: levels[0].map((name, index) => ({ label: `${lines}=${name}`, arm: armColour(index), dashed: index >= 8 })),
  });
  return h("div", {},
    h("h3", {}, `${lines} and ${axis}`),
    h("div", { class: "legend" }, levels[0].map((name, index) => arm(`${lines}=${name}`, index))),
    chart);
}

/**
 * @param {Reply.FactorPair} pair
 * @param {string[][]} levels
 * @param {string} metric
 * @param {number} width
 */
function drawing(pair, [lines, axis], metric, width) {
  const values = pair.means.map((one) => one.mean).filter((one) => one !== null);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) * 0.1 || 1) * 0.1;
  const [low, high] = [least - room, most + room];
  /** @param {number} value */
  const y = (value) => 8 + ((high - value) / (high - low)) * (HEIGHT - FOOT - 8);
  const gap = (width - LEFT - RIGHT) / axis.length;
  /** @param {number} at */
  const x = (at) => LEFT + gap * (at + 0.5);
  const marks = ticks(low, high, 4);
  return s("svg", {
    class: "marks interaction-chart", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
    "aria-label": `${metric} at each level of ${pair.factors[1]}, a line for each level of ${pair.factors[0]}; the table above has the values`,
  },
    marks.values.map((value) => [
      s("line", { class: "grid", x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
      s("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(Math.min(marks.decimals, 6))),
    ]),
    axis.map((name, at) => s("text", { x: x(at), y: HEIGHT - 8, "text-anchor": "middle" }, shortened(`${pair.factors[1]}=${name}`, gap))),
    lines.map((line, index) => {
      const points = axis.flatMap((name, at) => {
        const mean = pair.means.find((one) => one.levels[0] === line && one.levels[1] === name)?.mean;
        return mean === null || mean === undefined ? [] : [{ at, name, mean }];
      });
      return s("g", { style: { "--arm": `var(--${armColour(index)})`, "stroke-dasharray": (armDash(index) ?? []).join(" ") } },
        points.slice(1).map((one, before) => s("line", {
          class: "line", x1: x(points[before].at), y1: y(points[before].mean), x2: x(one.at), y2: y(one.mean),
        })),
        points.map((one) => s("circle", { class: "dot", cx: x(one.at), cy: y(one.mean), r: 5 },
          s("title", {}, `${pair.factors[0]}=${line}, ${pair.factors[1]}=${one.name}: ${formatMetric(one.mean, metric)}`))));
    }));
}

/**
 * @param {string} text
 * @param {number} width
 */
function shortened(text, width) {
  const room = Math.floor(width / 6.6);
  return text.length > room ? `${text.slice(0, Math.max(room - 1, 3))}…` : text;
}
