// The programmes: sequences of questions with one budget of errors.

import { call } from "../api.js";
import { fill, h } from "../dom.js";
import { percent, plural } from "../format.js";
import { empty } from "../parts/notices.js";
import { time } from "../parts/small.js";

const PAGE = 50;

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { signal }) {
  document.title = "Programmes · Tripletlab";
  /** @type {Reply.ProgrammeSummary[]} */
  const items = [];
  const list = h("div", {});
  fill(main,
    h("div", { class: "page-head" }, h("div", {},
      h("p", { class: "crumbs" }, h("a", { href: "#/experiments" }, "Experiments")),
      h("h1", { tabindex: "-1" }, "Programmes"),
      h("p", { class: "muted" }, "Each is a sequence of questions with one budget of errors: of all its claims “better” few are false on average, however many questions are asked."))),
    list);

  /** @param {string} [cursor] */
  async function load(cursor) {
    const from = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { items: more, next } = await call(`/v1/programmes?limit=${PAGE}${from}`, { signal });
    items.push(...more);
    const button = next !== null && h("p", {}, h("button", { type: "button", on: { click: () => load(next) } }, "Show more"));
    fill(list, items.length ? [h("ul", { class: "experiments" }, items.map(row)), button] : nothingThere());
  }

  await load();
}

/** @param {Reply.ProgrammeSummary} one */
function row(one) {
  return h("li", { "data-programme": one.name },
    h("div", { class: "first" },
      h("a", { class: "name", href: `#/programmes/${encodeURIComponent(one.name)}` }, one.name),
      h("div", { class: "meta" }, h("span", {}, plural(one.questions, "question")), h("span", {}, "begun ", time(one.created_at)))),
    h("div", { class: "muted" }, `At most ${percent(1 - one.confidence)} false`),
    h("div", { class: "end number muted" }, `last level ${one.last_level}`));
}

function nothingThere() {
  return empty("No programme yet", "The first experiment with a name under Programme, in the form, begins one.",
    h("a", { class: "button primary", href: "#/new" }, "New experiment"));
}
