// The figures of every run, step by step: read once, then kept up to date by the stream.

import { call, each } from "../../api.js";

const MOST_POINTS = 400; // steps of a run that are asked for; the service keeps every extreme

export class Series {
  constructor() {
    this.steps = new Map(); // run id -> columns by name
    this.evaluations = new Map(); // run id -> evaluations, by step
    this.listeners = new Set();
  }

  /** Hear of new figures, at most once a frame. */
  listen(listener) {
    this.listeners.add(listener);
  }

  /** Read what there is of these runs. */
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

  /** Take in a message of the stream. */
  hear(event, data) {
    if (event === "steps") {
      const { run, ...columns } = data;
      const there = this.steps.get(run);
      this.steps.set(run, there ? joined(there, columns) : columns);
    } else if (event === "evaluations") {
      this.evaluations.set(data.run, merged(this.evaluations.get(data.run) ?? [], data.items));
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

  /** [{ steps, values }] of a figure of the steps, for the runs of one arm. */
  ofSteps(runs, name) {
    return runs.map((run) => this.steps.get(run.id)).filter((one) => one?.step?.length)
      .map((one) => ({ steps: one.step, values: one[name] ?? one.step.map(() => null) }));
  }

  /** The same of the validation evaluations. */
  ofEvaluations(runs, name) {
    return runs.map((run) => this.evaluations.get(run.id)?.filter((one) => one.split === "validation"))
      .filter((items) => items?.length)
      .map((items) => ({ steps: items.map((one) => one.step), values: items.map((one) => one[name]) }));
  }

  get empty() {
    return ![...this.steps.values()].some((one) => one?.step?.length);
  }
}

/** Columns of one run, and later columns of it: a step is there once. */
function joined(first, second) {
  const last = first.step[first.step.length - 1] ?? 0;
  const from = second.step.findIndex((step) => step > last);
  if (from < 0) return first;
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return Object.fromEntries([...names].map((name) => [name, [...column(first, name), ...column(second, name).slice(from)]]));
}

function column(columns, name) {
  return columns[name] ?? columns.step.map(() => null);
}

function merged(first, second) {
  const all = new Map([...first, ...second].map((one) => [`${one.step} ${one.split}`, one]));
  return [...all.values()].sort((a, b) => a.step - b.step);
}
