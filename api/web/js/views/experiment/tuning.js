// What tuning tried: every setting of each arm, which was chosen, and where the verdict would turn.

/** @import { Model } from "./model.js" */

import { forestChart } from "../../charts/forest.js";
import { lines } from "../../charts/lines.js";
import { fill, h, refill } from "../../dom.js";
import { count, formatMetric, level, metricWords, plural, signed } from "../../format.js";
import { arm, section, select } from "../../parts/small.js";

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function tuningSection(model, signal) {
  const { node, body } = section("tuning", "Tuning");
  const top = h("div", {});
  const turning = h("div", {});
  const below = h("div", {});
  fill(body, top, turning, below);
  let compared = "";
  let drawn = new AbortController();
  signal.addEventListener("abort", () => drawn.abort());
  /** @type {Page.Plot | null} */
  let chart = null;
  const draw = () => {
    const { tuning } = model.results;
    if (!tuning) return;
    refill(top, standing(model, tuning), h("div", { class: "scroll", tabindex: "0" }, table(model, tuning)), costs(tuning));
    drawn.abort();
    drawn = new AbortController();
    refill(turning, whereItTurns(tuning, compared, drawn.signal, (side) => { compared = side; draw(); }));
    if (!tuning.arms.some((one) => one.expected_best.length > 1)) return;
    if (chart) return chart.draw();
    chart = expected(model, signal);
    const first = tuning.stops.length > 1 ? ` They are compared at step ${count(tuning.stops[0])}, to which every setting was trained.` : "";
    fill(below, h("h3", {}, "The best of so many settings"), chart.node, h("p", { class: "help" },
      `The best mean that so many of these settings give, on average over every choice of them; in the band are the middle 95 % of these. Where a line still rises at its end, more settings would help that arm.${first}`));
  };
  draw();
  model.listen(draw);
  return node;
}

/**
 * @param {Model} model
 * @param {Reply.TuningResult} tuning
 */
function standing(model, tuning) {
  const runs = model.view.runs.filter((run) => run.tuning);
  const ended = runs.filter((run) => run.finished_at !== null).length;
  const words = {
    planned: `${count(ended)} of ${plural(runs.length, "tuning run")} have ended; the settings are chosen when all have.${halved(tuning)}`,
    chosen: `Every arm was tried with the same ${plural(tuning.settings.length, "setting")} under ${plural(tuning.seeds.length, "tuning seed")}; the best mean of ${metricWords(tuning.choose_by)} was chosen for each.${halved(tuning)}`,
    dropped: "Cancelled before the settings were chosen.",
    failed: tuning.reason ?? "",
  };
  return h("p", {}, words[tuning.state]);
}

/** @param {Reply.TuningResult} tuning */
function halved(tuning) {
  const early = tuning.stops.slice(0, -1);
  return early.length ? ` Settings that were behind at step ${early.map(count).join(" or ")} were left out.` : "";
}

/**
 * @param {Model} model
 * @param {Reply.TuningResult} tuning
 */
function table(model, tuning) {
  const pairs = [...new Map(tuning.by_setting.map((one) => [one.a, one])).values()];
  const heads = tuning.arms.map((one) => h("th", { scope: "col", class: "number" }, arm(one.name, model.indexOf(one.name))));
  return h("table", {},
    h("caption", { class: "visually-hidden" }, `Mean ${metricWords(tuning.choose_by)} of each arm at each setting`),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Setting"), heads,
      pairs.map((one) => h("th", { scope: "col", class: "number" }, `${one.a} minus ${one.b}`)))),
    h("tbody", {}, tuning.settings.map((setting, index) => row(tuning, setting, index))));
}

/**
 * @param {Reply.TuningResult} tuning
 * @param {Record<string, unknown>} setting
 * @param {number} index
 */
