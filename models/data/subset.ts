/**
 * Parts of a split: rows held out for validation, or the first few.
 *
 * @module
 */
import { DataError } from "./error.ts";
import { permutation, purposes, rng } from "./rng.ts";
import type { Split } from "./split.ts";

/**
 * Some rows of a split as a split of their own. Nothing is copied but the labels.
 *
 * @param split The split.
 * @param rows Which rows, in their new order.
 * @param name What to call the part.
 * @returns The part.
 * @throws {DataError} when there is no row, or one is not of the split.
 */
export function subset(split: Split, rows: ArrayLike<number>, name: string): Split {
  const chosen = Uint32Array.from(rows);
  if (chosen.length === 0) throw new DataError(`${name}: there are no rows; take at least one of ${split.name}`);
  const beyond = chosen.find((row) => row >= split.count);
  if (beyond !== undefined) {
    throw new DataError(`${name}: row ${beyond} is not among the ${split.count} of ${split.name}`);
  }
  const pick = (values: ArrayLike<number>): Float64Array => Float64Array.from(chosen, (row) => values[row]);
  return {
    name,
    count: chosen.length,
    labels: split.labels.length === 0 ? split.labels : pick(split.labels),
    ...(split.lengths ? { lengths: pick(split.lengths) } : {}),
    gather: (indices, size, random) => split.gather(Uint32Array.from(indices, (i) => chosen[i]), size, random),
  };
}

/** A training split in two parts. */
export interface HeldOut {
  /** What models learn from. */
  readonly train: Split;
  /** What choices during training go by. */
  readonly heldOut: Split;
}

/**
 * Holds rows of a training split out, to judge by during training without touching the rows that results are reported
 * on. Which ones follows from the seed alone.
 *
 * @param split The training split.
 * @param count Rows to hold out; at least one is left to learn from.
 * @param seed Seed of the choice.
 * @returns Both parts.
 * @throws {DataError} when there are not that many rows.
 */
export function holdOut(split: Split, count: number, seed: number): HeldOut {
  if (!Number.isSafeInteger(count) || count < 1 || count >= split.count) {
    throw new DataError(`${split.name}: ${count} of ${split.count} rows cannot be held out; leave some to train on`);
  }
  const order = permutation(split.count, rng(seed, purposes.validation));
  return {
    heldOut: subset(split, order.subarray(0, count).sort(), `${split.name} (held out)`),
    train: subset(split, order.subarray(count).sort(), split.name),
  };
}
