// Fields from the schema: one for each kind of node, writing into the document by its pointer.

import { h } from "../dom.js";
import { arrayField } from "./arrays.js";
import { below, get, remove, set } from "./pointers.js";

/**
 * A form over one document. `edited()` is called when a value changed, `reshaped()` when fields come
 * or go; `choices` gives for some pointers the values that can be chosen now.
 */
export class Form {
  constructor(schema, document, { edited, reshaped, choices }) {
    Object.assign(this, { schema, document, edited, reshaped, choices });
  }

  get(pointer) {
    return get(this.document, pointer);
  }

  set(pointer, value) {
    set(this.document, pointer, value);
    this.edited();
  }

  reshape(work) {
    work();
    this.edited();
    this.reshaped();
  }
}

/** The field of a node, or null for a constant, which needs none. */
export function field(form, name, node, pointer) {
  const shape = form.schema.shape(node);
  if (shape.kind === "const") return null;
  if (!shape.optional) return required(form, name, shape, pointer);
  return optional(form, name, shape, pointer);
}

function required(form, name, shape, pointer) {
  const choices = form.choices(pointer);
  if (choices) return enumField(form, name, shape, pointer, choices);
  const make = { enum: enumField, string: textField, number: numberField, boolean: booleanField, object: objectField, choice: choiceField, array: arrayField };
  return make[shape.kind](form, name, shape, pointer);
}

/** A field that may be left out: a box says whether it is there. */
function optional(form, name, shape, pointer) {
  const there = form.get(pointer) !== undefined && form.get(pointer) !== null;
  const id = idOf(pointer, "set");
  const box = h("input", { type: "checkbox", id, checked: there, on: { change: () => form.reshape(() => {
    if (box.checked) set(form.document, pointer, form.schema.initial(bare(shape)));
    else remove(form.document, pointer);
  }) } });
  const small = !there || shape.kind === "number" || shape.kind === "enum";
  return h("div", { class: `optional ${small ? "" : "wide"}`, "data-pointer": there ? null : pointer },
    h("label", { class: "check", for: id }, box, small && there ? words(name) : `Set ${words(name).toLowerCase()}`),
    there ? required(form, name, shape, pointer) : help(shape.node));
}

/** The same node without its default, which is that it is left out. */
function bare(shape) {
  const { default: _, ...node } = shape.node;
  return shape.kind === "choice" ? { ...node, oneOf: shape.options } : node;
}

function labelled(name, shape, pointer, control) {
  return h("div", { "data-pointer": pointer }, h("label", { for: control.id }, words(name)), control, help(shape.node));
}

function enumField(form, name, shape, pointer, choices = shape.node.enum) {
  const value = form.get(pointer) ?? "";
  const listed = choices.includes(value) ? choices : [value, ...choices];
  const control = h("select", { id: idOf(pointer), on: { change: () => form.set(pointer, control.value) } },
    listed.map((one) => h("option", { value: one }, one)));
  control.value = value;
  return labelled(name, shape, pointer, control);
}

function textField(form, name, shape, pointer) {
  const { node } = shape;
  const control = h("input", { id: idOf(pointer), value: form.get(pointer) ?? "", maxlength: node.maxLength, on: { input: () => form.set(pointer, control.value) } });
  const made = labelled(name, shape, pointer, control);
  if (name === "name") made.classList.add("wide");
  return made;
}

function numberField(form, name, shape, pointer) {
  const { node } = shape;
  const control = h("input", {
    id: idOf(pointer), type: "number", inputmode: "decimal", step: node.type === "integer" ? 1 : "any",
    min: node.minimum ?? node.exclusiveMinimum, max: node.maximum ?? node.exclusiveMaximum, value: form.get(pointer) ?? "",
    on: { input: () => form.set(pointer, control.value === "" ? null : Number(control.value)) },
  });
  return labelled(name, shape, pointer, control);
}

function booleanField(form, name, shape, pointer) {
  const id = idOf(pointer);
  const control = h("input", { type: "checkbox", id, checked: form.get(pointer) ?? false, on: { change: () => form.set(pointer, control.checked) } });
  return h("div", { "data-pointer": pointer }, h("label", { class: "check", for: id }, control, words(name)), help(shape.node));
}

function objectField(form, name, shape, pointer) {
  return h("fieldset", { class: "wide part", "data-pointer": pointer }, h("legend", {}, words(name)), help(shape.node), fieldsOf(form, shape.node, pointer));
}

/** The fields of an object, in the order of the schema. */
export function fieldsOf(form, node, pointer, names = Object.keys(node.properties)) {
  return h("div", { class: "form-grid" }, names.map((name) => field(form, name, node.properties[name], below(pointer, name))));
}

/** One of several forms: which, and the fields of that one. */
function choiceField(form, name, shape, pointer) {
  return h("fieldset", { class: "wide part", "data-pointer": pointer }, h("legend", {}, words(name)), choiceBody(form, shape, pointer));
}

export function choiceBody(form, shape, pointer) {
  const { options } = shape;
  const at = form.schema.matching(options, form.get(pointer));
  const id = idOf(pointer, "kind");
  const control = h("select", { id, on: { change: () => form.reshape(() => set(form.document, pointer, chosen(form, options[control.selectedIndex]))) } },
    options.map((one) => h("option", {}, form.schema.nameOf(one))));
  control.selectedIndex = at;
  return [
    h("div", { "data-pointer": below(pointer, "kind") }, h("label", { for: id }, "Kind"), control, help(options[at])),
    fieldsOf(form, options[at], pointer),
  ];
}

function chosen(form, option) {
  return form.schema.initialObject(option);
}

export function words(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The first clause of a description; the whole of it where the pointer rests. */
export function help(node) {
  const text = (node.description ?? "").replaceAll("\n", " ").replaceAll("`", "");
  const clause = text.split(/(?<=[^.]{8})[.:;]( |$)/)[0];
  return clause ? h("p", { class: "help", title: text }, `${clause}.`) : null;
}

export function idOf(pointer, suffix = "value") {
  return `field${pointer.replaceAll(/[^A-Za-z0-9_]/g, "-")}-${suffix}`;
}
