// Every run: how far it is, on which worker, and how long it will still take.

/** @import { Model } from "./model.js" */

import { h, refill } from "../../dom.js";
import { count, duration, formatMetric, metricWords } from "../../format.js";
import { arm, bar, foldedSection, stateChip } from "../../parts/small.js";

/** @param {Model} model */
export function runsSection(model) {
  const { node, body, fold, told } = foldedSection("runs", "Runs", "");
  fold.open = model.active; // while they go on, a reader looks at how far they are
  const draw = () => {
    told.textContent = states(model.view.runs);
    refill(body, model.compared.length ? h("div", { class: "scroll", tabindex: "0" }, table(model))
      : h("p", { class: "help" }, "None of the comparison yet: its runs are queued once the settings are chosen."));
  };
  draw();
  model.listen(draw);
  return node;
}

/**
 * How many runs are in each state.
 * @param {Reply.RunView[]} runs
 */
function states(runs) {
  /** @type {Map<string, number>} */
  const known = new Map();
  for (const { state } of runs) known.set(state, (known.get(state) ?? 0) + 1);
  return [...known].map(([state, number]) => `${count(number)} ${state}`).join(", ");
}

/** @param {Model} model */
function table(model) {
  const metric = model.results.spec.decision.metric;
  const values = new Map(model.results.arms.flatMap((one) => one.runs).map((run) => [run.id, run.metrics[metric]]));
  const heads = ["Arm", "Seed", "State", "Steps", "Worker", "Time"];
  return h("table", {},
    h("caption", { class: "visually-hidden" }, "Progress of every run"),
    h("thead", {}, h("tr", {}, heads.map((one) => h("th", { scope: "col" }, one)), h("th", { scope: "col", class: "number" }, metricWords(metric)))),
    h("tbody", {}, model.arms.flatMap((one) => one.runs.map((run) => row(run, one, values.get(run.id), metric)))));
}

/**
 * @param {Reply.RunView} run
 * @param {Page.Arm} one
 * @param {number | undefined} value
 * @param {string} metric
 */
function row(run, one, value, metric) {
  return h("tr", { "data-state": run.state },
    h("td", {}, arm(one.name, one.index)),
    h("td", {}, h("a", { href: `#/runs/${run.id}` }, `seed ${run.seed}`)),
    h("td", {}, stateChip(run.state), run.attempt > 1 && h("span", { class: "small muted" }, ` attempt ${run.attempt}`),
      run.reason && h("div", { class: "small muted" }, run.reason),
      run.waiting_for && h("div", { class: "small muted" }, `waits for ${run.waiting_for}`)),
    h("td", {}, bar(run.step / run.steps, `Steps of ${one.name}, seed ${run.seed}`, run.state),
      h("span", { class: "small muted number" }, `${count(run.step)} of ${count(run.steps)}`)),
    h("td", { class: "small" }, run.worker ? h("code", { title: run.worker }, run.worker.slice(-6)) : "–"),
    h("td", { class: "small number" }, timeOf(run)),
    h("td", { class: "number" }, run.state === "succeeded" ? formatMetric(value, metric) : "–"));
}

/** @param {Reply.RunView} run */
export function timeOf(run) {
  if (run.seconds_left !== null) return `${duration(run.seconds_left)} left`;
  if (run.started_at && run.finished_at) return `took ${duration((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000)}`;
  return run.state === "running" ? "starting" : "–";
}
