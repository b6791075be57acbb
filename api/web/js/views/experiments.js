// The list of experiments: what was asked, how far it is, and what came of it.

import { noteQuery } from "../address.js";
import { call, messageOf, wasStopped } from "../api.js";
import { fill, h } from "../dom.js";
import { metricWords, percent, plural } from "../format.js";
import { empty, failed, loading, toast } from "../parts/notices.js";
import { ACTIVE, arm, bar, stateChip, time } from "../parts/small.js";
import { noiseLine, verdictLine } from "../parts/verdicts.js";
import { COLUMNS, columnsMenu, filterBar, ORDERS, shownColumns } from "./experiments/filters.js";

/** @import { Filter } from "./experiments/filters.js" */

const PAGE = 50;
const LOOK_AGAIN = 3000; // milliseconds, while something goes on
const MOST_COMPARED = 8; // experiments side by side

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { query, signal }) {
  document.title = "Experiments · Tripletlab";
  /** @type {Filter} */
  const asked = { state: "", name: "", dataset: "", arm: "", verdict: "", tag: "", order: "" };
  for (const key of /** @type {(keyof Filter)[]} */ (Object.keys(asked))) asked[key] = query.get(key) ?? "";
  const list = h("div", {}, loading());
  const status = h("p", { class: "visually-hidden", role: "status" });
  /** @type {Set<string>} */
  const selected = new Set();
  const compare = h("a", { class: "button" }, "");
  compare.hidden = true;
  fill(main,
    h("div", { class: "page-head" },
      h("div", {}, h("h1", { tabindex: "-1" }, "Experiments"),
        h("p", { class: "muted" }, "Each asks whether a choice in a triplet loss matters: arms that differ, trained under the same seeds. One arm alone says what the seed does.")),
      h("a", { class: "button primary", href: "#/new" }, "New experiment")),
    filterBar(asked, changed),
    h("div", { class: "row list-tools" }, compare, columnsMenu(() => draw(found)), h("a", { class: "button quiet", href: "#/programmes" }, "Programmes")),
    status, list);

  let pages = 1;
  let asking = 0;
  let timer = 0;
  /** @type {Reply.Page<Reply.ExperimentSummary>} */
  let found = { items: [], next: null };
  signal.addEventListener("abort", () => clearTimeout(timer));

  /** @param {Partial<Filter>} part */
  function changed(part) {
    Object.assign(asked, part);
    noteQuery("/experiments", asked);
    if (Object.keys(part).join() === "order") return draw(found);
    pages = 1;
    load();
  }

  async function load() {
    clearTimeout(timer);
    const turn = ++asking;
    try {
      const page = await fetched(asked, pages, signal);
      if (turn !== asking || signal.aborted) return;
      found = page;
      draw(found);
      if (found.items.some((one) => ACTIVE.has(one.state))) timer = setTimeout(load, LOOK_AGAIN);
    } catch (error) {
      if (!wasStopped(error) && turn === asking) fill(list, failed(error, load));
    }
  }

  /**
   * @param {string} id
   * @param {boolean} wanted
   */
  function select(id, wanted) {
    if (wanted) selected.add(id);
    else selected.delete(id);
    tellSelected();
  }

  function tellSelected() {
    const many = selected.size > MOST_COMPARED;
    compare.hidden = selected.size < 2;
    compare.textContent = many ? `At most ${MOST_COMPARED} can be compared` : `Compare ${selected.size} experiments`;
    if (many) compare.removeAttribute("href");
    else compare.setAttribute("href", `#/compare?ids=${[...selected].join(",")}`);
  }

  /** @param {Reply.Page<Reply.ExperimentSummary>} page */
  function draw({ items, next }) {
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const focused = active?.dataset?.keep;
    status.textContent = `${plural(items.length, "experiment")} shown`;
    if (!items.length && !next) {
      fill(list, Object.values(asked).some(Boolean) ? nothingFound() : nothingThere());
      return;
    }
    const order = ORDERS.get(asked.order)?.order;
    fill(list,
      h("ul", { class: "experiments" }, (order ? [...items].sort(order) : items).map((one) => row(one, load, selected.has(one.id), select))),
      next && h("p", {}, h("button", { type: "button", "data-keep": "more", on: { click: () => { pages += 1; load(); } } }, "Show more"),
        order && h("span", { class: "help" }, " Only what is shown is sorted.")));
    if (!focused) return;
    /** @type {HTMLElement | null} */ (list.querySelector(`[data-keep="${CSS.escape(focused)}"]`))?.focus();
  }

  await load();
}

/**
 * @param {Filter} asked
 * @param {number} pages
 * @param {AbortSignal} signal
 */
