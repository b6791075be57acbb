// The two arms under each seed: a dot each, joined, since a seed gives both the same start.

import { s } from "../dom.js";
import { formatMetric, signed } from "../format.js";
import { armColour } from "../theme.js";
import { marksChart } from "./marks.js";
import { ticks } from "./numbers.js";

const LEFT = 56;
const HEIGHT = 250;
const FOOT = 30;
const LETTER = 6.4; // pixels, about, of a name beside a line
const LINE = 14; // from one name to the next

/**
 * `indexOf` gives the place of an arm's name in the spec; `lines` are drawn across, each with its words
 * in a margin of its own, where no dot is.
 * @param {AbortSignal} signal
 * @param {Reply.Comparison} one
 * @param {(name: string) => number} indexOf
 * @param {[words: string, value: number][]} lines
 */
export function pairsChart(signal, one, indexOf, lines) {
  return marksChart(signal, {
    title: `${one.a} and ${one.b} under each seed`, draw: (width) => drawing(one, indexOf, lines, width),
    table: () => ({
      seed: one.pairs.map((pair) => pair.seed), [one.a]: one.pairs.map((pair) => pair.a),
      [one.b]: one.pairs.map((pair) => pair.b), difference: one.pairs.map((pair) => pair.difference),
    }),
    legend: [one.a, one.b].map((name) => ({ label: name, arm: armColour(indexOf(name)) })),
  });
}

/**
 * @param {Reply.Comparison} one
 * @param {(name: string) => number} indexOf
 * @param {[words: string, value: number][]} lines
 * @param {number} width
 */
function drawing(one, indexOf, lines, width) {
  const values = [...one.pairs.flatMap((pair) => [pair.a, pair.b]), ...lines.map(([, value]) => value)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) * 0.1 || 1) * 0.08;
  const [low, high] = [least - room, most + room];
  /** @param {number} value */
  const y = (value) => 8 + ((high - value) / (high - low)) * (HEIGHT - FOOT - 8);
  const names = named(lines, y, width);
  const right = names.length ? width - 8 - LETTER * Math.max(...names.map(({ words }) => words.length)) : width;
  const gap = (right - LEFT - 8) / one.pairs.length;
  /** @param {number} at */
  const x = (at) => LEFT + gap * (at + 0.5);
  const axis = ticks(low, high, 5);
  const every = Math.ceil(one.pairs.length / ((right - LEFT) / 32));
  /**
   * @param {number} at
   * @param {number} value
   * @param {string} name
   */
  const dot = (at, value, name) =>
    s("circle", { class: "dot", cx: x(at), cy: y(value), r: 5.5, style: { "--arm": `var(--${armColour(indexOf(name))})` } });
  return s("svg", {
    class: "marks pairs-chart", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
    "aria-label": `${one.metric} of ${one.a} and ${one.b} under each of ${one.pairs.length} seeds; the table below has the values`,
  },
    axis.values.map((value) => [
      s("line", { class: "grid", x1: LEFT, x2: right, y1: y(value), y2: y(value) }),
      s("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(Math.min(axis.decimals, 6))),
    ]),
    lines.map(([words, value]) => s("line", { class: "untaught", x1: LEFT, x2: right, y1: y(value), y2: y(value) }, s("title", {}, words))),
    names.map(({ words, at }) => s("text", { class: "untaught-name", x: right + 8, y: at + 4 }, words)),
    one.pairs.map((pair, at) => s("g", {},
      s("title", {}, `seed ${pair.seed}: ${one.a} ${formatMetric(pair.a, one.metric)}, ${one.b} ${formatMetric(pair.b, one.metric)}, difference ${signed(pair.difference, one.metric)}`),
      s("line", { class: "pair", x1: x(at), x2: x(at), y1: y(pair.a), y2: y(pair.b) }),
      dot(at, pair.b, one.b), dot(at, pair.a, one.a),
      at % every === 0 && s("text", { x: x(at), y: HEIGHT - 10, "text-anchor": "middle" }, pair.seed))),
    s("text", { x: 0, y: HEIGHT - 10 }, "seed"));
}

/**
 * Where the name of each line stands, none on another; none where they would take half of the chart.
 * @param {[words: string, value: number][]} lines
 * @param {(value: number) => number} y
 * @param {number} width
 */
function named(lines, y, width) {
  const found = lines.map(([words, value]) => ({ words: words.split(/[:,] /)[0], at: y(value) })).sort((a, b) => a.at - b.at);
  if (found.some(({ words }) => words.length * LETTER > width * 0.4)) return [];
  for (const [place, one] of found.entries()) if (place) one.at = Math.max(one.at, found[place - 1].at + LINE);
  const over = Math.max(0, (found.at(-1)?.at ?? 0) - (HEIGHT - FOOT));
  for (const one of found) one.at -= over;
  return found;
}
