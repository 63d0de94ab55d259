/**
 * Medians and spreads of timings.
 *
 * @module
 */

/** What is reported of a set of timings. */
export interface Summary {
  /** The middle value. */
  readonly median: number;
  /** Interquartile range: half of the values lie within so much of each other. */
  readonly spread: number;
}

/**
 * The value below which a share of the samples lies, interpolated between the two nearest.
 *
 * @param sorted ascending, not empty.
 * @param share in [0, 1].
 */
export function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position), above = Math.ceil(position);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (position - below);
}

/**
 * Median and interquartile range. Both shrug at the seconds in which a shared machine runs at half speed.
 *
 * @throws {RangeError} when there are no samples.
 */
export function summarize(samples: readonly number[]): Summary {
  if (!samples.length) throw new RangeError("summarize: no samples; measure at least once");
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), spread: quantile(sorted, 0.75) - quantile(sorted, 0.25) };
}

/** True when two lists of numbers agree, each within `tolerance` of the greater magnitude (or of 1e-6). */
export function agree(a: readonly number[], b: readonly number[], tolerance: number): boolean {
  return a.length === b.length && a.every((value, i) => {
    const other = b[i]!;
    return Math.abs(value - other) <= tolerance * Math.max(Math.abs(value), Math.abs(other), 1e-6);
  });
}
