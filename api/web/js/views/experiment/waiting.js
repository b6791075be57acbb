// While the verdict is still to come: how many seeds are done, and when it can come. That is no answer
// yet, and nothing is wrong, so it looks like neither.

/** @import { Model } from "./model.js" */

import { h } from "../../dom.js";
import { duration, plural } from "../../format.js";

const FEWEST = 6; // seeds, below which the service gives no verdict
const LOST = new Set(["failed", "cancelled"]);

/**
 * Null where there is a verdict to be told, or none will come: of fixed seeds after the last of them,
 * of planned looks after the first.
 * @param {Model} model
 */
export function waitedFor({ view, results, primary, compared }) {
  if (results.complete || results.noise_floor || view.plan.some((look) => look.state === "taken")) return null;
  const judged = results.effects.length ? results.effects.filter((one) => one.role === "primary") : primary;
  const done = Math.min(...judged.map((one) => one.pairs.length));
  const look = view.plan[0];
  const trying = view.tuning?.state === "planned"; // there are only runs that choose a setting yet, and the time left is theirs
  const seeds = look ? look.pairs : trying ? planned(view.spec) : new Set(compared.map((run) => run.seed)).size;
  /** @param {object} one Of effects, which are of all cells, no arm is named. */
  const lost = (one) => new Set(compared.filter((run) => LOST.has(run.state) && (!("a" in one && "b" in one) || run.arm === one.a || run.arm === one.b)).map((run) => run.seed)).size;
  return { done, seeds, lost: Math.min(...judged.map(lost)), looks: view.plan.length, trying, left: trying ? null : view.seconds_left };
}

/** @param {Reply.Spec} spec */
function planned({ seeds }) {
  return seeds?.list?.length ?? seeds?.count ?? 0;
}

/** @param {Model} model */
export function waiting(model) {
  const found = waitedFor(model);
  if (!found) return null;
  const { done, seeds } = found;
  return h("div", { class: "waits" },
    h("div", { class: "kind" }, h("span", { class: "sign", "aria-hidden": "true" }, "…"), found.trying ? "Choosing the settings" : done ? "Waiting for more seeds" : "Waiting for the first seed"),
    h("p", { class: "sentence" }, `${found.trying ? "The settings of the arms are tuned first. " : ""}${done} of ${plural(seeds, "seed")} ${done === 1 || seeds === 1 ? "is" : "are"} done. ${whenItComes(found)}`));
}

/** @param {NonNullable<ReturnType<typeof waitedFor>>} found */
function whenItComes({ seeds, lost, looks, left }) {
  const time = left === null ? "" : `, in about ${duration(left)}`;
  if (looks) return `The first verdict can come with the last of them, at the first of ${plural(looks, "look")}${time}.`;
  if (seeds < FEWEST) return `The results are whole with the last of them${time}; a verdict would take ${FEWEST} seeds.`;
  if (seeds - lost < FEWEST) return `Runs of ${plural(lost, "seed")} ended without a result, so no verdict comes before they are tried again: it takes ${FEWEST} seeds.`;
  return `The verdict comes with the last of them${time}.`;
}
