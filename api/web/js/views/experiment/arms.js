// The arms side by side, or the cells of factors: how they differ, their values, how many of their
// runs collapsed, and what takes no training.

/** @import { Model } from "./model.js" */

import { h, refill } from "../../dom.js";
import { formatMetric, metricWords, percent } from "../../format.js";
import { arm, section } from "../../parts/small.js";
import { armDifferences, lossesOfArms } from "./arm_differences.js";
import { linesOf } from "./baselines.js";
import { factorPairs } from "./effects.js";

const FEW = 2; // columns of differences that leave room for the values beside them
const SUMMARY = /** @type {const} */ (["mean", "sd", "min", "median", "max"]);

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function armsSection(model, signal) {
  const { node, body } = section("arms", model.results.cells.length ? "The cells" : "The arms");
  let stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort());
  const draw = () => {
    stop.abort();
    stop = new AbortController();
    const { length: fields } = model.results.arms_differ;
    refill(body, h("div", { class: fields && fields <= FEW ? "side-by-side" : null }, h("div", {}, armDifferences(model), lossesOfArms(model)), h("div", { class: "scroll", tabindex: "0" }, table(model))),
      model.results.vectors.map((one) => h("p", { class: "help" }, one.sentence)), factorPairs(model, stop.signal));
  };
  draw();
  model.listen(draw);
  return node;
}

/** @param {Model} model */
function table(model) {
  const { results } = model;
  const metric = results.spec.decision.metric;
  const heads = ["Runs", "Mean", "Sd", "Lowest", "Median", "Highest", "Collapsed"];
  return h("table", { class: "arm-values" },
    h("caption", { class: "visually-hidden" }, `${metricWords(metric)} of each arm`),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, metricWords(metric)), heads.map((one) => h("th", { scope: "col", class: "number" }, one)))),
    h("tbody", {}, model.arms.map((one) => row(one, model, metric)), baselines(results.baselines, metric)));
}

/**
 * @param {Page.Arm} place
 * @param {Model} model
 * @param {string} metric
 */
function row({ name, index }, model, metric) {
  const { of, collapse } = valuesOf(name, model);
  const cells = SUMMARY.map((one) => formatMetric(of?.[one], metric));
  const isBaseline = model.results.spec.decision.baseline === name;
  return h("tr", {},
    h("th", { scope: "row" }, arm(name, index), isBaseline && h("span", { class: "muted" }, " · baseline")),
    [of?.n ?? 0, ...cells, collapse?.n ? `${collapse.collapsed} of ${collapse.n}` : "–"].map((one) => h("td", { class: "number" }, one)));
}

/**
 * @param {string} name
 * @param {Model} model
 */
function valuesOf(name, model) {
  const redrawn = model.results.seed_sources?.sources.find((one) => one.arm === name);
  if (redrawn) return { of: redrawn.summary, collapse: { collapsed: redrawn.collapsed, n: redrawn.summary.n } };
  if (model.results.noise_floor) return alone(model.results.noise_floor);
  return model.results.cells.length ? ofCell(name, model) : compared(name, model);
}

/**
 * @param {string} name
 * @param {Model} model
 */
function compared(name, model) {
  const found = model.primary.find((one) => one.a === name || one.b === name);
  const side = found?.a === name ? "a" : "b";
  return { of: found?.summaries[side], collapse: found?.collapse?.[side] };
}

/** @param {Reply.NoiseFloor} floor */
function alone({ n, mean, sd, points, collapsed }) {
  const sorted = [...points].sort((a, b) => a - b);
  const middle = n ? (sorted[Math.floor((n - 1) / 2)] + sorted[Math.floor(n / 2)]) / 2 : null;
  const of = { n, mean, sd, min: sorted[0] ?? null, median: middle, max: sorted[n - 1] ?? null };
  return { of, collapse: { n, collapsed } };
}

/**
 * @param {string} name
 * @param {Model} model
 */
function ofCell(name, model) {
  const of = model.results.cells.find((one) => one.arm === name);
  return { of: of?.summary, collapse: of && { collapsed: of.collapsed, n: of.summary.n } };
}

/**
 * @param {Reply.Baselines} found
 * @param {string} metric
 */
function baselines(found, metric) {
  return linesOf(found, metric).map(([words, value]) => h("tr", { class: "muted" },
    h("th", { scope: "row" }, words), h("td", {}), h("td", { class: "number", title: percent(value) }, formatMetric(value, metric)),
    h("td", { colspan: 5 })));
}
