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
  const told = shape.node["x-choices"] ?? {};
  const meaning = h("p", { class: "help meaning", "aria-live": "polite" });
  const tell = () => {
    meaning.textContent = told[control.value]?.description ?? "";
  };
  const control = h("select", { id: idOf(pointer), on: { change: () => {
    form.set(pointer, control.value);
    tell();
  } } }, listed.map((one) => h("option", { value: one }, told[one]?.title ?? one)));
  control.value = value;
  tell();
  const made = labelled(name, shape, pointer, control);
  if (meaning.textContent) control.after(meaning);
  return made;
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
    options.map((one) => h("option", { value: form.schema.nameOf(one) }, form.schema.titleOf(one))));
  control.selectedIndex = at;
  const made = labelled(name, shape, pointer, control);
  if (options[at].const === undefined) {
    const number = numberInput(form, options[at], pointer);
    number.setAttribute("aria-label", labelOf(shape.node, name));
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
  return h("div", { "data-pointer": pointer }, h("label", { class: "check", for: id }, control, labelOf(shape.node, name)), help(shape.node));
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
  return h("fieldset", { class: "wide list", "data-pointer": pointer }, h("legend", {}, labelOf(shape.node, name)),
    boxes.map((box) => {
      const told = item.node["x-choices"]?.[box.value];
      return h("div", {}, h("label", { class: "check", for: box.id }, box, told?.title ?? words(box.value)), told && h("p", { class: "help" }, told.description));
    }));
}

/**
 * A list of numbers, as one line of text.
 * @param {Form} form
 * @param {string} name
 * @param {Shape} shape
 * @param {string} pointer
 */
export function numbersField(form, name, shape, pointer) {
  const control = h("input", { id: idOf(pointer), value: (form.get(pointer) ?? []).join(", "), on: { input: () => form.set(pointer, parsed(control.value)) } });
  return h("div", { class: "wide", "data-pointer": pointer }, h("label", { for: control.id }, labelOf(shape.node, name)), control,
    h("p", { class: "help" }, "Numbers, with commas between them."), help(shape.node));
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
  return h("div", { "data-pointer": pointer }, h("label", { for: control.id }, labelOf(shape.node, name)), control, help(shape.node));
}

/**
 * What a person calls the field: the service says it, but for data sets' own fields and the like.
 * @param {Node} node
 * @param {string} name
 */
export function labelOf(node, name) {
  return node.title ?? words(name);
}

/** @param {string} name */
export function words(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * What a field is for: the first clause of its description, under which the rest unfolds.
 * @param {Node} node
 */
export function help(node) {
  const text = plain(node);
  const clause = text.split(/(?<=[^.]{8})[.:;]( |$)/)[0];
  const rest = text.slice(clause.length).replace(/^[.:;] */, "");
  if (!rest) return clause ? h("p", { class: "help" }, `${clause}.`) : null;
  return h("details", { class: "help" }, h("summary", {}, `${clause} …`), h("p", { class: "help" }, rest[0].toUpperCase() + rest.slice(1)));
}

/**
 * The whole description, of what was chosen.
 * @param {Node} node
 */
export function meaningOf(node) {
  const text = plain(node);
  return text ? h("p", { class: "help meaning" }, text) : null;
}

/** @param {Node} node */
function plain(node) {
  return (node["x-about"] ?? node.description ?? "").replaceAll("\n", " ").replaceAll("`", "");
}

/**
 * @param {string} pointer
 * @param {string} [suffix]
 */
export function idOf(pointer, suffix = "value") {
  return `field${pointer.replaceAll(/[^A-Za-z0-9_]/g, "-")}-${suffix}`;
}
