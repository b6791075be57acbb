// How it was asked, to be copied: the spec as the service stored it, and the command that posts it.

/** @import { Model } from "./model.js" */

import { h } from "../../dom.js";
import { key } from "../../key.js";
import { copyButton, foldedSection } from "../../parts/small.js";
import { tabs } from "../../parts/tabs.js";

/** @param {Model} model */
export function specSection(model) {
  const { node, body } = foldedSection("spec", "The spec", "every field as JSON, and the command that asks the same again");
  const json = JSON.stringify(model.view.spec, null, 2);
  const curl = command(model.view.spec);
  body.append(
    h("p", { class: "small muted" }, "Every default is filled in, so posting it gives the same experiment again."),
    tabs("The spec as", [["JSON", code(json)], ["curl", code(curl)]]));
  return node;
}

/**
 * A text to be copied.
 * @param {string} text
 */
export function code(text) {
  return h("div", {}, h("p", {}, copyButton(() => text)), h("pre", { class: "code", tabindex: "0" }, text));
}

/**
 * For a shell: single quotes keep everything but a single quote, which leaves them for a moment.
 * @param {Reply.Spec} spec
 */
export function command(spec) {
  const body = JSON.stringify(spec).replaceAll("'", "'\\''");
  const secret = key() ? ' \\\n  -H "Authorization: Bearer $TRIPLETLAB_KEY"' : "";
  return `curl -X POST ${location.origin}/v1/experiments \\\n  -H 'content-type: application/json'${secret} \\\n  -d '${body}'`;
}
