// Each seed's two runs, joined: pairing is what makes a small difference visible. Of an effect, each
// seed's difference.

/** @import { Model } from "./model.js" */

import { intervalChart } from "../../charts/interval.js";
import { pairsChart } from "../../charts/pairs.js";
import { fill, h } from "../../dom.js";
import { formatMetric, metricWords, signed } from "../../format.js";
import { loading } from "../../parts/notices.js";
import { arm, section, select } from "../../parts/small.js";
import { linesOf, linesSentence, nearLines } from "./baselines.js";
import { subject } from "./effects.js";

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
    const { comparisons, effects } = model.results;
    /** @type {[words: string, shown: () => Page.Child][]} */
    const all = effects.length
      ? effects.map((one) => [`${subject(one)}, ${metricWords(one.metric)}`, () => one.pairs.length && shownEffect(one)])
      : comparisons.map((one) => [`${one.a} and ${one.b}, ${metricWords(one.metric)}`, () => one.pairs.length && shown(one)]);
    fill(choose, all.map(([words], at) => h("option", { value: at }, words)));
    choose.value = String(asked);
    stop.abort();
    stop = new AbortController();
    const none = effects.length ? "No seed has finished in every cell yet." : "No seed has finished in both arms yet.";
    fill(body, all[asked]?.[1]() || loading(none));
  }

  /** @param {Reply.Effect} one */
  function shownEffect(one) {
    return [
      intervalChart(stop.signal, one, 0, { ends: false }),
      h("details", {}, h("summary", {}, "Values"), h("div", { class: "scroll", tabindex: "0" }, differences(one))),
    ];
  }

  /** @param {Reply.Comparison} one */
  function shown(one) {
    const lines = linesOf(model.results.baselines, one.metric);
    const values = one.pairs.flatMap((pair) => [pair.a, pair.b]);
    return [
      h("div", { class: "legend" }, arm(one.a, model.indexOf(one.a)), arm(one.b, model.indexOf(one.b))),
      pairsChart(stop.signal, one, (name) => model.indexOf(name), nearLines(lines, values, one.metric)),
      lines.length > 0 && h("p", { class: "help" }, linesSentence(lines, one.metric)),
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

/** @param {Reply.Effect} one */
function differences(one) {
  return h("table", {},
    h("thead", {}, h("tr", {}, ["Seed", "Difference"].map((head) => h("th", { scope: "col", class: "number" }, head)))),
    h("tbody", {}, one.pairs.map((pair) => h("tr", {},
      h("td", { class: "number" }, pair.seed), h("td", { class: "number" }, signed(pair.difference, one.metric))))));
}
