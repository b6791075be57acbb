// Charts that are read together: they share the zoom, the cursor, the arms that are drawn, and how
// the x axis and the lines are made.

/** @typedef {{ min: number, max: number } | null} Zoom null shows all */

export class ChartGroup {
  constructor() {
    /** Weight of what came before in the moving average of a line, from 0 to below 1. */
    this.smoothing = 0;
    /** Whether x is the time that a run had trained, in place of its steps. */
    this.byTime = false;
    /** @type {Zoom} */
    this.zoom = null;
    /** @type {Set<string>} the names of the arms that are switched off */
    this.hidden = new Set();
    /** @type {Set<Page.Plot>} */
    this.plots = new Set();
    this.telling = false;
  }

  /**
   * @param {Page.Plot} plot
   * @param {AbortSignal} signal
   */
  join(plot, signal) {
    this.plots.add(plot);
    signal.addEventListener("abort", () => this.plots.delete(plot));
  }

  /**
   * Draw an arm, or leave it out.
   * @param {string} name
   */
  toggle(name) {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.rebuild();
  }

  /** @param {number} weight */
  smooth(weight) {
    this.smoothing = weight;
    this.rebuild();
  }

  /** @param {boolean} byTime */
  measureBy(byTime) {
    this.byTime = byTime;
    this.zoom = null; // it was in the other unit
    this.rebuild();
  }

  rebuild() {
    for (const plot of this.plots) plot.rebuild();
  }

  /**
   * @param {Page.Plot} from
   * @param {Zoom} zoom
   */
  zoomed(from, zoom) {
    this.zoom = zoom;
    this.tell(from, (plot) => plot.show(zoom));
  }

  /**
   * @param {Page.Plot} from
   * @param {number | null} x
   */
  pointed(from, x) {
    this.tell(from, (plot) => plot.point(x));
  }

  /**
   * Say it to the others, whose own hooks are silent meanwhile.
   * @param {Page.Plot} from
   * @param {(plot: Page.Plot) => void} say
   */
  tell(from, say) {
    if (this.telling) return;
    this.telling = true;
    try {
      for (const plot of this.plots) if (plot !== from) say(plot);
    } finally {
      this.telling = false;
    }
  }
}
