// What narrows the list of experiments, how it is sorted, and what it shows of each.

import { call } from "../../api.js";
import { h } from "../../dom.js";
import { select } from "../../parts/small.js";

/** @typedef {{ state: string, name: string, dataset: string, arm: string, verdict: string, tag: string, order: string }} Filter */
/** @typedef {(part: Partial<Filter>) => void} Changed */

/** @type {[key: string, words: string][]} */
const STATES = [["", "Every state"], ...["queued", "running", "succeeded", "failed", "cancelled"].map((one) => /** @type {[string, string]} */ ([one, one]))];
/** @type {[key: string, words: string][]} */
const VERDICTS = [["", "Every verdict"], ["better", "one arm better"], ["equivalent", "equivalent"], ["undecided", "undecided"]];
const WAIT = 200; // milliseconds after a letter, before the service is asked

/** @typedef {(a: Reply.ExperimentSummary, b: Reply.ExperimentSummary) => number} Order */
/** @type {Map<string, { words: string, order?: Order }>} how the list can be sorted; the service sends the newest first */
export const ORDERS = new Map([
  ["", { words: "Newest first" }],
  ["oldest", { words: "Oldest first", order: (/** @type {Reply.ExperimentSummary} */ a, /** @type {Reply.ExperimentSummary} */ b) => a.created_at.localeCompare(b.created_at) }],
  ["name", { words: "By name", order: (/** @type {Reply.ExperimentSummary} */ a, /** @type {Reply.ExperimentSummary} */ b) => a.name.localeCompare(b.name) }],
  ["difference", { words: "Largest difference first", order: (/** @type {Reply.ExperimentSummary} */ a, /** @type {Reply.ExperimentSummary} */ b) => largest(b) - largest(a) }],
]);

/** @param {Reply.ExperimentSummary} one */
function largest({ verdicts }) {
  return Math.max(-1, ...verdicts.map((one) => Math.abs(one.mean_difference ?? -1)));
}

/**
 * @param {Filter} asked
 * @param {Changed} changed
 */
export function filterBar(asked, changed) {
  const datasets = select("Data set", [["", "Every data set"], ...(asked.dataset ? [/** @type {[string, string]} */ ([asked.dataset, asked.dataset])] : [])], asked.dataset, (value) => changed({ dataset: value }));
  datasets.addEventListener("pointerdown", () => known(datasets), { once: true });
  datasets.addEventListener("keydown", () => known(datasets), { once: true });
  const more = h("details", { class: "more", open: Boolean(asked.dataset || asked.arm || asked.tag || asked.verdict) }, h("summary", {}, "More filters"),
    h("div", { class: "filters" }, datasets,
      select("Verdict", VERDICTS, asked.verdict, (value) => changed({ verdict: value })),
      search("Arm", "Name of an arm", asked.arm, (value) => changed({ arm: value })),
      search("Tag", "Tag", asked.tag, (value) => changed({ tag: value }))));
  more.addEventListener("toggle", () => { if (more.open) known(datasets); });
  return h("div", { role: "search" },
    h("div", { class: "filters" },
      search("Search by name", "Search by name", asked.name, (value) => changed({ name: value })),
      select("State", STATES, asked.state, (value) => changed({ state: value })),
      select("Sort", [...ORDERS].map(([key, { words }]) => /** @type {[string, string]} */ ([key, words])), asked.order, (value) => changed({ order: value }))),
    more);
}

/** @type {WeakSet<HTMLSelectElement>} */
const filled = new WeakSet();

/**
 * Put the names of the data sets in, once somebody looks for them: the first view needs none.
 * @param {HTMLSelectElement} control
 */
async function known(control) {
  if (filled.has(control)) return;
  filled.add(control);
  try {
    const { items } = await call("/v1/datasets");
    const there = new Set([...control.options].map((one) => one.value));
    control.append(...items.filter(({ name }) => !there.has(name)).map(({ name }) => h("option", { value: name }, name)));
  } catch {
    filled.delete(control); // the next look may find the service
  }
}

/**
 * @param {string} label
 * @param {string} placeholder
 * @param {string} value
 * @param {(value: string) => void} changed
 */
function search(label, placeholder, value, changed) {
  let timer = 0;
  const input = h("input", { type: "search", value, placeholder, "aria-label": label, on: { input: () => {
    clearTimeout(timer);
    timer = setTimeout(() => changed(input.value.trim()), WAIT);
  } } });
  return input;
}

/** @type {[name: string, words: string][]} what a row can show under the name */
export const COLUMNS = [["arms", "Arms"], ["dataset", "Data set"], ["runs", "Runs"], ["metric", "Metric"], ["created", "When it was made"], ["tags", "Tags"], ["id", "Id"]];
const FIRST = ["arms", "dataset", "runs", "created", "tags"];
const PLACE = "tripletlab.columns";

/** @type {Set<string> | null} */
let columns = null;

/** @returns {Set<string>} */
export function shownColumns() {
  columns ??= new Set(kept() ?? FIRST);
  return columns;
}

/** @returns {string[] | null} */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? "null");
  } catch {
    return null; // storage is forbidden
  }
}

/** @param {() => void} changed */
export function columnsMenu(changed) {
  const shown = shownColumns();
  return h("details", { class: "columns" }, h("summary", {}, "Columns"),
    h("div", { class: "row" }, COLUMNS.map(([name, words]) => {
      const box = h("input", { type: "checkbox", checked: shown.has(name), on: { change: () => {
        if (box.checked) shown.add(name);
        else shown.delete(name);
        try {
          localStorage.setItem(PLACE, JSON.stringify([...shown]));
        } catch {
          // not kept, where storage is forbidden
        }
        changed();
      } } });
      return h("label", { class: "check" }, box, words);
    })));
}
