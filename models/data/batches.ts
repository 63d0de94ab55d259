/**
 * Batches: the rows of a split, normalised, in the fixed size that a compiled program takes.
 *
 * @module
 */

import type { HostTensor } from "../../engine/host.ts";
import type { Split } from "./dataset.ts";
import { DataError } from "./error.ts";
import { permutation, purposes, rng } from "./rng.ts";

/** One batch; a type and not an interface, so that it is a tree of tensors. */
export type Batch = {
  /** Pixels, `f32 [batch, channels, height, width]`; zeros where a row is padding. */
  readonly images: HostTensor;
  /** Classes, `u32 [batch]`; 0 where a row is padding. */
  readonly labels: HostTensor;
  /** Which rows count, `f32 [batch]`: 1, or 0 where a row is padding. */
  readonly valid: HostTensor;
};

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new DataError(`batch size ${size}: use a whole number, 1 or more`);
  }
}

/** Copies rows of the split into a batch of `size`, padded where there are fewer. */
function gather(split: Split, rows: ArrayLike<number>, size: number): Batch {
  const { images, values, shape: [channels, height, width] } = split;
  const area = height * width;
  const pixels = new Float32Array(size * channels * area);
  const labels = new Uint32Array(size);
  const valid = new Float32Array(size);
  let to = 0;
  for (let i = 0; i < rows.length; i++) {
    let from = rows[i] * channels * area;
    for (let c = 0; c < channels; c++) {
      const base = 256 * c;
      for (const end = from + area; from < end; from++) pixels[to++] = values[base + images[from]];
    }
    labels[i] = split.labels[rows[i]];
    valid[i] = 1;
  }
  return {
    images: { shape: [size, channels, height, width], dtype: "f32", data: pixels },
    labels: { shape: [size], dtype: "u32", data: labels },
    valid: { shape: [size], dtype: "f32", data: valid },
  };
}

/**
 * Training batches without end. Each epoch is shuffled anew from the seed; a batch may take the last rows of one epoch
 * and the first of the next, so every row comes once per epoch and every batch is full.
 *
 * @param split The rows.
 * @param size Rows per batch; may exceed the number of rows.
 * @param seed Seed of the shuffles.
 * @param start Number of the first batch: a run that goes on at step 500 passes 500 and sees what it would have seen.
 * @returns The batches, each in memory of its own.
 * @throws {DataError} when `size` or `start` is not a whole number of its range.
 */
export function trainingBatches(
  split: Split,
  size: number,
  seed: number,
  start: number = 0,
): Generator<Batch, never, void> {
  checkSize(size);
  if (!Number.isSafeInteger(start) || start < 0) {
    throw new DataError(`first batch ${start}: use a whole number, 0 or more`);
  }
  return shuffledBatches(split, size, seed, start);
}

function* shuffledBatches(split: Split, size: number, seed: number, start: number): Generator<Batch, never, void> {
  let epoch = Math.floor(start * size / split.count);
  let position = start * size % split.count;
  let order = permutation(split.count, rng(seed, purposes.shuffle, epoch));
  while (true) {
    const rows = new Uint32Array(size);
    for (let i = 0; i < size; i++) {
      if (position === split.count) {
        order = permutation(split.count, rng(seed, purposes.shuffle, ++epoch));
        position = 0;
      }
      rows[i] = order[position++];
    }
    yield gather(split, rows, size);
  }
}

/**
 * All rows in order, for evaluation. The last batch is padded, never dropped: `valid` says which rows count.
 *
 * @param split The rows.
 * @param size Rows per batch.
 * @returns The batches, each in memory of its own.
 * @throws {DataError} when `size` is not a whole number, 1 or more.
 */
export function evaluationBatches(split: Split, size: number): Generator<Batch, void, void> {
  checkSize(size);
  return orderedBatches(split, size);
}

function* orderedBatches(split: Split, size: number): Generator<Batch, void, void> {
  for (let start = 0; start < split.count; start += size) {
    const rows = Array.from({ length: Math.min(size, split.count - start) }, (_, i) => start + i);
    yield gather(split, rows, size);
  }
}
