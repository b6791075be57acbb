// The answer: the service's own sentence, and the difference drawn against zero and the margin.

/** @import { Model } from "./model.js" */

import { forestTools } from "../../charts/forest.js";
import { domainOf, intervalChart, intervalOfRow } from "../../charts/interval.js";
import { fill, h } from "../../dom.js";
import { duration, formatMetric, level, metricWords, p, percent, plural, signed, significant } from "../../format.js";
import { arm, bar, fact } from "../../parts/small.js";
import { doubts, words } from "../../parts/verdicts.js";
import { effectsAnswer } from "./effects.js";
import { moreSeeds } from "./more_seeds.js";
import { noiseAnswer } from "./noise.js";
import { sourcesAnswer } from "./sources.js";
import { waitedFor, waiting } from "./waiting.js";

const NAMED = 4; // arms of one verdict that its summary names

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function verdictCard(model, signal) {
  const card = h("section", { class: "card verdict", "aria-label": "Verdict", id: "verdict" });
  /** @type {Reply.Results | null} */
  let drawn = null;
  const progress = h("div", {});
  const body = h("div", {});
  fill(card, progress, body);
  let stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort());
  const draw = () => {
    fill(progress, model.active ? underWay(model) : null, waiting(model));
    if (drawn === model.results) return;
    drawn = model.results;
    stop.abort();
    stop = new AbortController();
    fill(body, answer(model, drawn, stop.signal), moreSeeds(model, stop.signal));
  };
  draw();
  model.listen(draw);
  return card;
}

/** @param {Model} model */
function underWay({ view, results }) {
  const left = view.seconds_left === null ? "" : `, about ${duration(view.seconds_left)} left`;
  const looks = view.plan.length ? ` Look ${view.plan.filter((look) => look.state === "taken").length} of ${view.plan.length} taken.` : "";
  return h("div", {},
    h("p", { class: "small muted number" }, `${percent(view.progress)} of its steps done${left}.${looks}`,
      view.waiting_for ? ` Waits for ${view.waiting_for}.` : "", results.complete ? "" : " What is below is of the runs so far."),
    bar(view.progress, "Progress of the experiment", view.state));
}

/**
 * @param {Model} model
 * @param {Reply.Results} results
 * @param {AbortSignal} signal
 */
function answer(model, results, signal) {
  if (results.noise_floor) return [results.seed_sources && sourcesAnswer(results.seed_sources, signal), noiseAnswer(model, results.noise_floor, signal)];
  const waits = waitedFor(model);
  if (waits && !waits.done) return h("p", { class: "help" }, (results.effects[0] ?? model.primary[0]).sentence);
  if (results.effects.length) return effectsAnswer(results, signal);
  const baseline = results.spec.decision.baseline;
  const judged = model.primary.filter((one) => one.b === baseline);
  const beside = model.primary.filter((one) => one.b !== baseline);
  const [first] = judged;
  // ended without a pair of runs: nothing that more of them could decide is left open
  if (results.complete && first.mean_difference === null) return h("p", { class: "sentence" }, first.sentence);
  if (judged.length > 1) return [!waits && h("p", { class: "sentence" }, summary(judged)), several(judged, model, signal), beside.length ? between(beside) : null];
  return h("div", { class: "answered" },
    h("div", {}, waits ? h("p", { class: "help" }, first.sentence) : [kind(first), h("p", { class: "sentence" }, first.sentence)]),
    h("div", { class: "pictured" }, first.pairs.length ? intervalChart(signal, first, model.indexOf(first.a), { domain: domainOf(judged) }) : null, caption(first)),
    h("div", {}, h("dl", { class: "facts" }, facts(first)), needed(first)));
}

/** @param {Reply.Comparison} one */
function kind(one) {
  const { kind: which, sign, text } = words(one);
  return h("div", { class: `kind ${which}` }, h("span", { class: "sign", "aria-hidden": "true" }, sign), text, doubts(one));
}

/** @param {Reply.Comparison} one */
function caption(one) {
  if (one.mean_difference === null) return null;
  const interval = one.interval ? `, the bar its ${level(one.interval.confidence)} interval` : "";
  const margin = one.equivalence ? `; inside the shaded margin of ±${formatMetric(one.equivalence.margin, one.metric)} a difference does not matter` : "";
  return h("p", { class: "help" }, `${one.a} minus ${one.b} in ${metricWords(one.metric)}: the large dot is the mean${interval}, each small dot a seed${margin}.`);
}

/**
 * Each arm against the baseline: a row with its picture, all on one scale.
 * @param {Reply.Comparison[]} judged
 * @param {Model} model
 * @param {AbortSignal} signal
 */
