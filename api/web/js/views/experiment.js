// One experiment: the verdict first, then what it rests on, then how it was asked.

import { call, messageOf, wasStopped } from "../api.js";
import { byId, fill, h, refill } from "../dom.js";
import { plural } from "../format.js";
import { alertOf, toast } from "../parts/notices.js";
import { canNotify, notify, notifyButton } from "../parts/notify.js";
import { copiedId, RETRIABLE, stateChip, time, unfoldOnPaper } from "../parts/small.js";
import { armsSection } from "./experiment/arms.js";
import { collapseSection } from "./experiment/collapse.js";
import { curvesSection } from "./experiment/curves.js";
import { exportSection } from "./experiment/export.js";
import { failures } from "./experiment/failures.js";
import { labelsOf } from "./experiment/labels.js";
import { Model } from "./experiment/model.js";
import { plateauSection } from "./experiment/plateau.js";
import { runsSection } from "./experiment/runs.js";
import { scoresSection } from "./experiment/scores.js";
import { seedsSection } from "./experiment/seeds.js";
import { specSection } from "./experiment/spec.js";
import { tuningSection } from "./experiment/tuning.js";
import { verdictCard } from "./experiment/verdict.js";

/** @type {[id: string, title: string, make: (model: Model, signal: AbortSignal) => HTMLElement][]} */
const SECTIONS = [
  ["arms", "Arms", armsSection], ["curves", "Curves", curvesSection], ["seeds", "Seeds", seedsSection], ["collapse", "Collapse", collapseSection],
  ["tuning", "Tuning", tuningSection], ["plateau", "Plateau", plateauSection], ["scores", "Similarities", scoresSection],
  ["runs", "Runs", runsSection], ["export", "Export", exportSection], ["spec", "Spec", specSection],
];

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { params, signal }) {
  const model = await Model.read(params.id, signal);
  const head = h("div", {});
  const verdict = verdictCard(model, signal);
  const { tuning, noise_floor: alone } = model.results;
  const shown = SECTIONS.filter(([id]) => (id !== "tuning" || tuning) && (id !== "seeds" || !alone)); // one arm has no pairs
  const sections = shown.map(([, , make]) => make(model, signal));
  const problem = h("div", {});
  const drawHead = () => {
    document.title = `${model.view.name} · Tripletlab`;
    refill(head, heading(model), failures(model));
  };
  drawHead();
  model.listen(drawHead);
  model.listen(() => {
    if (!model.notified || model.active || !model.results.complete) return;
    model.notified = false;
    notify(`${model.view.name}: ${model.view.state}`, sentenceOf(model.results), `#/experiments/${model.id}`);
  });
  fill(main, head, labelsOf(model), problem, verdict, jump(model.id, shown), h("div", { class: "sections" }, sections));
  unfoldOnPaper(main, signal);
  if (shown.some(([id]) => id === params.section)) land(params.section, model, signal);
  model.live().catch((error) => {
    if (!wasStopped(error)) fill(problem, alertOf(error));
  });
}

/** @param {Model} model */
function heading(model) {
  const { view } = model;
  return h("div", { class: "page-head" },
    h("div", {},
      h("p", { class: "crumbs" }, h("a", { href: "#/experiments" }, "Experiments")),
      h("h1", { tabindex: "-1" }, view.name),
      h("div", { class: "meta" }, stateChip(view.state),
        h("a", { href: `#/datasets/${encodeURIComponent(view.dataset)}` }, view.dataset),
        copiedId(view.id), h("span", {}, plural(view.runs.length, "run")), h("span", {}, "created ", time(view.created_at)),
        (view.studies ?? []).map((id) => h("a", { href: `#/studies/${id}` }, "part of a study"))),
      view.programme && h("p", { class: "help" }, h("a", { href: `#/programmes/${encodeURIComponent(view.programme.name)}` }, view.programme.sentence))),
    h("div", { class: "row" },
      model.active && canNotify() && notifyButton(model.notified, (on) => { model.notified = on; model.tell(); }),
      model.active && h("button", { type: "button", on: { click: () => cancel(model) } }, "Cancel"),
      RETRIABLE.has(view.state) && h("button", { type: "button", on: { click: () => retry(model) } }, "Try again"),
      h("a", { class: "button", href: `#/new?like=${view.id}` }, "Duplicate and edit"),
      view.spec.arms.length > 1 && !view.spec.factors && h("a", { class: "button", href: `#/studies/new?like=${view.id}` }, "Run on more data sets"),
      !model.active && h("button", { type: "button", class: "danger", on: { click: () => remove(model) } }, "Delete")));
}

/**
 * What the results say first.
 * @param {Reply.Results} results
 */
function sentenceOf(results) {
  return results.what_matters_most ?? results.noise_floor?.sentence ?? results.comparisons[0]?.sentence ?? "";
}

/**
 * Links to the sections: each can be sent to somebody, and followed here without reading all anew.
 * @param {string} experiment
 * @param {typeof SECTIONS} shown
 */
function jump(experiment, shown) {
  return h("nav", { class: "jump", "aria-label": "Sections" }, shown.map(([id, title]) =>
    h("a", { href: `#/experiments/${experiment}/${id}`, on: { click: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      history.replaceState(null, "", `#/experiments/${experiment}/${id}`);
      go(id);
    } } }, title)));
}

/**
 * To a section, which is unfolded where it was folded.
 * @param {string} id
 */
function go(id) {
  const place = byId(id);
  const fold = /** @type {HTMLDetailsElement | null} */ (place.querySelector(":scope > details"));
  if (fold) fold.open = true;
  place.scrollIntoView();
  (fold?.querySelector("summary") ?? byId(`${id}-title`)).focus({ preventScroll: true });
}

/**
 * Begin at a section: charts above it that are still to come would push it away, so it is found
 * again as they come, until the reader moves.
 * @param {string} id
 * @param {Model} model
 * @param {AbortSignal} signal
 */
function land(id, model, signal) {
  let moved = false;
  for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(kind, () => { moved = true; }, { signal, once: true, passive: true });
  const again = () => requestAnimationFrame(() => { if (!moved && !signal.aborted) go(id); });
  again();
  model.series.listen(again);
}

/** @param {Model} model */
async function cancel(model) {
  if (!confirm("Cancel this experiment? Runs that have not ended stop.")) return;
  await told(() => call(`/v1/experiments/${model.id}/cancel`, { method: "POST" }), "Cancelled. Running runs stop at their next heartbeat.");
  model.again({ results: true });
}

/** @param {Model} model */
async function retry(model) {
  const queued = await told(() => call(`/v1/experiments/${model.id}/retry`, { method: "POST" }), "Its failed and cancelled runs are queued again.");
  if (queued) dispatchEvent(new HashChangeEvent("hashchange")); // the same view, with what is true now
}

/** @param {Model} model */
async function remove(model) {
  if (!confirm("Delete this experiment with its metrics and weights? This cannot be undone.")) return;
  const gone = await told(() => call(`/v1/experiments/${model.id}`, { method: "DELETE" }), "Deleted.");
  if (gone) location.hash = "#/experiments";
}

/**
 * @param {() => Promise<unknown>} work
 * @param {string} words
 */
async function told(work, words) {
  try {
    await work();
    toast(words);
    return true;
  } catch (error) {
    toast(messageOf(error));
    return false;
  }
}
