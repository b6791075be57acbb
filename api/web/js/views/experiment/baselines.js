// What a metric is without training: lines to hold every result against.

import { formatMetric, metricWords } from "../../format.js";

const MOST_NAMED = 6; // arms whose own lines are told
const FAR = 3; // times what values differ by

/** @typedef {[words: string, value: number]} Line */

/**
 * Those of a metric, in words.
 * @param {Reply.Baselines} baselines
 * @param {string} metric
 * @returns {Line[]}
 */
export function linesOf(baselines, metric) {
  const { untrained, zero_shot: zeroShot, tf_idf: counted } = baselines.by_metric[metric] ?? { untrained: null, zero_shot: null, tf_idf: null };
  /** @type {Line[]} */
  const found = [];
  if (metric === "test.accuracy") {
    found.push(["Majority class: every pair called what most are", baselines.majority], ["Collapsed network: every pair a duplicate", baselines.collapsed]);
  }
  const arms = Object.entries(untrained ?? {});
  if (arms.length > 1 && arms.every(([, value]) => value === arms[0][1])) {
    found.push(["Every arm before its first step", arms[0][1]]);
  } else if (arms.length > MOST_NAMED) {
    found.push([`The best of ${arms.length} arms before its first step`, best(arms, metric)]);
  } else {
    found.push(...arms.map(([name, value]) => /** @type {Line} */ ([`${name} before its first step`, value])));
  }
  const starts = linesOfStarts(zeroShot ?? {}, untrained ?? {});
  found.push(...(starts.length > MOST_NAMED ? [/** @type {Line} */ (["The best start, zero-shot", best(starts, metric)])] : starts));
  if (counted !== null) found.push(["Cosine of TF-IDF vectors, without a network", counted]);
  return found;
}

/**
 * Of arms that start from one model, or from the same token vectors, and read it alike, that once.
 * An arm with vectors has an untrained network too, one with a model has none.
 * @param {Record<string, number>} zeroShot
 * @param {Record<string, number>} untrained
 * @returns {Line[]}
 */
function linesOfStarts(zeroShot, untrained) {
  /** @type {Map<string, string[]>} */
  const alike = new Map();
  for (const [arm, value] of Object.entries(zeroShot)) {
    const key = `${arm in untrained ? "token vectors" : "model"} ${value}`;
    alike.set(key, [...(alike.get(key) ?? []), arm]);
  }
  return [...alike].map(([key, arms]) => {
    const names = arms.length > MOST_NAMED ? `${arms.length} arms` : arms.join(" and ");
    return [`The ${key.slice(0, key.lastIndexOf(" "))} of ${names}, zero-shot`, /** @type {number} */ (zeroShot[arms[0] ?? ""])];
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
 * and one that is much farther off than the values from each other would leave them no room.
 * @param {Line[]} lines
 * @param {number[]} values
 * @param {string} metric
 */
export function nearLines(lines, values, metric) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = least < most ? FAR * (most - least) : Infinity;
  return bestAndNearer(lines, values, metric).filter(([, value]) => value >= least - room && value <= most + room);
}

/**
 * @param {Line[]} lines
 * @param {number[]} values
 * @param {string} metric
 */
function bestAndNearer(lines, values, metric) {
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
