// What several scripts of the page hand to each other.

declare namespace Page {
  // elements

  type Value = string | number | boolean | null | undefined;

  type HtmlName =
    | "autocomplete" | "class" | "colspan" | "checked" | "datetime" | "disabled" | "download" | "for"
    | "href" | "id" | "inputmode" | "max" | "maxlength" | "method" | "min" | "name" | "novalidate"
    | "open" | "pattern" | "placeholder" | "rel" | "required" | "role" | "rows" | "scope" | "spellcheck" | "start"
    | "step"
    | "tabindex" | "target" | "title" | "type" | "value";

  type SvgName =
    | "cx" | "cy" | "d" | "height" | "r" | "text-anchor" | "viewBox" | "width"
    | "x" | "x1" | "x2" | "y" | "y1" | "y2";

  /** The attributes that the page sets; null, undefined and false leave one out. */
  type Attributes = {
    [Name in HtmlName | SvgName | `aria-${string}` | `data-${string}`]?: Value;
  } & {
    on?: { [Kind in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Kind]) => void };
    style?: Record<string, string>;
  };

  /** What may stand inside an element; null, undefined and false leave nothing there. */
  type Child = Node | string | number | null | undefined | false | readonly Child[];

  // views

  /** What the address asks of a view; the signal aborts when another view is shown. */
  interface Asked {
    params: Record<string, string>;
    query: URLSearchParams;
    signal: AbortSignal;
  }

  /** What the sections of a run's view share. */
  interface RunModel {
    run: Reply.RunView;
    experiment: Reply.ExperimentView;
    metrics: Reply.MetricsView;
    signal: AbortSignal;
    events: Reply.EventView[];
    eventsFailed: unknown;
    listeners: Set<() => void>;
  }

  /** An arm of an experiment and its place in the spec. */
  interface Arm {
    name: string;
    index: number;
  }

  // charts

  /** What can be drawn against zero and the margin: a comparison of two arms, or an effect. */
  type Difference = Pick<
    Reply.Comparison,
    "a" | "b" | "metric" | "higher_is_better" | "mean_difference" | "interval" | "equivalence"
  > & { pairs: Reply.EffectPair[] };

  type Numbers = (number | null)[];

  /** A cell of a chart's figures; null where there is no value. */
  type Cell = string | number | null | undefined;

  /** The values of one run, and the seconds of a step of it; `parts` in place of `values` where a chart has several lines an arm. The
   *  band is that of the runs, unless a line that stands alone brings its own. */
  interface Line {
    steps: number[];
    seconds?: number | null;
    values?: Numbers;
    parts?: Numbers[];
    band?: { low: Numbers; high: Numbers };
  }

  interface LegendEntry {
    label: string;
    arm: string;
    dashed?: boolean;
    /** Of an arm with several lines: which this is, and of what. */
    part?: { name: string, of: string };
    key?: string;
    off?: boolean;
    series: number;
    band?: [number, number];
    format?: (value: number) => string;
  }

  /** What a chart draws, in uPlot's words, and its legend in ours. */
  interface Drawing {
    data: [number[], ...Numbers[]];
    series: uPlot.Series[];
    bands?: uPlot.Band[];
    scales?: uPlot.Scales;
    axes?: { x?: uPlot.Axis; y?: uPlot.Axis };
    legend: LegendEntry[];
    hooks?: uPlot.Hooks.Arrays;
    height?: number;
    xName?: string;
    cursorX?: (x: number) => string;
  }

  interface Chart {
    label: string;
    height?: number;
    make: () => Drawing;
    xLabel?: string;
    cursorX?: (x: number) => string;
    drag?: boolean;
  }

  interface Plot {
    node: HTMLElement;
    readonly chart: uPlot | null;
    draw(): void;
    rebuild(): void;
    reset(): void;
    zoomTo(min: number, max: number): void;
    show(zoom: { min: number; max: number } | null): void;
    point(x: number | null): void;
  }
}
