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

/** How training batches are put together. */
export interface TrainingOptions {
  /** Number of the first batch: a run that goes on at step 500 passes 500 and sees what it would have seen; 0. */
  readonly start?: number;
  /**
   * Whether rows of similar length share a batch, so that little of it is padding; false. Lengths are compared among
   * the rows of some 50 batches, which then come in random order.
   */
  readonly groupByLength?: boolean;
}

/** Batches among whose rows lengths are compared, as in Hugging Face's `group_by_length`. */
const grouped = 50;

/**
 * Training batches without end. Each epoch is shuffled anew from the seed; a batch may take the last rows of one epoch
 * and the first of the next, so every row comes once per epoch and every batch is full.
 *
 * @param split The rows.
 * @param size Rows per batch; may exceed the number of rows.
 * @param seed Seed of the shuffles and of augmentation.
 * @param options Where to begin; whether to group by length.
 * @returns The batches, each in memory of its own.
 * @throws {DataError} when `size` or `start` is not a whole number of its range.
 */
export function trainingBatches(
  split: Split,
  size: number,
  seed: number,
  { start = 0, groupByLength = false }: TrainingOptions = {},
): AsyncGenerator<Batch, never, void> {
  checkSize(size);
  if (!Number.isSafeInteger(start) || start < 0) {
    throw new DataError(`first batch ${start}: use a whole number, 0 or more`);
  }
  const { lengths } = split;
  const stream = shuffledRows(split.count, seed);
  const rowsOf = groupByLength && lengths ? similarRows(stream, size, seed, lengths) : followingRows(stream, size);
  return shuffledBatches(split, size, seed, start, rowsOf);
}

/** Gives row number `position` of all epochs, one after another. Positions only grow, but for a batch or some. */
function shuffledRows(count: number, seed: number): (position: number) => number {
  const orders = new Map<number, Uint32Array>();
  return (position) => {
    const epoch = Math.floor(position / count);
    let order = orders.get(epoch);
    if (!order) {
      orders.delete(epoch - 2);
      orders.set(epoch, order = permutation(count, rng(seed, purposes.shuffle, epoch)));
    }
    return order[position % count];
  };
}

/** Rows of batch `number`: those that follow in the stream. */
function followingRows(stream: (position: number) => number, size: number): (number: number) => Uint32Array {
  return (number) => Uint32Array.from({ length: size }, (_, i) => stream(number * size + i));
}

/** Rows of batch `number`: of similar length, out of those of `grouped` batches. */
function similarRows(
  stream: (position: number) => number,
  size: number,
  seed: number,
  lengths: ArrayLike<number>,
): (number: number) => Uint32Array {
  let current = -1;
  let rows: Uint32Array = new Uint32Array(0), order: Uint32Array = new Uint32Array(0);
  return (number) => {
    const group = Math.floor(number / grouped);
    if (group !== current) {
      const first = group * grouped * size;
      rows = Uint32Array.from({ length: grouped * size }, (_, i) => stream(first + i));
      rows.sort((a, b) => lengths[a] - lengths[b] || a - b);
      order = permutation(grouped, rng(seed, purposes.shuffle, group, 1));
      current = group;
    }
    const at = order[number % grouped] * size;
    return rows.slice(at, at + size);
  };
}

async function* shuffledBatches(
  split: Split,
  size: number,
  seed: number,
  start: number,
  rowsOf: (number: number) => Uint32Array,
): AsyncGenerator<Batch, never, void> {
  for (let number = start;; number++) {
    yield await split.gather(rowsOf(number), size, rng(seed, purposes.augmentation, number));
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
