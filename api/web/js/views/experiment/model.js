// What the sections of an experiment's view share: the view, the results, the series; and who hears.

import { call, messageOf, wasStopped } from "../../api.js";
import { ChartGroup } from "../../charts/group.js";
import { metrics } from "../../metrics.js";
import { ACTIVE } from "../../parts/small.js";
import { follow } from "../../stream.js";
import { Series } from "./series.js";

/** @type {Set<string | null>} */
const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const LOOK_AGAIN = 3000; // milliseconds, while something goes on: time left ticks on by itself
const FEW = 1500; // between two readings of the results

/** @typedef {Page.Arm & { runs: Reply.RunView[] }} ArmWithRuns */

export class Model {
  /**
   * @param {string} id
   * @param {AbortSignal} signal
   * @param {Reply.ExperimentView} view
   * @param {Reply.Results} results
   * @param {Reply.MetricsView} listed
   */
  constructor(id, signal, view, results, listed) {
    this.id = id;
    this.signal = signal;
    this.view = view;
    this.results = results;
    this.metrics = listed;
    this.series = new Series();
    this.charts = new ChartGroup();
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** @type {{ results: boolean } | null} */
    this.wanted = null;
    this.reading = false;
    /** Whether the reader is to be notified of the end. */
    this.notified = false;
  }

  /**
   * @param {string} id
   * @param {AbortSignal} signal
   */
  static async read(id, signal) {
    const [view, results, listed] = await Promise.all([
      call(`/v1/experiments/${id}`, { signal }),
      call(`/v1/experiments/${id}/results`, { signal }),
      metrics(),
    ]);
    return new Model(id, signal, view, results, listed);
  }

  get active() {
    return ACTIVE.has(this.view.state);
  }

  get arms() {
    return this.view.spec.arms.map((arm, index) => ({ name: arm.name, index, runs: this.compared.filter((run) => run.arm === arm.name) }));
  }

  /** The runs that are compared: all but those that served to choose a setting. */
  get compared() {
    return this.view.runs.filter((run) => !run.tuning);
  }

  /** @param {string} name */
  indexOf(name) {
    return this.view.spec.arms.findIndex((arm) => arm.name === name);
  }

  /** The comparisons on the metric that decides, the arms against the baseline first. */
  get primary() {
    return this.results.comparisons.filter((one) => one.role === "primary");
  }

  /** @param {() => void} listener */
  listen(listener) {
    this.listeners.add(listener);
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  /** Read the metrics; while the experiment goes on, follow it. The stream is opened first. */
  async live() {
    if (!this.active) return this.series.load(this.compared, this.signal);
    const look = setInterval(() => this.again(), LOOK_AGAIN);
    this.signal.addEventListener("abort", () => clearInterval(look));
    await follow(`/v1/experiments/${this.id}/events?from_now=true`, {
      signal: this.signal,
      opened: async () => { await this.again(); await this.series.load(this.compared, this.signal); },
      heard: (event, data) => this.hear(event, data),
    });
    clearInterval(look);
    await this.again({ results: true });
  }

  /**
   * @param {string} event
   * @param {unknown} data
   */
  hear(event, data) {
    this.series.hear(event, data);
    if (event !== "state") return;
    const { kind, to_state } = /** @type {Reply.EventView} */ (data);
    this.again({ results: ENDED.has(to_state) || kind === "look" || kind === "choice" });
  }

  /**
   * Read the view anew, and the results where they may have changed; never twice at once.
   * @param {{ results?: boolean }} [asked]
   */
  async again({ results = false } = {}) {
    this.wanted = { results: results || Boolean(this.wanted?.results) };
    if (this.reading || this.signal.aborted) return;
    this.reading = true;
    try {
      while (this.wanted && !this.signal.aborted) {
        /** @type {{ results: boolean }} */
        const { results: also } = this.wanted;
        this.wanted = null;
        this.view = await call(`/v1/experiments/${this.id}`, { signal: this.signal });
        if (also) this.results = await call(`/v1/experiments/${this.id}/results`, { signal: this.signal });
        this.tell();
        if (also && this.active) await new Promise((resolve) => setTimeout(resolve, FEW));
      }
    } catch (error) {
      if (!wasStopped(error)) console.info(`not read again: ${messageOf(error)}`);
    } finally {
      this.reading = false;
    }
  }
}
