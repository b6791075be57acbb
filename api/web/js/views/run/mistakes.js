// The test pairs that the run called wrongly, the worst first, in their own words.

import { call, wasStopped } from "../../api.js";
import { fill, h } from "../../dom.js";
import { count, plural } from "../../format.js";
import { alertOf, loading } from "../../parts/notices.js";
import { section, select } from "../../parts/small.js";

/** @type {[key: string, words: string][]} */
const KINDS = [["all", "All mistakes"], ["called_duplicate", "Called duplicates, but different"], ["called_different", "Called different, but duplicates"]];
const PIECE = 10;

/** @param {Page.RunModel} model */
export function mistakesSection(model) {
  let kind = "all";
  const choose = select("Kind of mistake", KINDS, kind, (value) => {
    kind = value;
    load(0);
  });
  const { node, body } = section("mistakes", "Hardest mistakes", choose);
  const about = h("p", { class: "small muted" });
  const list = h("ol", { class: "pairs" });
  const more = h("div", {});

  /** @param {number} after */
  async function load(after) {
    try {
      const found = await call(`/v1/runs/${model.run.id}/mistakes?kind=${kind}&after=${after}&limit=${PIECE}`, { signal: model.signal });
      if (after === 0) {
        fill(list);
        fill(body, about, list, more);
      }
      about.textContent = `${count(found.wrong)} of ${plural(found.pairs, "test pair")} at the threshold ${found.threshold.toFixed(3)}, farthest from it first.${found.note ? ` ${found.note}` : ""}`;
      list.append(...found.items.map(pair));
      const { next } = found;
      fill(more, next !== null && h("button", { type: "button", on: { click: () => load(next) } }, "Show more"));
    } catch (error) {
      if (!wasStopped(error)) fill(body, alertOf(error));
    }
  }

  fill(body, loading());
  load(0);
  return node;
}

/** @param {Reply.MisclassifiedPair} one */
function pair(one) {
  return h("li", {},
    h("div", {}, h("q", {}, one.question1), h("q", {}, one.question2)),
    h("div", { class: "side" }, h("div", {}, `similarity ${one.similarity.toFixed(3)}`),
      h("div", { class: "small muted" }, one.duplicate ? "duplicates, called different" : "different, called duplicates")));
}
