// Learning curves, drawn while the runs go on.

/** @import { Model } from "./model.js" */

import { lines } from "../../charts/lines.js";
import { fill, h } from "../../dom.js";
import { formatMetric } from "../../format.js";
import { chartControls } from "../../parts/chart_controls.js";
import { loading } from "../../parts/notices.js";
import { section, select } from "../../parts/small.js";

const NAMED_LEVELS = 3;

/**
 * What can be drawn, by the names that the results have: all metrics of the validation, and the
 * losses of the steps. The other metrics of the steps are gauges, and have charts of their own.
 * @param {Reply.MetricsView} listed
 */
function curvesOf({ steps, evaluations }) {
  /** @type {Map<string, { words: string, from: "evaluations" | "steps", column: string }>} */
  const curves = new Map();
  for (const { name, label, unit, splits } of evaluations) {
    if (splits.includes("validation") && unit !== "pairs") curves.set(`validation.${name}`, { words: `Validation ${label}`, from: "evaluations", column: name });
  }
  for (const { name, label, unit } of steps) {
    if (unit === "loss") curves.set(`train.${name}`, { words: `Training ${label}`, from: "steps", column: name });
  }
  return curves;
}

/**
 * @param {Model} model
 * @param {AbortSignal} signal
 */
export function curvesSection(model, signal) {
  const curves = curvesOf(model.metrics);
  let asked = "validation.loss_per_row";
  let log = false;
  const choose = select("Metric", [...curves].map(([key, { words }]) => [key, words]), asked, (value) => {
    asked = value;
    build();
  });
  const scale = h("button", { type: "button", "aria-pressed": "false", on: { click: toggle } }, "Log scale");
  const whole = h("button", { type: "button", on: { click: () => chart?.reset() } }, "Show all steps");
  const timed = model.compared.some((run) => run.trained_seconds > 0);
  const { node, body } = section("curves", "Learning curves", chartControls(model.charts, timed), choose, scale, whole);
  /** @type {Page.Plot | null} */
  let chart = null;
  /** @type {AbortController | null} */
  let stop = null;

  function toggle() {
    log = !log;
    scale.setAttribute("aria-pressed", String(log));
    scale.classList.toggle("primary", log);
    build();
  }

  function build() {
    stop?.abort();
    if (model.series.empty) {
      fill(body, model.active ? loading("No step is stored yet; the curves begin with the first.") : loading("No run of this experiment has stored a step."));
      chart = null;
      return;
    }
    stop = new AbortController();
    signal.addEventListener("abort", () => stop?.abort());
    const { words, from, column } = /** @type {NonNullable<ReturnType<typeof curves.get>>} */ (curves.get(asked));
    chart = lines(stop.signal, {
      label: `${words} of each arm over the steps. Arrow keys move the cursor, plus and minus zoom, zero shows all.`,
      height: 320, group: model.charts, exact: from === "evaluations", log: () => log, format: (value) => formatMetric(value, column),
      arms: () => model.arms.map((arm) => ({ ...arm, runs: from === "steps" ? model.series.ofSteps(arm.runs, column) : model.series.ofEvaluations(arm.runs, column) })),
      levels: () => (column === "loss_per_row" ? levels(model) : []),
    });
    fill(body, chart.node, h("p", { class: "help" },
      "Lines are means over the seeds, bands one standard deviation, faint lines single runs. Drag to zoom, here and in the gauges below; a double click shows all again. A name switches its arm off and on. Of more than eight arms only the means are drawn."));
  }

  fill(body, loading());
  model.series.listen(() => (chart ? chart.draw() : build()));
  return node;
}

/**
 * The plateau of each arm that is drawn and whose loss has one; arms with the same level share a
 * line, and of many lines only the highest is named.
 * @param {Model} model
 */
export function levels(model) {
  const found = model.results.waiting_times.times.find((one) => one.kind === "leave_plateau");
  const shown = (found?.arms ?? []).filter(({ arm }) => !model.charts.hidden.has(arm));
  const values = [...new Set(shown.map((arm) => arm.plateau_level).filter((one) => one !== null))].sort((a, b) => b - a);
  if (values.length <= NAMED_LEVELS) return values.map((value) => ({ value, label: "the plateau ends below" }));
  return values.map((value, at) => ({ value, label: at ? "" : "the plateaus end below these" }));
}
