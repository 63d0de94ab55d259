/**
 * What came out of measuring groups, for people: a table, and limits that follow from it.
 *
 * @module
 */
import { count, metricText, percent, table } from "../table.ts";

/** What a model is worth with one group pruned. */
export interface Point {
  /** Share of the group that was asked for. */
  readonly sparsity: number;
  /** Weights that were set to 0. */
  readonly removed: number;
  /** All metrics. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Points of one group. */
export interface MeasuredGroup {
  /** A pattern of the names of its tensors. */
  readonly pattern: string;
  /** Number of its weights. */
  readonly weights: number;
  /** Points by ascending sparsity. */
  readonly points: readonly Point[];
}

/** Points of all groups. */
export interface Measured {
  /** Name of the metric that groups are compared by. */
  readonly metric: string;
  /** Whether more of it is better. */
  readonly greaterIsBetter: boolean;
  /** All metrics with nothing pruned. */
  readonly dense: Readonly<Record<string, number>>;
  /** The groups, in the model's order. */
  readonly groups: readonly MeasuredGroup[];
}

/** A limit that a group should have. */
export interface Advice {
  /** The pattern of the group. */
  readonly pattern: string;
  /** Share that it should lose at most: the greatest measured one that loses little, 0 where each loses more. */
  readonly sparsity: number;
}

/** Metrics are quotients: what is exactly as much as may be lost must not be more by rounding. */
const rounding = 1e-9;

/** How much of the metric is lost at a point; negative where it is better than dense. */
function lossAt({ metric, greaterIsBetter, dense }: Measured, { metrics }: Point): number {
  const change = dense[metric]! - metrics[metric]!;
  return greaterIsBetter ? change : -change;
}

/** Groups, that which loses most at the greatest sparsity first. NaN counts as the greatest loss. */
function mostSensitiveFirst(measured: Measured): MeasuredGroup[] {
  const worst = ({ points }: MeasuredGroup): number => {
    const loss = lossAt(measured, points.at(-1)!);
    return Number.isNaN(loss) ? Infinity : loss;
  };
  const difference = (a: number, b: number): number => a === b ? 0 : b - a; // two infinities are equal
  return measured.groups.toSorted((a, b) => difference(worst(a), worst(b)));
}

/**
 * Lines of a table: a row for each group, a column for each sparsity.
 *
 * @param measured What came out.
 * @param sparsities The sparsities.
 */
export function sensitivityLines(measured: Measured, sparsities: readonly number[]): string[] {
  const { metric } = measured;
  const short = (sparsity: number): string => percent(sparsity).replace(/\.?0+ %$/, " %");
  return table([
    ["group", "weights", ...sparsities.map(short)],
    ...mostSensitiveFirst(measured).map(({ pattern, weights, points }) => [
      pattern,
      count(weights),
      ...points.map(({ metrics }) => metricText(metric, metrics[metric]!)),
    ]),
  ]);
}

/**
 * Limits for the groups that lose more than is tolerated at the greatest sparsity, the most sensitive first: below each
 * limit all measured sparsities lose less.
 *
 * @param measured What came out.
 * @param tolerance How much of the metric may be lost.
 */
export function limitsAdvised(measured: Measured, tolerance: number): Advice[] {
  return mostSensitiveFirst(measured).flatMap(({ pattern, points }) => {
    const first = points.findIndex((point) => !(lossAt(measured, point) <= tolerance + rounding));
    return first < 0 ? [] : [{ pattern, sparsity: first === 0 ? 0 : points[first - 1]!.sparsity }];
  });
}
