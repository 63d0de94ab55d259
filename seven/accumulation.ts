/**
 * Gradient accumulation: the gradient of a large batch from micro-batches. Of the mean losses L_i over n_i rows,
 *
 *     L = sum of n_i L_i / sum of n_i,        g = sum of n_i g_i / sum of n_i
 *
 * the mean over all rows, however unevenly they are spread: normalised once, by the rows of the whole batch.
 *
 * @module
 */
import {
  add,
  cast,
  div,
  equal,
  type HostTensor,
  mul,
  type Tensor,
  type Type,
  where,
  zeros,
  zerosLike,
} from "../engine/mod.ts";
import { mapNamed, type Named } from "./criteria/criterion.ts";
import { OptionError } from "./schedule.ts";

/** Sums over the micro-batches so far: `gradients` by parameter name, `totals` of "rows" and "loss". */
export type Accumulated<T> = Named<Named<T>>;

/** Mean loss of a batch and its gradients. */
export interface LossAndGradients {
  /** Mean loss, rank 0. */
  readonly loss: Tensor;
  /** Gradients by parameter name. */
  readonly grads: Named<Tensor>;
}

/** Sums over nothing. */
export function emptySums(types: Named<Type>): Accumulated<HostTensor> {
  const scalar: Type = { shape: [], dtype: "f32" };
  return { gradients: mapNamed(types, zeros), totals: { rows: zeros(scalar), loss: zeros(scalar) } };
}

/**
 * Adds a micro-batch.
 *
 * @param rows how many rows it counts, rank 0.
 * @throws {OptionError} when the rows are no scalar.
 */
export function addBatch(
  { gradients, totals }: Accumulated<Tensor>,
  { loss, grads }: LossAndGradients,
  rows: Tensor,
): Accumulated<Tensor> {
  if (rows.shape.length) {
    throw new OptionError(
      `rows of a batch have the shape [${rows.shape}]; give their number, a rank-0 tensor: sum them`,
    );
  }
  const n = cast(rows, "f32");
  return {
    gradients: mapNamed(gradients!, (sum, name) => add(sum, mul(grads[name]!, n))),
    totals: { rows: add(totals!.rows!, n), loss: add(totals!.loss!, mul(loss, n)) },
  };
}

/** Means over all rows; 0 when there are none. */
export function meanOf({ gradients, totals }: Accumulated<Tensor>): LossAndGradients {
  const rows = totals!.rows!;
  const norm = where(equal(rows, 0), 1, rows);
  return { loss: div(totals!.loss!, norm), grads: mapNamed(gradients!, (sum) => div(sum, norm)) };
}

/** The same sums, back at 0. */
export function cleared(sums: Accumulated<Tensor>): Accumulated<Tensor> {
  return mapNamed(sums, (named) => mapNamed(named, zerosLike));
}
