/**
 * Batches: rows of a split in the fixed number that a compiled program takes.
 *
 * @module
 */
import { DataError } from "./error.ts";
import { permutation, purposes, rng } from "./rng.ts";
import type { Batch, Split } from "./split.ts";

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new DataError(`batch size ${size}: use a whole number, 1 or more`);
  }
}

/**
 * Training batches without end. Each epoch is shuffled anew from the seed; a batch may take the last rows of one epoch
 * and the first of the next, so every row comes once per epoch and every batch is full.
 *
 * @param split The rows.
 * @param size Rows per batch; may exceed the number of rows.
 * @param seed Seed of the shuffles and of augmentation.
 * @param start Number of the first batch: a run that goes on at step 500 passes 500 and sees what it would have seen.
 * @returns The batches, each in memory of its own.
 * @throws {DataError} when `size` or `start` is not a whole number of its range.
 */
export function trainingBatches(
  split: Split,
  size: number,
  seed: number,
  start: number = 0,
): AsyncGenerator<Batch, never, void> {
  checkSize(size);
  if (!Number.isSafeInteger(start) || start < 0) {
    throw new DataError(`first batch ${start}: use a whole number, 0 or more`);
  }
  return shuffledBatches(split, size, seed, start);
}

async function* shuffledBatches(
  split: Split,
  size: number,
  seed: number,
  start: number,
): AsyncGenerator<Batch, never, void> {
  let epoch = Math.floor(start * size / split.count);
  let position = start * size % split.count;
  let order = permutation(split.count, rng(seed, purposes.shuffle, epoch));
  for (let number = start;; number++) {
    const rows = new Uint32Array(size);
    for (let i = 0; i < size; i++) {
      if (position === split.count) {
        order = permutation(split.count, rng(seed, purposes.shuffle, ++epoch));
        position = 0;
      }
      rows[i] = order[position++];
    }
    yield await split.gather(rows, size, rng(seed, purposes.augmentation, number));
  }
}

/** A batch, and which rows of the split it has. */
export interface OrderedBatch {
  /** Numbers of the rows; fewer than the batch has where it is padded. */
  readonly rows: Uint32Array;
  /** The tensors. */
  readonly batch: Batch;
}

/**
 * Every row once, for evaluation: in order, or by length where rows have lengths, so that short ones are not padded to
 * long ones. The last batch is padded, never dropped: `valid` says which rows count.
 *
 * @param split The rows.
 * @param size Rows per batch.
 * @returns The batches, each in memory of its own.
 * @throws {DataError} when `size` is not a whole number, 1 or more.
 */
export function evaluationBatches(split: Split, size: number): AsyncGenerator<OrderedBatch, void, void> {
  checkSize(size);
  return orderedBatches(split, size);
}

async function* orderedBatches(split: Split, size: number): AsyncGenerator<OrderedBatch, void, void> {
  const order = Uint32Array.from({ length: split.count }, (_, row) => row);
  const { lengths } = split;
  if (lengths) order.sort((a, b) => lengths[a] - lengths[b] || a - b);
  for (let start = 0; start < split.count; start += size) {
    const rows = order.slice(start, start + size);
    yield { rows, batch: await split.gather(rows, size) };
  }
}
