// The run's own metrics over its steps.

import { call, wasStopped } from "../../api.js";
import { lines } from "../../charts/lines.js";
import { fill, h } from "../../dom.js";
import { formatMetric } from "../../format.js";
import { metricLabel } from "../../metrics.js";
import { alertOf, loading } from "../../parts/notices.js";
import { ACTIVE, section, select } from "../../parts/small.js";

const MOST_POINTS = 800;

/** @param {Page.RunModel} model */
export function stepsSection(model) {
  /** @type {Reply.Steps | null} */
  let columns = null;
  const words = new Map(model.metrics.steps.map((metric) => [metric.name, metricLabel(metric)]));
  let asked = "loss_per_row";
  let log = false;
  const choose = select("Metric", [], asked, (value) => {
    asked = value;
    build();
  });
  const scale = h("button", { type: "button", "aria-pressed": "false", on: { click: () => {
    log = !log;
    scale.setAttribute("aria-pressed", String(log));
    scale.classList.toggle("primary", log);
    build();
  } } }, "Log scale");
  const { node, body } = section("steps", "Steps", choose, scale);
  /** @type {Page.Plot | null} */
  let chart = null;
  let stop = new AbortController();
  model.signal.addEventListener("abort", () => stop.abort());
  const index = model.experiment.spec.arms.findIndex((arm) => arm.name === model.run.arm);

  function build() {
    stop.abort();
    stop = new AbortController();
    chart = lines(stop.signal, {
      label: `${words.get(asked)} over the steps of the run`, log: () => log, format: (value) => formatMetric(value, "loss"),
      arms: () => [{ name: words.get(asked) ?? asked, index, runs: [{ steps: columns?.step ?? [], values: columns?.[asked] }] }],
    });
    fill(body, chart.node);
  }

  async function load() {
    try {
      const found = await call(`/v1/runs/${model.run.id}/steps?max_points=${MOST_POINTS}`, { signal: model.signal });
      if (!found.step.length) return fill(body, loading(ACTIVE.has(model.run.state) ? "No step is stored yet." : "The run ended before its first step was stored."));
      const first = columns === null;
      columns = found;
      if (!first) return chart?.draw();
      const there = [...words].filter(([name]) => name in found); // a loss of few terms has few shares
      fill(choose, there.map(([name, label]) => h("option", { value: name }, label)));
      choose.value = asked;
      build();
    } catch (error) {
      if (!wasStopped(error)) fill(body, alertOf(error));
    }
  }

  fill(body, loading());
  load();
  let seen = model.run.step;
  model.listeners.add(() => {
    if (model.run.step === seen) return;
    seen = model.run.step;
    load();
  });
  return node;
}
