// In what the arms differ, at the fields themselves: a comparison of two arms is of what is marked here.

import { h } from "../dom.js";
import { upwards } from "./pointers.js";

const NOTE = "differs-note";

/** @param {Element} root */
export function clearDifferences(root) {
  for (const one of root.querySelectorAll(`.${NOTE}`)) one.remove();
  for (const one of root.querySelectorAll(".differs")) one.classList.remove("differs");
}

/** @typedef {{ pointer: string, arm: string, base: string, against: string }} Place `arm` stands in the form at `pointer` */

/**
 * Mark the fields of arms that are not as in the baseline, or of levels that are not as in the first of
 * their factor, and say before them which they are.
 * @param {Element} root
 * @param {Reply.ArmDifference[]} fields
 * @param {Reply.Spec} spec as the service reads it
 */
export function showDifferences(root, fields, spec) {
  clearDifferences(root);
  const list = root.querySelector(spec.factors ? '[data-pointer="/factors"]' : '[data-pointer="/arms"]');
  if (!list || spec.arms.length < 2) return;
  list.before(h("p", { class: `help ${NOTE}`, role: "status" }, summary(fields, spec.factors ? "cells" : "arms")));
  const places = spec.factors ? ofLevels(spec.factors) : ofArms(spec);
  for (const { field, words, values } of fields) {
    const said = new Map(values.map((value) => [value.arm, value.words]));
    for (const { pointer, arm, base, against } of places) {
      const [own, other] = [said.get(arm), said.get(base)];
      if (own === undefined || other === undefined || own === other) continue;
      const exact = `${pointer}${field}`;
      const place = upwards(exact).filter((one) => one.startsWith(pointer)).map((one) => visible(root, one)).find(Boolean);
      if (place) mark(place, `${place.dataset.pointer === exact ? "" : `${capital(words)} `}differs from ${against}: ${own} instead of ${other}.`);
    }
  }
}

/**
 * @param {Reply.Spec} spec
 * @returns {Place[]}
 */
function ofArms({ arms, decision: { baseline } }) {
  return arms.flatMap(({ name }, at) => (name === baseline ? [] : [{ pointer: `/arms/${at}`, arm: name, base: baseline, against: baseline }]));
}

/**
 * Each further level of a factor, by the cell that has it with the first levels of all others.
 * @param {NonNullable<Reply.Spec["factors"]>} factors
 * @returns {Place[]}
 */
function ofLevels(factors) {
  /**
   * @param {number} [changed]
   * @param {number} [to]
   */
  const cell = (changed, to = 0) => factors.map((one, at) => `${one.name}=${one.levels[at === changed ? to : 0].name}`).join(", ");
  return factors.flatMap((factor, at) => factor.levels.slice(1).map((_, index) => ({
    pointer: `/factors/${at}/levels/${index + 1}`, arm: cell(at, index + 1), base: cell(), against: factor.levels[0].name,
  })));
}

/**
 * @param {Reply.ArmDifference[]} fields
 * @param {string} what
 */
function summary(fields, what) {
  const named = fields.map((one) => one.words).join("; ");
  if (!fields.length) return `The ${what} do not differ.`;
  return fields.length === 1 ? `The ${what} differ in one field: ${named}.` : `The ${what} differ in ${fields.length} fields: ${named}.`;
}

/**
 * The field, unless it is folded away inside its arm.
 * @param {Element} root
 * @param {string} pointer
 */
function visible(root, pointer) {
  const place = /** @type {HTMLElement | null} */ (root.querySelector(`[data-pointer="${CSS.escape(pointer)}"]`));
  return place?.closest("details:not([open])")?.closest(".item") ? null : place;
}

/**
 * @param {HTMLElement} place
 * @param {string} text
 */
function mark(place, text) {
  place.classList.add("differs");
  const note = h("p", { class: NOTE }, capital(text));
  const legend = place.matches("fieldset") ? place.querySelector("legend") : null;
  if (legend) legend.after(note);
  else place.append(note);
}

/** @param {string} words */
function capital(words) {
  return words[0].toUpperCase() + words.slice(1);
}