async function fetched({ order: _, ...asked }, pages, signal) {
  /** @type {Reply.ExperimentSummary[]} */
  const items = [];
  /** @type {string | null} */
  let next = null;
  for (let page = 0; page < pages && (page === 0 || next); page += 1) {
    const search = new URLSearchParams({ limit: String(PAGE) });
    for (const [key, value] of Object.entries(asked)) if (value) search.set(key, value);
    if (next) search.set("cursor", next);
    const found = await call(`/v1/experiments?${search}`, { signal });
    items.push(...found.items);
    next = found.next;
  }
  return { items, next };
}

/**
 * @param {Reply.ExperimentSummary} one
 * @param {() => void} load
 * @param {boolean} chosen
 * @param {(id: string, wanted: boolean) => void} select
 */
function row(one, load, chosen, select) {
  const active = ACTIVE.has(one.state);
  const box = h("input", { type: "checkbox", checked: chosen, "aria-label": `Select ${one.name}`, "data-keep": `select ${one.id}`, on: { change: () => select(one.id, box.checked) } });
  return h("li", { "data-experiment": one.id },
    box,
    h("div", { class: "first" },
      h("a", { class: "name", href: `#/experiments/${one.id}`, "data-keep": one.id }, one.name),
      h("div", { class: "meta" }, columnsOf(one))),
    h("div", {}, outcome(one, active)),
    h("div", { class: "end" }, stateChip(one.state),
      active && h("button", {
        type: "button", class: "quiet", "data-keep": `cancel ${one.id}`, "aria-label": `Cancel ${one.name}`,
        on: { click: () => cancel(one, load) },
      }, "Cancel")));
}

/** @param {Reply.ExperimentSummary} one */
function columnsOf(one) {
  const runs = Object.values(one.runs).reduce((sum, number) => sum + number, 0);
  /** @type {Record<string, () => Page.Child>} */
  const made = {
    arms: () => of(one), dataset: () => h("span", {}, one.dataset), runs: () => h("span", {}, plural(runs, "run")),
    metric: () => h("span", {}, metricWords(one.metric)), created: () => time(one.created_at),
    tags: () => one.tags.map((tag) => h("a", { class: "tag", href: `#/experiments?tag=${encodeURIComponent(tag)}` }, tag)), id: () => h("code", {}, one.id),
  };
  const shown = shownColumns();
  return COLUMNS.filter(([name]) => shown.has(name)).map(([name]) => made[name]());
}

/**
 * What it compares: its arms, or its factors and how many cells they make.
 * @param {Reply.ExperimentSummary} one
 */
function of(one) {
  if (!one.factors.length) return one.arms.map((name, index) => arm(name, index));
  return h("span", {}, `${one.factors.join(" × ")}, ${plural(one.arms.length, "cell")}`);
}

/**
 * @param {Reply.ExperimentSummary} one
 * @param {boolean} active
 */
function outcome(one, active) {
  if (one.problem) return h("span", { class: "muted", title: one.problem }, "stored by another version, cannot be read");
  if (active && !one.verdicts.length) {
    return h("div", {}, bar(one.progress, `Progress of ${one.name}`, one.state),
      h("span", { class: "small muted number" }, `${percent(one.progress)} of its steps`));
  }
  // without a pair of runs there is nothing to be undecided about
  const judged = one.verdicts.filter((verdict) => verdict.mean_difference !== null);
  const shown = judged.slice(0, one.factors.length ? 1 : 2); // the largest effect comes first
  const left = judged.length - shown.length;
  return h("div", { title: metricWords(one.metric) },
    one.noise_floor ? noiseLine(one.noise_floor, one.metric)
      : shown.length ? shown.map((verdict) => verdictLine(verdict, one.metric)) : h("span", { class: "muted" }, "no verdict"),
    left > 0 && h("span", { class: "small muted" }, `and ${left} more`),
    one.reason && h("div", { class: "small muted reason", title: one.reason }, one.reason));
}

/**
 * @param {Reply.ExperimentSummary} one
 * @param {() => void} load
 */
async function cancel(one, load) {
  if (!confirm(`Cancel “${one.name}”? Runs that have not ended stop.`)) return;
  try {
    await call(`/v1/experiments/${one.id}/cancel`, { method: "POST" });
    toast("Cancelled. Running runs stop at their next heartbeat.");
  } catch (error) {
    toast(messageOf(error));
  }
  load();
}

function nothingThere() {
  return empty("No experiment yet", "Start one from a recipe: the smallest takes about two minutes on two cores.",
    h("a", { class: "button primary", href: "#/new?recipe=hard-negative-mining-small" }, "Ask the forum's question"));
}

function nothingFound() {
  return empty("Nothing matches", "No experiment is all that is asked for above.");
}
