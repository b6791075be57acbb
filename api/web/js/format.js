// Numbers and times as people read them: a minus sign is one, and nothing has an exponent.

const MINUS = "−";
const NOISE = 1e-9; // what is smaller is the rounding of sums in double precision
const MOST_PLACES = 20; // that a browser of any age writes
const SMALLEST_P = 0.0001; // below, the digits of a p value say nothing that its size does not

/**
 * Losses to 4 significant digits, shares to 4 decimals, as the service's sentences have them.
 * @param {number | null | undefined} value
 * @param {string} [metric]
 */
export function formatMetric(value, metric = "") {
  if (value === null || value === undefined) return "–";
  if (Math.abs(value) < NOISE) return "0";
  if (Math.abs(value) < 0.00005) return significant(value, 2);
  return isLoss(metric) ? significant(value, 4) : value.toFixed(4).replace("-", MINUS);
}

/**
 * To so many digits, of a number above them all those before the point; never with an exponent.
 * @param {number} value
 * @param {number} digits
 */
export function significant(value, digits) {
  if (Math.abs(value) < NOISE) return "0";
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en", { maximumFractionDigits: Math.min(places, MOST_PLACES) }).replace("-", MINUS);
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
  if (value === null || value === undefined) return "–";
  return value < SMALLEST_P ? "below 0.0001" : significant(value, 3);
}

/** @param {number} share */
export function percent(share) {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/**
 * A level of confidence, to two digits of what it leaves out, as the service's sentences have it: 95 %, 98.2 %.
 * @param {number} confidence
 */
export function level(confidence) {
  const [, places = ""] = significant(100 * (1 - confidence), 2).split(".");
  return `${(100 * confidence).toFixed(places.length)} %`;
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
