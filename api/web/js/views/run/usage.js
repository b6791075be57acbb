// What the run's process uses over time: processors, memory, and the GPU where it has one.

import { call, wasStopped } from "../../api.js";
import { lines } from "../../charts/lines.js";
import { fill, h } from "../../dom.js";
import { percent, significant } from "../../format.js";
import { alertOf, loading } from "../../parts/notices.js";
import { ACTIVE, section } from "../../parts/small.js";

const HEIGHT = 170;
const MEGABYTE = 1e6;

/** @type {{ name: "processors" | "memory" | "gpu" | "gpu_memory", label: string, unit: number, format: (value: number) => string }[]} */
const CHARTS = [
  { name: "processors", label: "Processors in use", unit: 1, format: (value) => `${value.toFixed(2)} of a core` },
  { name: "memory", label: "Memory, in MB", unit: MEGABYTE, format: (value) => `${significant(value, 4)} MB` },
  { name: "gpu", label: "Time in which the GPU computed", unit: 1, format: percent },
  { name: "gpu_memory", label: "Memory of the GPU, in MB", unit: MEGABYTE, format: (value) => `${significant(value, 4)} MB` },
];

/** @param {Page.RunModel} model */
export function usageSection(model) {
  const { node, body } = section("usage", "Processor and memory");
  const index = model.experiment.spec.arms.findIndex((arm) => arm.name === model.run.arm);
  /** @type {Reply.UsageView | null} */
  let usage = null;
  /** @type {Page.Plot[]} */
  let plots = [];
  let busy = false;

  /** @param {(typeof CHARTS)[number]} chart */
  function plotOf({ name, label, unit, format }) {
    return lines(model.signal, {
      label: `${label} over the seconds of the run`, height: HEIGHT, xLabel: "second", format,
      arms: () => [{ name: label, index, runs: [{ steps: usage ? seconds(usage) : [], values: usage?.[name].map((value) => (value === null ? null : value / unit)) }] }],
    });
  }

  async function load() {
    if (busy) return;
    busy = true;
    try {
      const found = await call(`/v1/runs/${model.run.id}/usage`, { signal: model.signal });
      usage = found;
      if (!found.seconds.length) return fill(body, loading(ACTIVE.has(model.run.state) ? "The first sample is taken after some seconds of the run." : "It has no samples: it was over too soon, or before they were taken."));
      const there = CHARTS.filter(({ name }) => found[name].some((value) => value !== null));
      if (plots.length === there.length) {
        for (const plot of plots) plot.draw();
        return;
      }
      plots = there.map(plotOf);
      fill(body, h("div", { class: "gauges" }, plots.map((plot) => plot.node)),
        h("p", { class: "help" }, "Of the process that trains the run, from one sample to the next. Its attempts stand one after the other; runs that are trained as one stack share a process."));
    } catch (error) {
      if (!wasStopped(error)) fill(body, alertOf(error));
    } finally {
      busy = false;
    }
  }

  fill(body, loading());
  load();
  model.listeners.add(load);
  return node;
}

/**
 * The seconds since the first attempt began, without the pauses between attempts.
 * @param {Reply.UsageView} usage
 */
function seconds(usage) {
  let before = 0;
  return usage.seconds.map((value, at) => {
    if (at && usage.attempt[at] !== usage.attempt[at - 1]) before += usage.seconds[at - 1];
    return before + value;
  });
}
