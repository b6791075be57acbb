// A notification of the browser when something ends, for whoever has asked for it.

import { h } from "../dom.js";
import { toast } from "./notices.js";

/** Browsers offer them on https and on this machine alone. */
export function canNotify() {
  return "Notification" in window && isSecureContext;
}

/**
 * A button that asks the browser for permission; `wanted` is told whether to notify.
 * @param {boolean} on
 * @param {(on: boolean) => void} wanted
 */
export function notifyButton(on, wanted) {
  return h("button", { type: "button", "aria-pressed": String(on), on: { click: async () => {
    if (on) return wanted(false);
    const allowed = await Notification.requestPermission();
    if (allowed === "granted") wanted(true);
    else toast("This browser does not let the page notify you.");
  } } }, on ? "You will be notified" : "Notify me at the end");
}

/**
 * @param {string} title
 * @param {string} body
 * @param {string} place the view that a click opens
 */
export function notify(title, body, place) {
  const shown = new Notification(title, { body, tag: place });
  shown.addEventListener("click", () => {
    focus();
    location.hash = place;
  });
}
