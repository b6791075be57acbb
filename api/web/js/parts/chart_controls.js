// What a reader sets of all charts of a view at once: how smooth, over what, and that all is shown.

/** @import { ChartGroup } from "../charts/group.js" */

import { h } from "../dom.js";
import { select } from "./small.js";

const MOST = 0.98; // a line that is smoother says nothing of its own

/**
 * @param {ChartGroup} group
 * @param {boolean} timed whether the time of a step is known
 */
export function chartControls(group, timed) {
  const told = h("output", { class: "number small" }, "0");
  const slider = h("input", { type: "range", "aria-label": "Smoothing", min: 0, max: MOST, step: 0.02, value: group.smoothing, on: { input: () => {
    told.textContent = slider.value;
    group.smooth(Number(slider.value));
  } } });
  return [
    h("label", { class: "smoothing" }, h("span", { class: "small" }, "Smoothing"), slider, told),
    timed && select("Over", [["step", "over steps"], ["time", "over training time"]], group.byTime ? "time" : "step", (value) => group.measureBy(value === "time")),
  ];
}
