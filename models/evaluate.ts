/**
 * Evaluating a classifier on a whole split.
 *
 * @module
 */

import { correctCount, crossEntropy, type Device, type Placed, type Tensor, type Type } from "../engine/mod.ts";
import { type Batch, evaluationBatches } from "./data/batches.ts";
import type { Split } from "./data/dataset.ts";

/** How good a classifier is on a split. */
export interface Evaluation {
  /** Share of the rows whose class has the greatest logit. */
  readonly accuracy: number;
  /** Mean cross-entropy of the rows. */
  readonly loss: number;
  /** Number of rows: all of the split. */
  readonly count: number;
}

/** What to evaluate, and on what. */
export interface EvaluateOptions<S> {
  /** Where to evaluate. */
  readonly device: Device;
  /** State on that device. It is read where it lies, not copied, and does not change. */
  readonly state: Placed<S>;
  /** Logits, f32 `[batch, classes]`, from the state and images, f32 `[batch, channels, height, width]`. */
  readonly logits: (state: S, images: Tensor) => Tensor;
  /** The rows. */
  readonly split: Split;
  /** Rows per batch; 100. The result depends on it by rounding only. */
  readonly batch?: number;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
}

/** Batches between two readings: enough to keep a device busy, few enough that signals and timers get through. */
const batchesPerReading = 8;

type EvaluationBatch = { readonly [key in keyof Batch]: Tensor };
type Sums = { readonly correct: Tensor; readonly loss: Tensor };

/**
 * Counts right answers and averages the loss over every row of the split, each once: the last batch is padded and its
 * padding does not count. Averages of batches are not averaged again (that would weigh the rows of a short last batch
 * more); sums are taken in f64 on the host.
 *
 * @typeParam S The state's tree of tensors.
 * @param options What to evaluate, and on what.
 * @returns Accuracy and mean loss.
 * @throws What `signal` was aborted with.
 */
export async function evaluate<S>(options: EvaluateOptions<S>): Promise<Evaluation> {
  const { device, state, split, batch = 100, signal } = options;
  const size = Math.min(batch, split.count);
  const step = (parameters: S, { images, labels, valid }: EvaluationBatch): { state: S; metrics: Sums } => {
    const logits = options.logits(parameters, images);
    const weights = { weights: valid };
    return {
      state: parameters,
      metrics: { correct: correctCount(logits, labels, weights), loss: crossEntropy(logits, labels, weights) },
    };
  };
  const types = { state: state.types, batch: batchTypes(split, size) } as unknown as Parameters<
    typeof device.compile<S, EvaluationBatch, Sums>
  >[1];
  using program = await device.compile<S, EvaluationBatch, Sums>(step, types);
  let correct = 0, loss = 0, read = 0, given = 0;
  const gather = async (): Promise<void> => {
    for (const { values } of await program.metrics()) {
      const { correct: right, loss: mean } = values as unknown as { correct: number; loss: number };
      const rows = Math.min(size, split.count - size * read++);
      correct += right;
      loss += mean * rows;
    }
  };
  for (const rows of evaluationBatches(split, size)) {
    signal?.throwIfAborted();
    program.run(state, rows as never);
    if (++given % batchesPerReading === 0) await gather();
  }
  await gather();
  return { accuracy: correct / split.count, loss: loss / split.count, count: split.count };
}

/** Types of a batch of `size` rows of a split. */
export function batchTypes(split: Split, size: number): { readonly [key in keyof Batch]: Type } {
  return {
    images: { shape: [size, ...split.shape], dtype: "f32" },
    labels: { shape: [size], dtype: "u32" },
    valid: { shape: [size], dtype: "f32" },
  };
}
