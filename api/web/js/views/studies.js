// The list of studies: one question each, asked on several data sets.

import { call, wasStopped } from "../api.js";
import { fill, h } from "../dom.js";
import { percent, plural } from "../format.js";
import { empty, failed, loading } from "../parts/notices.js";
import { ACTIVE, arm, bar, stateChip, time } from "../parts/small.js";

const PAGE = 50;
const LOOK_AGAIN = 3000; // milliseconds, while something goes on

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { signal }) {
  document.title = "Studies · Tripletlab";
  const list = h("div", {}, loading());
  fill(main,
    h("div", { class: "page-head" }, h("div", {}, h("h1", { tabindex: "-1" }, "Studies"),
      h("p", { class: "muted" }, "Each asks one question on several data sets: does a choice matter on data sets like these?")),
      h("a", { class: "button primary", href: "#/studies/new" }, "New study")),
    list);
  let limit = PAGE;
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));

  async function load() {
    clearTimeout(timer);
    try {
      const { items, next } = await call(`/v1/studies?limit=${limit}`, { signal });
      const more = next && limit < 200 && h("p", {}, h("button", { type: "button", on: { click: () => { limit = 200; load(); } } }, "Show more"));
      fill(list, items.length ? [h("ul", { class: "experiments" }, items.map(row)), more] : nothingThere());
      if (items.some((one) => ACTIVE.has(one.state))) timer = setTimeout(load, LOOK_AGAIN);
    } catch (error) {
      if (!wasStopped(error)) fill(list, failed(error, load));
    }
  }

  await load();
}

/** @param {Reply.StudyView} one */
function row(one) {
  const names = one.experiments.map((member) => member.dataset).join(", ");
  return h("li", { "data-study": one.id },
    h("div", { class: "first" },
      h("a", { class: "name", href: `#/studies/${one.id}` }, one.name),
      h("div", { class: "meta" }, one.arms.map((name, index) => arm(name, index)), h("span", {}, names), time(one.created_at))),
    h("div", {}, ACTIVE.has(one.state)
      ? [bar(one.progress, `Progress of ${one.name}`, one.state), h("span", { class: "small muted number" }, `${percent(one.progress)} of its steps`)]
      : h("span", { class: "muted" }, `${plural(one.experiments.length, "data set")}, ${one.planned ? "planned" : "joined afterwards"}`)),
    h("div", { class: "end" }, stateChip(one.state)));
}

function nothingThere() {
  return empty("No study yet",
    "A study is planned over data sets; experiments with the same arms and the same decision can be joined afterwards, with the command: tripletlab study join NAME EXPERIMENT EXPERIMENT.",
    h("a", { class: "button primary", href: "#/studies/new" }, "New study"));
}
