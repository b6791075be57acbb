// Adding seeds to an experiment that has ended: what would happen, or why not, is said before.

/** @import { Model } from "./model.js" */

import { call, messageOf, wasStopped } from "../../api.js";
import { fill, h } from "../../dom.js";
import { plural } from "../../format.js";
import { alertOf, loading, toast } from "../../parts/notices.js";

/**
 * Read when it is opened: nobody else needs to know.
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function moreSeeds(model, signal) {
  if (!model.results.complete) return null;
  const body = h("div", {}, loading("Looking at what its error allows …"));
  let read = false;
  const opened = async () => {
    if (read) return;
    read = true;
    try {
      const found = await call(`/v1/experiments/${model.id}/seeds`, { signal });
      fill(body, h("p", {}, `It has ${plural(found.count, "seed")}. ${found.sentence}`), ways(model, found), instead(model.id));
    } catch (error) {
      if (wasStopped(error)) return;
      read = false;
      fill(body, alertOf(error));
    }
  };
  return h("details", { class: "more-seeds", on: { toggle: opened } }, h("summary", {}, "Add seeds"), body);
}

/**
 * A button for each planned look; for one arm a number.
 * @param {Model} model
 * @param {Reply.MoreSeedsView} found
 */
function ways(model, { count, counts, most }) {
  if (most !== null) return anyNumber(model, count, most);
  if (!counts.length) return null;
  return h("div", { class: "row" }, counts.map((wanted) =>
    h("button", { type: "button", on: { click: () => add(model, wanted) } }, `Add ${plural(wanted - count, "seed")}, up to ${wanted}`)));
}

/**
 * @param {Model} model
 * @param {number} count
 * @param {number} most
 */
function anyNumber(model, count, most) {
  const wanted = h("input", { type: "number", min: count + 1, max: most, value: Math.min(2 * count, most), required: true });
  const submitted = (/** @type {Event} */ event) => {
    event.preventDefault();
    add(model, Number(wanted.value));
  };
  return h("form", { class: "row", on: { submit: submitted } },
    h("label", {}, "Seeds it is to have ", wanted), h("button", { type: "submit" }, "Add seeds"));
}

/** @param {string} id */
function instead(id) {
  return h("p", {}, "A new experiment under fresh seeds, which no run on the data set has had, is judged by itself. ",
    h("a", { href: `#/new?like=${id}&fresh=1` }, "Open one in the form"), ".");
}

/**
 * @param {Model} model
 * @param {number} count
 */
async function add(model, count) {
  try {
    await call(`/v1/experiments/${model.id}/seeds`, { method: "POST", body: { count } });
    toast("Seeds are added.");
    dispatchEvent(new HashChangeEvent("hashchange")); // the same view, with what is true now
  } catch (error) {
    toast(messageOf(error));
  }
}
