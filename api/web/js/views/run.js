// One run: how far it is, what it did step by step, where it errs, and what it says of your questions.

import { call, messageOf, wasStopped } from "../api.js";
import { fill, h, refill } from "../dom.js";
import { count, duration } from "../format.js";
import { metrics } from "../metrics.js";
import { downloadLink } from "../parts/download.js";
import { alertOf, loading, toast } from "../parts/notices.js";
import { ACTIVE, bar, copiedId, fact, RETRIABLE, section, stateChip, time, unfoldOnPaper } from "../parts/small.js";
import { follow } from "../stream.js";
import { timeOf } from "./experiment/runs.js";
import { scoresOf } from "./experiment/scores.js";
import { askSection } from "./run/ask.js";
import { logSection } from "./run/log.js";
import { mistakesSection } from "./run/mistakes.js";
import { checkpointsSection, evaluationsSection, eventsSection, provenanceSection } from "./run/records.js";
import { stepsSection } from "./run/steps.js";
import { usageSection } from "./run/usage.js";

const LOOK_AGAIN = 2000;

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { params, signal }) {
  const run = await call(`/v1/runs/${params.id}`, { signal });
  const [experiment, listed] = await Promise.all([call(`/v1/experiments/${run.experiment}`, { signal }), metrics()]);
  /** @type {Page.RunModel} */
  const model = { run, experiment, metrics: listed, signal, events: [], eventsFailed: null, listeners: new Set() };
  document.title = `${title(model.run)} · Tripletlab`;
  const head = h("div", {});
  const draw = () => refill(head, heading(model));
  draw();
  model.listeners.add(draw);
  const succeeded = model.run.state === "succeeded";
  fill(main, head, h("div", { class: "sections" },
    succeeded && askSection(model),
    stepsSection(model),
    logSection(model),
    usageSection(model),
    succeeded && scores(model),
    succeeded && mistakesSection(model),
    evaluationsSection(model), eventsSection(model), checkpointsSection(model), provenanceSection(model)));
  unfoldOnPaper(main, signal);
  watch(model);
}

/** @param {Reply.RunView} run */
function title(run) {
  return `${run.arm}, seed ${run.seed}`;
}

/** @param {Page.RunModel} model */
function heading({ run, experiment }) {
  const active = ACTIVE.has(run.state);
  return [
    h("div", { class: "page-head" },
      h("div", {},
        h("p", { class: "crumbs" }, h("a", { href: "#/experiments" }, "Experiments"), " / ",
          h("a", { href: `#/experiments/${experiment.id}` }, experiment.name)),
        h("h1", { tabindex: "-1" }, title(run)),
        h("div", { class: "meta" }, stateChip(run.state), h("span", {}, timeOf(run)),
          run.started_at && h("span", {}, "started ", time(run.started_at)), run.attempt > 1 && h("span", {}, `attempt ${run.attempt}`))),
      h("div", { class: "row" },
        active && h("button", { type: "button", on: { click: () => act(run, "cancel", "The run stops at its next heartbeat.") } }, "Cancel"),
        RETRIABLE.has(run.state) && h("button", { type: "button", on: { click: () => act(run, "retry", "Queued again.") } }, "Try again"))),
    run.reason && h("div", { class: `alert ${run.state === "failed" ? "" : "warn"}` }, run.reason),
    run.waiting_for && h("div", { class: "alert warn" }, `Waits for ${run.waiting_for}.`),
    active && bar(run.step / run.steps, "Steps of the run", run.state),
    h("dl", { class: "facts card" },
      fact("Steps", `${count(run.step)} of ${count(run.steps)}`), fact("Device", run.provenance?.device_kind ?? run.device),
      fact("Worker", run.worker ?? (active ? "none yet" : "none")), run.seconds_left !== null && fact("Time left", duration(run.seconds_left)),
      run.weights_sha256 && fact("Weights", downloadLink("download", `/v1/runs/${run.id}/weights`, `${run.id}.safetensors`), `SHA-256 ${run.weights_sha256}`),
      fact("Id", copiedId(run.id))),
  ];
}

/**
 * @param {Reply.RunView} run
 * @param {string} verb
 * @param {string} words
 */
async function act(run, verb, words) {
  try {
    await call(`/v1/runs/${run.id}/${verb}`, { method: "POST" });
    toast(words);
    dispatchEvent(new HashChangeEvent("hashchange")); // the same view, with what is true now
  } catch (error) {
    toast(messageOf(error));
  }
}

/** @param {Page.RunModel} model */
function scores(model) {
  const { node, body } = section("scores", "Similarities of the test pairs");
  fill(body, loading());
  scoresOf(model.run.id, model.signal).then((chart) => fill(body, chart), (error) => {
    if (!wasStopped(error)) fill(body, alertOf(error));
  });
  return node;
}

/**
 * Events of the run come by the stream; while it goes on, its state and steps are asked for.
 * @param {Page.RunModel} model
 */
function watch(model) {
  const { signal } = model;
  const tell = () => {
    for (const listener of model.listeners) listener();
  };
  follow(`/v1/experiments/${model.run.experiment}/events?figures=false`, {
    signal,
    heard: (_, data) => {
      const event = /** @type {Reply.EventView} */ (data);
      if (event.run_id !== model.run.id) return;
      model.events.push(event);
      tell();
    },
  }).catch((error) => {
    model.eventsFailed = error;
    tell();
  });
  if (!ACTIVE.has(model.run.state)) return;
  const timer = setInterval(async () => {
    try {
      model.run = await call(`/v1/runs/${model.run.id}`, { signal });
      tell();
      if (!ACTIVE.has(model.run.state)) {
        clearInterval(timer);
        dispatchEvent(new HashChangeEvent("hashchange"));
      }
    } catch {
      // the line at the top says that the service is away; the next look may find it
    }
  }, LOOK_AGAIN);
  signal.addEventListener("abort", () => clearInterval(timer));
}
