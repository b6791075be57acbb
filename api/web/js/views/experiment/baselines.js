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
  const { untrained, zero_shot: models, tf_idf: counted } = baselines.by_metric[metric] ?? { untrained: null, zero_shot: null, tf_idf: null };
  /** @type {Line[]} */
  const found = [];
  if (metric === "test.accuracy") {
    found.push(["Every pair called what most are", baselines.majority], ["A collapsed network: every pair a duplicate", baselines.collapsed]);
  }
  const arms = Object.entries(untrained ?? {});
  if (arms.length > MOST_NAMED) {
    found.push([`The best of ${arms.length} arms before its first step`, best(arms, metric)]);
  } else {
    found.push(...arms.map(([name, value]) => /** @type {Line} */ ([`${name} before its first step`, value])));
  }
  const zeroShot = linesOfModels(models ?? {});
  found.push(...(zeroShot.length > MOST_NAMED ? [/** @type {Line} */ (["The best model, zero-shot", best(zeroShot, metric)])] : zeroShot));
  if (counted !== null) found.push(["Cosine of TF-IDF vectors, without a network", counted]);
  return found;
}

/**
 * Of arms that start from one model and read it alike, that model once.
 * @param {Record<string, number>} models
 * @returns {Line[]}
 */
function linesOfModels(models) {
  const values = [...new Set(Object.values(models))];
  return values.map((value) => {
    const arms = Object.keys(models).filter((arm) => models[arm] === value);
    return [`The model of ${arms.length > MOST_NAMED ? `${arms.length} arms` : arms.join(" and ")}, zero-shot`, value];
  });
}

/**
 * @param {Line[]} lines
 * @param {string} metric
 */
function best(lines, metric) {
  const values = lines.map(([, value]) => value);
  return isLoss(metric) ? Math.min(...values) : Math.max(...values);
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
