// The field of a formula: its text, how it reads, where it is wrong, and what it costs on three batches.

/** @import { Form } from "./form.js" */
/** @import { Shape } from "./schema.js" */

import { fill, h } from "../dom.js";
import { drawn, threeValues } from "../parts/formula.js";
import { help, idOf, labelOf } from "./single.js";

/**
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 */
export function formulaField(form, name, shape, pointer) {
  const preview = h("p", { class: "formula-preview", "aria-hidden": "true" });
  const control = h("textarea", {
    id: idOf(pointer), class: "formula-text", rows: 2, spellcheck: "false",
    maxlength: shape.node.maxLength,
    on: {
      input: () => {
        const line = control.value.replaceAll("\n", " "); // a formula is one line
        if (line !== control.value) control.value = line;
        fill(preview, drawn(line));
        form.set(pointer, line);
      },
    },
  });
  control.value = form.get(pointer) ?? "";
  fill(preview, drawn(control.value));
  return h("div", { class: "wide formula-field", "data-pointer": pointer },
    h("label", { for: control.id }, labelOf(shape.node, name)), control, preview, h("div", { class: "formula-values", "aria-live": "polite" }), help(shape.node));
}

/**
 * Mark in the drawn formula where the service says that it is wrong.
 * @param {Element} place
 * @param {number | null} column
 */
export function markColumn(place, column) {
  const control = place.querySelector("textarea");
  const preview = place.querySelector(".formula-preview");
  if (!control || !preview) return;
  fill(preview, drawn(control.value, column));
  if (column === null) delete control.dataset.column;
  else {
    control.dataset.column = String(column);
    fill(place.querySelector(".formula-values") ?? preview, []);
  }
}

/**
 * What each formula costs, beside it; those that have no field of their own come back.
 * @param {Element} root
 * @param {Reply.FormulaView[]} formulas
 */
export function showValues(root, formulas) {
  return formulas.filter((one) => {
    const place = root.querySelector(`[data-pointer="${CSS.escape(one.pointer)}"] .formula-values`);
    if (place) fill(place, threeValues(one));
    return !place;
  });
}