function row(tuning, setting, index) {
  const here = tuning.by_setting.filter((one) => one.setting === index);
  return h("tr", {},
    h("th", { scope: "row" }, Object.entries(setting).map(([pointer, value]) => h("div", {}, h("code", {}, `${pointer} ${value}`)))),
    tuning.arms.map((one) => h("td", { class: "number" }, formatMetric(one.means[index], tuning.choose_by),
      h("div", { class: "small" }, chosenWords(one, index) || leftOutWords(tuning, one, index)))),
    here.map((one) => h("td", { class: "number" }, signed(one.mean_difference, one.metric),
      one.interval && h("div", { class: "small muted" }, `${formatMetric(one.interval.low, one.metric)} to ${formatMetric(one.interval.high, one.metric)}`))));
}

/**
 * @param {Reply.TunedArm} one
 * @param {number} index
 */
function chosenWords(one, index) {
  if (one.chosen === index) return one.at_edge ? "✓ chosen, at the edge" : "✓ chosen";
  const seeds = Object.values(one.chosen_under).filter((setting) => setting === index).length;
  return seeds ? `✓ chosen under ${plural(seeds, "seed")}` : "";
}

/**
 * @param {Reply.TuningResult} tuning
 * @param {Reply.TunedArm} one
 * @param {number} index
 */
function leftOutWords(tuning, one, index) {
  const furthest = Math.max(...one.trained_to.flat());
  const own = Math.max(...one.trained_to[index]);
  return own < furthest && tuning.stops.length > 1 ? `left out at step ${count(own)}` : "";
}

/**
 * One difference at each equal setting, on one scale.
 * @param {Reply.TuningResult} tuning
 * @param {string} compared
 * @param {AbortSignal} signal
 * @param {(side: string) => void} choose
 */
function whereItTurns(tuning, compared, signal, choose) {
  const known = tuning.by_setting.filter((one) => one.mean_difference !== null);
  const sides = [...new Map(known.map((one) => [one.a, `${one.a} minus ${one.b}`]))];
  if (!sides.length) return null;
  const side = sides.some(([a]) => a === compared) ? compared : sides[0][0];
  const rows = known.filter((one) => one.a === side).map((one) => ({
    one: { ...one, higher_is_better: true, equivalence: null, pairs: [] },
    name: Object.entries(tuning.settings[one.setting]).map(([pointer, value]) => `${pointer} ${value}`).join(", "),
    told: one.interval !== null && one.interval.low * one.interval.high > 0,
  }));
  return h("div", {},
    h("header", { class: "row spread" }, h("h3", {}, "Where the verdict would turn"), sides.length > 1 && select("Difference", sides, side, choose)),
    forestChart(signal, rows, `The difference at each of ${plural(rows.length, "setting")}, with intervals; the table above has the figures`),
    h("p", { class: "help" }, `${sides.find(([a]) => a === side)?.[1]} in ${metricWords(tuning.choose_by)}, at the same setting; a filled dot has an interval without zero. Where dots lie on both sides of zero, the answer depends on the setting.`));
}

/** @param {Reply.TuningResult} tuning */
function costs(tuning) {
  const spent = tuning.arms.map((one) => `${one.name} ${count(one.steps_spent)}`).join(", ");
  const known = tuning.by_setting.find((one) => one.interval)?.interval;
  const intervals = known ? `, with ${level(known.confidence)} intervals` : "";
  return h("p", { class: "help" },
    `Steps spent on tuning: ${spent}. Differences are of equal settings under the tuning seeds${intervals}: they describe, and decide nothing.`);
}

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
function expected(model, signal) {
  return lines(signal, {
    label: "The expected best validation metric of each arm against the number of settings tried. Arrow keys move the cursor.",
    height: 240, xLabel: "settings tried", format: (value) => formatMetric(value, model.results.tuning?.choose_by ?? ""),
    arms: () => (model.results.tuning?.arms ?? []).map((one) => ({
      name: one.name, index: model.indexOf(one.name),
      runs: [{
        steps: one.expected_best.map((best) => best.settings), values: one.expected_best.map((best) => best.mean),
        band: { low: one.expected_best.map((best) => best.low), high: one.expected_best.map((best) => best.high) },
      }],
    })),
  });
}
