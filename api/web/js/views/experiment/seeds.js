// Each seed's two runs, joined: pairing is what makes a small difference visible.

/** @import { Model } from "./model.js" */

import { pairsChart } from "../../charts/pairs.js";
import { fill, h } from "../../dom.js";
import { formatMetric, metricWords, signed } from "../../format.js";
import { loading } from "../../parts/notices.js";
import { arm, section, select } from "../../parts/small.js";

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function seedsSection(model, signal) {
  let asked = 0;
  /** @type {Reply.Results | null} */
  let drawn = null;
  const choose = select("Comparison", [], "", (value) => {
    asked = Number(value);
    draw(true);
  });
  const { node, body } = section("seeds", "Seed by seed", choose);
  let stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort());

  /** @param {boolean} [anew] */
  function draw(anew) {
    if (drawn === model.results && !anew) return;
    drawn = model.results;
    const all = model.results.comparisons;
    choose.hidden = !all.length;
    if (!all.length) {
      fill(body, loading("One arm has no pairs; the value under each seed stands beside its run below."));
      return;
    }
    fill(choose, all.map((one, at) => h("option", { value: at }, `${one.a} and ${one.b}, ${metricWords(one.metric)}`)));
    choose.value = String(asked);
    stop.abort();
    stop = new AbortController();
    const one = all[asked];
    fill(body, one.pairs.length ? shown(one) : loading("No seed has finished in both arms yet."));
  }

  /** @param {Reply.Comparison} one */
  function shown(one) {
    return [
      h("div", { class: "legend" }, arm(one.a, model.indexOf(one.a)), arm(one.b, model.indexOf(one.b))),
      pairsChart(stop.signal, one, (name) => model.indexOf(name)),
      one.pairing && h("p", { class: "small muted" }, one.pairing.sentence),
      h("details", {}, h("summary", {}, "Values"), h("div", { class: "scroll", tabindex: "0" }, table(one))),
    ];
  }

  draw();
  model.listen(() => draw());
  return node;
}

/** @param {Reply.Comparison} one */
function table(one) {
  return h("table", {},
    h("thead", {}, h("tr", {}, ["Seed", one.a, one.b, `${one.a} − ${one.b}`].map((head) => h("th", { scope: "col", class: "number" }, head)))),
    h("tbody", {}, one.pairs.map((pair) => h("tr", {},
      h("td", { class: "number" }, pair.seed), h("td", { class: "number" }, formatMetric(pair.a, one.metric)),
      h("td", { class: "number" }, formatMetric(pair.b, one.metric)), h("td", { class: "number" }, signed(pair.difference, one.metric))))));
}
