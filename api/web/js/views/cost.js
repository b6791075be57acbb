// What a spec would cost, as the dry run says it; or what is wrong with it.

import { fieldProblems, messageOf } from "../api.js";
import { h } from "../dom.js";
import { count, duration, formatMetric, plural } from "../format.js";
import { drawn, threeValues } from "../parts/formula.js";
import { fact } from "../parts/small.js";

/**
 * @param {Reply.DryRun} found
 * @param {Reply.FormulaView[]} formulas those that have no field of their own to stand beside
 */
export function costOf(found, formulas) {
  const atMost = found.runs > found.runs_at_least ? `${count(found.runs_at_least)} to ${count(found.runs)} runs` : plural(found.runs, "run");
  return [
    h("span", { class: "big number" }, atMost),
    h("span", { class: "big number" }, `about ${duration(found.estimated_seconds)}`),
    h("p", { class: "help" }, sentence(found.estimate)),
    h("dl", { class: "facts" }, fact("Test pairs", count(found.test_pairs)), found.left_out_pairs > 0 && fact("Left out", count(found.left_out_pairs)),
      found.run_memory_bytes !== null && fact("Memory of a run", `about ${(found.run_memory_bytes / 1e9).toFixed(1)} GB`, "Its weights, and what a batch leaves behind until its gradients are there"),
      fact("Majority", formatMetric(found.baselines.majority), "Accuracy of calling every pair what most are"),
      fact("Collapsed", formatMetric(found.baselines.collapsed), "Accuracy of calling every pair a duplicate")),
    found.fitted.length > 0 && h("p", { class: "help" }, found.fitted.map((one) => one.sentence).join(" ")),
    h("p", { class: "help" }, found.seed_sources.sentence),
    found.vectors.map((one) => h("p", { class: "help" }, one.sentence)),
    found.cut_texts.map((one) => h("p", { class: "help" }, one.sentence)),
    found.given_negatives.map((one) => h("p", { class: "help" }, one.sentence)),
    found.tuning ? h("p", { class: "help" }, `Of these, ${plural(found.tuning.runs, "run")} try ${plural(found.tuning.settings.length, "setting")} of every arm under ${plural(found.tuning.seeds.length, "tuning seed")}${found.tuning.stops.length > 1 ? `, and settings that are behind at step ${found.tuning.stops.slice(0, -1).map(count).join(" or ")} are left out` : ""}; the others train what was chosen.`) : null,
    found.spec.arms.length > 1 && h("p", { class: "help" }, `${found.effects.length ? `Judges ${plural(found.effects.length, "effect")} together: better` : "Better"} can be said from ${plural(found.seeds_needed, "seed")} on.`),
    found.programme ? h("p", { class: "help" }, found.programme.sentence) : null,
    found.warnings.map((one) => h("p", { class: "alert warn" }, one.sentence)),
    formulas.map((one) => h("div", { class: "help" }, h("p", {}, `${one.arm}: `, drawn(one.row)), threeValues(one))),
    found.plan.length ? h("p", { class: "help" }, looksOf(found.plan)) : null,
  ];
}

/** @param {Reply.LookView[]} plan */
function looksOf(plan) {
  const seeds = plan.map((look) => look.pairs).join(", ");
  const futile = plan.some((look) => look.futile_above) ? ", or where more seeds would most likely decide nothing" : "";
  return `The verdict is looked at with ${seeds} seeds, and the runs end once it is decided${futile}.`;
}

/**
 * @param {unknown} error
 * @param {Reply.FieldProblem[]} elsewhere
 * @param {(pointer: string) => void} go
 */
export function faultsOf(error, elsewhere, go) {
  const errors = fieldProblems(error);
  if (!errors.length) return h("div", { class: "alert" }, messageOf(error));
  return h("div", { class: "alert" }, h("strong", {}, errors.length === 1 ? "One field is wrong" : `${errors.length} fields are wrong`),
    h("ul", {}, errors.map((one) => h("li", {},
      elsewhere.includes(one) || !one.pointer ? h("code", {}, one.pointer || "the whole")
        : h("a", { href: "", on: { click: (event) => { event.preventDefault(); go(one.pointer); } } }, one.pointer),
      ` ${one.detail.split("\n")[0]}`))));
}

/** @param {string} text */
function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
