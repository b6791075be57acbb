// What the arms are: the fields in which they differ, in words, and their losses as formulas.

/** @import { Model } from "./model.js" */

import { h } from "../../dom.js";
import { drawn } from "../../parts/formula.js";
import { arm } from "../../parts/small.js";

const CELLS = "How the levels differ from the baseline's, one factor at a time; the other cells combine them, and all else is the same in each";

/**
 * How the arms of an experiment differ.
 * @param {Model} model
 */
export function armDifferences({ results }) {
  if (!results.arms_differ.length) return null;
  return differencesTable(results.arms_differ, results.cells.length ? CELLS : "How the arms differ; all else is the same in each", (name) => named(name, results));
}

/**
 * A row an arm and a column for each field that is not the same in all of them.
 * @param {Reply.ArmDifference[]} fields
 * @param {string} caption
 * @param {(name: string) => Page.Child} nameOf
 */
export function differencesTable(fields, caption, nameOf) {
  const told = fields[0].values.map((value) => value.arm);
  return h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "arms-differ" },
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Arm"), fields.map((one) => h("th", { scope: "col", title: one.field }, capital(one.words))))),
    h("tbody", {}, told.map((name, place) => h("tr", {}, h("th", { scope: "row" }, nameOf(name)),
      fields.map((one) => h("td", {}, shown(one.values[place]))))))));
}

/**
 * @param {string} name
 * @param {Reply.Results} results
 */
function named(name, results) {
  const index = results.spec.arms.findIndex((one) => one.name === name);
  return [arm(name, index), results.spec.decision.baseline === name && h("span", { class: "muted" }, " · baseline")];
}

/** @param {Reply.ArmValue} value */
function shown({ words, formula }) {
  if (!formula) return words;
  return [h("div", {}, drawn(formula)), words.includes(formula) ? null : h("div", { class: "small muted" }, words)];
}

/**
 * Each loss once, with the arms that are trained with it.
 * @param {Model} model
 */
export function lossesOfArms({ results }) {
  /** @type {Map<string, { names: string[], terms: Reply.TermInWords[] }>} */
  const losses = new Map();
  for (const { name, terms } of results.arms) {
    const key = JSON.stringify(terms);
    const known = losses.get(key);
    if (known) known.names.push(name);
    else losses.set(key, { names: [name], terms });
  }
  return h("details", { class: "losses" }, h("summary", {}, losses.size > 1 ? "The losses as formulas" : "The loss as a formula"),
    h("p", { class: "help" }, "What one row of a batch costs: s", h("sub", {}, "ap"), " is the similarity of an anchor and its positive, s",
      h("sub", {}, "an"), " that of the anchor and each negative that counts."),
    h("dl", {}, [...losses.values()].map(({ names, terms }) => h("div", {},
      h("dt", {}, losses.size > 1 ? names.join(", ") : "Every arm"), h("dd", {}, terms.map((term, place) => [place > 0 && " + ", inFull(term)]))))));
}

/** @param {Reply.TermInWords} term */
function inFull({ kind, weight, formula, rest }) {
  const words = [kind !== "formula" && formula ? kind : "", rest].filter(Boolean).join(", ");
  return h("span", { class: "term" }, weight !== 1 && `${weight} × `, formula ? drawn(formula) : h("strong", {}, kind), words && h("span", { class: "muted" }, ` (${words})`));
}

/** @param {string} words */
function capital(words) {
  return words[0].toUpperCase() + words.slice(1);
}
