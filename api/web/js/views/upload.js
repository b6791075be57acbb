// A file of pairs or triplets by drag and drop or by choice, with its progress and the service's own errors.

import { fieldProblems, messageOf, upload, wasStopped } from "../api.js";
import { fill, h } from "../dom.js";
import { percent } from "../format.js";
import { bar } from "../parts/small.js";

/** @type {[key: string, words: string, hint: string][]} */
const COLUMNS = [["question1", "First texts, or anchors", "question1, sentence1, anchor, …"],
  ["question2", "Second texts, or positives", "question2, sentence2, positive, …"],
  ["label", "Label", "is_duplicate, label, gold_label, …"], ["score", "Score", "score, similarity, …"],
  ["negatives", "Negatives", 'negative, or ["negative_1", "negative_2"]'], ["split", "Split, if there is one", ""]];
/** @type {[key: string, words: string, hint: string][]} */
const MEANINGS = [["labels", "What labels mean, if not 0 and 1", '{"entailment": 1, "contradiction": 0, "neutral": null}'],
  ["duplicate_from", "A duplicate from this score on", "4"]];
/** @type {[key: string, words: string, hint: string][]} */
const WRITTEN = [["delimiter", "Delimiter, if not a comma or a tab", ""], ["encoding", "Encoding, if not UTF-8", ""]];
/** @type {[value: string, words: string][]} */
const SHAPES = [["", "as the names of its columns tell"], ["labelled_pairs", "pairs with a label"],
  ["positive_pairs", "pairs that belong together"], ["triplets", "anchor, positive, negatives"], ["scored_pairs", "pairs with a score"]];
/** @type {[value: string, words: string][]} */
const QUOTING = [["", "enclose texts; what is unclear is refused"], ["double", "enclose texts"], ["none", "belong to the texts"]];
const ENDINGS = /(\.(csv|tsv|jsonl|ndjson|json|parquet|gz|zst|zip))+$/i;

/** @param {AbortSignal} signal */
export function uploadForm(signal) {
  /** @type {File | null} */
  let file = null;
  const chosen = h("p", { class: "small muted" }, "CSV, TSV, JSON Lines or Parquet; plain, .gz, .zst or .zip. Columns with common names need not be named.");
  const picker = h("input", { type: "file", id: "file", class: "visually-hidden", on: { change: () => take(picker.files?.[0]) } });
  const drop = h("div", { class: "drop", on: { dragover: over, dragleave: leave, drop: dropped } },
    h("label", { for: "file", class: "button" }, "Choose a file"), picker, h("p", {}, "or drop it here"), chosen);
  const name = h("input", { id: "dataset-name", name: "name", required: true, maxlength: 100 });
  const fields = [...COLUMNS, ...MEANINGS, ...WRITTEN].map(([key, words, placeholder]) => (
    { key, words, input: h("input", { id: `column-${key}`, placeholder }) }));
  const shape = h("select", { id: "column-shape" }, SHAPES.map(option));
  const quoting = h("select", { id: "column-quoting" }, QUOTING.map(option));
  const progress = h("div", { "aria-live": "polite" });
  const button = h("button", { class: "primary" }, "Upload");
  const form = h("form", { novalidate: true, on: { submit: sent } }, drop,
    h("div", { class: "form-grid section" },
      place("/name", h("div", {}, h("label", { for: "dataset-name" }, "Name"), name)),
      place("/shape", h("div", {}, h("label", { for: shape.id }, "Each row is"), shape)),
      fields.map(({ key, words, input }) => place(`/${key}`, h("div", {}, h("label", { for: input.id }, words), input))),
      place("/quoting", h("div", {}, h("label", { for: quoting.id }, "Quotation marks"), quoting))),
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
    if (!name.value) name.value = file.name.replace(ENDINGS, "").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  }

  /** @param {SubmitEvent} event */
  async function sent(event) {
    event.preventDefault();
    clear();
    if (!file) return tell("/file", "Choose a file, or drop one on the field above.");
    const data = new FormData();
    data.append("name", name.value);
    for (const { key, input } of fields) if (input.value) data.append(key, input.value);
    if (shape.value) data.append("shape", shape.value);
    if (quoting.value) data.append("quoting", quoting.value);
    data.append("file", file, file.name);
    button.disabled = true;
    try {
      const made = await upload("/v1/datasets", data, (share) => fill(progress,
        bar(share, "Upload", "running"), h("p", { class: "small muted" }, share < 1 ? `${percent(share)} sent` : "Sent; the service reads it, row by row…")), signal);
      const place = `#/datasets/${encodeURIComponent(made.name)}`;
      if (!made.warnings.length) location.hash = place;
      else fill(progress, made.warnings.map((/** @type {string} */ one) => h("p", {}, one)), h("a", { href: place }, `Show ${made.name}`));
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

/** @param {[value: string, words: string]} choice */
function option([value, words]) {
  return h("option", { value }, words);
}

/**
 * @param {string} pointer
 * @param {Node} node
 */
function place(pointer, node) {
  return h("div", { "data-pointer": pointer }, node);
}
