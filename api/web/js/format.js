// Numbers and times as people read them. A minus sign is a minus sign, and no number is rounded to 0.

const MINUS = "−";

/**
 * Losses to 4 significant digits, shares to 4 decimals, as the service's sentences have them.
 * @param {number | null | undefined} value
 * @param {string} [metric]
 */
export function formatMetric(value, metric = "") {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const text = isLoss(metric) || Math.abs(value) < 0.00005 ? precise(value) : value.toFixed(4);
  return text.replace("-", MINUS);
}

/** @param {number} value */
function precise(value) {
  return Math.abs(value) < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(4)));
}

/**
 * @param {number | null} value
 * @param {string} metric
 */
export function signed(value, metric) {
  return value !== null && value > 0 ? `+${formatMetric(value, metric)}` : formatMetric(value, metric);
}

/** @param {number | null | undefined} value */
export function p(value) {
  return value === null || value === undefined ? "–" : Number(value.toPrecision(3)).toString();
}

/** @param {number} share */
export function percent(share) {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/** @param {number} value */
export function count(value) {
  return value.toLocaleString("en");
}

/**
 * @param {number} number
 * @param {string} noun
 */
export function plural(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** @param {string} metric */
export function isLoss(metric) {
  return metric.includes("loss");
}

/** @type {Record<string, string>} */
const WRITTEN = {
  f1: "F1",
  mcc: "MCC",
  mrr_at_10: "MRR@10",
  recall_at_1: "recall@1",
  recall_at_10: "recall@10",
  map_at_r: "MAP@R",
  ndcg_at_10: "nDCG@10",
  spearman: "Spearman",
  pearson: "Pearson",
};

/**
 * A metric's name in a sentence, as the service's sentences have it.
 * @param {string} metric
 */
export function metricWords(metric) {
  const dot = metric.lastIndexOf(".") + 1;
  const name = metric.slice(dot);
  const written = WRITTEN[name] ?? name.replace("roc_auc", "ROC-AUC");
  return `${metric.slice(0, dot)}${written}`.replaceAll(".", " ").replaceAll("_", " ");
}

/**
 * 4 s, 3 min 20 s, 2 h 5 min, 3 d 4 h
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/**
 * @param {string} text
 * @param {number} [now]
 */
export function ago(text, now = Date.now()) {
  const seconds = (now - Date.parse(text)) / 1000;
  if (seconds < 10) return "just now";
  if (seconds < 3600) return `${duration(seconds).split(" ").slice(0, 2).join(" ")} ago`;
  if (seconds < 86400 * 2) return `${Math.round(seconds / 3600)} h ago`;
  return new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

/** @param {string} text */
export function exact(text) {
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}
