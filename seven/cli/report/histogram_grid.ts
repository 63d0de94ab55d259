/**
 * The bins of the sentinel picture: their places on the axes, few enough to be seen.
 *
 * @module
 */
import type { HistogramData } from "./data.ts";
import { short } from "./numbers.ts";

/** Bins of both axes that are drawn: finer ones are joined. */
const MOST_BINS = [32, 20] as const;

/** A bin of both axes, with its place: sensitivity as its logarithm to base 10, steadiness as it is. */
export interface Cell {
  /** Its left end. */
  readonly x1: number;
  /** Its right end. */
  readonly x2: number;
  /** Its lower end. */
  readonly y1: number;
  /** Its upper end. */
  readonly y2: number;
  /** Kept weights in it. */
  readonly kept: number;
  /** Pruned ones. */
  readonly pruned: number;
  /** Least sensitivity and least steadiness in it. */
  readonly from: readonly [sensitivity: string, steadiness: string];
}

/** Bins of one axis. */
interface Axis {
  /** Bin `i` is from `ends[i]` to `ends[i + 1]`. */
  readonly ends: readonly number[];
  /** The least value in each. */
  readonly names: readonly string[];
}

/**
 * Columns of bins of equal sensitivity, those at the sides without any weight left out; nothing where there is no
 * weight, or edges and counts do not fit together.
 */
export function gridOf({ kept, pruned, edges: { sensitivity, steadiness } }: HistogramData): Cell[][] | undefined {
  const [m, n] = [sensitivity.length + 1, steadiness.length + 1];
  const fits = kept.length === m * n && pruned.length === m * n;
  if (!fits || !ascends(sensitivity, 0, Infinity) || !ascends(steadiness, 0, 1)) return undefined;
  const logs = sensitivity.map(Math.log10);
  const wide = logs.length > 1 ? (logs.at(-1)! - logs[0]!) / (logs.length - 1) : 1;
  // The outer bins have no end: they get the width of the others.
  const x = { ends: [logs[0]! - wide, ...logs, logs.at(-1)! + wide], names: [0, ...sensitivity].map(short) };
  const y = { ends: [0, ...steadiness, 1], names: [0, ...steadiness].map(short) };
  const columns = joined(x, MOST_BINS[0]).map(([i0, i1]) =>
    joined(y, MOST_BINS[1]).map(([j0, j1]): Cell => ({
      x1: x.ends[i0]!,
      x2: x.ends[i1]!,
      y1: y.ends[j0]!,
      y2: y.ends[j1]!,
      kept: countIn(kept, [i0, i1], [j0, j1], n),
      pruned: countIn(pruned, [i0, i1], [j0, j1], n),
      from: [x.names[i0]!, y.names[j0]!],
    }))
  );
  const counted = columns.map((column) => column.some(({ kept, pruned }) => kept + pruned > 0));
  const used = columns.slice(counted.indexOf(true), counted.lastIndexOf(true) + 1);
  return counted.includes(true) ? used : undefined;
}

/**
 * Where the `keep` most sensitive weights begin, at the nearest end of a column; nothing where that is no place within
 * the picture.
 */
export function cutOf(columns: readonly (readonly Cell[])[], keep: number): number | undefined {
  let above = 0;
  for (const column of columns.toReversed()) {
    const { x1, x2 } = column[0]!;
    const next = above + column.reduce((sum, { kept, pruned }) => sum + kept + pruned, 0);
    if (next >= keep) {
      const cut = keep - above < next - keep ? x2 : x1;
      return keep > 0 && cut > columns[0]![0]!.x1 && cut < columns.at(-1)![0]!.x2 ? cut : undefined;
    }
    above = next;
  }
  return undefined;
}

function ascends(values: readonly number[], above: number, below: number): boolean {
  return values.length > 0 && values.every((value, i) => value > (values[i - 1] ?? above) && value < below);
}

/** First bins and bins after the last, of as many neighbours as it takes. */
function joined({ names }: Axis, most: number): (readonly [number, number])[] {
  const each = Math.ceil(names.length / most);
  return Array.from(
    { length: Math.ceil(names.length / each) },
    (_, i) => [i * each, Math.min(names.length, (i + 1) * each)],
  );
}

function countIn(
  counts: ArrayLike<number>,
  [i0, i1]: readonly [number, number],
  [j0, j1]: readonly [number, number],
  n: number,
): number {
  let sum = 0;
  for (let i = i0; i < i1; i++) {
    for (let j = j0; j < j1; j++) {
      const count = counts[i * n + j]!;
      if (count > 0 && count < Number.MAX_SAFE_INTEGER) sum += count;
    }
  }
  return sum;
}
