/**
 * The metric against sparsity across runs, as papers show it: a line for each method through the means over seeds.
 *
 * @module
 */
import type { SymbolType } from "@observablehq/plot";
import { chart } from "./chart.ts";
import { lineColors } from "./colors.ts";
import { type Compared, type Line, lineChart, rowChart } from "./comparison_charts.ts";
import type { ReportData, RunPoint } from "./data.ts";
import { type Html, shorten } from "./html.ts";
import { isDrawable, meanOf, metricValue, shareText, whole } from "./numbers.ts";
import { figure, section, type TableOptions } from "./parts.ts";

/** Marks that differ by shape too, for those who do not see the colours. */
const symbols: readonly SymbolType[] = ["circle", "square", "triangle", "diamond", "times", "plus", "star", "wye"];

/** Dashes of the lines of each further round of colours. */
const dashes = ["6,3", "2,3"] as const;

/** The section; nothing where there is no other run to compare with. */
export function comparisonSection({ record, runs = [] }: ReportData): Html | undefined {
  const metric = shorten(record.result.metric, 40);
  const unique = new Map([record, ...runs].map((run) => [keyOf(run), run]));
  const alike = [...unique.values()].filter(({ result }) =>
    result.metric === record.result.metric && isDrawable(result.pruned) && isDrawable(result.sparsity)
  );
  if (alike.length < 2) return undefined;
  const lines = linesOf(alike);
  const dense = meanOf(alike.map(({ result }) => result.dense).filter(isDrawable));
  const compared: Compared = { lines, runs: alike, metric, dense: isDrawable(dense) ? dense : undefined };
  const sparsities = new Set(alike.map(stepOf));
  const label = `${metric} against sparsity of ${alike.length} runs by ${lines.map(({ method }) => method).join(", ")}`;
  const drawn = sparsities.size > 1
    ? chart(label, (frame) => lineChart(compared, frame))
    : chart(label, (frame) => rowChart(compared, frame));
  const means = sparsities.size > 1
    ? "lines go through the means over seeds"
    : `upright strokes are means over seeds. All are ${shareText(alike[0]!.result.sparsity, 1)} sparse`;
  const left = unique.size - alike.length;
  const caption = `Each mark is a run; ${means}. Dashed: ${metric} before pruning, the mean of these runs.` +
    `${left > 0 ? ` Left out: ${whole(left)} of another metric or without one.` : ""}`;
  const [first = "", ...rest] = metric;
  const title = `${first.toUpperCase()}${rest.join("")} ${sparsities.size > 1 ? "against sparsity" : "by method"}`;
  return section(title, figure(drawn, caption, numbers(lines, metric)));
}

/** The same run by what it is and what came out. */
function keyOf({ method, seed, result: { sparsity, pruned, dense, metric } }: RunPoint): string {
  return JSON.stringify([method, seed, metric, sparsity, pruned, dense]);
}

/** Sparsities that count as equal: where a method has a rule of its own, runs to the same one differ a little. */
function stepOf({ result: { sparsity } }: RunPoint): number {
  return Math.round(200 * sparsity);
}

function linesOf(runs: readonly RunPoint[]): Line[] {
  const byMethod = Map.groupBy(runs, ({ method }) => method);
  return [...byMethod].map(([method, runs], i) => {
    const means = [...Map.groupBy(runs, stepOf).values()].map((runs) => ({
      sparsity: meanOf(runs.map(({ result }) => result.sparsity)),
      value: meanOf(runs.map(({ result }) => result.pruned)),
      runs,
    }));
    const round = Math.floor(i / lineColors);
    return {
      method,
      runs,
      means: means.sort((a, b) => a.sparsity - b.sparsity),
      color: `var(--line${i % lineColors})`,
      // Colours begin anew; shapes do so elsewhere, and lines are dashed.
      symbol: symbols[(i + 3 * round) % symbols.length]!,
      ...(round > 0 ? { dashes: dashes[(round - 1) % dashes.length]! } : {}),
    };
  });
}

function numbers(lines: readonly Line[], metric: string): TableOptions {
  return {
    label: `${metric} by method and sparsity`,
    head: ["method", "sparsity", "runs", "mean", "standard deviation", "lowest", "highest"],
    rows: lines.flatMap(({ method, means }) =>
      means.map(({ sparsity, value, runs }) => {
        const values = runs.map(({ result }) => result.pruned);
        return [
          shorten(method, 60),
          shareText(sparsity),
          whole(runs.length),
          metricValue(metric, value),
          metricValue(metric, deviation(values, value)),
          metricValue(metric, Math.min(...values)),
          metricValue(metric, Math.max(...values)),
        ];
      })
    ),
  };
}

/** Sample standard deviation; NaN of a single value. */
function deviation(values: readonly number[], mean: number): number {
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
