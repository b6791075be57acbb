// What a new experiment compares: arms that a person names, or the cells of factors; and how the one
// becomes the other.

/** @import { Form } from "../form/form.js" */

import { h } from "../dom.js";

/** Fields of the spec that only one of the two has. */
export const OF_ARMS = ["arms"];
export const OF_FACTORS = ["factors", "design", "effects", "loss"];

/**
 * The title and the fields of what the document compares.
 * @param {Reply.Spec} document
 * @returns {[title: string, fields: string[], open: boolean]}
 */
export function comparedGroup(document) {
  return document.factors ? ["The factors", OF_FACTORS, true] : ["The arms", OF_ARMS, true];
}

/**
 * A stored spec as a person would ask it: arms that follow from factors are left out, since factors
 * that are changed would contradict them.
 * @param {Reply.Spec} stored
 * @returns {Reply.Spec}
 */
export function asAsked(stored) {
  const spec = structuredClone(stored);
  if (!spec.factors) return spec;
  const { arms: _, decision, ...rest } = spec;
  const { baseline: __, ...rule } = decision;
  return /** @type {Reply.Spec} */ ({ ...rest, decision: rule });
}

/**
 * The schema's root for the form, in which `factors` are there whenever they are drawn.
 * @param {Reply.SchemaNode} root
 * @returns {Reply.SchemaNode}
 */
export function withFactors(root) {
  const properties = root.properties ?? {};
  const { anyOf, default: _, ...about } = properties.factors ?? {};
  const list = anyOf?.find((one) => one.type === "array");
  return list ? { ...root, properties: { ...properties, factors: { ...list, ...about } } } : root;
}

/**
 * The button that turns arms into the levels of one factor, or the levels of the first factor into arms.
 * @param {Form} form
 */
export function turnButton(form) {
  const { document } = form;
  const words = document.factors ? "Compare arms instead" : "Vary factors instead";
  return h("p", {}, h("button", { type: "button", class: "quiet", on: { click: () => form.reshape(() => {
    form.document = document.factors ? ofArms(document) : ofFactors(document);
  }) } }, words));
}

/**
 * @param {Reply.Spec} document
 * @returns {Reply.Spec}
 */
function ofFactors({ arms, decision, ...rest }) {
  const { baseline: _, ...rule } = decision ?? {};
  return /** @type {Reply.Spec} */ ({ ...rest, decision: rule, factors: [{ name: "choice", levels: arms ?? [] }] });
}

/**
 * @param {Reply.Spec} document
 * @returns {Reply.Spec}
 */
function ofArms({ factors, design: _, effects: __, loss, ...rest }) {
  const levels = factors?.[0]?.levels ?? [];
  return { ...rest, arms: levels.map((level) => ({ ...(loss && { loss }), ...level })) };
}
