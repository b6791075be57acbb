// What makes two runs of one arm differ: the service's sentence, a chart, and the figures.

import { spreadChart } from "../../charts/spreads.js";
import { h } from "../../dom.js";
import { formatMetric, level, metricWords } from "../../format.js";

/**
 * @param {Reply.SeedSources} found
 * @param {AbortSignal} signal
 */
export function sourcesAnswer(found, signal) {
  const rows = [
    ...found.sources.map((one) => ({ name: one.source.replaceAll("_", " "), count: one.pairs.length, sd: one.sd, interval: one.sd_interval })),
    { name: "all together", count: found.n, sd: found.sd, interval: found.sd_interval },
  ];
  const known = rows.some((one) => one.sd !== null);
  return [
    h("div", { class: "kind" }, h("span", { class: "sign", "aria-hidden": "true" }, "±"), `What makes runs of ${found.arm} differ`),
    h("p", { class: "sentence" }, found.sentence),
    known && spreadChart(signal, rows, found.metric),
    h("div", { class: "scroll", tabindex: "0" }, table(rows, found.metric)),
    h("p", { class: "help" }, "Each source was drawn anew alone, beside a run that shares all else. All together are the runs in which every source follows the seed."),
  ];
}

/**
 * @param {{ name: string, count: number, sd: number | null, interval: Reply.Interval | null }[]} rows
 * @param {string} metric
 */
function table(rows, metric) {
  const heads = ["Pairs, or runs", "Standard deviation", "Interval"];
  return h("table", {},
    h("caption", { class: "visually-hidden" }, `Standard deviation of ${metricWords(metric)} by source`),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Source"), heads.map((one) => h("th", { scope: "col", class: "number" }, one)))),
    h("tbody", {}, rows.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name),
      [one.count, formatMetric(one.sd, metric), one.interval ? `${formatMetric(one.interval.low, metric)} to ${formatMetric(one.interval.high, metric)} (${level(one.interval.confidence)})` : "–"]
        .map((cell) => h("td", { class: "number" }, cell))))));
}
