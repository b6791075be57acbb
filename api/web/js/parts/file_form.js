// A file by drag and drop or by choice, with fields beside it, its progress and the service's own errors.

import { fieldProblems, messageOf, upload, wasStopped } from "../api.js";
import { fill, h } from "../dom.js";
import { percent } from "../format.js";
import { bar } from "./small.js";

/**
 * @template {string} Path
 * @typedef {object} Taken What a form takes, and what becomes of it.
 * @property {Path} path
 * @property {string} about which files
 * @property {RegExp} endings which are no part of a name
 * @property {string} nameId
 * @property {Page.Child} [fields] each in a `place`
 * @property {(data: FormData) => void} [add] what the fields say
 * @property {string} working what the service does once it has the file
 * @property {(made: Reply.Made<Path>) => Page.Child} stored what then stands there, if anything
 * @property {AbortSignal} signal
 */

/**
 * @template {string} Path
 * @param {Taken<Path>} taken
 */
export function fileForm({ path, about, endings, nameId, fields, add, working, stored, signal }) {
  /** @type {File | null} */
  let file = null;
  const chosen = h("p", { class: "small muted" }, about);
  const picker = h("input", { type: "file", id: "file", class: "visually-hidden", on: { change: () => take(picker.files?.[0]) } });
  const drop = h("div", { class: "drop", on: { dragover: over, dragleave: leave, drop: dropped } },
    h("label", { for: "file", class: "button" }, "Choose a file"), picker, h("p", {}, "or drop it here"), chosen);
  const name = h("input", { id: nameId, name: "name", required: true, maxlength: 100 });
  const progress = h("div", { "aria-live": "polite" });
  const button = h("button", { class: "primary" }, "Upload");
  const form = h("form", { novalidate: true, on: { submit: sent } }, drop,
    h("div", { class: "form-grid section" }, place("/name", h("label", { for: nameId }, "Name"), name), fields),
    place("/file", progress), h("p", {}, button));

  /** @param {DragEvent} event */
  function over(event) {
    event.preventDefault();
    drop.classList.add("over");
  }
  function leave() {
    drop.classList.remove("over");
  }
  /** @param {DragEvent} event */
  function dropped(event) {
    event.preventDefault();
    leave();
    take(event.dataTransfer?.files[0]);
  }
  /** @param {File | undefined} given */
  function take(given) {
    if (!given) return;
    file = given;
    chosen.textContent = `${file.name}, ${(file.size / 1e6).toFixed(2)} MB`;
    if (!name.value) name.value = file.name.replace(endings, "").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  }

  /** @param {SubmitEvent} event */
  async function sent(event) {
    event.preventDefault();
    clear();
    if (!file) return tell("/file", "Choose a file, or drop one on the field above.");
    const data = new FormData();
    data.append("name", name.value);
    add?.(data);
    data.append("file", file, file.name);
    button.disabled = true;
    try {
      const made = await upload(path, data, (share) => fill(progress,
        bar(share, "Upload", "running"), h("p", { class: "small muted" }, share < 1 ? `${percent(share)} sent` : `Sent; ${working}…`)), signal);
      fill(progress, stored(made));
    } catch (error) {
      fill(progress);
      if (!wasStopped(error)) show(error);
    } finally {
      button.disabled = false;
    }
  }

  /** @param {unknown} error */
  function show(error) {
    const errors = fieldProblems(error);
    if (!errors.length) return tell("/file", messageOf(error));
    for (const one of errors) tell(form.querySelector(`[data-pointer="${CSS.escape(one.pointer)}"]`) ? one.pointer : "/file", one.detail);
  }

  /**
   * @param {string} pointer
   * @param {string} text
   */
  function tell(pointer, text) {
    const holder = form.querySelector(`[data-pointer="${pointer}"]`);
    holder?.querySelector("input")?.setAttribute("aria-invalid", "true");
    holder?.append(h("p", { class: "field-error", role: "alert" }, text));
  }

  function clear() {
    for (const one of form.querySelectorAll(".field-error")) one.remove();
    for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  }

  return form;
}

/**
 * @param {string} pointer
 * @param {...Node} nodes
 */
export function place(pointer, ...nodes) {
  return h("div", { "data-pointer": pointer }, nodes);
}
