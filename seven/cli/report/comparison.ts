/**
 * The metric against sparsity across runs, as papers show it: a line for each method through the means over seeds.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { chart, type ChartOptions, chartText, type Frame, type Mark } from "./chart.ts";
import { lineColors } from "./colors.ts";
import type { ReportData, RunPoint } from "./data.ts";
import { type Html } from "./html.ts";
import { domainOf, isDrawable, isShare, meanOf, metricValue, shareText, short, spread, whole } from "./numbers.ts";
import { figure, section } from "./parts.ts";

/** Runs of one method. */
interface Line {
  readonly method: string;
  readonly runs: readonly RunPoint[];
  /** Means over seeds, by sparsity. */
  readonly means: readonly Mean[];
  readonly color: string;
  readonly symbol: Plot.SymbolType;
}

interface Mean {
  readonly sparsity: number;
  readonly value: number;
  readonly runs: readonly RunPoint[];
}

/** Marks that differ by shape too, for those who do not see the colours. */
const symbols: readonly Plot.SymbolType[] = ["circle", "square", "triangle", "diamond", "times", "plus", "star", "wye"];

/** The section; nothing where there is no other run to compare with. */
export function comparisonSection({ record, runs = [] }: ReportData): Html | undefined {
  const { metric } = record.result;
  const unique = new Map([record, ...runs].map((run) => [keyOf(run), run]));
  const alike = [...unique.values()].filter(({ result }) =>
    result.metric === metric && isDrawable(result.pruned) && isDrawable(result.sparsity)
  );
  if (alike.length < 2) return undefined;
  const lines = linesOf(alike);
  const label = `${metric} against sparsity of ${alike.length} runs by ${lines.map(({ method }) => method).join(", ")}`;
  const left = unique.size - alike.length;
  const caption =
    `Each mark is a run; lines go through the means over seeds. Dashed: ${metric} before pruning, the mean of ` +
    `these runs.${left > 0 ? ` Left out: ${whole(left)} of another metric or without one.` : ""}`;
  const drawn = chart(label, (frame) => options(lines, alike, metric, frame));
  return section(
    `${metric[0]?.toUpperCase() ?? ""}${metric.slice(1)} against sparsity`,
    figure(drawn, caption, numbers(lines, metric)),
  );
}

/** The same run by what it is and what came out. */
function keyOf({ method, seed, result: { sparsity, pruned, dense, metric } }: RunPoint): string {
  return JSON.stringify([method, seed, metric, sparsity, pruned, dense]);
}

function linesOf(runs: readonly RunPoint[]): Line[] {
  const byMethod = Map.groupBy(runs, ({ method }) => method);
  return [...byMethod].map(([method, runs], i) => {
    // Runs to the same sparsity differ in the last digits where a method has a rule of its own.
    const groups = Map.groupBy(runs, ({ result: { sparsity } }) => Math.round(200 * sparsity));
    const means = [...groups.values()].map((runs) => ({
      sparsity: meanOf(runs.map(({ result }) => result.sparsity)),
      value: meanOf(runs.map(({ result }) => result.pruned)),
      runs,
    })).sort((a, b) => a.sparsity - b.sparsity);
    return {
      method,
      runs,
      means,
      color: `var(--line${i % lineColors})`,
      symbol: symbols[i % symbols.length]!,
    };
  });
}

function options(lines: readonly Line[], runs: readonly RunPoint[], metric: string, frame: Frame): ChartOptions {
  const height = frame.narrow ? 300 : 380, marginTop = 30, marginBottom = 44;
  const limit = frame.narrow ? 15 : 24;
  const names = lines.map(({ method }) => chartText(method, limit));
  const marginRight = 22 + 7 * Math.max(5, ...names.map((name) => name.length));
  const dense = meanOf(runs.map(({ result }) => result.dense).filter(isDrawable));
  const x = domainOf(runs.map(({ result }) => result.sparsity), 0.04);
  const y = domainOf([...runs.map(({ result }) => result.pruned), ...(isDrawable(dense) ? [dense] : [])], 0.08);
  const gap = 16 * (y[1] - y[0]) / (height - marginTop - marginBottom);
  const ends = lines.map(({ means }) => means.at(-1)!);
  const labels = [
    ...lines.map(({ color }, i) => ({ text: names[i]!, color, at: ends[i]!.value })),
    ...(isDrawable(dense) ? [{ text: "dense", color: "var(--faint)", at: dense }] : []),
  ];
  const placed = spread(labels.map(({ at }) => at), gap, y);
  const format = (value: number): string => isShare(metric) ? shareText(value, digits(y)) : short(value);
  return {
    height,
    marginTop,
    marginBottom,
    marginLeft: frame.narrow ? 52 : 62,
    marginRight,
    x: {
      domain: x,
      label: "sparsity",
      labelArrow: "none",
      ticks: frame.narrow ? 4 : 8,
      tickFormat: (v: number) => shareText(v, digits(x)),
    },
    y: { domain: y, label: chartText(metric), labelArrow: "none", grid: true, tickFormat: format },
    marks: [
      Plot.ruleY([y[0]], { stroke: "var(--rule)" }),
      isDrawable(dense) &&
      Plot.ruleY([dense], { stroke: "var(--faint)", strokeDasharray: "5,4", ariaLabel: "dense" }),
      ...lines.flatMap(({ runs, means, color, symbol }): Mark[] => [
        means.length > 1 &&
        Plot.line([...means], { x: "sparsity", y: "value", stroke: color, strokeWidth: 2, ariaLabel: "means" }),
        Plot.dot([...runs], {
          x: ({ result }: RunPoint) => result.sparsity,
          y: ({ result }: RunPoint) => result.pruned,
          symbol,
          stroke: color,
          fill: symbol === "times" || symbol === "plus" ? undefined : color,
          fillOpacity: 0.35,
          r: 4,
          ariaLabel: "runs",
        }),
      ]),
      // From the end of each line to its name, which may have had to move.
      Plot.link(lines.map((_, i) => i), {
        x1: (i: number) => ends[i]!.sparsity,
        y1: (i: number) => ends[i]!.value,
        x2: x[1],
        y2: (i: number) => placed[i]!,
        stroke: "var(--rule)",
        ariaLabel: "leaders",
      }),
      ...labels.map(({ text, color }, i) =>
        Plot.text([placed[i]!], {
          x: x[1],
          y: (v: number) => v,
          text: () => text,
          fill: color,
          textAnchor: "start",
          dx: 6,
        })
      ),
    ],
  };
}

/** Decimals that tell the ticks of an axis of shares apart. */
function digits([from, to]: readonly [number, number]): number {
  return to - from > 0.08 ? 0 : to - from > 0.008 ? 1 : 2;
}

function numbers(lines: readonly Line[], metric: string): Parameters<typeof figure>[2] {
  const spreadOf = (values: readonly number[], mean: number): number =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return {
    label: `${metric} by method and sparsity`,
    head: ["method", "sparsity", "runs", "mean", "standard deviation", "lowest", "highest"],
    rows: lines.flatMap(({ method, means }) =>
      means.map(({ sparsity, value, runs }) => {
        const values = runs.map(({ result }) => result.pruned);
        return [
          method,
          shareText(sparsity),
          whole(runs.length),
          metricValue(metric, value),
          values.length > 1 ? metricValue(metric, spreadOf(values, value)) : "–",
          metricValue(metric, Math.min(...values)),
          metricValue(metric, Math.max(...values)),
        ];
      })
    ),
  };
}
