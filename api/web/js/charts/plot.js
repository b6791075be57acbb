// One uPlot with what every chart here has: the theme's colours, zoom by mouse and keys, a legend
// that says the values under the cursor, and a drawing that follows the width of its place.

import { drawnToWidth, fill, h } from "../dom.js";
import { colour, onTheme } from "../theme.js";
import { moveTo, zoomKeys } from "./keys.js";

const GAP = 48; // pixels between two numbers of an axis

/**
 * `make()` gives { data, series, bands, scales, axes, legend, hooks } as it is now, with colours.
 * Series are uPlot's; `legend` is [{ label, arm, dashed, series, format }] for those that are told.
 * `draw()` shows new data and keeps the zoom; `reset()` shows all.
 * @param {AbortSignal} signal
 * @param {Page.Chart} chart
 * @returns {Page.Plot}
 */
export function plot(signal, { label, height = 260, make, xLabel = "step", cursorX = (x) => `${xLabel} ${Math.round(x)}`, drag = true }) {
  const legend = h("div", { class: "legend" });
  const holder = h("div", { class: "holder", tabindex: "0", role: "img", "aria-label": label, "aria-roledescription": "chart" });
  const node = h("div", { class: "plot" }, legend, holder);
  /** @type {uPlot | null} */
  let chart = null;
  /** @type {Page.Drawing} */
  let made = { data: [[]], series: [], legend: [] };
  /** @type {{ min: number, max: number } | null} */
  let zoom = null;

  /** @param {number} width */
  function build(width) {
    const at = chart?.cursor.idx ?? null;
    const read = at === null ? undefined : chart?.data[0][at]; // the step under the cursor, if there is one
    chart?.destroy();
    made = make();
    fill(holder);
    chart = new uPlot(options(width), made.data, holder);
    if (zoom) chart.setScale("x", zoom);
    tell(null);
    if (read !== undefined) queueMicrotask(() => readAgain(read)); // uPlot lays its scales in one before
  }

  /**
   * A new drawing under a reader's cursor: it stays at its step.
   * @param {number} step
   */
  function readAgain(step) {
    if (!chart) return;
    const index = chart.data[0].indexOf(step);
    if (index >= 0) moveTo(chart, index);
  }

  /**
   * @param {number} width
   * @returns {uPlot.Options}
   */
  function options(width) {
    return {
      width, height: made.height ?? height, legend: { show: false },
      series: [{}, ...made.series], bands: made.bands ?? [],
      scales: { x: { time: false }, ...made.scales },
      axes: axes(made.axes ?? {}),
      cursor: { drag: { x: drag, y: false }, points: { show: false } },
      hooks: {
        ...made.hooks,
        setCursor: [(u) => tell(u.cursor.idx)],
        setScale: [(u, key) => { if (key === "x") noteZoom(u); }],
      },
    };
  }

  /**
   * @param {{ x?: uPlot.Axis, y?: uPlot.Axis }} given
   * @returns {uPlot.Axis[]}
   */
  function axes({ x = {}, y = {} }) {
    const base = {
      stroke: colour("muted"), font: `12px ${colour("sans")}`,
      grid: { stroke: colour("line"), width: 1 }, ticks: { show: false },
    };
    return [
      { ...base, grid: { show: false }, space: GAP, size: 28, label: xLabel, labelSize: 18, labelGap: 0, labelFont: base.font, ...x },
      { ...base, size: 56, space: 32, ...y },
    ];
  }

  /** @param {uPlot} u */
  function noteZoom(u) {
    const all = u.data[0];
    const { min = 0, max = 0 } = u.scales.x;
    const whole = !all.length || (min <= all[0] && max >= all[all.length - 1]);
    zoom = whole ? null : { min, max };
  }

  /** @param {number | null | undefined} index */
  function tell(index) {
    /** @param {number} column */
    const read = (column) => (index === null || index === undefined ? null : chart?.data[column]?.[index]);
    const at = read(0) ?? null;
    fill(legend, made.legend.map((one) => {
      const value = read(one.series);
      return h("span", { class: "arm" },
        h("span", { class: `line ${one.dashed ? "dashed" : ""}`, style: { "--arm": `var(--${one.arm})` }, "aria-hidden": "true" }),
        one.label,
        at === null ? null : h("output", { class: "number value" }, value === null || value === undefined ? "–" : (one.format ?? String)(value)));
    }), at === null ? null : h("span", { class: "at number" }, cursorX(at)));
  }

  /** @type {Page.Plot} */
  const api = {
    node,
    get chart() { return chart; },
    draw() {
      if (!chart) return;
      const series = made.series.length;
      made = make();
      if (made.series.length !== series) return build(chart.width); // a run appeared, with lines of its own
      chart.setData(made.data, !zoom);
      if (zoom) chart.redraw(true);
      tell(chart.cursor.idx);
    },
    rebuild() {
      if (chart) build(chart.width);
    },
    reset() {
      zoom = null;
      const all = chart?.data[0] ?? [];
      if (all.length) chart?.setScale("x", { min: all[0], max: all[all.length - 1] });
    },
    zoomTo(min, max) {
      chart?.setScale("x", { min, max });
    },
  };
  zoomKeys(holder, api);
  drawnToWidth(holder, signal, build);
  onTheme(api.rebuild, signal);
  signal.addEventListener("abort", () => chart?.destroy());
  return api;
}
