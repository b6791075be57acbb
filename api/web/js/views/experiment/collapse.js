// Whether networks collapse: what the similarities, the harder negatives and the gradient do.

/** @import { ArmWithRuns, Model } from "./model.js" */

import { lines } from "../../charts/lines.js";
import { fill, h } from "../../dom.js";
import { formatMetric } from "../../format.js";
import { loading } from "../../parts/notices.js";
import { section } from "../../parts/small.js";
import { levels } from "./curves.js";

/**
 * @typedef {object} Gauge
 * @property {string} title
 * @property {string} about
 * @property {[words: string, column: string][]} parts
 * @property {boolean} [log]
 * @property {boolean} [levels]
 */

const MOST_BARS = 6;

/** @type {Gauge[]} */
const GAUGES = [
  { title: "Similarity of positives and negatives", about: "On the plateau both are near 1: every question has the same vector.",
    parts: [["positives", "s_ap_mean"], ["negatives", "s_an_mean"]] },
  { title: "Share of rows with a harder negative", about: "Rows of a batch in which some negative is more similar to the anchor than the positive.",
    parts: [["", "harder_share"]] },
  { title: "Gradient norm", about: "On a log scale.", log: true, parts: [["", "gradient_norm"]] },
  { title: "Training loss per row", about: "The plateau is where all similarities are the same.", levels: true, parts: [["", "loss_per_row"]] },
];

/** @type {Gauge} */
const GIVEN = { title: "Given negatives", about: "How similar they are to their anchor on average, and which share of them is more similar to it than its positive.",
  parts: [["similarity", "s_given_mean"], ["share that is harder", "given_harder_share"]] };

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function collapseSection(model, signal) {
  const { node, body } = section("collapse", "Gauges of collapse");
  /** @type {Page.Plot[] | null} */
  let charts = null;
  const { spec } = model.view;
  const gauges = [spec, ...spec.arms].some((one) => one.negatives?.given) ? [...GAUGES, GIVEN] : GAUGES;

  function build() {
    if (model.series.empty) {
      fill(body, loading(model.active ? "No step is stored yet." : "No run of this experiment has stored a step."));
      return;
    }
    const made = gauges.map((gauge) => gaugeChart(gauge, model, signal));
    charts = made;
    fill(body,
      h("div", { class: "gauges" }, gauges.map((gauge, at) =>
        h("div", {}, h("h3", {}, gauge.title), h("p", { class: "help" }, gauge.about), made[at].node))),
      h("p", { class: "help" }, "The bars at the foot of each chart are the plateau: from the first step to the one by which half of an arm's runs had left it, as measured on training steps. Of long runs at most 400 steps are drawn, every extreme among them."));
  }

  fill(body, loading());
  const draw = () => {
    for (const chart of charts ?? []) chart.draw();
  };
  model.series.listen(() => (charts ? draw() : build()));
  model.listen(draw);
  return node;
}

/**
 * @param {Gauge} gauge
 * @param {Model} model
 * @param {AbortSignal} signal
 */
function gaugeChart(gauge, model, signal) {
  return lines(signal, {
    label: `${gauge.title} of each arm over the steps`, height: 200, group: model.charts, exact: false, log: () => Boolean(gauge.log),
    format: (value) => formatMetric(value, "loss"),
    parts: gauge.parts.map(([words]) => words),
    arms: () => model.arms.map((arm) => ({ ...arm, runs: runsOf(model, arm, gauge.parts) })),
    levels: () => (gauge.levels ? levels(model) : []),
    marks: () => plateaus(model),
  });
}

/**
 * @param {Model} model
 * @param {ArmWithRuns} arm
 * @param {Gauge["parts"]} parts
 */
function runsOf(model, arm, parts) {
  const columns = parts.map(([, name]) => model.series.ofSteps(arm.runs, name));
  return columns[0].map((run, at) => ({ steps: run.steps, parts: columns.map((column) => column[at].values) }));
}

/**
 * Where half of an arm's runs had left the plateau.
 * @param {Model} model
 */
function plateaus(model) {
  const found = model.results.waiting_times.times.find((one) => one.kind === "leave_plateau" && one.measured_on === "training");
  const shown = (found?.arms ?? []).filter(({ arm }) => !model.charts.hidden.has(arm));
  if (shown.length > MOST_BARS) return []; // they would cover the lines; the section on the plateau has them
  return shown
    .flatMap(({ arm, median }) => (median === null ? [] : [{ step: median, index: model.indexOf(arm) }]));
}
