// The token vectors that embeddings can start from, and a place to add others.

import { count } from "../format.js";
import { fact } from "../parts/small.js";
import { showUploads } from "../parts/upload_list.js";

/** @type {import("../parts/upload_list.js").Kind<"/v1/vectors">} */
const VECTORS = {
  path: "/v1/vectors",
  title: "Vectors",
  lead: "Token vectors that the embeddings of an encoder can start from: name one of these in its field “vectors”.",
  none: ["No vectors yet", "Drop a file of GloVe or word2vec below, or send it with the command: tripletlab vectors add FILE --name NAME"],
  add: "Add vectors",
  form: {
    about: "The text of GloVe or word2vec, word2vec's binary form, or safetensors with a list of tokens; packed by gzip or not.",
    endings: /(\.(txt|vec|bin|safetensors|gz))+$/i,
    nameId: "vectors-name",
    working: "the service reads it",
  },
  meta: (/** @type {Reply.VectorsView} */ one) => `${count(one.tokens)} tokens of ${count(one.dimension)} numbers`,
  facts: (/** @type {Reply.VectorsView} */ one) => fact("Capital letters", one.has_capitals ? "yes" : "no", "Without any, the tokenizer “lower” finds more words than “word” does"),
};

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export function show(main, { signal }) {
  return showUploads(main, VECTORS, signal);
}
