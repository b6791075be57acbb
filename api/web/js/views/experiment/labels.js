// Name, tags and notes of an experiment: what people write beside it, and change here.

/** @import { Model } from "./model.js" */

import { call, messageOf, wasStopped } from "../../api.js";
import { fill, h } from "../../dom.js";
import { toast } from "../../parts/notices.js";

/** @param {Model} model */
export function labelsOf(model) {
  const node = h("div", { class: "labels" });
  const path = /** @type {const} */ (`/v1/experiments/${model.id}/labels`);

  /** @param {Reply.LabelsView} labels */
  function show({ name, tags, notes }) {
    const edit = h("button", { type: "button", class: "quiet", on: { click: () => change({ name, tags, notes }) } }, "Edit name, tags and notes");
    fill(node, tags.map((tag) => h("a", { class: "tag", href: `#/experiments?tag=${encodeURIComponent(tag)}` }, tag)), notes && h("p", { class: "notes" }, notes), edit);
  }

  /** @param {Reply.LabelsView} labels */
  function change(labels) {
    const name = h("input", { id: "name", value: labels.name, maxlength: 200, required: true, autocomplete: "off" });
    const tags = h("input", { id: "tags", value: labels.tags.join(" "), autocomplete: "off" });
    const notes = h("textarea", { id: "notes", rows: 3, maxlength: 10000 });
    notes.value = labels.notes;
    fill(node, h("form", { on: { submit: async (event) => {
      event.preventDefault();
      try {
        const words = [...new Set(tags.value.split(/[\s,]+/).filter(Boolean))];
        show(await call(path, { method: "PATCH", body: { name: name.value.trim(), tags: words, notes: notes.value.trim() } }));
        model.again(); // the name stands above all
        toast("Saved.");
      } catch (error) {
        toast(messageOf(error));
      }
    } } },
      h("label", { for: "name" }, "Name"), name,
      h("label", { for: "tags" }, "Tags, with spaces between them"), tags,
      h("label", { for: "notes" }, "Notes"), notes,
      h("div", { class: "row" }, h("button", { class: "primary" }, "Save"), h("button", { type: "button", on: { click: () => show(labels) } }, "Leave as it was"))));
    name.focus();
  }

  call(path, { signal: model.signal }).then(show, (error) => {
    if (!wasStopped(error)) toast(messageOf(error));
  });
  return node;
}
