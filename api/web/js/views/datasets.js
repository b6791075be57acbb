// The data sets, and a place to drop another.

import { call } from "../api.js";
import { fill, h } from "../dom.js";
import { count, percent } from "../format.js";
import { empty } from "../parts/notices.js";
import { fact } from "../parts/small.js";
import { uploadForm } from "./upload.js";

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { signal }) {
  document.title = "Data sets · Tripletlab";
  const { items } = await call("/v1/datasets", { signal });
  fill(main,
    h("div", { class: "page-head" }, h("div", {}, h("h1", { tabindex: "-1" }, "Data sets"),
      h("p", { class: "muted" }, "Pairs of texts, each labelled duplicate or different; from triplets and scored pairs, too."))),
    items.length ? h("div", { class: "tiles" }, items.map(tile)) : empty("No data set yet", "Drop a file below."),
    h("section", { class: "section", "aria-labelledby": "upload-title" },
      h("header", {}, h("h2", { id: "upload-title" }, "Add a data set")), uploadForm(signal)));
}

/** @param {Reply.DatasetView} one */
function tile(one) {
  return h("article", { class: "card" },
    h("h2", {}, h("a", { href: `#/datasets/${encodeURIComponent(one.name)}` }, one.name)),
    h("dl", { class: "facts" }, fact("Pairs", count(one.rows)), fact("Duplicates", percent(one.duplicate_share)),
      fact("Words", count(one.vocabulary_size))));
}
