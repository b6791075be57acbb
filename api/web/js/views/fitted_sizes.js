// The sizes of a recipe on a data set that is not its own: the service says which fit.

/** @import { Form } from "../form/form.js" */

import { call, wasStopped } from "../api.js";

const SIZES = /** @type {const} */ (["batch_size", "validation_batches", "validation_pairs"]);

/**
 * The document with the sizes that a recipe has on its data set, and what the service says of them;
 * null where there is no recipe, or where nothing fits: then the form's own check says why.
 * @param {string} recipe
 * @param {Reply.Spec} document
 * @param {AbortSignal} signal
 * @returns {Promise<{ document: Reply.Spec, told: Reply.FittedSize[] } | null>}
 */
export async function fitTo(recipe, document, signal) {
  if (!recipe || !document.dataset) return null;
  try {
    const body = { recipe, dataset: document.dataset };
    const { spec, fitted } = await call("/v1/experiments?dry_run=true", { method: "POST", body, signal });
    const sizes = Object.fromEntries(SIZES.map((name) => [name, spec[name]]));
    const split = document.split.kind === spec.split.kind ? { split: spec.split } : {};
    return { document: { ...document, ...sizes, ...split }, told: fitted };
  } catch (error) {
    if (!wasStopped(error)) console.debug(error);
    return null;
  }
}

/**
 * Of what was told those sizes that the form still has.
 * @param {Reply.FittedSize[]} told
 * @param {Form} form
 */
export function stillTold(told, form) {
  return told.filter((one) => JSON.stringify(form.get(one.pointer)) === JSON.stringify(one.value));
}
