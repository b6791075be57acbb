// The small pieces of every view: states, arms, bars, times, copying.

import { h } from "../dom.js";
import { ago, exact } from "../format.js";
import { armColour } from "../theme.js";
import { toast } from "./notices.js";

/** States that go on by themselves; any other is an end. */
export const ACTIVE = new Set(["queued", "running"]);
/** Ends that a person can undo. */
export const RETRIABLE = new Set(["failed", "cancelled"]);

/** @param {Reply.RunState} state */
export function stateChip(state) {
  return h("span", { class: `chip ${state}` }, h("span", { class: "dot", "aria-hidden": "true" }), state);
}

/**
 * The arm's name beside its colour; `index` is its place in the spec.
 * @param {string} name
 * @param {number} index
 */
export function arm(name, index) {
  return h("span", { class: "arm" },
    h("span", { class: "swatch", style: { "--arm": `var(--${armColour(index)})` }, "aria-hidden": "true" }),
    name);
}

/**
 * @param {number} share
 * @param {string} label
 * @param {string} [state]
 */
export function bar(share, label, state = "") {
  const percent = Math.round(share * 100);
  const kind = state === "succeeded" ? "done" : state;
  return h("div", {
    class: `bar ${kind}`, role: "progressbar", "aria-valuenow": percent, "aria-valuemin": 0,
    "aria-valuemax": 100, "aria-label": label,
  }, h("span", { style: { width: `${share * 100}%` } }));
}

/** @param {string} text */
export function time(text) {
  return h("time", { datetime: text, title: exact(text) }, ago(text));
}

/**
 * @param {string} term
 * @param {Page.Child} value
 * @param {string} [title]
 */
export function fact(term, value, title) {
  return h("div", { title }, h("dt", {}, term), h("dd", {}, value));
}

/**
 * Copy a text; `navigator.clipboard` is there only on https and on this machine.
 * @param {() => string} text
 * @param {string} [label]
 */
export function copyButton(text, label = "Copy") {
  const button = h("button", { type: "button", on: { click: copy } }, label);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text());
      toast("Copied.");
    } catch {
      toast("This browser does not let the page copy; select the text and copy it yourself.");
    }
  }
  return button;
}

/**
 * An id whole, and a button that copies it.
 * @param {string} id
 */
export function copiedId(id) {
  return h("span", { class: "id" }, h("code", {}, id), copyButton(() => id, "Copy id"));
}

/**
 * @param {string} id
 * @param {string} title
 * @param {...Page.Child} controls
 */
export function section(id, title, ...controls) {
  const body = h("div", {});
  const node = h("section", { class: "section", id, "aria-labelledby": `${id}-title` },
    h("header", {}, h("h2", { id: `${id}-title`, tabindex: "-1" }, title), h("div", { class: "controls" }, controls)),
    body);
  return { node, body };
}

/**
 * A section that opens when it is wanted; `about` says what is inside, and can be told anew.
 * @param {string} id
 * @param {string} title
 * @param {string} about
 * @param {...Page.Child} controls
 */
export function foldedSection(id, title, about, ...controls) {
  const body = h("div", {});
  const told = h("span", { class: "small muted" }, about);
  const fold = h("details", {},
    h("summary", {}, h("h2", { id: `${id}-title` }, title), " ", told), controls.length > 0 && h("div", { class: "controls" }, controls), body);
  const node = h("section", { class: "section folded", id, "aria-labelledby": `${id}-title` }, fold);
  return { node, body, fold, told };
}

/**
 * @param {string} label
 * @param {(readonly [key: string, words: string])[]} options
 * @param {string} value
 * @param {(value: string) => void} changed
 */
export function select(label, options, value, changed) {
  const control = h("select", { "aria-label": label, on: { change: () => changed(control.value) } },
    options.map(([key, words]) => h("option", { value: key }, words)));
  control.value = value;
  return control;
}

/**
 * Nobody can unfold a section on paper.
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 */
export function unfoldOnPaper(main, signal) {
  /** @type {HTMLDetailsElement[]} */
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [.../** @type {NodeListOf<HTMLDetailsElement>} */ (main.querySelectorAll(".folded > details:not([open])"))];
    for (const fold of unfolded) fold.open = true;
  }, { signal });
  addEventListener("afterprint", () => {
    for (const fold of unfolded) fold.open = false;
  }, { signal });
}
