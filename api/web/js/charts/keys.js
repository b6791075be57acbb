// A chart by keyboard: arrows move the cursor, + and − zoom around it, 0 or Escape shows all.

/**
 * @param {HTMLElement} holder
 * @param {Page.Plot} plot
 */
export function zoomKeys(holder, plot) {
  holder.addEventListener("keydown", (event) => {
    const chart = plot.chart;
    if (!chart || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = chart.data[0];
    /** @type {Record<string, () => void>} */
    const acts = {
      ArrowRight: () => moveTo(chart, shown(chart, (chart.cursor.idx ?? -1) + 1)),
      ArrowLeft: () => moveTo(chart, shown(chart, (chart.cursor.idx ?? steps.length) - 1)),
      "+": () => zoom(plot, chart, 0.5),
      "=": () => zoom(plot, chart, 0.5),
      "-": () => zoom(plot, chart, 2),
      0: () => plot.reset(),
      Escape: () => plot.reset(),
    };
    const act = acts[event.key];
    if (!act || !steps.length) return;
    event.preventDefault();
    act();
  });
}

/**
 * @param {uPlot} chart
 * @param {number} index
 */
function shown(chart, index) {
  const [first, last] = chart.series[0].idxs ?? [0, 0];
  return Math.max(first, Math.min(last, index));
}

/**
 * Put the cursor on one of the chart's steps, by its index.
 * @param {uPlot} chart
 * @param {number} index
 */
export function moveTo(chart, index) {
  const left = chart.valToPos(chart.data[0][index], "x");
  chart.setCursor({ left, top: chart.over.clientHeight / 2 });
}

/**
 * @param {Page.Plot} plot
 * @param {uPlot} chart
 * @param {number} factor
 */
function zoom(plot, chart, factor) {
  const { min = 0, max = 0 } = chart.scales.x;
  const steps = chart.data[0];
  const middle = chart.cursor.idx === null || chart.cursor.idx === undefined ? (min + max) / 2 : steps[chart.cursor.idx];
  const low = Math.max(steps[0], middle - (middle - min) * factor);
  const high = Math.min(steps[steps.length - 1], middle + (max - middle) * factor);
  if (high > low) plot.zoomTo(low, high);
}
