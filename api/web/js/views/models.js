// The pretrained encoders that runs can start from, and a place to add another.

import { call, wasStopped } from "../api.js";
import { fill, h, refill } from "../dom.js";
import { count } from "../format.js";
import { fileForm } from "../parts/file_form.js";
import { alertOf, empty } from "../parts/notices.js";
import { removeUpload } from "../parts/removal.js";
import { fact, time } from "../parts/small.js";

/** @type {Record<string, string>} */
const POOLINGS = { mean: "mean of all tokens", cls: "first token" };

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { signal }) {
  document.title = "Models · Tripletlab";
  const { items } = await call("/v1/models", { signal });
  const list = h("div", {}, listed(items));

  async function drawAgain() {
    try {
      refill(list, listed((await call("/v1/models", { signal })).items));
    } catch (error) {
      if (!wasStopped(error)) fill(list, alertOf(error));
    }
  }

  /** @param {Reply.ModelView[]} models */
  function listed(models) {
    if (!models.length) return empty("No model yet", "Drop the archive of one below, or send its folder with the command: tripletlab models add FOLDER --name NAME");
    return h("div", { class: "tiles" }, models.map((one) => tile(one, drawAgain)));
  }

  fill(main,
    h("div", { class: "page-head" }, h("div", {}, h("h1", { tabindex: "-1" }, "Models"),
      h("p", { class: "muted" }, "Pretrained encoders that runs can start from: choose the kind “pretrained” of an encoder, and one of these."))),
    list,
    h("section", { class: "section", "aria-labelledby": "upload-title" },
      h("header", {}, h("h2", { id: "upload-title" }, "Add a model")),
      fileForm({
        path: "/v1/models",
        about: "The folder that transformers or sentence-transformers has written, packed as zip, tar or tar.gz.",
        endings: /(\.(zip|tar|tgz|gz))+$/i,
        nameId: "model-name",
        working: "the service checks its files",
        stored: (made) => {
          drawAgain();
          return [`${made.name} is stored.`, ...made.warnings].map((one) => h("p", {}, one));
        },
        signal,
      })));
}

/**
 * @param {Reply.ModelView} one
 * @param {() => void} deleted
 */
function tile(one, deleted) {
  return h("article", { class: "card" },
    h("div", { class: "row spread" }, h("h2", {}, one.name),
      h("button", { type: "button", class: "danger", "aria-label": `Delete ${one.name}`, on: { click: () => removeUpload("/v1/models", one.name, deleted) } }, "Delete")),
    h("p", { class: "meta" }, `${one.architecture}, ${count(one.parameters)} parameters`, h("span", {}, "since ", time(one.created_at))),
    h("dl", { class: "facts" },
      fact("Layers", count(one.layers)), fact("Width", count(one.width), "Of a token's output, and so of a text's vector"),
      fact("Longest text", `${count(one.positions)} tokens`), fact("Vocabulary", count(one.vocabulary_size)),
      fact("Its own pooling", one.pooling ? POOLINGS[one.pooling] : "not said"), fact("Size", `${(one.size / 1e6).toFixed(2)} MB`),
      fact("Content", h("code", {}, one.content_hash.slice(0, 12)), one.content_hash)));
}
