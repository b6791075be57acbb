// Fields from the schema: one for each kind of node, writing into the document by its pointer.

/** @import { Form } from "./form.js" */
/** @import { Choice, Node, Shape } from "./schema.js" */

import { h } from "../dom.js";
import { formulaField } from "./formula.js";
import { inWords } from "./in_words.js";
import { below, remove, set } from "./pointers.js";
import { booleanField, enumField, help, idOf, jsonField, labelOf, meaningOf, numberField, numbersField, severalField, textField, wordOrNumberField, words } from "./single.js";

/** @type {Record<string, (form: Form, name: string, shape: Shape, pointer: string) => HTMLElement>} */
const MAKERS = { enum: enumField, formula: formulaField, string: textField, number: numberField, boolean: booleanField, json: jsonField, object: objectField, array: arrayField };

/** What the service writes into a spec, from what the other fields say. */
const WRITTEN_IN = new Set(["/tuning/planned"]);

/**
 * The field of a node, or null for a constant and for what is written in, which need none.
 * @param {Form} form
 * @param {string} name
 * @param {Node} node
 * @param {string} pointer
 */
export function field(form, name, node, pointer) {
  const shape = form.schema.shape(node);
  if (shape.kind === "const" || WRITTEN_IN.has(pointer)) return null;
  if (!shape.optional) return required(form, name, shape, pointer);
  return optional(form, name, shape, pointer);
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 * @returns {HTMLElement}
 */
function required(form, name, shape, pointer) {
  const choices = form.choices(pointer);
  if (choices) return enumField(form, name, shape, pointer, choices);
  if (shape.kind === "choice") return shape.options[0].properties ? choiceField(form, name, shape, pointer) : wordOrNumberField(form, name, shape, pointer);
  return MAKERS[shape.kind](form, name, shape, pointer);
}

/**
 * A field that may be left out: a box says whether it is there.
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 */
function optional(form, name, shape, pointer) {
  const there = form.get(pointer) !== undefined && form.get(pointer) !== null;
  const id = idOf(pointer, "set");
  const box = h("input", { type: "checkbox", id, checked: there, on: { change: () => form.reshape(() => {
    if (box.checked) set(form.document, pointer, form.choices(pointer)?.[0] ?? form.schema.initial(bare(shape)));
    else remove(form.document, pointer);
  }) } });
  const small = !there || shape.kind === "number" || shape.kind === "enum";
  const label = labelOf(shape.node, name);
  return h("div", { class: `optional ${small ? "" : "wide"}`, "data-pointer": there ? null : pointer },
    h("label", { class: "check", for: id }, box, small && there ? label : `Set ${label[0].toLowerCase()}${label.slice(1)}`),
    there ? required(form, name, shape, pointer) : help(shape.node));
}

/**
 * The same node without its default, which is that it is left out.
 * @param {Shape} shape
 * @returns {Node}
 */
function bare(shape) {
  const { default: _, ...node } = shape.node;
  return shape.kind === "choice" ? { ...node, oneOf: shape.options } : node;
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 */
function objectField(form, name, shape, pointer) {
  return h("fieldset", { class: "wide part", "data-pointer": pointer }, h("legend", {}, labelOf(shape.node, name)), help(shape.node), withFold(form, shape.node, pointer));
}

/**
 * All fields of an object; those that are as by default behind a fold that says what they are.
 * @param {Form} form
 * @param {Node} node
 * @param {string} pointer
 */
function withFold(form, node, pointer) {
  const names = Object.keys(node.properties ?? {});
  const usual = names.filter((name) => form.folds(below(pointer, name)) && asByDefault(form, node, name, pointer));
  if (!usual.length) return fieldsOf(form, node, pointer);
  return [
    fieldsOf(form, node, pointer, names.filter((name) => !usual.includes(name))),
    h("details", { class: "usual", "data-fold": pointer }, foldSummary(form, "More", node, pointer, usual), fieldsOf(form, node, pointer, usual)),
  ];
}

/**
 * @param {Form} form
 * @param {Node} node
 * @param {string} name
 * @param {string} pointer
 */
function asByDefault(form, node, name, pointer) {
  const given = node.properties?.[name] ?? {};
  if ((node.required ?? []).includes(name) || form.schema.shape(given).kind === "const") return false;
  const value = form.get(below(pointer, name)) ?? null;
  return value === null || JSON.stringify(value) === JSON.stringify(form.schema.resolved(given).default ?? null);
}

/**
 * The summary of a fold: its title, and what its fields are now.
 * @param {Form} form
 * @param {string} title
 * @param {Node} node
 * @param {string} pointer
 * @param {string[]} names
 */
export function foldSummary(form, title, node, pointer, names) {
  const told = h("span", { class: "small muted told" });
  const tell = () => { told.textContent = inWords(form, node, pointer, names); };
  tell();
  const summary = h("summary", {}, title, " ", told);
  summary.addEventListener("tell", tell); // whoever changes a value asks for it
  return summary;
}

/**
 * The fields of an object, in the order of the schema.
 * @param {Form} form
 * @param {Node} node
 * @param {string} pointer
 * @param {string[]} [names]
 * @returns {HTMLElement}
 */
export function fieldsOf(form, node, pointer, names = Object.keys(node.properties ?? {})) {
  const nodes = node.properties ?? {};
  return h("div", { class: "form-grid" }, names.map((name) => field(form, name, nodes[name], below(pointer, name))));
}

/**
 * One of several forms: which, and the fields of that one.
 * @param {Form} form
 * @param {string} name
 * @param {Choice} shape
 * @param {string} pointer
 */
function choiceField(form, name, shape, pointer) {
  return h("fieldset", { class: "wide part", "data-pointer": pointer }, h("legend", {}, labelOf(shape.node, name)), choiceBody(form, shape, pointer));
}

/**
 * @param {Form} form
 * @param {Choice} shape
 * @param {string} pointer
 */
function choiceBody(form, shape, pointer) {
  const { options } = shape;
  const at = form.schema.matching(options, form.get(pointer));
  const id = idOf(pointer, "kind");
  const control = h("select", { id, on: { change: () => form.reshape(() => set(form.document, pointer, chosen(form, options[control.selectedIndex], pointer))) } },
    options.map((one) => h("option", { value: form.schema.nameOf(one) }, form.schema.titleOf(one))));
  control.selectedIndex = at;
  return [
    h("div", { "data-pointer": below(pointer, "kind") }, h("label", { for: id }, "Kind"), control, meaningOf(options[at])),
    withFold(form, options[at], pointer),
  ];
}

/**
 * An option with its defaults, and the first of what is there where a field names something.
 * @param {Form} form
 * @param {Node} option
 * @param {string} pointer
 */
function chosen(form, option, pointer) {
  const made = form.schema.initialObject(option);
  for (const [name, value] of Object.entries(made)) if (value === "") made[name] = form.choices(below(pointer, name))?.[0] ?? "";
  return made;
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 */
function arrayField(form, name, shape, pointer) {
  const item = form.schema.shape(shape.node.items ?? {});
  if (item.kind === "number") return numbersField(form, name, shape, pointer);
  if (item.kind === "enum") return severalField(form, name, shape, item, pointer);
  return itemsField(form, name, shape, item, pointer);
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {Shape} item
 * @param {string} pointer
 */
function itemsField(form, name, shape, item, pointer) {
  /** @type {any[]} */
  const there = form.get(pointer) ?? [];
  const { node } = shape;
  const one = (item.kind === "object" && item.node.title) || words(name).replace(/s$/, "");
  const add = h("button", { type: "button", disabled: there.length >= (node.maxItems ?? Infinity), on: { click: () => form.reshape(() => there.push(next(form, node, there))) } }, `Add ${one.toLowerCase()}`);
  return h("fieldset", { class: "wide list", "data-pointer": pointer }, h("legend", {}, labelOf(shape.node, name)),
    h("div", { class: typeof there[0]?.name === "string" ? "beside" : "form-grid" }, there.map((value, index) => {
      const place = below(pointer, index);
      const title = typeof value?.name === "string" && value.name ? value.name : `${one} ${index + 1}`;
      return h("fieldset", { class: "item wide", "data-pointer": place }, h("legend", {}, title),
        body(form, item, place),
        there.length > (node.minItems ?? 0) && h("p", {}, h("button", { type: "button", class: "quiet", on: { click: () => form.reshape(() => remove(form.document, place)) } }, `Remove ${title}`)));
    })),
    h("p", {}, add));
}

/**
 * Of an object's fields those that are set or needed first; the others behind a fold.
 * @param {Form} form
 * @param {Shape} item
 * @param {string} pointer
 */
function body(form, item, pointer) {
  if (item.kind === "choice") return choiceBody(form, item, pointer);
  const { node } = item;
  const value = form.get(pointer) ?? {};
  const names = Object.keys(node.properties ?? {});
  const first = names.filter((name) => (node.required ?? []).includes(name) || (value[name] ?? null) !== null);
  const rest = names.filter((name) => !first.includes(name));
  return [
    fieldsOf(form, node, pointer, first),
    rest.length ? h("details", { "data-fold": pointer }, h("summary", {}, "Other than the experiment's own"), fieldsOf(form, node, pointer, rest)) : null,
  ];
}

/**
 * A named item is a copy of the last one, since arms differ in little; any other starts afresh.
 * @param {Form} form
 * @param {Node} node
 * @param {any[]} there
 */
function next(form, node, there) {
  const last = there[there.length - 1];
  if (typeof last?.name !== "string") return form.schema.initial(node.items ?? {});
  const names = new Set(there.map((one) => one.name));
  let number = 2;
  while (names.has(`${last.name} ${number}`)) number += 1;
  return { ...structuredClone(last), name: `${last.name} ${number}` };
}
