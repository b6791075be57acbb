// The metrics of every run, step by step: read once, then kept up to date by the stream.

import { call, each } from "../../api.js";
import { valueIn } from "../../metrics.js";

const MOST_POINTS = 400; // steps of a run that are asked for; the service keeps every extreme

export class Series {
  constructor() {
    /** @type {Map<string, Reply.Steps>} by the run's id */
    this.steps = new Map();
    /** @type {Map<string, Reply.EvaluationView[]>} by the run's id, in the order of steps */
    this.evaluations = new Map();
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    this.waiting = false;
  }

  /**
   * Hear of new values, at most once a frame.
   * @param {() => void} listener
   */
  listen(listener) {
    this.listeners.add(listener);
  }

  /**
   * Read what there is of these runs.
   * @param {Reply.RunView[]} runs
   * @param {AbortSignal} signal
   */
  async load(runs, signal) {
    await each(runs.filter((run) => run.step > 0), async (run) => {
      const [steps, evaluations] = await Promise.all([
        call(`/v1/runs/${run.id}/steps?max_points=${MOST_POINTS}`, { signal }),
        call(`/v1/runs/${run.id}/evaluations`, { signal }),
      ]);
      this.steps.set(run.id, steps);
      this.evaluations.set(run.id, evaluations.items);
      this.tell();
    });
    this.tell(); // also where there is nothing to read yet, which is worth saying
  }

  /**
   * Take in a message of the stream.
   * @param {string} event
   * @param {unknown} data
   */
  hear(event, data) {
    if (event === "steps") {
      const { run, ...columns } = /** @type {Reply.RunSteps} */ (data);
      const there = this.steps.get(run);
      this.steps.set(run, there ? joined(there, columns) : columns);
    } else if (event === "evaluations") {
      const { run, items } = /** @type {Reply.RunEvaluations} */ (data);
      this.evaluations.set(run, merged(this.evaluations.get(run) ?? [], items));
    } else return;
    this.tell();
  }

  tell() {
    if (this.waiting) return;
    this.waiting = true;
    setTimeout(() => {
      this.waiting = false;
      for (const listener of this.listeners) listener();
    }, 150);
  }

  /**
   * [{ steps, values, seconds }] of a metric of the steps, for the runs of one arm.
   * @param {Reply.RunView[]} runs
   * @param {string} name
   */
  ofSteps(runs, name) {
    return runs.flatMap((run) => {
      const one = this.steps.get(run.id);
      return one?.step?.length ? [{ steps: one.step, values: one[name] ?? one.step.map(() => null), seconds: perStep(run) }] : [];
    });
  }

  /**
   * The same of the validation evaluations.
   * @param {Reply.RunView[]} runs
   * @param {string} name
   */
  ofEvaluations(runs, name) {
    return runs.flatMap((run) => {
      const items = (this.evaluations.get(run.id) ?? []).filter((one) => one.split === "validation");
      return items.length ? [{ steps: items.map((one) => one.step), values: items.map((one) => valueIn(one, name)), seconds: perStep(run) }] : [];
    });
  }

  get empty() {
    return ![...this.steps.values()].some((one) => one?.step?.length);
  }
}

/**
 * The seconds of a step, as a run took them on average; null before it is known.
 * @param {Reply.RunView} run
 */
function perStep(run) {
  return run.step && run.trained_seconds ? run.trained_seconds / run.step : null;
}

/**
 * Columns of one run, and later columns of it: a step is there once.
 * @param {Reply.Steps} first
 * @param {Reply.Steps} second
 * @returns {Reply.Steps}
 */
function joined(first, second) {
  const last = first.step[first.step.length - 1] ?? 0;
  const from = second.step.findIndex((step) => step > last);
  if (from < 0) return first;
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  const columns = [...names].map((name) => [name, [...column(first, name), ...column(second, name).slice(from)]]);
  return /** @type {Reply.Steps} */ (Object.fromEntries(columns));
}

/**
 * @param {Reply.Steps} columns
 * @param {string} name
 */
function column(columns, name) {
  return columns[name] ?? columns.step.map(() => null);
}

/**
 * @param {Reply.EvaluationView[]} first
 * @param {Reply.EvaluationView[]} second
 */
function merged(first, second) {
  const all = new Map([...first, ...second].map((one) => [`${one.step} ${one.split}`, one]));
  return [...all.values()].sort((a, b) => a.step - b.step);
}
