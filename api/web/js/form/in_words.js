// A value in a few words, for the summary of fields that are folded: `Adam (learning rate 0.001)`.

/** @import { Form } from "./form.js" */
/** @import { Choice, Node, Shape } from "./schema.js" */

import { below } from "./pointers.js";
import { labelOf } from "./single.js";

const MOST = 6; // phrases of a summary

/**
 * What these fields of an object are now, or which they are where none is set.
 * @param {Form} form
 * @param {Node} node
 * @param {string} pointer
 * @param {string[]} names
 */
export function inWords(form, node, pointer, names) {
  const fields = names.map((name) => ({ name, given: form.schema.resolved(node.properties?.[name] ?? {}) }));
  const phrases = fields.map(({ name, given }) => phrase(form, name, given, form.get(below(pointer, name)) ?? given.default)).filter(Boolean);
  if (!phrases.length) return names.length ? `Not set: ${fields.map(({ name, given }) => lower(labelOf(given, name))).join(", ")}` : "";
  const told = phrases.slice(0, MOST).join(", ") + (phrases.length > MOST ? ", …" : "");
  return told[0].toUpperCase() + told.slice(1);
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {Node} given
 * @param {any} value
 * @returns {string | null}
 */
function phrase(form, name, given, value) {
  const shape = form.schema.shape(given);
  if (value === null || value === undefined || shape.kind === "const") return null;
  const label = lower(labelOf(shape.node, name));
  switch (shape.kind) {
    case "choice": return chosen(form, label, shape, value);
    case "enum": return `${label}: ${lower(titled(shape.node, value))}`;
    case "number": return `${label} ${number(value)}`;
    case "boolean": return value ? label : null;
    case "array": return listed(form, label, shape, value);
    case "object": return Object.entries(shape.node.properties ?? {}).map(([inner, one]) => phrase(form, inner, one, value[inner])).filter(Boolean).join(", ") || null;
    default: return typeof value === "string" ? `${label} ${value}` : label;
  }
}

/**
 * What was chosen, with its first number.
 * @param {Form} form
 * @param {string} label
 * @param {Choice} shape
 * @param {any} value
 */
function chosen(form, label, { options }, value) {
  const option = options[form.schema.matching(options, value)];
  if (!option.properties) return `${label} ${number(value)}`;
  const first = Object.entries(option.properties).find(([inner]) => typeof value[inner] === "number");
  const title = form.schema.titleOf(option);
  return first ? `${title} (${phrase(form, first[0], first[1], value[first[0]])})` : title;
}

/**
 * @param {Form} form
 * @param {string} label
 * @param {Shape} shape
 * @param {any[]} values
 */
function listed(form, label, shape, values) {
  const item = form.schema.shape(shape.node.items ?? {});
  if (item.kind === "enum") return `${label}: ${values.map((one) => lower(titled(item.node, one))).join(" and ")}`;
  return item.kind === "number" ? `${label} ${values.map(number).join(", ")}` : `${label}: ${values.length}`;
}

/**
 * @param {Node} node
 * @param {string} value
 */
function titled(node, value) {
  return node["x-choices"]?.[value]?.title ?? value;
}

/** @param {unknown} value */
function number(value) {
  return typeof value === "number" ? value.toLocaleString("en", { maximumSignificantDigits: 8 }) : String(value);
}

/**
 * Inside a sentence; an abbreviation stays what it is.
 * @param {string} words
 */
function lower(words) {
  return /^[A-Z][a-z]/.test(words) ? words[0].toLowerCase() + words.slice(1) : words;
}
