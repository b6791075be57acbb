// A verdict as a few words with a sign beside them, never as a colour alone.

import { h } from "../dom.js";
import { formatMetric, signed } from "../format.js";

/**
 * `kind` is better, equivalent or undecided.
 * @param {Reply.VerdictView} one
 */
export function words(one) {
  switch (one.verdict) {
    case "a_better":
      return { kind: "better", sign: "▲", text: `${one.a} does better than ${one.b}` };
    case "b_better":
      return { kind: "better", sign: "▲", text: `${one.b} does better than ${one.a}` };
    case "equivalent":
      return { kind: "equivalent", sign: "≈", text: `${one.a} and ${one.b} are equivalent` };
    default:
      return { kind: "undecided", sign: "?", text: `${one.a} against ${one.b}: undecided` };
  }
}

const DOUBTS = {
  all_collapsed: "every run collapsed", nothing_learned: "nothing was learned",
  below_untrained: "no better than untrained", below_zero_shot: "no better than zero-shot", below_tf_idf: "no better than TF-IDF",
  different_settings: "at different settings", chosen_at_edge: "chosen at the edge",
  held_source: "of one draw alone",
};

/**
 * What makes the verdict say little, as an amber mark for each kind.
 * @param {Pick<Reply.VerdictView, "warnings">} one
 */
export function doubts(one) {
  const known = new Map(one.warnings.map((warning) => [warning.kind, one.warnings.filter(({ kind }) => kind === warning.kind)]));
  return [...known].map(([kind, own]) => h("span", { class: "doubt", title: own.map(({ sentence }) => sentence).join(" ") },
    h("span", { "aria-hidden": "true" }, "⚠ "), DOUBTS[kind]));
}

/**
 * @param {Reply.VerdictView} one
 * @param {string} metric
 */
export function verdictLine(one, metric) {
  const { kind, sign, text } = words(one);
  return h("div", { class: `verdict-line ${kind}` },
    h("span", { class: "sign", "aria-hidden": "true" }, sign),
    h("span", {}, text, " ",
      one.mean_difference === null ? null : h("span", { class: "by" }, size(kind, one.mean_difference, metric)), " ",
      doubts(one)));
}

/**
 * The better arm is named, so its lead has no sign; else the difference is of the first from the second.
 * @param {string} kind
 * @param {number} difference
 * @param {string} metric
 */
function size(kind, difference, metric) {
  return kind === "better" ? `by ${formatMetric(Math.abs(difference), metric)}` : `difference ${signed(difference, metric)}`;
}

/**
 * What the seed alone does, of an experiment with one arm.
 * @param {Reply.NoiseFloorView} floor
 * @param {string} metric
 */
export function noiseLine(floor, metric) {
  const rare = floor.two_runs_differ_by.in_1_of_20;
  return h("div", { class: "verdict-line", title: floor.sentence },
    h("span", { class: "sign", "aria-hidden": "true" }, "±"),
    h("span", {}, rare === null ? "too few runs for a noise floor" : ["two runs differ ", h("span", { class: "by" }, `by more than ${formatMetric(rare, metric)} in 1 of 20`)]));
}
