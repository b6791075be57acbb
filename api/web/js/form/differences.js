// In what the arms differ, at the fields themselves: a comparison of two arms is of what is marked here.

import { h } from "../dom.js";
import { upwards } from "./pointers.js";

const NOTE = "differs-note";

/** @param {Element} root */
export function clearDifferences(root) {
  for (const one of root.querySelectorAll(`.${NOTE}`)) one.remove();
  for (const one of root.querySelectorAll(".differs")) one.classList.remove("differs");
}

/**
 * Mark the fields of arms that are not as in the baseline, and say before the arms which they are.
 * @param {Element} root
 * @param {Reply.ArmDifference[]} fields
 * @param {Reply.Spec} spec as the service reads it
 */
export function showDifferences(root, fields, spec) {
  clearDifferences(root);
  const { baseline } = spec.decision;
  const list = root.querySelector('[data-pointer="/arms"]');
  if (!list || spec.arms.length < 2) return;
  list.before(h("p", { class: `help ${NOTE}`, role: "status" }, summary(fields)));
  for (const { field, words, values } of fields) {
    const base = values.find((value) => value.arm === baseline);
    for (const own of values) {
      if (!base || own.words === base.words) continue;
      const arm = `/arms/${spec.arms.findIndex((one) => one.name === own.arm)}`;
      const pointer = `${arm}${field}`;
      const place = upwards(pointer).filter((one) => one.startsWith(arm)).map((one) => visible(root, one)).find(Boolean);
      if (place) mark(place, `${place.dataset.pointer === pointer ? "" : `${capital(words)} `}differs from ${baseline}: ${own.words} instead of ${base.words}.`);
    }
  }
}

/** @param {Reply.ArmDifference[]} fields */
function summary(fields) {
  const named = fields.map((one) => one.words).join("; ");
  if (!fields.length) return "The arms do not differ.";
  return fields.length === 1 ? `The arms differ in one field: ${named}.` : `The arms differ in ${fields.length} fields: ${named}.`;
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
