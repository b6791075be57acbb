// Two histograms over the same bins: pairs that are duplicates filled, the others as an outline.

import { count } from "../format.js";
import { colour } from "../theme.js";
import { plot } from "./plot.js";

/**
 * @typedef {{ start: number[], end: number, duplicates: number[], others: number[] }} Bins
 * @typedef {Omit<Page.Chart, "make"> & { bins: () => Bins, share?: boolean, hooks?: uPlot.Hooks.Arrays }} Histogram
 */

/**
 * `bins()` gives { start, end, duplicates, others }: lower edges of the bins, the end of the last.
 * `share` draws each label as shares of its own, so that the rarer one can be seen.
 * @param {AbortSignal} signal
 * @param {Histogram} chart
 */
export function bars(signal, { label, bins, height = 220, share = false, xLabel, cursorX, hooks, drag }) {
  return plot(signal, {
    label, height, xLabel, cursorX, drag,
    make() {
      const { start, end, duplicates, others } = bins();
      const stepped = uPlot.paths.stepped?.({ align: 1 });
      /** @param {number[]} counts */
      const scaled = (counts) => {
        const all = counts.reduce((sum, one) => sum + one, 0) || 1;
        const values = share ? counts.map((one) => one / all) : counts;
        return [...values, values[values.length - 1] ?? 0];
      };
      const format = share ? (/** @type {number} */ value) => `${(value * 100).toFixed(1)} %` : count;
      const [blue, red] = [colour("duplicate"), colour("different")];
      return {
        data: [[...start, end], scaled(duplicates), scaled(others)],
        series: [
          { stroke: blue, width: 1.5, fill: `${blue}40`, paths: stepped, points: { show: false } },
          { stroke: red, width: 2, dash: [5, 3], fill: `${red}14`, paths: stepped, points: { show: false } },
        ],
        legend: [
          { label: "duplicates", arm: "duplicate", series: 1, format },
          { label: "different", arm: "different", dashed: true, series: 2, format },
        ],
        scales: { y: { range: (_, _low, high) => [0, (high || 1) * 1.06] } },
        axes: { y: { values: (_, values) => values.map((value) => (share ? `${Math.round(value * 1000) / 10} %` : count(value))) } },
        hooks,
      };
    },
  });
}
