// Light, dark, or as the system has it. Charts are drawn with colours, so they hear of a change.

import { byId } from "./dom.js";

const PLACE = "tripletlab.theme";
/** @type {Record<string, string>} */
const ORDER = { auto: "light", light: "dark", dark: "auto" };
/** @type {Record<string, string>} */
const WORDS = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };
const system = matchMedia("(prefers-color-scheme: dark)");
/** @type {Set<() => void>} */
const listeners = new Set();

export function installTheme() {
  const button = byId("theme-button");
  const root = document.documentElement;
  const now = () => root.dataset.theme ?? "auto";
  const show = () => {
    button.textContent = WORDS[now()];
  };
  show();
  button.addEventListener("click", () => {
    const next = ORDER[now()];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem(PLACE, next);
    } catch {
      // not kept, where storage is forbidden
    }
    show();
    tell();
  });
  system.addEventListener("change", tell);
}

function tell() {
  for (const listener of listeners) listener();
}

/**
 * Hear of a change of theme until the signal aborts.
 * @param {() => void} listener
 * @param {AbortSignal} signal
 */
export function onTheme(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
}

/**
 * The value of a colour of tokens.css as it is now.
 * @param {string} name
 */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * The colour's name of an arm, by its place in the spec; the ninth has that of the first, dashed.
 * @param {number} index
 */
export function armColour(index) {
  return `arm-${(index % 8) + 1}`;
}

/** @param {number} index */
export function armDash(index) {
  return index < 8 ? undefined : [8, 4];
}
