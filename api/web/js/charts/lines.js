// Learning curves: for each arm the mean over its seeds with a band, and every run faintly behind.

import { duration, significant } from "../format.js";
import { armColour, armDash, colour } from "../theme.js";
import { between, meanAndBand, onto, smoothed, union } from "./numbers.js";
import { plot } from "./plot.js";

/** @import { ChartGroup } from "./group.js" */

const WHOLE = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((one) => one * 10 ** power)); // between numbers of steps
const MOST_RUNS = 120; // single runs that are drawn; beyond, the bands say it
const MOST_BANDS = 8; // arms with a band and single runs; more are a tangle, of which the means can be read
const MOMENTS = 240; // points of an axis of time, on which no two runs have the same

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
 * @property {ChartGroup | null} [group]
 */

/**
 * `arms()` gives [{ name, index, runs: [{ steps, values }] }]; `log()` whether the axis is
 * logarithmic; `levels()` horizontal lines [{ value, label }]; `marks()` steps to mark
 * [{ step, index }]. `exact` says that the runs of an arm share their steps; else lines are laid
 * between their points. `parts` names more lines of each arm: [{ label, dashed }], one a value list.
 * A `group` may leave arms out, smooth the lines, and have them over time.
 * @param {AbortSignal} signal
 * @param {Curves} chart
 */
export function lines(signal, { label, arms, log = () => false, levels = () => [], marks = () => [], exact = true, format, height, parts = [""], xLabel, group = null }) {
  return plot(signal, {
    label, height, xLabel, group,
    make() {
      const now = arms();
      const drawn = now.filter((arm) => !group?.hidden.has(arm.name));
      const timed = Boolean(group?.byTime) && now.every((arm) => arm.runs.every((run) => run.seconds));
      const steps = (/** @type {Page.Line} */ run) => (timed ? run.steps.map((step) => step * (run.seconds ?? 0)) : run.steps);
      const x = timed ? moments(drawn, steps) : union(drawn.flatMap((arm) => arm.runs.map((run) => run.steps)));
      /** @type {Page.Drawing} */
      const made = { data: [x], series: [], bands: [], legend: [] };
      const place = exact && !timed ? onto : between;
      const few = drawn.length <= MOST_BANDS && drawn.reduce((sum, arm) => sum + arm.runs.length, 0) <= MOST_RUNS;
      /** @type {Manner} */
      const manner = { x, steps, place, runs: few, bands: drawn.length <= MOST_BANDS, log: log(), smoothing: group?.smoothing ?? 0, format, switched: group !== null && now.length > 1 };
      for (const arm of now) {
        for (const [at, part] of parts.entries()) {
          if (drawn.includes(arm)) add(made, arm, part, at, manner);
          else made.legend.push({ ...entry(arm, part, at, manner), off: true, series: 0 });
        }
      }
      return {
        ...made,
        xName: timed ? "training time" : undefined,
        cursorX: timed ? duration : undefined,
        scales: { y: log() ? { distr: 3, range: logRange } : {} },
        axes: { x: timed ? { values: (_, values) => values.map(duration) } : { incrs: WHOLE }, y: { values: (_, values) => values.map((value) => (value === null ? "" : significant(value, 4))) } },
        hooks: { draw: [(u) => drawLevels(u, levels()), (u) => { if (!timed) drawMarks(u, marks()); }] },
      };
    },
  });
}

/**
 * How lines are made of values, the same for all of a chart.
 * @typedef {object} Manner
 * @property {number[]} x
 * @property {(run: Page.Line) => number[]} steps
 * @property {Place} place
 * @property {boolean} runs whether each run is drawn, faintly
 * @property {boolean} bands
 * @property {boolean} log
 * @property {number} smoothing
 * @property {Page.LegendEntry["format"]} format
 * @property {boolean} switched whether the legend can leave arms out
 */

/**
 * Evenly spaced times up to the longest run's.
 * @param {CurvesOfArm[]} arms
 * @param {(run: Page.Line) => number[]} steps
 */
function moments(arms, steps) {
  const last = Math.max(0, ...arms.flatMap((arm) => arm.runs.map((run) => steps(run).at(-1) ?? 0)));
  return last ? Array.from({ length: MOMENTS + 1 }, (_, at) => (at * last) / MOMENTS) : [];
}

/**
 * @param {Page.Drawing} made
 * @param {CurvesOfArm} arm
 * @param {string} part
 * @param {number} at
 * @param {Manner} manner
 */
function add(made, arm, part, at, manner) {
  const { x, steps, place, log, smoothing } = manner;
  const stroke = colour(armColour(arm.index));
  const dash = at ? [5, 4] : armDash(arm.index);
  const raw = arm.runs.map((run) => cleaned(place(x, steps(run), (run.parts ? run.parts[at] : run.values) ?? []), log));
  const rows = raw.map((row) => smoothed(row, smoothing));
  if (manner.runs && (rows.length > 1 || smoothing)) {
    for (const row of raw) {
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
  if (manner.bands) made.bands?.push({ series: [first + 1, first], fill: `${stroke}26` });
  made.legend.push({ ...entry(arm, part, at, manner), series: first + 2, band: low.some((one) => one !== null) ? [first, first + 1] : undefined });
}

/**
 * @param {CurvesOfArm} arm
 * @param {string} part
 * @param {number} at
 * @param {Manner} manner
 */
function entry(arm, part, at, { format, switched }) {
  return {
    label: part ? `${arm.name} ${part}` : arm.name, arm: armColour(arm.index), dashed: Boolean(at) || arm.index >= 8, format,
    key: switched ? arm.name : undefined, part: part ? { name: part, of: arm.name } : undefined,
  };
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
 * It begins with one digit, 0.0009 for 0.000996: from between two of these, uPlot counts past the
 * power above, never finds it, and goes on until its list of numbers is full.
 * @param {uPlot} _
 * @param {number} low
 * @param {number} high
 * @returns {[number, number]}
 */
function logRange(_, low, high) {
  if (!(low > 0) || !(high > 0)) return [0.1, 1];
  const [from, to] = low === high ? [low / 2, high * 2] : [low * 0.92, high * 1.08];
  const power = 10 ** Math.floor(Math.log10(from));
  return [Number((Math.floor(from / power) * power).toPrecision(1)), to];
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
    if (!label) {
      ctx.restore();
      continue;
    }
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
