// The legend of a chart: what is drawn, its value under the cursor, and a switch for each arm. Several
// lines of an arm are one entry, and what their strokes mean is said once: else six arms fill a screen.

import { fill, h } from "../dom.js";

/** @typedef {(entry: Page.LegendEntry) => number | null | undefined} Read */

/** @typedef {{ entry: Page.LegendEntry, value: HTMLElement }} Row */

/** @param {(key: string) => void} toggle */
export function legendOf(toggle) {
  const node = h("div", { class: "legend" });
  const at = h("span", { class: "at number" });
  /** @type {Row[]} */
  let rows = [];
  let signature = "";

  /** @param {Page.LegendEntry[]} entries */
  function draw(entries) {
    const now = JSON.stringify(entries.map((one) => [one.label, one.arm, one.dashed, one.off]));
    rows = entries.map((entry, place) => ({ entry, value: now === signature ? rows[place].value : h("output", { class: "number value" }) }));
    if (now === signature) return;
    signature = now;
    const focused = node.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    fill(node, of(rows).map((own) => h("span", { class: "told" }, item(own[0].entry, toggle), own.map(({ value }) => value))), strokes(entries), at);
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
 * The rows of each arm, or each by itself where it has one line.
 * @param {Row[]} rows
 */
function of(rows) {
  /** @type {Map<string, Row[]>} */
  const found = new Map();
  for (const row of rows) {
    const name = row.entry.part ? row.entry.part.of : row.entry.label;
    found.set(name, [...(found.get(name) ?? []), row]);
  }
  return [...found.values()];
}

/**
 * What a whole and a dashed line mean, where arms have one of each.
 * @param {Page.LegendEntry[]} entries
 */
function strokes(entries) {
  const parts = new Map(entries.flatMap(({ part, dashed }) => (part ? [[part.name, Boolean(dashed)]] : [])));
  return [...parts].map(([name, dashed]) => h("span", { class: "arm stroke" }, h("span", { class: `line ${dashed ? "dashed" : ""}`, "aria-hidden": "true" }), name));
}

/**
 * @param {Page.LegendEntry} entry
 * @param {(key: string) => void} toggle
 */
function item({ label: own, part, arm, dashed, key, off }, toggle) {
  const label = part?.of ?? own;
  const line = h("span", { class: `line ${dashed ? "dashed" : ""}`, style: { "--arm": `var(--${arm})` }, "aria-hidden": "true" });
  if (key === undefined) return h("span", { class: "arm" }, line, label);
  return h("button", {
    type: "button", class: `arm ${off ? "off" : ""}`, "aria-pressed": String(!off), "data-key": `${key} ${label}`, title: off ? `Draw ${key}` : `Leave ${key} out`,
    on: { click: () => toggle(key) },
  }, line, label);
}
