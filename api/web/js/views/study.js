// One study: what its data sets say together, then each of them.

import { call, messageOf, wasStopped } from "../api.js";
import { forestChart } from "../charts/forest.js";
import { fill, h, refill } from "../dom.js";
import { formatMetric, level, metricWords, p, percent, plural, signed } from "../format.js";
import { alertOf, toast } from "../parts/notices.js";
import { ACTIVE, bar, fact, section, stateChip, time } from "../parts/small.js";
import { doubts, words } from "../parts/verdicts.js";

const LOOK_AGAIN = 3000; // milliseconds, while something goes on

/**
 * @param {HTMLElement} main
 * @param {Page.Asked} asked
 */
export async function show(main, { params, signal }) {
  const head = h("div", {});
  const problem = h("div", {});
  const answer = h("section", { class: "card verdict", "aria-label": "Verdict", id: "verdict" });
  const each = section("data-sets", "Data sets");
  let timer = 0;
  let drawn = new AbortController();
  let known = "";
  signal.addEventListener("abort", () => { clearTimeout(timer); drawn.abort(); });

  async function load() {
    clearTimeout(timer);
    const study = await call(`/v1/studies/${params.id}`, { signal });
    const kept = study.experiments.some((one) => one.id !== null);
    const results = kept ? await call(`/v1/studies/${params.id}/results`, { signal }) : null;
    document.title = `${study.name} · Tripletlab`;
    refill(head, heading(study, load));
    fill(problem);
    const now = JSON.stringify([study, results]);
    if (now !== known) {
      known = now;
      drawn.abort();
      drawn = new AbortController();
      const active = ACTIVE.has(study.state);
      fill(answer, active ? underWay(study, Boolean(results?.missing.length)) : null,
        results ? judged(results, active, drawn.signal) : h("p", { class: "sentence" }, "Every experiment of this study was deleted."));
      refill(each.body, results ? table(results) : null);
    }
    if (ACTIVE.has(study.state)) timer = setTimeout(again, LOOK_AGAIN);
  }

  async function again() {
    try {
      await load();
    } catch (error) {
      if (wasStopped(error)) return;
      fill(problem, alertOf(error));
      timer = setTimeout(again, LOOK_AGAIN);
    }
  }

  await load();
  fill(main, head, problem, answer, each.node);
}

/**
 * @param {Reply.StudyView} study
 * @param {() => Promise<void>} again
 */
function heading(study, again) {
  return h("div", { class: "page-head" },
    h("div", {},
      h("p", { class: "crumbs" }, h("a", { href: "#/studies" }, "Studies")),
      h("h1", { tabindex: "-1" }, study.name),
      h("div", { class: "meta" }, stateChip(study.state), h("span", {}, plural(study.experiments.length, "data set")),
        h("span", {}, study.planned ? "planned together" : "joined afterwards"), h("span", {}, "created ", time(study.created_at)))),
    h("div", { class: "row" },
      ACTIVE.has(study.state) && h("button", { type: "button", on: { click: () => cancel(study, again) } }, "Cancel"),
      h("button", { type: "button", class: "danger", on: { click: () => remove(study) } }, "Delete")));
}

/**
 * @param {Reply.StudyView} study
 * @param {() => Promise<void>} again
 */
async function cancel(study, again) {
  if (!confirm("Cancel this study? Runs of its experiments that have not ended stop.")) return;
  try {
    await call(`/v1/studies/${study.id}/cancel`, { method: "POST" });
    toast("Cancelled. Running runs stop at their next heartbeat.");
    await again();
  } catch (error) {
    toast(messageOf(error));
  }
}

/** @param {Reply.StudyView} study */
async function remove(study) {
  if (!confirm("Delete this study? Its experiments stay.")) return;
  try {
    await call(`/v1/studies/${study.id}`, { method: "DELETE" });
    toast("Deleted. Its experiments are still there.");
    location.hash = "#/studies";
  } catch (error) {
    toast(messageOf(error));
  }
}

/**
 * @param {Reply.StudyView} study
 * @param {boolean} few whether it has too few data sets for a verdict
 */
function underWay(study, few) {
  return h("div", {},
    h("p", { class: "small muted number" }, `${percent(study.progress)} of its steps done. The ${few ? "whole mean" : "verdict"} comes when every experiment has ended.`),
    bar(study.progress, "Progress of the study", study.state));
}

/**
 * @param {Reply.StudyResults} results
 * @param {boolean} active
 * @param {AbortSignal} signal
 */
function judged(results, active, signal) {
  return [
    together(results, active, signal),
    results.differing.length ? h("p", { class: "help" }, `Beside data set and split, the specs differ in ${results.differing.join(", ")}.`) : null,
    results.others.length ? h("div", { class: "others" }, results.others.map((one) => h("div", {}, together(one, active, signal)))) : null,
  ];
}

