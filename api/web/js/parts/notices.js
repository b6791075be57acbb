// What stands where there is nothing yet, nothing at all, or something that failed.

import { h } from "../dom.js";

export function loading(what = "Loading…") {
  return h("p", { class: "waiting", role: "status" }, what);
}

export function empty(title, text, ...actions) {
  return h("div", { class: "notice" }, h("h2", {}, title), h("p", {}, text), actions);
}

/** A failure in the service's own words, and a way to try again. */
export function failed(error, again) {
  return h("div", { class: "notice", role: "alert" },
    h("h2", {}, error.status === 404 ? "Not found" : (error.title ?? "That did not work")),
    h("p", {}, error.message),
    again && h("button", { type: "button", on: { click: () => again() } }, "Try again"));
}

/** The same inside a section. */
export function alertOf(error) {
  return h("div", { class: "alert", role: "alert" }, error.message);
}

export function toast(text) {
  const note = h("div", {}, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}
