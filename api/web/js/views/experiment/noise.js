// What the seed alone does, where an experiment has one arm: the service's sentence, and what it rests on.

/** @import { Model } from "./model.js" */

import { noiseChart } from "../../charts/noise.js";
import { h } from "../../dom.js";
import { formatMetric, level, metricWords, percent, plural } from "../../format.js";
import { fact } from "../../parts/small.js";
import { linesOf, linesSentence } from "./baselines.js";

/**
 * @param {Model} model
 * @param {Reply.NoiseFloor} floor
 * @param {AbortSignal} signal
 */
export function noiseAnswer(model, floor, signal) {
  const known = floor.two_runs_differ_by.median !== null;
  return h("div", { class: "answered" },
    h("div", {}, h("div", { class: "kind" }, h("span", { class: "sign", "aria-hidden": "true" }, "±"), `The noise floor of ${floor.arm}`),
      h("p", { class: "sentence" }, floor.sentence)),
    known && h("div", { class: "pictured" }, noiseChart(signal, floor, model.indexOf(floor.arm)),
      h("p", { class: "help" }, `Each dot is the difference of two of these runs in ${metricWords(floor.metric)}; the lines say what two further runs will differ by. Inside the shaded margin a difference does not matter.`)),
    h("div", {}, h("dl", { class: "facts" }, facts(floor)),
      h("p", { class: "help" }, linesSentence(linesOf(model.results.baselines, floor.metric), floor.metric)),
      !model.results.seed_sources && h("p", { class: "help" }, "Compare two arms next: ", h("a", { href: `#/new?like=${model.id}` }, "ask again with a second arm"), ".")));
}

/** @param {Reply.NoiseFloor} floor */
function facts(floor) {
  const { metric, two_runs_differ_by: apart, sd_interval: between } = floor;
  const rough = between ? `${level(between.confidence)} interval ${formatMetric(between.low, metric)} to ${formatMetric(between.high, metric)}` : undefined;
  return [
    fact("Runs", plural(floor.n, "run")),
    fact("Mean", formatMetric(floor.mean, metric), `Interquartile mean ${formatMetric(floor.iqm, metric)}`),
    fact("Standard deviation", formatMetric(floor.sd, metric), rough),
    fact("Half of all pairs differ by more than", formatMetric(apart.median, metric)),
    fact("1 in 20 by more than", formatMetric(apart.in_1_of_20, metric)),
    apart.beyond_margin !== null && fact(`By more than the margin of ${formatMetric(floor.margin, metric)}`, percent(apart.beyond_margin)),
    fact("One run each misses below", formatMetric(floor.one_run_each_cannot_see, metric), "A true difference between two arms; missed in more than one case of five"),
    floor.seeds_for_margin !== null && fact("Seeds to find the margin", plural(floor.seeds_for_margin, "seed"), "Where pairing the seeds helps, fewer are enough"),
    floor.collapsed > 0 && fact("Collapsed", `${floor.collapsed} of ${floor.n}`),
  ];
}
