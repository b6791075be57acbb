// One uPlot with what every chart here has: the theme's colours, zoom by mouse and keys, a legend
// that says the values under the cursor, and a drawing that follows the width of its place.

import { drawnToWidth, fill, h } from "../dom.js";
import { colour, onTheme } from "../theme.js";
import { moveTo, zoomKeys } from "./keys.js";
import { legendOf } from "./legend.js";
import { canvasOf, csvOfPlot, toolsOf } from "./tools.js";

/** @import { ChartGroup, Zoom } from "./group.js" */

const GAP = 48; // pixels between two numbers of an axis
const ENLARGED = 0.72; // of the window's height

/**
 * `make()` gives { data, series, bands, scales, axes, legend, hooks } as it is now, with colours.
 * Series are uPlot's; `legend` is [{ label, arm, dashed, series, format }] for those that are told,
 * with a `key` where it can be switched off in the group. `draw()` shows new data and keeps the
 * zoom; `reset()` shows all. Charts of a `group` share zoom and cursor.
 * @param {AbortSignal} signal
 * @param {Page.Chart & { group?: ChartGroup | null }} chart
 * @returns {Page.Plot}
 */
export function plot(signal, { label, height = 260, make, group = null, xLabel = "step", cursorX = (x) => `${xLabel} ${Math.round(x)}`, drag = true }) {
  const legend = legendOf((key) => group?.toggle(key));
  const holder = h("div", { class: "holder", tabindex: "0", role: "img", "aria-label": label, "aria-roledescription": "chart" });
  const node = h("div", { class: "plot" });
  /** @type {uPlot | null} */
  let chart = null;
  /** @type {Page.Drawing} */
  let made = { data: [[]], series: [], legend: [] };
  /** @type {Zoom} */
  let zoom = null;

  /** @param {number} width */
  function build(width) {
    const at = chart?.cursor.idx ?? null;
    const read = at === null ? undefined : chart?.data[0][at]; // the step under the cursor, if there is one
    chart?.destroy();
    chart = null;
    made = make();
    fill(holder);
    if (group) zoom = group.zoom;
    const wanted = zoom; // the first drawing shows all, and notes that
    chart = new uPlot(options(width), made.data, holder);
    zoom = wanted;
    if (zoom) chart.setScale("x", zoom);
    legend.draw(made.legend);
    tell(null);
    if (read !== undefined) queueMicrotask(() => api.point(read)); // uPlot lays its scales in one before
  }

  /**
   * @param {number} width
   * @returns {uPlot.Options}
   */
  function options(width) {
    const tall = node.closest("dialog") ? innerHeight * ENLARGED : (made.height ?? height);
    return {
      width, height: tall, legend: { show: false },
      series: [{}, ...made.series], bands: made.bands ?? [],
      scales: { x: { time: false }, ...made.scales },
      axes: axes(made.axes ?? {}),
      cursor: { drag: { x: drag, y: false }, points: { show: false } },
      hooks: {
        ...made.hooks,
        setCursor: [(u) => pointed(u)],
        setScale: [(u, key) => { if (key === "x" && u === chart) noteZoom(u); }],
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
      { ...base, grid: { show: false }, space: GAP, size: 28, label: made.xName ?? xLabel, labelSize: 18, labelGap: 0, labelFont: base.font, ...x },
      { ...base, size: 56, space: 32, ...y },
    ];
  }

  /** @param {uPlot} u */
  function noteZoom(u) {
    const all = u.data[0];
    const { min = 0, max = 0 } = u.scales.x;
    const whole = !all.length || (min <= all[0] && max >= all[all.length - 1]);
    zoom = whole ? null : { min, max };
    if (group && (zoom?.min !== group.zoom?.min || zoom?.max !== group.zoom?.max)) group.zoomed(api, zoom);
  }

  /** @param {uPlot} u */
  function pointed(u) {
    tell(u.cursor.idx);
    if (!holder.matches(":hover, :focus")) return; // it follows another chart
    const index = u.cursor.idx;
    group?.pointed(api, index === null || index === undefined ? null : u.data[0][index]);
  }

  /** @param {number | null | undefined} index */
  function tell(index) {
    const at = index === null || index === undefined ? null : (chart?.data[0]?.[index] ?? null);
    legend.tell((one) => chart?.data[one.series]?.[index ?? 0], at === null ? null : (made.cursorX ?? cursorX)(at));
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
      legend.draw(made.legend);
      chart.setData(made.data, !zoom);
      if (zoom) chart.redraw(true);
      tell(chart.cursor.idx);
    },
    rebuild() {
      if (chart) build(chart.width);
    },
    reset() {
      api.show(null);
    },
    zoomTo(min, max) {
      chart?.setScale("x", { min, max });
    },
    show(wanted) {
      const all = chart?.data[0] ?? [];
      if (wanted) chart?.setScale("x", wanted);
      else if (all.length) chart?.setScale("x", { min: all[0], max: all[all.length - 1] });
    },
    point(x) {
      if (!chart) return;
      if (x === null) return chart.setCursor({ left: -10, top: -10 });
      const index = nearest(chart.data[0], x);
      if (index >= 0) moveTo(chart, index);
    },
  };
  fill(node, legend.node, holder, toolsOf(node, label, {
    picture: () => canvasOf(api, made), csv: () => csvOfPlot({ ...made, xName: made.xName ?? xLabel }),
  }));
  group?.join(api, signal);
  zoomKeys(holder, api);
  drawnToWidth(holder, signal, build);
  onTheme(api.rebuild, signal);
  signal.addEventListener("abort", () => chart?.destroy());
  return api;
}

/**
 * Where in an ascending list the number next to this one is; -1 in an empty list.
 * @param {ArrayLike<number>} all
 * @param {number} x
 */
function nearest(all, x) {
  let best = all.length ? 0 : -1;
  for (let at = 1; at < all.length; at += 1) if (Math.abs(all[at] - x) < Math.abs(all[best] - x)) best = at;
  return best;
}
