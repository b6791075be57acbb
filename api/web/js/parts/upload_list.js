// The view of one kind of uploads: what there is, a tile each, and a place to add another.

import { call, wasStopped } from "../api.js";
import { fill, h, refill } from "../dom.js";
import { fileForm } from "./file_form.js";
import { alertOf, empty } from "./notices.js";
import { removeUpload } from "./removal.js";
import { fact, time } from "./small.js";

/**
 * @typedef {"/v1/models" | "/v1/vectors"} Collection
 * @typedef {Reply.To<"/v1/models">["items"][number] | Reply.To<"/v1/vectors">["items"][number]} AnyUpload
 */

/**
 * @template {Collection} Path
 * @typedef {object} Kind
 * @property {Path} path
 * @property {string} title
 * @property {string} lead what they are for
 * @property {[title: string, words: string]} none where there is none yet
 * @property {string} add the heading of the form
 * @property {Pick<import("./file_form.js").Taken<Path>, "about" | "endings" | "nameId" | "working">} form
 * @property {(one: any) => string} meta the line below a name
 * @property {(one: any) => Page.Child} facts those before the size
 */

/**
 * @template {Collection} Path
 * @param {HTMLElement} main
 * @param {Kind<Path>} kind
 * @param {AbortSignal} signal
 */
export async function showUploads(main, kind, signal) {
  const { path, title, lead, none, add, form } = kind;
  document.title = `${title} · Tripletlab`;
  const list = h("div", {}, listed(await there()));

  /** @returns {Promise<AnyUpload[]>} */
  async function there() {
    return (await call(/** @type {Collection} */ (path), { signal })).items;
  }

  async function drawAgain() {
    try {
      refill(list, listed(await there()));
    } catch (error) {
      if (!wasStopped(error)) fill(list, alertOf(error));
    }
  }

  /** @param {AnyUpload[]} uploads */
  function listed(uploads) {
    if (!uploads.length) return empty(...none);
    return h("div", { class: "tiles" }, uploads.map((one) => tile(kind, one, drawAgain)));
  }

  fill(main,
    h("div", { class: "page-head" }, h("div", {}, h("h1", { tabindex: "-1" }, title), h("p", { class: "muted" }, lead))),
    list,
    h("section", { class: "section", "aria-labelledby": "upload-title" },
      h("header", {}, h("h2", { id: "upload-title" }, add)),
      fileForm({
        ...form,
        path: /** @type {Collection} */ (path),
        stored: (made) => {
          drawAgain();
          return [`${made.name} is stored.`, ...made.warnings].map((one) => h("p", {}, one));
        },
        signal,
      })));
}

/**
 * @template {Collection} Path
 * @param {Kind<Path>} kind
 * @param {AnyUpload} one
 * @param {() => void} deleted
 */
function tile({ path, meta, facts }, one, deleted) {
  return h("article", { class: "card" },
    h("div", { class: "row spread" }, h("h2", {}, one.name),
      h("button", { type: "button", class: "danger", "aria-label": `Delete ${one.name}`, on: { click: () => removeUpload(path, one.name, deleted) } }, "Delete")),
    h("p", { class: "meta" }, meta(one), h("span", {}, "since ", time(one.created_at))),
    h("dl", { class: "facts" }, facts(one), fact("Size", `${(one.size / 1e6).toFixed(2)} MB`),
      fact("Content", h("code", {}, one.content_hash.slice(0, 12)), one.content_hash)));
}
