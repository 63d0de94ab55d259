/**
 * A split: the rows of one part of a data set, ready to become batches of tensors.
 *
 * @module
 */
import type { HostTensor } from "../../engine/host.ts";
import type { Rng } from "./rng.ts";

/**
 * One batch: tensors by name, each with the rows along its first axis. Every batch has `valid`, f32 `[rows]`: 1, or 0
 * where a row is padding. A type and not an interface, so that it is a tree of tensors.
 */
export type Batch = { readonly [name: string]: HostTensor };

/** Rows of one part of a data set. */
export interface Split {
  /** What to call it in errors and records, such as `SST-2/dev.tsv`. */
  readonly name: string;
  /** Number of rows. */
  readonly count: number;
  /** Label of each row: a class, or a number for regression. Empty where rows have none. */
  readonly labels: ArrayLike<number>;
  /**
   * Length of each row, where rows differ: tokens of a text. A batch is as long as its longest row, rounded up to one
   * of few lengths; evaluation takes rows of similar length together.
   */
  readonly lengths?: ArrayLike<number>;
  /**
   * Gathers rows into a batch in memory of its own.
   *
   * @param rows Numbers of the rows, at most `size`.
   * @param size Rows of the batch: padded where there are fewer, see {@linkcode Batch}.
   * @param random Randomness for augmentation; a split without augmentation ignores it, evaluation gives none.
   */
  gather(rows: ArrayLike<number>, size: number, random?: Rng): Batch | Promise<Batch>;
}
