// The answer: the service's own sentence, and the difference drawn against zero and the margin.

/** @import { Model } from "./model.js" */

import { domainOf, intervalChart } from "../../charts/interval.js";
import { fill, h } from "../../dom.js";
import { duration, formatMetric, metricWords, p, percent, plural, signed } from "../../format.js";
import { bar, fact } from "../../parts/small.js";
import { doubts, words } from "../../parts/verdicts.js";
import { effectsAnswer } from "./effects.js";
import { noiseAnswer } from "./noise.js";
import { sourcesAnswer } from "./sources.js";

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
    fill(progress, model.active ? underWay(model) : null);
    if (drawn === model.results) return;
    drawn = model.results;
    stop.abort();
    stop = new AbortController();
    fill(body, answer(model, drawn, stop.signal));
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
      view.waiting_for ? ` Waits for ${view.waiting_for}.` : "", results.complete ? "" : " What follows is of the runs so far."),
    bar(view.progress, "Progress of the experiment", view.state));
}

/**
 * @param {Model} model
 * @param {Reply.Results} results
 * @param {AbortSignal} signal
 */
function answer(model, results, signal) {
  if (results.noise_floor) return [results.seed_sources && sourcesAnswer(results.seed_sources, signal), noiseAnswer(model, results.noise_floor, signal)];
  if (results.effects.length) return effectsAnswer(results, signal);
  const baseline = results.spec.decision.baseline;
  const judged = model.primary.filter((one) => one.b === baseline);
  const beside = model.primary.filter((one) => one.b !== baseline);
  const [first, ...others] = judged;
  const domain = domainOf(judged);
  // ended without a pair of runs: nothing that more of them could decide is left open
  if (results.complete && first.mean_difference === null) return h("p", { class: "sentence" }, first.sentence);
  return [
    kind(first),
    h("p", { class: "sentence" }, first.sentence),
    intervalChart(signal, first, model.indexOf(first.a), { domain }),
    caption(first),
    others.length ? h("div", { class: "others" }, others.map((one) => other(one, model, signal, domain))) : null,
    others.length ? h("p", { class: "help" }, `Of ${first.a} against ${first.b}:`) : null,
    h("dl", { class: "facts" }, facts(first)),
    needed(first),
    beside.length ? between(beside) : null,
  ];
}

/** @param {Reply.Comparison} one */
function kind(one) {
  const { kind: which, sign, text } = words(one);
  return h("div", { class: `kind ${which}` }, h("span", { class: "sign", "aria-hidden": "true" }, sign), text, doubts(one));
}

/** @param {Reply.Comparison} one */
function caption(one) {
  if (one.mean_difference === null) return null;
  const interval = one.interval ? `, the bar its ${percent(one.interval.confidence)} interval` : "";
  const margin = one.equivalence ? `; inside the shaded margin of ±${formatMetric(one.equivalence.margin, one.metric)} a difference does not matter` : "";
  return h("p", { class: "help" }, `${one.a} minus ${one.b} in ${metricWords(one.metric)}: the large dot is the mean${interval}, each small dot a seed${margin}.`);
}

/**
 * @param {Reply.Comparison} one
 * @param {Model} model
 * @param {AbortSignal} signal
 * @param {[number, number]} domain
 */
function other(one, model, signal, domain) {
  return h("div", {}, kind(one), h("p", {}, one.sentence), intervalChart(signal, one, model.indexOf(one.a), { domain, ends: false }));
}

/** @param {Reply.Comparison} one */
function facts(one) {
  const { metric } = one;
  return [
    fact("Mean difference", signed(one.mean_difference, metric)),
    fact("Interval", one.interval ? `${formatMetric(one.interval.low, metric)} to ${formatMetric(one.interval.high, metric)}` : "needs two seeds"),
    one.pairs.length > 1 && fact("Sign-flip p", p(one.sign_flip_p)),
    one.equivalence && fact("Equivalence p", p(one.equivalence.p), "TOST against the declared margin"),
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
