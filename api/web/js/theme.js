// Light, dark, or as the system has it. Charts are drawn with colours, so they hear of a change.

const PLACE = "tripletlab.theme";
const ORDER = { auto: "light", light: "dark", dark: "auto" };
const WORDS = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

export function installTheme() {
  const button = document.getElementById("theme-button");
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

/** Hear of a change of theme until the signal aborts. */
export function onTheme(listener, signal) {
  listeners.add(listener);
  signal.addEventListener("abort", () => listeners.delete(listener));
}

/** The value of a colour of tokens.css as it is now. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The colour's name of an arm, by its place in the spec; the ninth has that of the first, dashed. */
export function armColour(index) {
  return `arm-${(index % 8) + 1}`;
}

export function armDash(index) {
  return index < 8 ? undefined : [8, 4];
}
