// What stands where there is nothing yet, nothing at all, or something that failed.

import { messageOf, ProblemError } from "../api.js";
import { byId, h } from "../dom.js";

/** @param {string} [what] */
export function loading(what = "Loading…") {
  return h("p", { class: "waiting", role: "status" }, what);
}

/**
 * @param {string} title
 * @param {string} text
 * @param {...Page.Child} actions
 */
export function empty(title, text, ...actions) {
  return h("div", { class: "notice" }, h("h2", {}, title), h("p", {}, text), actions);
}

/**
 * A failure in the service's own words, and a way to try again.
 * @param {unknown} error
 * @param {() => void} [again]
 */
export function failed(error, again) {
  const problem = error instanceof ProblemError ? error : null;
  return h("div", { class: "notice", role: "alert" },
    h("h2", {}, problem?.status === 404 ? "Not found" : (problem?.title ?? "That did not work")),
    h("p", {}, messageOf(error)),
    again && h("button", { type: "button", on: { click: () => again() } }, "Try again"));
}

/**
 * The same inside a section.
 * @param {unknown} error
 */
export function alertOf(error) {
  return h("div", { class: "alert", role: "alert" }, messageOf(error));
}

/** @param {string} text */
export function toast(text) {
  const note = h("div", {}, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}
