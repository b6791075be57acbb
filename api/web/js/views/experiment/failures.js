// Why runs failed, each reason once: it comes before a verdict that these runs are missing from.

/** @import { Model } from "./model.js" */

import { h } from "../../dom.js";
import { plural } from "../../format.js";

const NAMED = 3; // runs of one reason that are linked; the section of the runs has all

/** @param {Model} model */
export function failures({ view: { runs } }) {
  const byReason = grouped(runs.filter((run) => run.state === "failed"));
  return [...byReason].map(([reason, failed]) =>
    h("div", { class: "alert" },
      h("strong", {}, `${failed.length} of ${plural(runs.length, "run")} failed: `), reason,
      h("ul", {}, failed.slice(0, NAMED).map((run) => h("li", {}, h("a", { href: `#/runs/${run.id}` }, `${run.arm}, seed ${run.seed}`))),
        failed.length > NAMED && h("li", {}, `and ${failed.length - NAMED} more`))));
}

/** @param {Reply.RunView[]} failed */
function grouped(failed) {
  /** @type {Map<string, Reply.RunView[]>} */
  const byReason = new Map();
  for (const run of failed) {
    const reason = run.reason ?? "no reason is known";
    byReason.set(reason, [...(byReason.get(reason) ?? []), run]);
  }
  return byReason;
}
