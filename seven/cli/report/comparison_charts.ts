/**
 * Charts that compare runs.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { type ChartOptions, chartText, type Frame, lineName, type Mark } from "./chart.ts";
import type { RunPoint } from "./data.ts";
import { domainOf, isDrawable, isShare, shareText, short, spread } from "./numbers.ts";

/** Runs of one method. */
export interface Line {
  /** Its name. */
  readonly method: string;
  /** All of them. */
  readonly runs: readonly RunPoint[];
  /** Means over seeds, by sparsity. */
  readonly means: readonly Mean[];
  /** Colour of line and marks. */
  readonly color: string;
  /** Shape of the marks. */
  readonly symbol: Plot.SymbolType;
  /** Dashes, of lines that share their colour with one before; whole where there are none. */
  readonly dashes?: string;
}

/** Runs of one method to one sparsity. */
export interface Mean {
  /** Their mean sparsity. */
  readonly sparsity: number;
  /** Their mean of the metric. */
  readonly value: number;
  /** One for each seed. */
  readonly runs: readonly RunPoint[];
}

/** What is compared. */
export interface Compared {
  /** The methods. */
  readonly lines: readonly Line[];
  /** Runs of all methods. */
  readonly runs: readonly RunPoint[];
  /** Name of the metric. */
  readonly metric: string;
  /** The metric before pruning. */
  readonly dense: number | undefined;
}

/** The metric against sparsity. */
export function lineChart({ lines, runs, metric, dense }: Compared, { narrow }: Frame): ChartOptions {
  const height = narrow ? 300 : 380, marginTop = 30, marginBottom = 44;
  const names = lines.map(({ method }) => nameOf(method, narrow));
  const x = domainOf(runs.map(({ result }) => result.sparsity), 0.04);
  const y = domainOf([...runs.map(valueOf), dense].filter(isDrawable), 0.08);
  const ends = lines.map(({ means }) => means.at(-1)!);
  const labels = [
    ...lines.map(({ color }, i) => ({ text: names[i]!, color, at: ends[i]!.value })),
    ...(dense === undefined ? [] : [{ text: "dense", color: "var(--faint)", at: dense }]),
  ];
  const placed = spread(labels.map(({ at }) => at), 16 * (y[1] - y[0]) / (height - marginTop - marginBottom), y);
  return {
    height,
    marginTop,
    marginBottom,
    marginLeft: 62,
    marginRight: marginOf(["dense", ...names]),
    x: {
      domain: x,
      label: "sparsity",
      labelArrow: "none",
      ticks: narrow ? 4 : 8,
      tickFormat: (value: number) => shareText(value, digits(x)),
    },
    y: { domain: y, label: chartText(metric), labelArrow: "none", grid: true, tickFormat: metricFormat(metric, y) },
    marks: [
      Plot.ruleY([y[0]], { stroke: "var(--rule)" }),
      dense !== undefined &&
      Plot.ruleY([dense], { stroke: "var(--faint)", strokeDasharray: "5,4", className: "dense" }),
      // From the end of each line to its name, which may have had to move.
      Plot.link([...lines.keys()], {
        x1: (i: number) => ends[i]!.sparsity,
        y1: (i: number) => ends[i]!.value,
        x2: () => x[1],
        y2: (i: number) => placed[i]!,
        stroke: "var(--rule)",
        className: "leaders",
      }),
      ...lines.flatMap((line): Mark[] => [
        line.means.length > 1 &&
        Plot.line([...line.means], {
          x: "sparsity",
          y: "value",
          stroke: line.color,
          strokeWidth: 2,
          ...(line.dashes === undefined ? {} : { strokeDasharray: line.dashes }),
          className: "means",
        }),
        runMarks(line, { x: ({ result }: RunPoint) => result.sparsity, y: valueOf }),
      ]),
      ...labels.map(({ text, color }, i) => lineName([x[1], placed[i]!], text, color)),
    ],
  };
}

/** The metric of runs that are equally sparse: a row for each method. */
export function rowChart({ lines, runs, metric, dense }: Compared, { narrow }: Frame): ChartOptions {
  const names = lines.map(({ method }) => nameOf(method, narrow));
  const x = domainOf([...runs.map(valueOf), dense].filter(isDrawable));
  return {
    height: 74 + 30 * lines.length,
    marginTop: 30,
    marginBottom: 44,
    marginLeft: marginOf(names),
    marginRight: 28,
    x: {
      domain: x,
      label: chartText(metric),
      labelArrow: "none",
      grid: true,
      ticks: narrow ? 4 : 8,
      tickFormat: metricFormat(metric, x),
    },
    y: { type: "band", domain: [...lines.keys()], label: null, tickSize: 0, tickFormat: (i: number) => names[i]! },
    marks: [
      dense !== undefined &&
      Plot.ruleX([dense], { stroke: "var(--faint)", strokeDasharray: "5,4", className: "dense" }),
      dense !== undefined &&
      Plot.text(["dense"], { x: () => dense, text: (text) => text, frameAnchor: "top", dy: -12, fill: "var(--faint)" }),
      ...lines.flatMap((line, i): Mark[] => [
        Plot.tickX([...line.means], {
          x: "value",
          y: () => i,
          stroke: line.color,
          strokeWidth: 2.5,
          insetTop: 4,
          insetBottom: 4,
          className: "means",
        }),
        runMarks(line, { x: valueOf, y: () => i }),
      ]),
    ],
  };
}

/** The runs of a method. */
function runMarks({ runs, symbol, color }: Line, place: Pick<Plot.DotOptions, "x" | "y">): Mark {
  const open = symbol === "times" || symbol === "plus";
  const fill = open ? {} : { fill: color, fillOpacity: 0.35 };
  return Plot.dot([...runs], { ...place, symbol, stroke: color, ...fill, r: 4, className: "runs" });
}

function valueOf({ result }: RunPoint): number {
  return result.pruned;
}

function nameOf(method: string, narrow: boolean): string {
  return chartText(method, narrow ? 15 : 32);
}

/** Room beside a chart for the longest of some names. */
function marginOf(names: readonly string[]): number {
  return 22 + 7 * Math.max(...names.map((name) => name.length));
}

function metricFormat(metric: string, domain: readonly [number, number]): (value: number) => string {
  return (value) => isShare(metric) ? shareText(value, digits(domain)) : short(value);
}

/** Decimals that tell the ticks of an axis of shares apart. */
function digits([from, to]: readonly [number, number]): number {
  return to - from > 0.08 ? 0 : to - from > 0.008 ? 1 : 2;
}
