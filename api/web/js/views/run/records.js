// What is written down of a run: evaluations, events, checkpoints, provenance.

import { call, wasStopped } from "../../api.js";
import { fill, h, whenSeen } from "../../dom.js";
import { count, exact, formatMetric, plural } from "../../format.js";
import { metricLabel, valueIn } from "../../metrics.js";
import { alertOf, loading } from "../../parts/notices.js";
import { ACTIVE, fact, foldedSection, section, stateChip } from "../../parts/small.js";

/** @param {Page.RunModel} model */
export function evaluationsSection(model) {
  const { run, signal, metrics: { evaluations } } = model;
  const load = () => call(`/v1/runs/${run.id}/evaluations`, { signal });
  return read(model, section("evaluations", "Evaluations"), load, (items) => items.length
    ? table(["Step", "Split", ...evaluations.map(metricLabel)], items.map((one) =>
      [count(one.step), one.split, ...evaluations.map((metric) => cell(one, metric))]))
    : loading(ACTIVE.has(model.run.state) ? "No evaluation yet." : "The run ended before its first evaluation."));
}

/**
 * @param {Reply.EvaluationView} evaluation
 * @param {Reply.MetricView} metric
 */
function cell(evaluation, { name, unit }) {
  const value = valueIn(evaluation, name);
  return (unit === "pairs" || unit === "questions") && value !== null ? count(value) : formatMetric(value, name);
}

const KEPT = "A run that has succeeded has its weights in place of checkpoints.";

/** @param {Page.RunModel} model */
export function checkpointsSection(model) {
  if (model.run.state === "succeeded") {
    const { node, body } = foldedSection("checkpoints", "Checkpoints", "none: its weights are kept");
    body.append(loading(KEPT));
    return node;
  }
  const { run, signal } = model;
  const load = () => call(`/v1/runs/${run.id}/checkpoints`, { signal });
  return read(model, foldedSection("checkpoints", "Checkpoints", "from which it goes on after an interruption"), load, (items) => items.length
    ? table(["After step", "Size", "Saved", "SHA-256"], items.map((one) =>
      [count(one.step), `${(one.size / 1e6).toFixed(2)} MB`, exact(one.saved_at), h("code", { title: one.sha256 }, one.sha256.slice(0, 12))]))
    : loading(ACTIVE.has(model.run.state) ? "None yet; the first is saved after some seconds of training." : "None is left of this run."));
}

/**
 * A section whose rows are asked for once it is seen, and again as the run goes on.
 * @template Item
 * @param {Page.RunModel} model
 * @param {{ node: HTMLElement, body: HTMLElement }} part
 * @param {() => Promise<Reply.Page<Item>>} asked
 * @param {(items: Item[]) => Page.Child} drawn
 */
function read(model, { node, body }, asked, drawn) {
  fill(body, loading());
  const reached = () => `${model.run.state} ${model.run.step}`;
  let seen = "";
  const load = async () => {
    try {
      fill(body, drawn((await asked()).items));
    } catch (error) {
      if (!wasStopped(error)) fill(body, alertOf(error));
    }
  };
  whenSeen(node, model.signal, () => {
    seen = reached();
    load();
    model.listeners.add(() => {
      if (reached() === seen) return;
      seen = reached();
      load();
    });
  });
  return node;
}

/** @param {Page.RunModel} model */
export function eventsSection(model) {
  const { node, body, told } = foldedSection("events", "Events", "");
  const draw = () => {
    told.textContent = plural(model.events.length, "event");
    if (model.eventsFailed) return fill(body, alertOf(model.eventsFailed));
    return fill(body, model.events.length ? table(["When", "What", "State", "Attempt", "Message"], model.events.map((one) =>
      [exact(one.at), one.kind.replaceAll("_", " "), one.to_state ? stateChip(one.to_state) : "", one.attempt ?? "", one.message ?? ""])) : loading("No event yet."));
  };
  draw();
  model.listeners.add(draw);
  return node;
}

/** @param {Page.RunModel} model */
export function provenanceSection(model) {
  const { node, body } = foldedSection("provenance", "Provenance", "versions, machine and data that it was trained with");
  const draw = () => {
    const found = model.run.provenance;
    fill(body, found ? h("dl", { class: "facts" }, Object.entries(found).map(([name, value]) =>
      fact(name.replaceAll("_", " "), typeof value === "object" ? JSON.stringify(value) : String(value)))) : loading(ACTIVE.has(model.run.state)
      ? "Known once the run has succeeded." : "Not recorded: only a run that has succeeded has it."));
  };
  draw();
  model.listeners.add(draw);
  return node;
}

/**
 * @param {string[]} heads
 * @param {Page.Child[][]} rows
 */
function table(heads, rows) {
  return h("div", { class: "scroll", tabindex: "0" }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map((one) => h("th", { scope: "col" }, one)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((one) => h("td", { class: "left-number" }, one)))))));
}
