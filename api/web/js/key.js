// The API key: kept in sessionStorage for this tab alone, sent as a header, never part of an address.

import { byId, fill, h } from "./dom.js";

const PLACE = "tripletlab.key";

export function key() {
  return sessionStorage.getItem(PLACE);
}

/**
 * The header that carries the key, if there is one.
 * @returns {Record<string, string>}
 */
export function keyHeaders() {
  const there = key();
  return there ? { Authorization: `Bearer ${there}` } : {};
}

/** @type {Promise<boolean> | null} */
let open = null;

/**
 * Ask for a key, saying why; resolves to whether one was given. Several askers share one dialog.
 * @param {string} why
 */
export function askForKey(why) {
  open ??= shown(why).finally(() => {
    open = null;
  });
  return open;
}

/**
 * @param {string} why
 * @returns {Promise<boolean>}
 */
function shown(why) {
  const input = h("input", {
    id: "key-input", type: "password", autocomplete: "off", spellcheck: "false", required: true,
    placeholder: "tl_…", pattern: "\\s*[\\x21-\\x7e]+\\s*", title: "Letters, digits and signs, as the key was printed", "aria-describedby": "key-why",
  });
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "key-title" });
    const form = h(
      "form",
      { method: "dialog", on: { submit: () => { sessionStorage.setItem(PLACE, input.value.trim()); dialog.close("given"); } } },
      h("h2", { id: "key-title" }, "An API key is needed"),
      h("p", { id: "key-why", class: "muted" }, why),
      h("label", { for: "key-input" }, "Key"),
      input,
      h("p", { class: "help" }, "It stays in this tab and is forgotten when the tab is closed."),
      h("div", { class: "row" },
        h("button", { class: "primary" }, "Use this key"),
        h("button", { type: "button", on: { click: () => dialog.close("") } }, "Not now")),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      showKey();
      resolve(dialog.returnValue === "given");
    });
    document.body.append(fill(dialog, form));
    dialog.showModal();
    input.focus();
  });
}

/** Let the button in the head say whether there is a key, and take or forget it. */
export function showKey() {
  const button = byId("key-button");
  button.textContent = key() ? "Forget key" : "Key";
}

/** @param {() => void} again */
export function installKeyButton(again) {
  showKey();
  byId("key-button").addEventListener("click", async () => {
    if (key()) {
      sessionStorage.removeItem(PLACE);
      showKey();
      again();
    } else if (await askForKey("The service asks for one when it can be reached from other machines.")) again();
  });
}
