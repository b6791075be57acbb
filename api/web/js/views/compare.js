// Several experiments beside each other: their verdicts, in what they differ, and their curves.

import { call, each, wasStopped } from "../api.js";
import { ChartGroup } from "../charts/group.js";
import { lines } from "../charts/lines.js";
import { fill, h } from "../dom.js";
import { formatMetric, metricWords, plural } from "../format.js";
import { chartControls } from "../parts/chart_controls.js";
import { alertOf, empty, loading } from "../parts/notices.js";
import { section, select, stateChip } from "../parts/small.js";
import { noiseLine, verdictLine } from "../parts/verdicts.js";
import { differencesTable } from "./experiment/arm_differences.js";
import { Series } from "./experiment/series.js";

/** @typedef {{ view: Reply.ExperimentView, results: Reply.Results }} Compared */

/** @type {[key: string, words: string, from: "steps" | "evaluations", column: string][]} */
const CURVES = [
  ["loss", "Validation loss per row", "evaluations", "loss_per_row"], ["accuracy", "Validation accuracy", "evaluations", "accuracy"],
  ["roc_auc", "Validation ROC-AUC", "evaluations", "roc_auc"], ["train", "Training loss per row", "steps", "loss_per_row"],
];

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { query, signal }) {
  document.title = "Compare experiments · Tripletlab";
  const ids = (query.get("ids") ?? "").split(",").filter(Boolean);
  const head = h("div", { class: "page-head" }, h("div", {},
    h("p", { class: "crumbs" }, h("a", { href: "#/experiments" }, "Experiments")),
    h("h1", { tabindex: "-1" }, `${plural(ids.length, "experiment")} beside each other`)));
  if (!ids.length) {
    fill(main, head, empty("Nothing to compare", "Select experiments in the list first.", h("a", { class: "button", href: "#/experiments" }, "To the list")));
    return;
  }
  const search = new URLSearchParams(ids.map((id) => ["experiment_id", id]));
  const [differ, ...compared] = await Promise.all([call(`/v1/differences?${search}`, { signal }), ...ids.map((id) => read(id, signal))]);
  fill(main, head, verdicts(compared), differing(differ, compared), curves(compared, signal));
}

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Compared>}
 */
async function read(id, signal) {
  const [view, results] = await Promise.all([call(`/v1/experiments/${id}`, { signal }), call(`/v1/experiments/${id}/results`, { signal })]);
  return { view, results };
}

/** @param {Compared[]} compared */
function verdicts(compared) {
  const { node, body } = section("verdicts", "Verdicts");
  body.append(h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "beside-verdicts" },
    h("caption", { class: "visually-hidden" }, "The verdicts of each experiment"),
    h("thead", {}, h("tr", {}, ["Experiment", "Verdict", "State", "Data set", "Metric"].map((one) => h("th", { scope: "col" }, one)))),
    h("tbody", {}, compared.map(({ view, results }) => h("tr", {},
      h("th", { scope: "row" }, h("a", { href: `#/experiments/${view.id}` }, view.name)),
      h("td", { class: "said" }, verdictOf(results)), h("td", {}, stateChip(view.state)), h("td", {}, view.dataset),
      h("td", {}, metricWords(results.spec.decision.metric))))))));
  return node;
}

/** @param {Reply.Results} results */
function verdictOf(results) {
  const { metric, baseline } = results.spec.decision;
  if (results.noise_floor) return noiseLine(results.noise_floor, metric);
  if (results.effects.length) return h("span", {}, results.what_matters_most ?? "no verdict yet");
  const judged = results.comparisons.filter((one) => one.role === "primary" && one.b === baseline && one.mean_difference !== null);
  return judged.length ? judged.map((one) => verdictLine(one, metric)) : h("span", { class: "muted" }, "no verdict yet");
}

/**
 * @param {Reply.DifferencesView} found
 * @param {Compared[]} compared
 */
function differing({ fields }, compared) {
  const { node, body } = section("differences", "In what they differ");
  const names = new Map(compared.map(({ view }) => [view.id, view.name]));
  if (!fields.length) body.append(h("p", { class: "muted" }, "In nothing: the same arms, data and seeds."));
  else body.append(differencesTable(fields, "What is not the same in every arm of every experiment", (told) => {
    const [id, ...arm] = told.split("/");
    return [h("a", { href: `#/experiments/${id}` }, names.get(id) ?? id), h("div", { class: "small" }, arm.join("/"))];
  }));
  return node;
}

/**
 * The curves of all arms over one another, each a mean over the seeds.
 * @param {Compared[]} compared
 * @param {AbortSignal} signal
 */
function curves(compared, signal) {
  const group = new ChartGroup();
  const series = new Series();
  const runs = compared.flatMap(({ view }) => view.runs.filter((run) => !run.tuning));
  let [, words, from, column] = CURVES[0];
  let stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort());
  const choose = select("Metric", CURVES.map(([key, label]) => /** @type {[string, string]} */ ([key, label])), CURVES[0][0], (value) => {
    [, words, from, column] = CURVES.find(([key]) => key === value) ?? CURVES[0];
    build();
  });
  const { node, body } = section("curves", "Learning curves", chartControls(group, runs.some((run) => run.trained_seconds > 0)), choose);
  const arms = compared.flatMap(({ view }) => view.spec.arms.map((arm) => ({ view, arm: arm.name }))).map((one, index) => ({ ...one, index }));
  const double = new Set(compared.map(({ view }) => view.name)).size < compared.length;

  function build() {
    stop.abort();
    stop = new AbortController();
    const [source, name] = [from, column];
    const chart = lines(stop.signal, {
      label: `${words} of every arm`, height: 340, group, exact: false, format: (value) => formatMetric(value, name),
      arms: () => arms.map(({ view, arm, index }) => {
        const own = view.runs.filter((run) => run.arm === arm && !run.tuning);
        return { name: `${view.name}${double ? ` ${view.id.slice(-6)}` : ""}: ${arm}`, index, runs: source === "steps" ? series.ofSteps(own, name) : series.ofEvaluations(own, name) };
      }),
    });
    fill(body, chart.node);
    return chart;
  }

  fill(body, loading());
  each(compared, ({ view }) => series.load(view.runs.filter((run) => !run.tuning), signal)).then(build, (error) => {
    if (!wasStopped(error)) fill(body, alertOf(error));
  });
  return node;
}
