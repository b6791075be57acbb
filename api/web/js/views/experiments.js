// The list of experiments: what was asked, how far it is, and what came of it.

import { noteQuery } from "../address.js";
import { call, messageOf, wasStopped } from "../api.js";
import { fill, h } from "../dom.js";
import { metricWords, percent, plural } from "../format.js";
import { empty, failed, loading, toast } from "../parts/notices.js";
import { ACTIVE, arm, bar, select, stateChip, time } from "../parts/small.js";
import { noiseLine, verdictLine } from "../parts/verdicts.js";

/** @typedef {{ state: string, name: string }} Filter */

/** @type {[key: string, words: string][]} */
const STATES = ["queued", "running", "succeeded", "failed", "cancelled"].map((one) => [one, one]);
const PAGE = 50;
const LOOK_AGAIN = 3000; // milliseconds, while something goes on

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { query, signal }) {
  document.title = "Experiments · Tripletlab";
  const asked = { state: query.get("state") ?? "", name: query.get("name") ?? "" };
  const list = h("div", {}, loading());
  const status = h("p", { class: "visually-hidden", role: "status" });
  const name = h("input", {
    type: "search", value: asked.name, placeholder: "Search by name", "aria-label": "Search by name",
    on: { input: later(() => changed({ name: name.value.trim() })) },
  });
  const state = select("State", [["", "Every state"], ...STATES], asked.state,
    (value) => changed({ state: value }));
  fill(main,
    h("div", { class: "page-head" },
      h("div", {}, h("h1", { tabindex: "-1" }, "Experiments"),
        h("p", { class: "muted" }, "Each asks whether a choice in a triplet loss matters: arms that differ, trained under the same seeds. One arm alone says what the seed does.")),
      h("a", { class: "button primary", href: "#/new" }, "New experiment")),
    h("div", { class: "filters", role: "search" }, name, state),
    status, list);

  let pages = 1;
  let asking = 0;
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));

  /** @param {Partial<Filter>} part */
  function changed(part) {
    Object.assign(asked, part);
    noteQuery("/experiments", asked);
    pages = 1;
    load();
  }

  async function load() {
    clearTimeout(timer);
    const turn = ++asking;
    try {
      const found = await fetched(asked, pages, signal);
      if (turn !== asking || signal.aborted) return;
      draw(found);
      if (found.items.some((one) => ACTIVE.has(one.state))) timer = setTimeout(load, LOOK_AGAIN);
    } catch (error) {
      if (!wasStopped(error) && turn === asking) fill(list, failed(error, load));
    }
  }

  /** @param {Reply.Page<Reply.ExperimentSummary>} found */
  function draw({ items, next }) {
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const focused = active?.dataset?.keep;
    status.textContent = `${plural(items.length, "experiment")} shown`;
    if (!items.length) {
      fill(list, asked.state || asked.name ? nothingFound() : nothingThere());
      return;
    }
    fill(list,
      h("ul", { class: "experiments" }, items.map((one) => row(one, load))),
      next && h("p", {}, h("button", { type: "button", "data-keep": "more", on: { click: () => { pages += 1; load(); } } }, "Show more")));
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
async function fetched(asked, pages, signal) {
  /** @type {Reply.ExperimentSummary[]} */
  const items = [];
  /** @type {string | null} */
  let next = null;
  for (let page = 0; page < pages && (page === 0 || next); page += 1) {
    const search = new URLSearchParams({ limit: String(PAGE) });
    if (asked.state) search.set("state", asked.state);
    if (asked.name) search.set("name", asked.name);
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
 */
function row(one, load) {
  const runs = Object.values(one.runs).reduce((sum, number) => sum + number, 0);
  const active = ACTIVE.has(one.state);
  return h("li", { "data-experiment": one.id },
    h("div", { class: "first" },
      h("a", { class: "name", href: `#/experiments/${one.id}`, "data-keep": one.id }, one.name),
      h("div", { class: "meta" }, of(one),
        h("span", {}, one.dataset), h("span", {}, plural(runs, "run")), time(one.created_at))),
    h("div", {}, outcome(one, active)),
    h("div", { class: "end" }, stateChip(one.state),
      active && h("button", {
        type: "button", class: "quiet", "data-keep": `cancel ${one.id}`, "aria-label": `Cancel ${one.name}`,
        on: { click: () => cancel(one, load) },
      }, "Cancel")));
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
  return empty("Nothing matches", "No experiment has this state and this part in its name.");
}

/** @param {() => void} work */
function later(work) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, 200);
  };
}
