// Why runs failed, each reason once: it comes before a verdict that these runs are missing from.

/** @import { Model } from "./model.js" */

import { h } from "../../dom.js";
import { plural } from "../../format.js";

const NAMED = 3; // runs of one reason that are linked; the section of the runs has all
const NUMBER = /\d+(?:[.,]\d+)*/g;

/** @param {Model} model */
export function failures({ view: { runs } }) {
  return grouped(runs.filter((run) => run.state === "failed")).map((failed) =>
    h("div", { class: "alert" },
      h("strong", {}, `${failed.length} of ${plural(runs.length, "run")} failed: `), together(failed.map(reasonOf)),
      h("ul", {}, failed.slice(0, NAMED).map((run) => h("li", {}, h("a", { href: `#/runs/${run.id}` }, `${run.arm}, seed ${run.seed}`))),
        failed.length > NAMED && h("li", {}, `and ${failed.length - NAMED} more`))));
}

/** @param {Reply.RunView} run */
function reasonOf({ reason }) {
  return reason ?? "no reason is known";
}

/**
 * Runs that failed alike: for reasons that differ in their numbers at most, such as the step.
 * @param {Reply.RunView[]} failed
 */
function grouped(failed) {
  /** @type {Map<string, Reply.RunView[]>} */
  const alike = new Map();
  for (const run of failed) {
    const key = reasonOf(run).replace(NUMBER, "#");
    alike.set(key, [...(alike.get(key) ?? []), run]);
  }
  return [...alike.values()];
}

/**
 * One sentence for reasons that are alike: a number that is not the same in all is told as a range.
 * @param {string[]} reasons
 */
function together(reasons) {
  const numbers = reasons.map((reason) => reason.match(NUMBER) ?? []);
  let at = -1;
  return reasons[0].replace(NUMBER, (number) => {
    at += 1;
    const all = numbers.map((one) => one[at]).sort((a, b) => amount(a) - amount(b));
    const [least, most] = [all[0], all[all.length - 1]];
    return least === most ? number : `${least} to ${most}`;
  });
}

/** @param {string} number */
function amount(number) {
  return Number(number.replaceAll(",", ""));
}
