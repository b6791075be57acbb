// The answer where there are factors: what matters most, and every effect with its interval.

/** @import { Model } from "./model.js" */

import { forestChart } from "../../charts/forest.js";
import { interactionChart } from "../../charts/interactions.js";
import { h } from "../../dom.js";
import { formatMetric, level, metricWords, p, signed } from "../../format.js";
import { doubts, words } from "../../parts/verdicts.js";

const FIRST = 12; // effects that are drawn before the fold

/**
 * @param {Reply.Results} results
 * @param {AbortSignal} signal
 */
export function effectsAnswer(results, signal) {
  const primary = results.effects.filter((one) => one.role === "primary");
  const secondary = results.effects.filter((one) => one.role === "secondary");
  const [first, rest] = [primary.slice(0, FIRST), primary.slice(FIRST)];
  return [
    h("p", { class: "sentence" }, results.what_matters_most ?? "No seed has finished in every cell of an effect yet."),
    forestChart(signal, first.map(row)),
    caption(primary),
    h("ol", { class: "effects" }, first.map(inWords)),
    rest.length ? h("details", {}, h("summary", {}, `The ${rest.length} smaller effects`), h("ol", { class: "effects", start: FIRST + 1 }, rest.map(inWords))) : null,
    figures("The figures", primary),
    figures("The same on other metrics, which decide nothing", secondary),
  ];
}

/**
 * Every two factors at a time, or nothing where no two are varied together.
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function factorPairs(model, signal) {
  const pairs = model.results.factor_pairs.filter((one) => one.means.some(({ mean }) => mean !== null));
  if (!pairs.length) return null;
  const metric = model.results.spec.decision.metric;
  const [{ seeds }] = pairs;
  return h("div", { class: "factor-pairs" },
    h("p", { class: "help" }, `Two factors at a time: means of ${metricWords(metric)} over the ${seeds} seeds under which every cell succeeded. Where lines run alike, the one choice does not depend on the other.`),
    h("div", { class: "gauges" }, pairs.map((one) => interactionChart(signal, one, metric))));
}

/**
 * What an effect is about: `mask: kept against left out`.
 * @param {Reply.Effect} one
 */
export function subject(one) {
  if (one.kind === "main") return `${one.factors[0]}: ${one.level} against ${one.baseline}`;
  return `${one.factors.join(" × ")}: ${one.levels.join(" with ")}`;
}

/** @param {Reply.Effect} one */
function row(one) {
  return { one, name: subject(one), told: one.verdict === "a_better" || one.verdict === "b_better" };
}

/** @param {Reply.Effect[]} primary */
function caption(primary) {
  const known = primary.find((one) => one.interval);
  if (!known?.interval) return null;
  const margin = known.equivalence ? ` Inside the shaded margin of ±${formatMetric(known.equivalence.margin, known.metric)} a difference does not matter.` : "";
  return h("p", { class: "help" }, `In ${metricWords(known.metric)}, with ${level(known.interval.confidence)} intervals; a filled dot is told from zero.${margin}`);
}

/** @param {Reply.Effect} one */
function inWords(one) {
  const { kind, sign, text } = words(one);
  return h("li", {},
    h("div", { class: `kind ${kind}` }, h("span", { class: "sign", "aria-hidden": "true" }, sign), one.kind === "main" ? text : `${subject(one)}: ${together(one)}`, doubts(one)),
    h("p", {}, one.sentence));
}

/** @param {Reply.Effect} one */
function together(one) {
  switch (one.verdict) {
    case "a_better": return "better together than apart";
    case "b_better": return "worse together than apart";
    case "equivalent": return "the one does not depend on the other";
    default: return "undecided";
  }
}

/**
 * @param {string} title
 * @param {Reply.Effect[]} effects
 */
function figures(title, effects) {
  if (!effects.length) return null;
  const heads = ["Difference", "Interval", "Sign-flip p", "p by Holm", "Seeds"];
  return h("details", {}, h("summary", {}, title), h("div", { class: "scroll", tabindex: "0" }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Effect"), h("th", { scope: "col" }, "Metric"), heads.map((one) => h("th", { scope: "col", class: "number" }, one)), h("th", { scope: "col" }, "Verdict"))),
    h("tbody", {}, effects.map((one) => h("tr", {},
      h("th", { scope: "row" }, subject(one)), h("td", {}, metricWords(one.metric)),
      [signed(one.mean_difference, one.metric),
        one.interval ? `${formatMetric(one.interval.low, one.metric)} to ${formatMetric(one.interval.high, one.metric)}` : "–",
        p(one.sign_flip_p), p(one.multiplicity.holm_p), one.pairs.length].map((value) => h("td", { class: "number" }, value)),
      h("td", {}, one.verdict.replace("_", " "))))))));
}
