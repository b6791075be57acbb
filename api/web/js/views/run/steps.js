// The run's own figures over its steps.

import { call, wasStopped } from "../../api.js";
import { lines } from "../../charts/lines.js";
import { fill, h } from "../../dom.js";
import { figure } from "../../format.js";
import { alertOf, loading } from "../../parts/notices.js";
import { section, select } from "../../parts/small.js";

/** @type {Record<string, string>} */
const WORDS = {
  loss_per_row: "Loss per row", loss: "Loss of the batch", s_ap_mean: "Similarity of positives",
  s_an_mean: "Similarity of negatives", harder_share: "Rows with a harder negative",
  masked_share: "Rows whose negatives are all masked", false_closest_share: "Closest negative is a known duplicate",
  gradient_norm: "Gradient norm", lr: "Learning rate",
};
const MOST_POINTS = 800;

/** @param {Page.RunModel} model */
export function stepsSection(model) {
  /** @type {Reply.Steps | null} */
  let columns = null;
  let asked = "loss_per_row";
  let log = false;
  const choose = select("Figure", [[asked, WORDS[asked]]], asked, (value) => {
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
      label: `${words(asked)} over the steps of the run`, log: () => log, format: (value) => figure(value, "loss"),
      arms: () => [{ name: words(asked), index, runs: [{ steps: columns?.step ?? [], values: columns?.[asked] }] }],
    });
    fill(body, chart.node);
  }

  async function load() {
    try {
      const found = await call(`/v1/runs/${model.run.id}/steps?max_points=${MOST_POINTS}`, { signal: model.signal });
      if (!found.step.length) return fill(body, loading("No step is stored yet."));
      const first = columns === null;
      columns = found;
      if (!first) return chart?.draw();
      fill(choose, Object.keys(columns).filter((name) => name !== "step").map((name) => h("option", { value: name }, words(name))));
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

/** @param {string} name */
function words(name) {
  return WORDS[name] ?? `Rows whose term ${name.replace("active_", "")} costs`;
}
