// Lists: of numbers as one line of text, of anything else as a card for each item.

import { h } from "../dom.js";
import { choiceBody, fieldsOf, idOf, words } from "./fields.js";
import { below, remove } from "./pointers.js";

export function arrayField(form, name, shape, pointer) {
  const item = form.schema.shape(shape.node.items);
  return item.kind === "number" ? numbers(form, name, shape, pointer) : items(form, name, shape, item, pointer);
}

function numbers(form, name, shape, pointer) {
  const control = h("input", { id: idOf(pointer), value: (form.get(pointer) ?? []).join(", "), on: { input: () => form.set(pointer, parsed(control.value)) } });
  return h("div", { class: "wide", "data-pointer": pointer }, h("label", { for: control.id }, words(name)), control,
    h("p", { class: "help" }, "Numbers, with commas between them."));
}

function parsed(text) {
  return text.split(/[\s,]+/).filter(Boolean).map((one) => (Number.isFinite(Number(one)) ? Number(one) : one));
}

function items(form, name, shape, item, pointer) {
  const there = form.get(pointer) ?? [];
  const { node } = shape;
  const one = words(name).replace(/s$/, "");
  const add = h("button", { type: "button", disabled: there.length >= (node.maxItems ?? Infinity), on: { click: () => form.reshape(() => there.push(next(form, node, there))) } }, `Add ${one.toLowerCase()}`);
  return h("fieldset", { class: "wide list", "data-pointer": pointer }, h("legend", {}, words(name)),
    h("div", { class: typeof there[0]?.name === "string" ? "beside" : "form-grid" }, there.map((value, index) => {
      const place = below(pointer, index);
      const title = typeof value?.name === "string" && value.name ? value.name : `${one} ${index + 1}`;
      return h("fieldset", { class: "item wide", "data-pointer": place }, h("legend", {}, title),
        body(form, item, place),
        there.length > (node.minItems ?? 0) && h("p", {}, h("button", { type: "button", class: "quiet", on: { click: () => form.reshape(() => remove(form.document, place)) } }, `Remove ${title}`)));
    })),
    h("p", {}, add));
}

/** Of an object's fields those that are set or needed first; the others behind a fold. */
function body(form, item, pointer) {
  if (item.kind === "choice") return choiceBody(form, item, pointer);
  const { node } = item;
  const value = form.get(pointer) ?? {};
  const first = Object.keys(node.properties).filter((name) => (node.required ?? []).includes(name) || (value[name] ?? null) !== null);
  const rest = Object.keys(node.properties).filter((name) => !first.includes(name));
  return [
    fieldsOf(form, node, pointer, first),
    rest.length ? h("details", { "data-fold": pointer }, h("summary", {}, "Other than the experiment's own"), fieldsOf(form, node, pointer, rest)) : null,
  ];
}

/** A named item is a copy of the last one, since arms differ in little; any other starts afresh. */
function next(form, node, there) {
  const last = there[there.length - 1];
  if (typeof last?.name !== "string") return form.schema.initial(node.items);
  const names = new Set(there.map((one) => one.name));
  let number = 2;
  while (names.has(`${last.name} ${number}`)) number += 1;
  return { ...structuredClone(last), name: `${last.name} ${number}` };
}
