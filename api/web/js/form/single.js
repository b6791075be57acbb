// Fields of one control each, and the words that stand beside them.

/** @import { Form } from "./form.js" */
/** @import { Choice, Node, Shape } from "./schema.js" */

import { h } from "../dom.js";
import { set } from "./pointers.js";

/**
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 * @param {string[]} [choices]
 */
export function enumField(form, name, shape, pointer, choices = shape.node.enum ?? []) {
  const value = form.get(pointer) ?? "";
  const listed = choices.includes(value) ? choices : [value, ...choices];
  const control = h("select", { id: idOf(pointer), on: { change: () => form.set(pointer, control.value) } },
    listed.map((one) => h("option", { value: one }, one)));
  control.value = value;
  return labelled(name, shape, pointer, control);
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 */
export function textField(form, name, shape, pointer) {
  const { node } = shape;
  const control = h("input", { id: idOf(pointer), value: form.get(pointer) ?? "", maxlength: node.maxLength, on: { input: () => form.set(pointer, control.value) } });
  const made = labelled(name, shape, pointer, control);
  if (name === "name") made.classList.add("wide");
  return made;
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 */
export function numberField(form, name, shape, pointer) {
  return labelled(name, shape, pointer, numberInput(form, shape.node, pointer));
}

/**
 * @param {Form} form
 * @param {Node} node
 * @param {string} pointer
 */
function numberInput(form, node, pointer) {
  const control = h("input", {
    id: idOf(pointer), type: "number", inputmode: "decimal", step: node.type === "integer" ? 1 : "any",
    min: node.minimum ?? node.exclusiveMinimum, max: node.maximum ?? node.exclusiveMaximum, value: form.get(pointer) ?? "",
    on: { input: () => form.set(pointer, control.value === "" ? null : Number(control.value)) },
  });
  return control;
}

/**
 * A word, or a number in its place.
 * @param {Form} form
 * @param {string} name
 * @param {Choice} shape
 * @param {string} pointer
 */
export function wordOrNumberField(form, name, shape, pointer) {
  const { options } = shape;
  const at = form.schema.matching(options, form.get(pointer));
  const control = h("select", { id: idOf(pointer, "kind"), on: { change: () => form.reshape(() => set(form.document, pointer, form.schema.initial(options[control.selectedIndex]))) } },
    options.map((one) => h("option", {}, form.schema.nameOf(one))));
  control.selectedIndex = at;
  const made = labelled(name, shape, pointer, control);
  if (options[at].const === undefined) {
    const number = numberInput(form, options[at], pointer);
    number.setAttribute("aria-label", words(name));
    control.after(number);
  }
  return made;
}

/**
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 */
export function booleanField(form, name, shape, pointer) {
  const id = idOf(pointer);
  const control = h("input", { type: "checkbox", id, checked: form.get(pointer) ?? shape.node.default ?? false, on: { change: () => form.set(pointer, control.checked) } });
  return h("div", { "data-pointer": pointer }, h("label", { class: "check", for: id }, control, words(name)), help(shape.node));
}

/**
 * Any of several words, each with a box; they are kept in the order of the schema.
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {Shape} item
 * @param {string} pointer
 */
export function severalField(form, name, shape, item, pointer) {
  const choices = item.node.enum ?? [];
  /** @type {string[]} */
  const there = form.get(pointer) ?? shape.node.default ?? [];
  const boxes = choices.map((one) => h("input", { type: "checkbox", id: idOf(pointer, one), value: one, checked: there.includes(one), on: {
    change: () => form.set(pointer, boxes.filter((box) => box.checked).map((box) => box.value)),
  } }));
  return h("fieldset", { class: "wide list", "data-pointer": pointer }, h("legend", {}, words(name)),
    boxes.map((box) => h("label", { class: "check", for: box.id }, box, words(box.value))), help(shape.node));
}

/**
 * A list of numbers, as one line of text.
 * @param {Form} form
 * @param {string} name
 * @param {string} pointer
 */
export function numbersField(form, name, pointer) {
  const control = h("input", { id: idOf(pointer), value: (form.get(pointer) ?? []).join(", "), on: { input: () => form.set(pointer, parsed(control.value)) } });
  return h("div", { class: "wide", "data-pointer": pointer }, h("label", { for: control.id }, words(name)), control,
    h("p", { class: "help" }, "Numbers, with commas between them."));
}

/**
 * An object whose keys are the writer's own, as JSON. Text that is not JSON is sent as it is, so
 * that the service says what is wrong with it.
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 */
export function jsonField(form, name, shape, pointer) {
  const control = h("textarea", { id: idOf(pointer), class: "code", rows: 4, spellcheck: "false", on: { input: () => form.set(pointer, fromJson(control.value)) } });
  control.value = JSON.stringify(form.get(pointer) ?? {}, null, 2);
  const made = labelled(name, shape, pointer, control);
  made.classList.add("wide");
  return made;
}

/** @param {string} text */
function fromJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @param {string} text */
function parsed(text) {
  return text.split(/[\s,]+/).filter(Boolean).map((one) => (Number.isFinite(Number(one)) ? Number(one) : one));
}

/**
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 * @param {HTMLElement} control
 */
function labelled(name, shape, pointer, control) {
  return h("div", { "data-pointer": pointer }, h("label", { for: control.id }, words(name)), control, help(shape.node));
}

/** @param {string} name */
export function words(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * The first clause of a description; the whole of it where the pointer rests.
 * @param {Node} node
 */
export function help(node) {
  const text = (node.description ?? "").replaceAll("\n", " ").replaceAll("`", "");
  const clause = text.split(/(?<=[^.]{8})[.:;]( |$)/)[0];
  return clause ? h("p", { class: "help", title: text }, `${clause}.`) : null;
}

/**
 * @param {string} pointer
 * @param {string} [suffix]
 */
export function idOf(pointer, suffix = "value") {
  return `field${pointer.replaceAll(/[^A-Za-z0-9_]/g, "-")}-${suffix}`;
}
