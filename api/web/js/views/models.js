// The pretrained encoders that runs can start from, and a place to add another.

import { count } from "../format.js";
import { fact } from "../parts/small.js";
import { showUploads } from "../parts/upload_list.js";

/** @type {Record<string, string>} */
const POOLINGS = { mean: "mean of all tokens", cls: "first token" };

/** @type {import("../parts/upload_list.js").Kind<"/v1/models">} */
const MODELS = {
  path: "/v1/models",
  title: "Models",
  lead: "Pretrained encoders that runs can start from: choose the kind “pretrained” of an encoder, and one of these.",
  none: ["No model yet", "Drop the archive of one below, or send its folder with the command: tripletlab models add FOLDER --name NAME"],
  add: "Add a model",
  form: {
    about: "The folder that transformers or sentence-transformers has written, packed as zip, tar or tar.gz.",
    endings: /(\.(zip|tar|tgz|gz))+$/i,
    nameId: "model-name",
    working: "the service checks its files",
  },
  meta: (/** @type {Reply.ModelView} */ one) => `${one.architecture}, ${count(one.parameters)} parameters`,
  facts: (/** @type {Reply.ModelView} */ one) => [
    fact("Layers", count(one.layers)), fact("Width", count(one.width), "Of a token's output, and so of a text's vector"),
    fact("Longest text", `${count(one.positions)} tokens`), fact("Vocabulary", count(one.vocabulary_size)),
    fact("Its own pooling", one.pooling ? POOLINGS[one.pooling] : "not said"),
  ],
};

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export function show(main, { signal }) {
  return showUploads(main, MODELS, signal);
}
