// What a metric is without training: lines to hold every result against.

import { formatMetric, metricWords } from "../../format.js";

const MOST_NAMED = 6; // arms whose own lines are told

/** @typedef {[words: string, value: number]} Line */

/**
 * Those of a metric, in words.
 * @param {Reply.Baselines} baselines
 * @param {string} metric
 * @returns {Line[]}
 */
export function linesOf(baselines, metric) {
  const { untrained, tf_idf: counted } = baselines.by_metric[metric] ?? { untrained: null, tf_idf: null };
  /** @type {Line[]} */
  const found = [];
  if (metric === "test.accuracy") {
    found.push(["Every pair called what most are", baselines.majority], ["A collapsed network: every pair a duplicate", baselines.collapsed]);
  }
  const arms = Object.entries(untrained ?? {});
  if (arms.length > MOST_NAMED) {
    const values = arms.map(([, value]) => value);
    found.push([`The best of ${arms.length} arms before its first step`, isLoss(metric) ? Math.min(...values) : Math.max(...values)]);
  } else {
    found.push(...arms.map(([name, value]) => /** @type {Line} */ ([`${name} before its first step`, value])));
  }
  if (counted !== null) found.push(["Cosine of TF-IDF vectors, without a network", counted]);
  return found;
}

/**
 * Those to draw beside values: the best one, and others no farther away. A weaker line tells less,
 * and one far below would leave the values no room to differ in.
 * @param {Line[]} lines
 * @param {number[]} values
 * @param {string} metric
 */
export function nearLines(lines, values, metric) {
  const all = lines.map(([, value]) => value);
  if (isLoss(metric)) {
    const highest = Math.max(...values, Math.min(...all));
    return lines.filter(([, value]) => value <= highest);
  }
  const lowest = Math.min(...values, Math.max(...all));
  return lines.filter(([, value]) => value >= lowest);
}

/**
 * @param {Line[]} lines
 * @param {string} metric
 */
export function linesSentence(lines, metric) {
  if (!lines.length) return null;
  return `Without training ${metricWords(metric)} is ${lines.map(([words, value]) => `${formatMetric(value, metric)} (${words})`).join(", ")}.`;
}

/** @param {string} metric */
function isLoss(metric) {
  return metric.includes("loss");
}
