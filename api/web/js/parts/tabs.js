// Tabs as the ARIA guide has them: arrow keys move, and one tab is in the tab order.

import { h } from "../dom.js";

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
let made = 0;

/**
 * `panels`: [title, node] for each; the first is shown.
 * @param {string} label
 * @param {[title: string, node: Node][]} panels
 */
export function tabs(label, panels) {
  const group = `tabs-${++made}`;
  const buttons = panels.map(([title], index) =>
    h("button", {
      type: "button", role: "tab", id: `${group}-tab-${index}`, "aria-controls": `${group}-panel-${index}`,
      on: { click: () => choose(index), keydown: (event) => moved(event, index) },
    }, title));
  const bodies = panels.map(([, node], index) =>
    h("div", { role: "tabpanel", id: `${group}-panel-${index}`, "aria-labelledby": `${group}-tab-${index}`, tabindex: "0" }, node));

  /** @param {number} index */
  function choose(index) {
    buttons.forEach((button, at) => {
      button.setAttribute("aria-selected", String(at === index));
      button.tabIndex = at === index ? 0 : -1;
      bodies[at].hidden = at !== index;
    });
  }

  /**
   * @param {KeyboardEvent} event
   * @param {number} index
   */
  function moved(event, index) {
    const step = STEPS[event.key];
    if (!step) return;
    const next = (index + step + buttons.length) % buttons.length;
    choose(next);
    buttons[next].focus();
  }

  choose(0);
  return h("div", {}, h("div", { role: "tablist", "aria-label": label }, buttons), bodies);
}
