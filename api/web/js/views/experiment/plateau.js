// How long each arm stays on the plateau, as survival curves.

/** @import { Model } from "./model.js" */

import { survival } from "../../charts/survival.js";
import { fill, h } from "../../dom.js";
import { count } from "../../format.js";
import { loading } from "../../parts/notices.js";
import { foldedSection, select } from "../../parts/small.js";

const NAMED = 3; // arms of which the summary tells

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function plateauSection(model, signal) {
  let asked = "training";
  /** @type {Reply.Results | null} */
  let drawn = null;
  const choose = select("Measured on", [["training", "on training steps"], ["validation", "on validation evaluations"]], asked, (value) => {
    asked = value;
    draw(true);
  });
  const { node, body, told } = foldedSection("plateau", "Steps to leave the plateau", "", choose);
  let stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort());

  /** @param {boolean} [anew] */
  function draw(anew) {
    if (drawn === model.results && !anew) return;
    drawn = model.results;
    stop.abort();
    stop = new AbortController();
    const times = model.results.waiting_times.times.filter((one) => one.kind === "leave_plateau");
    choose.hidden = !times.length;
    const found = times.find((one) => one.measured_on === asked);
    told.textContent = inShort(found);
    if (!found) fill(body, loading("No arm's loss has a plateau: that is known of hinge terms, whose loss is fixed when all similarities are the same."));
    else if (!found.arms.some((arm) => arm.curve)) fill(body, loading(found.arms.some((arm) => arm.never_on_plateau)
      ? "No run that has succeeded was ever on the plateau, so there is nothing to leave."
      : "No run has succeeded yet, and steps to leave the plateau are told of those that have."));
    else fill(body, shown(found));
  }

  /** @param {Reply.EndpointView} found */
  function shown(found) {
    const arms = found.arms.map((arm) => ({
      name: arm.arm, index: model.indexOf(arm.arm), curve: arm.curve,
      censored: arm.runs.filter((run) => !run.reached).map((run) => run.step),
    }));
    const end = Math.max(found.horizon ?? 0, ...arms.flatMap((arm) => arm.curve?.step ?? [0]));
    const chart = survival(stop.signal, { label: "Share of the runs of each arm that are still on the plateau after each step", arms: () => arms, end: () => end });
    return [
      chart.node,
      h("p", { class: "help" }, "Share of runs still on the plateau; an upright stroke is a run that ended there."),
      [...found.comparisons, ...found.arms].map((one) => h("p", { class: "small" }, one.sentence)),
      h("p", { class: "small muted" }, found.about),
    ];
  }

  draw();
  model.listen(() => draw());
  return node;
}

/**
 * By which step half of each arm's runs had left it, of many arms the first and the last.
 * @param {Reply.EndpointView | undefined} found
 */
function inShort(found) {
  const known = (found?.arms ?? []).flatMap(({ arm, median }) => (median === null ? [] : [{ arm, median }]));
  if (!known.length) return "how long each arm's loss stays where all similarities are the same";
  const steps = known.map(({ median }) => median);
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  const told = first === last ? count(first) : known.length > NAMED ? `${count(first)} to ${count(last)}, by arm` : known.map(({ arm, median }) => `${count(median)} (${arm})`).join(", ");
  return `half of an arm's runs had left it by step ${told}`;
}
