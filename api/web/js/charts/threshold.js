// How similar a run finds the test pairs, by label, with a threshold to drag and what follows of it.

import { fill, h } from "../dom.js";
import { percent } from "../format.js";
import { fact } from "../parts/small.js";
import { bars } from "./bars.js";
import { Confusion, histogram } from "./numbers.js";

const BINS = 40;

/**
 * `scores` is the reply of /scores, `own` the threshold that the run itself met, or null.
 * @param {AbortSignal} signal
 * @param {Reply.ScoresView} scores
 * @param {number | null} own
 */
export function thresholdChart(signal, scores, own) {
  const confusion = new Confusion(scores.label, scores.score);
  const low = Math.min(-0.2, ...extremes(scores.score).slice(0, 1));
  const [from, to] = [Math.max(-1, Math.floor(low * 20) / 20), 1];
  const start = Array.from({ length: BINS }, (_, bin) => from + ((to - from) * bin) / BINS);
  /** @param {boolean} label */
  const of = (label) => histogram(scores.score.filter((_, index) => (scores.label[index] === 1) === label), from, to, BINS);
  const bins = { start, end: to, duplicates: of(true), others: of(false) };
  let threshold = own ?? 0.7;

  const line = h("div", { class: "threshold-line" });
  const facts = h("dl", { class: "facts" });
  const shown = h("output", { for: "threshold", class: "number" });
  const range = h("input", {
    type: "range", id: "threshold", min: from, max: to, step: 0.005, value: threshold, "aria-label": "Threshold",
    on: { input: () => set(Number(range.value)) },
  });
  const chart = bars(signal, {
    label: "Histogram of the similarities of test pairs, by label", bins: () => bins, share: true, drag: false, xLabel: "similarity",
    cursorX: (x) => `similarity from ${x.toFixed(3)}`,
    hooks: { ready: [dragged], draw: [place] },
  });
  chart.node.classList.add("draggable");

  /** @param {number} value */
  function set(value) {
    threshold = Math.max(from, Math.min(to, value));
    range.value = String(threshold);
    const at = confusion.at(threshold);
    shown.textContent = threshold.toFixed(3);
    range.setAttribute("aria-valuetext", `${threshold.toFixed(3)}, accuracy ${at.accuracy.toFixed(4)}`);
    fill(facts,
      fact("Accuracy", h("span", { "data-metric": "accuracy" }, at.accuracy.toFixed(4))),
      fact("Precision", at.precision === null ? "–" : percent(at.precision)),
      fact("Recall", at.recall === null ? "–" : percent(at.recall)),
      fact("Called duplicates", percent(at.calledDuplicate)));
    if (chart.chart) place(chart.chart);
  }

  /** @param {uPlot} u */
  function place(u) {
    line.style.left = `${u.valToPos(threshold, "x")}px`;
    if (line.parentNode !== u.over) u.over.append(line);
  }

  /** @param {uPlot} u */
  function dragged(u) {
    /** @param {PointerEvent} event */
    const follow = (event) => set(u.posToVal(event.clientX - u.over.getBoundingClientRect().left, "x"));
    u.over.addEventListener("pointerdown", (event) => {
      u.over.setPointerCapture(event.pointerId);
      follow(event);
    });
    u.over.addEventListener("pointermove", (event) => {
      if (u.over.hasPointerCapture(event.pointerId)) follow(event);
    });
  }

  const reset = own === null ? null
    : h("button", { type: "button", on: { click: () => set(own) } }, `Back to the run's ${own.toFixed(3)}`);
  set(threshold);
  return h("div", {}, chart.node,
    h("div", { class: "threshold" }, h("label", { for: "threshold" }, "Threshold"), range, shown), facts,
    h("p", { class: "help" }, "Drag the line, or use the arrow keys on the slider. This changes nothing in the results: a threshold chosen on test pairs would flatter the run."),
    reset);
}

/** @param {number[]} values */
function extremes(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
