// The legend of a chart: what is drawn, its value under the cursor, and a switch for each arm.

import { fill, h } from "../dom.js";

/** @typedef {(entry: Page.LegendEntry) => number | null | undefined} Read */

/** @param {(key: string) => void} toggle */
export function legendOf(toggle) {
  const node = h("div", { class: "legend" });
  const at = h("span", { class: "at number" });
  /** @type {{ entry: Page.LegendEntry, value: HTMLElement }[]} */
  let rows = [];
  let signature = "";

  /** @param {Page.LegendEntry[]} entries */
  function draw(entries) {
    const now = JSON.stringify(entries.map((one) => [one.label, one.arm, one.dashed, one.off]));
    rows = entries.map((entry, place) => ({ entry, value: now === signature ? rows[place].value : h("output", { class: "number value" }) }));
    if (now === signature) return;
    signature = now;
    const focused = node.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    fill(node, rows.map(({ entry, value }) => h("span", { class: "told" }, item(entry, toggle), value)), at);
    if (focused) /** @type {HTMLElement | null} */ (node.querySelector(`[data-key="${CSS.escape(focused)}"]`))?.focus();
  }

  /**
   * @param {Read} read
   * @param {string | null} words of the place that is read; null where none is
   */
  function tell(read, words) {
    at.textContent = words ?? "";
    for (const { entry, value } of rows) {
      const number = words === null || entry.off ? null : read(entry);
      value.textContent = words === null || entry.off ? "" : number === null || number === undefined ? "–" : (entry.format ?? String)(number);
    }
  }

  return { node, draw, tell };
}

/**
 * @param {Page.LegendEntry} entry
 * @param {(key: string) => void} toggle
 */
function item({ label, arm, dashed, key, off }, toggle) {
  const line = h("span", { class: `line ${dashed ? "dashed" : ""}`, style: { "--arm": `var(--${arm})` }, "aria-hidden": "true" });
  if (key === undefined) return h("span", { class: "arm" }, line, label);
  return h("button", {
    type: "button", class: `arm ${off ? "off" : ""}`, "aria-pressed": String(!off), "data-key": `${key} ${label}`, title: off ? `Draw ${key}` : `Leave ${key} out`,
    on: { click: () => toggle(key) },
  }, line, label);
}
