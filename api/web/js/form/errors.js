// The service's errors at the fields that they name; what names no field is returned to be told above.

import { h } from "../dom.js";
import { markColumn } from "./formula.js";
import { upwards } from "./pointers.js";

/** @param {Element} root */
export function clearErrors(root) {
  for (const one of root.querySelectorAll(".field-error")) one.remove();
  for (const one of root.querySelectorAll(".formula-field")) markColumn(one, null);
  for (const one of root.querySelectorAll('[aria-invalid="true"]')) {
    one.removeAttribute("aria-invalid");
    one.removeAttribute("aria-describedby");
  }
}

/**
 * Put each of `errors` at its field, or the nearest around it; those of no field come back.
 * @param {Element} root
 * @param {Reply.FieldProblem[]} errors
 */
export function showErrors(root, errors) {
  clearErrors(root);
  return errors.filter((error, index) => {
    const place = upwards(error.pointer).filter(Boolean).map((one) => root.querySelector(`[data-pointer="${CSS.escape(one)}"]`)).find(Boolean);
    if (!place) return true;
    const id = `field-error-${index}`;
    const text = h("p", { class: "field-error", id }, error.detail);
    const control = place.querySelector("input, select, textarea");
    control?.setAttribute("aria-invalid", "true");
    control?.setAttribute("aria-describedby", id);
    if (place.matches("fieldset")) place.querySelector("legend")?.after(text);
    else place.append(text);
    if (error.column && place.matches(".formula-field")) markColumn(place, error.column);
    for (let fold = place.closest("details"); fold; fold = fold.parentElement?.closest("details") ?? null) fold.open = true;
    return false;
  });
}