/**
 * One arm against the baseline over all data sets. While experiments go on it is waited for, and without a
 * data set that counts there is nothing to draw.
 * @param {Reply.StudyResults | Reply.StudyComparison} one
 * @param {boolean} active
 * @param {AbortSignal} signal
 */
function together(one, active, signal) {
  const { kind, sign, text } = active ? { kind: "", sign: "…", text: `${one.a} against ${one.b}: waiting for the ${one.missing.length ? "runs" : "verdict"}` } : words({ ...one, warnings: [] });
  const said = [
    h("div", { class: `kind ${kind}` }, h("span", { class: "sign", "aria-hidden": "true" }, sign), text),
    h("p", { class: "sentence" }, one.sentence),
  ];
  if (active && !one.of) return h("div", { class: "waits" }, said);
  return [
    active ? h("div", { class: "waits" }, said) : said,
    forestChart(signal, rows(one, active), `${plural(one.experiments.length, "data set")} and the mean over them, with intervals; the table below has the figures`),
    caption(one),
    one.missing.length ? h("ul", { class: "help" }, one.missing.map((sentence) => h("li", {}, sentence))) : null,
    h("dl", { class: "facts" }, facts(one)),
  ];
}

/**
 * @param {Reply.StudyResults | Reply.StudyComparison} one
 * @param {boolean} active
 */
function rows(one, active) {
  const both = { a: one.a, b: one.b, metric: one.metric, higher_is_better: one.higher_is_better, pairs: [], equivalence: one.equivalence };
  const members = one.experiments.map((member) => ({
    one: { ...both, mean_difference: member.mean_difference, interval: member.interval },
    name: member.left_out === null ? member.dataset : `${member.dataset} (${active ? "not yet" : "does not count"})`,
    told: member.verdict === "a_better" || member.verdict === "b_better",
  }));
  return [...members, {
    one: { ...both, mean_difference: one.mean_difference, interval: one.interval },
    name: `mean of ${one.of}`, told: one.verdict === "a_better" || one.verdict === "b_better",
    total: true, predicted: one.prediction_interval,
  }];
}

/** @param {Reply.StudyResults | Reply.StudyComparison} one */
function caption(one) {
  if (!one.interval) return null;
  const margin = one.equivalence ? ` Inside the shaded margin of ±${formatMetric(one.equivalence.margin, one.metric)} a difference does not matter.` : "";
  const dashed = one.prediction_interval ? " The dashed line is where an experiment on one more data set would come out." : "";
  return h("p", { class: "help" }, `${one.a} minus ${one.b} in ${metricWords(one.metric)}, with ${level(one.interval.confidence)} intervals; a filled dot is told from zero.${dashed}${margin}`);
}

/** @param {Reply.StudyResults | Reply.StudyComparison} one */
function facts(one) {
  const found = one.heterogeneity;
  return [
    fact("Mean of the data sets", signed(one.mean_difference, one.metric)),
    fact("Interval", bounds(one.interval, one.metric)),
    fact("One more data set", bounds(one.prediction_interval, one.metric)),
    fact("Between data sets", found ? `I² ${percent(found.i2)}, p ${p(found.p)}` : "–", "The share of the variance that is between data sets, and Welch's test that there is none"),
    fact(`${one.a} better in`, `${one.better_in} of ${one.of}`, "By the verdict of each data set alone"),
    fact("Weighted by precision", one.weighted ? `${signed(one.weighted.mean_difference, one.metric)} (${bounds(one.weighted.interval, one.metric)})` : "–", "It decides nothing"),
  ];
}

/**
 * @param {Reply.Interval | null} interval
 * @param {string} metric
 */
function bounds(interval, metric) {
  return interval ? `${formatMetric(interval.low, metric)} to ${formatMetric(interval.high, metric)}` : "–";
}

/** @param {Reply.StudyResults} results */
function table(results) {
  const every = [results, ...results.others];
  const several = every.length > 1;
  const heads = ["Seeds", "Difference", "Interval"];
  return h("div", { class: "scroll", tabindex: "0" }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Data set"), several && h("th", { scope: "col" }, "Arm"),
      heads.map((one) => h("th", { scope: "col", class: "number" }, one)), h("th", { scope: "col" }, "Verdict by itself"))),
    h("tbody", {}, every.flatMap((one) => one.experiments.map((member) => h("tr", {},
      h("th", { scope: "row" }, member.id ? h("a", { href: `#/experiments/${member.id}` }, member.dataset) : member.dataset),
      several && h("td", {}, one.a),
      [member.seeds, signed(member.mean_difference, one.metric), bounds(member.interval, one.metric).replaceAll(" ", "\u00a0")].map((value) => h("td", { class: "number" }, value)),
      h("td", {}, member.left_out ?? verdictOf(member.verdict, one), " ", doubts(member))))))));
}

/**
 * @param {Reply.Verdict} verdict
 * @param {{ a: string, b: string }} arms
 */
function verdictOf(verdict, { a, b }) {
  if (verdict === "a_better") return `${a} better`;
  return verdict === "b_better" ? `${b} better` : verdict;
}
