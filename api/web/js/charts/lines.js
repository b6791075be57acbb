// Learning curves: for each arm the mean over its seeds with a band, and every run faintly behind.

import { armColour, armDash, colour } from "../theme.js";
import { between, meanAndBand, onto, union } from "./numbers.js";
import { plot } from "./plot.js";

const WHOLE = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((one) => one * 10 ** power)); // between numbers of steps
const MOST_RUNS = 120; // single runs that are drawn; beyond, the bands say it

/**
 * @typedef {Page.Arm & { runs: Page.Line[] }} CurvesOfArm
 * @typedef {{ value: number, label: string }} Level
 * @typedef {{ step: number, index: number }} Mark
 * @typedef {(all: number[], steps: number[], values: Page.Numbers) => Page.Numbers} Place
 * @typedef {object} Curves
 * @property {string} label
 * @property {() => CurvesOfArm[]} arms
 * @property {() => boolean} [log]
 * @property {() => Level[]} [levels]
 * @property {() => Mark[]} [marks]
 * @property {boolean} [exact]
 * @property {Page.LegendEntry["format"]} [format]
 * @property {number} [height]
 * @property {string[]} [parts]
 * @property {string} [xLabel]
 */

/**
 * `arms()` gives [{ name, index, runs: [{ steps, values }] }]; `log()` whether the axis is
 * logarithmic; `levels()` horizontal lines [{ value, label }]; `marks()` steps to mark
 * [{ step, index }]. `exact` says that the runs of an arm share their steps; else lines are laid
 * between their points. `parts` names more lines of each arm: [{ label, dashed }], one a value list.
 * @param {AbortSignal} signal
 * @param {Curves} chart
 */
export function lines(signal, { label, arms, log = () => false, levels = () => [], marks = () => [], exact = true, format, height, parts = [""], xLabel }) {
  return plot(signal, {
    label, height, xLabel,
    make() {
      const now = arms();
      const x = union(now.flatMap((arm) => arm.runs.map((run) => run.steps)));
      /** @type {Page.Drawing} */
      const made = { data: [x], series: [], bands: [], legend: [] };
      const place = exact ? onto : between;
      const draw = now.reduce((sum, arm) => sum + arm.runs.length, 0) <= MOST_RUNS;
      for (const arm of now) {
        for (const [at, part] of parts.entries()) add(made, arm, part, at, x, place, draw, log(), format);
      }
      return {
        ...made,
        scales: { y: log() ? { distr: 3, range: logRange } : {} },
        axes: { x: { incrs: WHOLE }, y: { values: (_, values) => values.map((value) => (value === null ? "" : tidy(value))) } },
        hooks: { draw: [(u) => drawLevels(u, levels()), (u) => drawMarks(u, marks())] },
      };
    },
  });
}

/**
 * @param {Page.Drawing} made
 * @param {CurvesOfArm} arm
 * @param {string} part
 * @param {number} at
 * @param {number[]} x
 * @param {Place} place
 * @param {boolean} drawRuns
 * @param {boolean} log
 * @param {Page.LegendEntry["format"]} format
 */
function add(made, arm, part, at, x, place, drawRuns, log, format) {
  const stroke = colour(armColour(arm.index));
  const dash = at ? [5, 4] : armDash(arm.index);
  const rows = arm.runs.map((run) => cleaned(place(x, run.steps, (run.parts ? run.parts[at] : run.values) ?? []), log));
  if (drawRuns && rows.length > 1) {
    for (const row of rows) {
      made.data.push(row);
      made.series.push({ stroke: `${stroke}40`, width: 1, dash, points: { show: false }, spanGaps: true });
    }
  }
  const { mean, low, high } = withBand(arm, x) ?? meanAndBand(rows, x.length);
  const first = made.data.length;
  made.data.push(cleaned(low, log), high, mean);
  /** @type {uPlot.Series} */
  const edge = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: true };
  made.series.push(edge, edge, { stroke, width: 2.25, dash, points: { show: x.length < 2 }, spanGaps: true });
  made.bands?.push({ series: [first + 1, first], fill: `${stroke}26` });
  made.legend.push({
    label: part ? `${arm.name} ${part}` : arm.name, arm: armColour(arm.index), dashed: Boolean(dash), series: first + 2, format,
  });
}

/**
 * Of an arm with one line, where this brings its own band.
 * @param {CurvesOfArm} arm
 * @param {number[]} x
 */
function withBand({ runs: [one] }, x) {
  if (!one?.band) return null;
  const [mean, low, high] = [one.values ?? [], one.band.low, one.band.high].map((values) => onto(x, one.steps, values));
  return { mean, low, high };
}

/**
 * @param {Page.Numbers} values
 * @param {boolean} log
 */
function cleaned(values, log) {
  return log ? values.map((value) => (value !== null && value > 0 ? value : null)) : values;
}

/**
 * @param {uPlot} _
 * @param {number} low
 * @param {number} high
 * @returns {[number, number]}
 */
function logRange(_, low, high) {
  if (!(low > 0) || !(high > 0)) return [0.1, 1];
  return low === high ? [low / 2, high * 2] : [low * 0.92, high * 1.08];
}

/** @param {number} value */
function tidy(value) {
  return Math.abs(value) >= 10000 || (value !== 0 && Math.abs(value) < 0.001)
    ? value.toExponential(0) : String(Number(value.toPrecision(4)));
}

/**
 * @param {uPlot} u
 * @param {Level[]} levels
 */
function drawLevels(u, levels) {
  const { ctx, bbox } = u;
  for (const { value, label } of levels) {
    const y = Math.round(u.valToPos(value, "y", true));
    if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("muted");
    ctx.setLineDash([6 * devicePixelRatio, 5 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `${11.5 * devicePixelRatio}px Inter, sans-serif`;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    const right = bbox.left + bbox.width;
    const wide = ctx.measureText(label).width + 12 * devicePixelRatio;
    const text = ctx.fillStyle;
    ctx.fillStyle = colour("ground");
    ctx.fillRect(right - wide, y - 8 * devicePixelRatio, wide, 16 * devicePixelRatio);
    ctx.fillStyle = text;
    ctx.fillText(label, right - 4 * devicePixelRatio, y);
    ctx.restore();
  }
}

/**
 * An arm's time on the plateau: a bar along the foot of the chart, up to a line where it ends.
 * @param {uPlot} u
 * @param {Mark[]} marks
 */
function drawMarks(u, marks) {
  const { ctx, bbox } = u;
  const thick = 4 * devicePixelRatio;
  marks.forEach(({ step, index }, row) => {
    const x = Math.min(bbox.left + bbox.width, u.valToPos(step, "x", true));
    if (x < bbox.left) return;
    const foot = bbox.top + bbox.height - thick * (row + 1) * 1.5;
    ctx.save();
    ctx.fillStyle = ctx.strokeStyle = colour(armColour(index));
    ctx.fillRect(bbox.left, foot, x - bbox.left, thick);
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, foot);
    ctx.stroke();
    ctx.restore();
  });
}
