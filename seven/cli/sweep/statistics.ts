/**
 * Means over seeds and how far single ones are from them.
 *
 * @module
 */

/** What some values have in common. */
export interface Spread {
  /** How many there are, n. */
  readonly count: number;
  /** Their mean. */
  readonly mean: number;
  /** Sample standard deviation, over n - 1; nothing for a single value. */
  readonly deviation?: number;
  /** The smallest value. */
  readonly least: number;
  /** The largest value. */
  readonly greatest: number;
}

/** Describes values, of which there is one at least. */
export function spreadOf(values: readonly number[]): Spread {
  const { length } = values;
  const least = Math.min(...values), greatest = Math.max(...values);
  // Rounding must not take the mean of equal values beyond them, and give them a spread.
  const mean = Math.min(greatest, Math.max(least, values.reduce((sum, value) => sum + value, 0) / length));
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    count: length,
    mean,
    ...(length > 1 ? { deviation: Math.sqrt(squares / (length - 1)) } : {}),
    least,
    greatest,
  };
}

/** How a method did against another under the same seeds. */
export interface Paired {
  /** Seeds that both have, n. */
  readonly count: number;
  /** Mean of the differences, the method's less the baseline's. */
  readonly difference: number;
  /** Standard error of that mean, from the differences themselves; nothing for a single seed. */
  readonly error?: number;
  /** Seeds by which the method was better. */
  readonly wins: number;
  /** Seeds by which it was worse. */
  readonly losses: number;
  /** Seeds by which both came to the same. */
  readonly ties: number;
}

/**
 * Compares values of the same seeds.
 *
 * @param method Values of the method by seed.
 * @param baseline Values of the baseline by seed.
 * @param greaterIsBetter Whether more is better.
 * @returns Nothing where no seed has both.
 */
export function paired(
  method: ReadonlyMap<number, number>,
  baseline: ReadonlyMap<number, number>,
  greaterIsBetter: boolean,
): Paired | undefined {
  const differences = [...method].flatMap(([seed, value]) => {
    const other = baseline.get(seed);
    return other === undefined ? [] : [value - other];
  });
  if (differences.length === 0) return undefined;
  const { count, mean, deviation } = spreadOf(differences);
  const wins = differences.filter((value) => greaterIsBetter ? value > 0 : value < 0).length;
  const ties = differences.filter((value) => value === 0).length;
  return {
    count,
    difference: mean,
    ...(deviation === undefined ? {} : { error: deviation / Math.sqrt(count) }),
    wins,
    losses: count - wins - ties,
    ties,
  };
}
