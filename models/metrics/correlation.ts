/**
 * Correlations of outputs and labels, the metrics of GLUE's STS-B.
 *
 * Both keep their pairs of numbers, two for each row, and compute at the end: means first, so that nothing cancels.
 *
 * @module
 */
import { type Metric, type RowMetric, running } from "./metric.ts";

/**
 * Pearson's correlation of two rows of numbers.
 *
 * @param xs Numbers.
 * @param ys As many.
 * @returns -1 to 1; 0 where either is constant (SciPy gives NaN), NaN where a number is NaN or infinite.
 */
export function pearsonOf(xs: ArrayLike<number>, ys: ArrayLike<number>): number {
  const dx = deviations(xs);
  const dy = deviations(ys);
  if (dx === undefined || dy === undefined) return 0;
  let xy = 0, xx = 0, yy = 0;
  for (let i = 0; i < dx.length; i++) {
    xy += dx[i]! * dy[i]!;
    xx += dx[i]! ** 2;
    yy += dy[i]! ** 2;
  }
  const value = xy / (Math.sqrt(xx) * Math.sqrt(yy));
  return Number.isNaN(value) ? NaN : Math.max(-1, Math.min(1, value));
}

/** Differences from the mean over the greatest of them, so that no square over- or underflows; none if all are equal. */
function deviations(values: ArrayLike<number>): Float64Array | undefined {
  const out = Float64Array.from(values);
  // Equality is judged before a mean is taken: a rounded mean would leave noise of constants.
  if (out.every((value) => value === out[0])) return undefined;
  const mean = out.reduce((sum, value) => sum + value / out.length, 0);
  const greatest = out.reduce((most, value) => Math.max(most, Math.abs(value - mean)), 0);
  return out.map((value) => (value - mean) / greatest);
}

/**
 * Ranks, from 1; equal numbers share the mean of their ranks.
 *
 * @param values Numbers.
 * @returns The rank of each; NaN for all where one is NaN.
 */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const ranks = new Float64Array(values.length);
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  order.sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0));
  for (let begin = 0; begin < order.length;) {
    const value = values[order[begin]!]!;
    if (Number.isNaN(value)) return ranks.fill(NaN);
    let end = begin + 1;
    while (end < order.length && values[order[end]!] === value) end++;
    for (let i = begin; i < end; i++) ranks[order[i]!] = (begin + 1 + end) / 2;
    begin = end;
  }
  return ranks;
}

/** A metric of all pairs of output and label. */
function ofPairs(value: (outputs: readonly number[], labels: readonly number[]) => number): RowMetric {
  const predicted: number[] = [];
  const wanted: number[] = [];
  return {
    row: (outputs, from, _width, label) => {
      predicted.push(outputs[from]!);
      wanted.push(label);
    },
    value: () => value(predicted, wanted),
  };
}

/** Pearson's correlation of outputs and labels; 0 where either is constant, NaN where an output is NaN or infinite. */
export const pearson: Metric = {
  name: "pearson",
  description: "Pearson correlation of outputs and labels; 0 where either is constant",
  greaterIsBetter: true,
  needs: "numbers",
  open: () => running("pearson", "numbers", ofPairs(pearsonOf)),
};

/**
 * Spearman's correlation: Pearson's of the ranks, equal numbers having the mean of their ranks; 0 where either is
 * constant, NaN where an output is NaN.
 */
export const spearman: Metric = {
  name: "spearman",
  description: "Spearman correlation of outputs and labels, mean ranks for ties; 0 where either is constant",
  greaterIsBetter: true,
  needs: "numbers",
  open: () => running("spearman", "numbers", ofPairs((xs, ys) => pearsonOf(averageRanks(xs), averageRanks(ys)))),
};
