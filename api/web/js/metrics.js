// What is measured at a step and in an evaluation: the service lists it in names, words and units.

import { call } from "./api.js";

/** @type {Promise<Reply.MetricsView> | null} */
let listed = null;

/** The service's list, which is the same as long as it runs: asked for once. */
export function metrics() {
  listed ??= call("/v1/metrics").catch((error) => {
    listed = null; // a later view may find the service
    throw error;
  });
  return listed;
}

/**
 * @param {Reply.EvaluationView} evaluation
 * @param {string} name
 */
export function valueIn(evaluation, name) {
  return /** @type {number | null} */ (evaluation[name]);
}

/**
 * A metric's label where it stands first.
 * @param {Reply.MetricView} metric
 */
export function metricLabel({ label }) {
  return label[0].toUpperCase() + label.slice(1);
}
