// The token vectors that embeddings can start from, and a place to add others.

import { call, wasStopped } from "../api.js";
import { fill, h, refill } from "../dom.js";
import { count } from "../format.js";
import { fileForm } from "../parts/file_form.js";
import { alertOf, empty } from "../parts/notices.js";
import { removeUpload } from "../parts/removal.js";
import { fact, time } from "../parts/small.js";

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { signal }) {
  document.title = "Vectors · Tripletlab";
  const { items } = await call("/v1/vectors", { signal });
  const list = h("div", {}, listed(items));

  async function drawAgain() {
    try {
      refill(list, listed((await call("/v1/vectors", { signal })).items));
    } catch (error) {
      if (!wasStopped(error)) fill(list, alertOf(error));
    }
  }

  /** @param {Reply.VectorsView[]} sets */
  function listed(sets) {
    if (!sets.length) return empty("No vectors yet", "Drop a file of GloVe or word2vec below, or send it with the command: tripletlab vectors add FILE --name NAME");
    return h("div", { class: "tiles" }, sets.map((one) => tile(one, drawAgain)));
  }

  fill(main,
    h("div", { class: "page-head" }, h("div", {}, h("h1", { tabindex: "-1" }, "Vectors"),
      h("p", { class: "muted" }, "Token vectors that the embeddings of an encoder can start from: name one of these in its field “vectors”."))),
    list,
    h("section", { class: "section", "aria-labelledby": "upload-title" },
      h("header", {}, h("h2", { id: "upload-title" }, "Add vectors")),
      fileForm({
        path: "/v1/vectors",
        about: "The text of GloVe or word2vec, word2vec's binary form, or safetensors with a list of tokens; packed by gzip or not.",
        endings: /(\.(txt|vec|bin|safetensors|gz))+$/i,
        nameId: "vectors-name",
        working: "the service reads it",
        stored: (made) => {
          drawAgain();
          return [`${made.name} is stored.`, ...made.warnings].map((one) => h("p", {}, one));
        },
        signal,
      })));
}

/**
 * @param {Reply.VectorsView} one
 * @param {() => void} deleted
 */
function tile(one, deleted) {
  return h("article", { class: "card" },
    h("div", { class: "row spread" }, h("h2", {}, one.name),
      h("button", { type: "button", class: "danger", "aria-label": `Delete ${one.name}`, on: { click: () => removeUpload("/v1/vectors", one.name, deleted) } }, "Delete")),
    h("p", { class: "meta" }, `${count(one.tokens)} tokens of ${count(one.dimension)} numbers`, h("span", {}, "since ", time(one.created_at))),
    h("dl", { class: "facts" },
      fact("Capital letters", one.has_capitals ? "yes" : "no", "Without any, the tokenizer “lower” finds more words than “word” does"),
      fact("Size", `${(one.size / 1e6).toFixed(2)} MB`),
      fact("Content", h("code", {}, one.content_hash.slice(0, 12)), one.content_hash)));
}
