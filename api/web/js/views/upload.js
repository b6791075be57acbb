// A file of pairs or triplets, and what its columns mean.

import { h } from "../dom.js";
import { fileForm, place } from "../parts/file_form.js";

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
  const fields = [...COLUMNS, ...MEANINGS, ...WRITTEN].map(([key, words, placeholder]) => (
    { key, words, input: h("input", { id: `column-${key}`, placeholder }) }));
  const shape = h("select", { id: "column-shape" }, SHAPES.map(option));
  const quoting = h("select", { id: "column-quoting" }, QUOTING.map(option));
  return fileForm({
    path: "/v1/datasets",
    about: "CSV, TSV, JSON Lines or Parquet; plain, .gz, .zst or .zip. Columns with common names need not be named.",
    endings: ENDINGS,
    nameId: "dataset-name",
    fields: [
      place("/shape", h("label", { for: shape.id }, "Each row is"), shape),
      fields.map(({ key, words, input }) => place(`/${key}`, h("label", { for: input.id }, words), input)),
      place("/quoting", h("label", { for: quoting.id }, "Quotation marks"), quoting),
    ],
    add: (data) => {
      for (const { key, input } of fields) if (input.value) data.append(key, input.value);
      if (shape.value) data.append("shape", shape.value);
      if (quoting.value) data.append("quoting", quoting.value);
    },
    working: "the service reads it, row by row",
    stored: (made) => {
      const there = `#/datasets/${encodeURIComponent(made.name)}`;
      if (made.warnings.length) return [made.warnings.map((one) => h("p", {}, one)), h("a", { href: there }, `Show ${made.name}`)];
      location.hash = there;
      return null;
    },
    signal,
  });
}

/** @param {[value: string, words: string]} choice */
function option([value, words]) {
  return h("option", { value }, words);
}