function several(judged, model, signal) {
  const domain = domainOf(judged);
  const { b, metric } = judged[0];
  const heads = ["Difference", "Interval", "p by Holm"];
  return [
    tooManyAtOnce(judged),
    h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "comparisons" },
      h("caption", {}, `Each arm minus ${b} in ${metricWords(metric)}; inside the shaded margin a difference does not matter`),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Arm"), h("th", { scope: "col" }, "Verdict"), h("th", { scope: "col", class: "picture" }, "Picture"),
        heads.map((one) => h("th", { scope: "col", class: "number" }, one)))),
      h("tbody", {}, judged.map((one, at) => h("tr", {},
        h("th", { scope: "row" }, arm(one.a, model.indexOf(one.a))), h("td", {}, short(one)),
        h("td", { class: "picture" }, intervalOfRow(signal, one, model.indexOf(one.a), domain, at === 0)),
        [signed(one.mean_difference, metric), one.interval ? `${signed(one.interval.low, metric)} to ${signed(one.interval.high, metric)}` : "–", p(one.multiplicity.holm_p)]
          .map((value) => h("td", { class: "number nowrap" }, value))))))),
    forestTools(judged.map((one) => ({ one, name: one.a, told: ["a_better", "b_better"].includes(one.verdict) })), `Each arm minus ${b} in ${metricWords(metric)}`),
    h("details", {}, h("summary", {}, "In words"), judged.map((one) => h("div", {}, kind(one), h("p", {}, one.sentence)))),
  ];
}

/** @param {Reply.Comparison} one */
function short(one) {
  const { kind: which, sign } = words(one);
  const said = { a_better: "better", b_better: "worse", equivalent: "equivalent", undecided: "undecided" };
  return h("div", { class: `verdict-line ${which}` }, h("span", { class: "sign", "aria-hidden": "true" }, one.verdict === "b_better" ? "▼" : sign), h("span", {}, said[one.verdict], " ", doubts(one)));
}

/**
 * How many arms do better or worse than the baseline.
 * @param {Reply.Comparison[]} judged
 */
function summary(judged) {
  const { b, metric } = judged[0];
  /** @param {string} verdict */
  const named = (verdict) => judged.filter((one) => one.verdict === verdict).map((one) => one.a);
  /** @type {[string, string][]} */
  const kinds = [["a_better", "better"], ["b_better", "worse"], ["equivalent", "equivalent"], ["undecided", "undecided"]];
  const parts = kinds.flatMap(([verdict, said]) => {
    const names = named(verdict);
    if (!names.length) return [];
    return [`${names.length > NAMED ? `${names.length} arms` : names.join(", ")} ${names.length > 1 ? "are" : "is"} ${said}`];
  });
  return `Against ${b}, in ${metricWords(metric)}: ${parts.join("; ")}.`;
}

/**
 * Why plain differences stay undecided: no sign-flip p of n pairs is below 2 / 2^n, and with very few
 * seeds that is above the level that is left to each of so many comparisons.
 * @param {Reply.Comparison[]} judged
 */
function tooManyAtOnce(judged) {
  const { multiplicity: { family }, pairs, interval } = judged[0];
  const confidence = interval?.confidence ?? 1;
  const seeds = Math.ceil(Math.log2((2 * family) / (1 - confidence)));
  const alone = judged.filter((one) => one.verdict === "undecided" && one.interval && one.interval.low * one.interval.high > 0 && (one.sign_flip_p ?? 1) <= 1 - confidence);
  if (!alone.length || seeds <= pairs.length) return null;
  return h("p", { class: "help" }, `${alone.length} of these ${judged.length} differences would be told from zero alone, but among ${family} comparisons no p of ${pairs.length} seeds is small enough: that takes at least ${seeds} seeds.`);
}

/** @param {Reply.Comparison} one */
function facts(one) {
  const { metric } = one;
  const better = one.verdict === "a_better" || one.verdict === "b_better";
  return [
    fact("Mean difference", signed(one.mean_difference, metric)),
    fact("Interval", one.interval ? `${formatMetric(one.interval.low, metric)} to ${formatMetric(one.interval.high, metric)}` : "needs two seeds", one.interval ? `At ${significant(100 * one.interval.confidence, 12)} %` : undefined),
    one.pairs.length > 1 && fact("Sign-flip p", p(one.sign_flip_p)),
    one.equivalence && one.pairs.length > 1 && !better && fact(`Equivalence p (TOST, margin ±${formatMetric(one.equivalence.margin, metric)})`, p(one.equivalence.p)),
    fact("Paired seeds", plural(one.pairs.length, "seed")),
    one.superiority && fact(`${one.a} ahead`, `${one.superiority.wins} of ${one.pairs.length} seeds`),
  ];
}

/**
 * What more seeds would do, while nothing is decided.
 * @param {Reply.Comparison} one
 */
function needed(one) {
  if (one.verdict !== "undecided" || !one.power || !one.equivalence || one.warnings.length) return null;
  const { detectable_difference: found, seeds_for_margin: seeds } = one.power;
  const margin = formatMetric(one.equivalence.margin, one.metric);
  const now = found === null ? "" : `; these ${one.pairs.length} find one of ${formatMetric(found, one.metric)}`;
  const needs = seeds === null ? "more than 100,000 seeds" : `about ${plural(seeds, "seed")}`;
  return h("p", { class: "help" }, `To tell a difference as small as the margin of ${margin} takes ${needs} at the spread seen so far${now}.`);
}

/** @param {Reply.Comparison[]} comparisons */
function between(comparisons) {
  return h("details", {}, h("summary", {}, `The other arms among themselves (${comparisons.length})`),
    comparisons.map((one) => h("p", {}, one.sentence)));
}
