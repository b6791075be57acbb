// One programme: its questions in order, the level of each, and what it has found.

import { call } from "../api.js";
import { fill, h } from "../dom.js";
import { percent, plural } from "../format.js";
import { time } from "../parts/small.js";

/** @type {Record<Reply.Outcome, string>} */
const FOUND = { discovery: "▲ a discovery", nothing: "nothing", open: "open" };

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { params, signal }) {
  const found = await call(`/v1/programmes/${encodeURIComponent(params.name)}`, { signal });
  document.title = `${found.name} · Tripletlab`;
  const discoveries = found.questions.filter((one) => one.outcome === "discovery").length;
  fill(main,
    h("div", { class: "page-head" }, h("div", {},
      h("p", { class: "crumbs" }, h("a", { href: "#/programmes" }, "Programmes")),
      h("h1", { tabindex: "-1" }, found.name),
      h("div", { class: "meta" }, h("span", {}, plural(found.questions.length, "question")), h("span", {}, `${discoveries} with a discovery`), h("span", {}, "begun ", time(found.created_at))),
      h("p", { class: "muted" }, `Of all its claims “better” at most ${percent(1 - found.confidence)} are false on average. The next question would have the level ${found.next_level}; a discovery earns what later questions may spend.`))),
    h("div", { class: "scroll", tabindex: "0" }, h("table", {},
      h("caption", {}, "Each question with the level that it was given before its first run"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "number" }, "Question"), h("th", { scope: "col" }, "Experiment"), h("th", { scope: "col", class: "number" }, "Level"), h("th", { scope: "col" }, "Found"))),
      h("tbody", {}, found.questions.map(row)))));
}

/** @param {Reply.QuestionView} one */
function row(one) {
  return h("tr", {},
    h("td", { class: "number" }, one.number),
    h("td", {}, one.experiment === null ? h("span", { class: "muted" }, "deleted") : h("a", { href: `#/experiments/${one.experiment}` }, one.name)),
    h("td", { class: "number" }, one.level),
    h("td", {}, FOUND[one.outcome]));
}
