// The arithmetic of the charts: series on common steps, means and bands, histograms, accuracies.

/**
 * The union of ascending lists, ascending.
 * @param {number[][]} lists
 */
export function union(lists) {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

/**
 * `values` at `steps`, laid on the steps of `all`; null where it has none.
 * @param {number[]} all
 * @param {number[]} steps
 * @param {Page.Numbers} values
 * @returns {Page.Numbers}
 */
export function onto(all, steps, values) {
  const at = new Map(steps.map((step, index) => [step, values[index]]));
  return all.map((step) => at.get(step) ?? null);
}

/**
 * As `onto`, with straight lines between the points, and nothing beyond its first and last.
 * @param {number[]} all
 * @param {number[]} steps
 * @param {Page.Numbers} values
 * @returns {Page.Numbers}
 */
export function between(all, steps, values) {
  let right = 0;
  return all.map((step) => {
    while (right < steps.length && steps[right] < step) right += 1;
    if (right === steps.length) return null;
    if (steps[right] === step) return values[right];
    if (right === 0) return null;
    const share = (step - steps[right - 1]) / (steps[right] - steps[right - 1]);
    const [low, high] = [values[right - 1], values[right]];
    return low === null || high === null ? null : low + share * (high - low);
  });
}

/**
 * Mean and mean ± sd at each place over the rows that have a value there; no band from one.
 * @param {Page.Numbers[]} rows
 * @param {number} length
 */
export function meanAndBand(rows, length) {
  /** @type {Page.Numbers[]} */
  const [mean, low, high] = [[], [], []];
  for (let at = 0; at < length; at += 1) {
    const values = rows.map((row) => row[at]).filter((value) => value !== null && value !== undefined);
    const middle = values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
    const sd = middle !== null && values.length > 1
      ? Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)) : null;
    mean.push(middle);
    low.push(middle === null || sd === null ? null : middle - sd);
    high.push(middle === null || sd === null ? null : middle + sd);
  }
  return { mean, low, high };
}

/**
 * A moving average in which what came before has this weight, and which begins at the first value:
 * that of TensorBoard, with its correction for the start.
 * @param {Page.Numbers} values
 * @param {number} weight
 * @returns {Page.Numbers}
 */
export function smoothed(values, weight) {
  if (!weight) return values;
  let last = 0;
  let seen = 0;
  return values.map((value) => {
    if (value === null || value === undefined) return null;
    last = last * weight + (1 - weight) * value;
    seen += 1;
    return last / (1 - weight ** seen);
  });
}

/**
 * Counts of `values` in `bins` equal bins from `low` to `high`; the last bin holds its end too.
 * @param {number[]} values
 * @param {number} low
 * @param {number} high
 * @param {number} bins
 * @returns {number[]}
 */
export function histogram(values, low, high, bins) {
  const counts = new Array(bins).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value - low) / (high - low)) * bins);
    counts[Math.max(0, Math.min(bins - 1, bin))] += 1;
  }
  return counts;
}

/** What happens at a threshold: a pair is called a duplicate when its score is *above* it. */
export class Confusion {
  /**
   * @param {number[]} label
   * @param {number[]} score
   */
  constructor(label, score) {
    this.duplicates = Float64Array.from(score.filter((_, index) => label[index] === 1)).sort();
    this.others = Float64Array.from(score.filter((_, index) => label[index] !== 1)).sort();
  }

  /** @param {number} threshold */
  at(threshold) {
    const found = above(this.duplicates, threshold);
    const wrong = above(this.others, threshold);
    const all = this.duplicates.length + this.others.length;
    return {
      accuracy: (found + this.others.length - wrong) / all,
      precision: found + wrong ? found / (found + wrong) : null,
      recall: this.duplicates.length ? found / this.duplicates.length : null,
      calledDuplicate: (found + wrong) / all,
    };
  }
}

/**
 * @param {Float64Array} sorted
 * @param {number} threshold
 */
function above(sorted, threshold) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] > threshold) high = middle;
    else low = middle + 1;
  }
  return sorted.length - low;
}

/**
 * Round numbers for an axis from `low` to `high`, about `count` of them.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999) ?? 10 * power;
  /** @type {number[]} */
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) found.push(at * step);
  return { values: found, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/**
 * How a number on an axis is aligned at `x`, so that it stays inside `width`.
 * @param {number} x
 * @param {number} width
 */
export function anchorAt(x, width) {
  if (x < 20) return "start";
  return x > width - 20 ? "end" : "middle";
}

/**
 * A number on an axis of differences.
 * @param {number} value
 * @param {number} decimals
 */
export function signedTick(value, decimals) {
  if (Math.abs(value) < 1e-12) return "0";
  const text = value.toFixed(Math.min(decimals, 6)).replace("-", "−");
  return value > 0 ? `+${text}` : text;
}
