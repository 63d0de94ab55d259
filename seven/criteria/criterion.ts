/**
 * What an importance criterion is. All have one shape, so adding a method is adding a file.
 *
 * @module
 */
import type { HostTensor, Tensor, Type } from "../../engine/mod.ts";

/** Values by weight name. */
export type Named<T> = Readonly<Record<string, T>>;

/** Streaming state of a criterion: by the name of the statistic, then by weight name. */
export type CriterionState<T> = Readonly<Record<string, Named<T>>>;

/** What a criterion may look at in one step. Everything is lazy: what is not touched is not computed. */
export interface CriterionContext {
  /** The prunable weights, before this step's update. */
  readonly weights: Named<Tensor>;
  /** Gradients of the loss with respect to the prunable weights, on this step's batch. */
  readonly grads: Named<Tensor>;
  /** Current masks, bool. */
  readonly masks: Named<Tensor>;
  /** Random key of this step, u32[2]. */
  readonly key: Tensor;
  /** Rank-0 f32 tensors with the values of {@linkcode Criterion.scalars}. */
  readonly scalars: Named<Tensor>;
}

/** Scores weights: the greater, the more worth keeping. */
export interface Criterion {
  /** Its name on the command line and in records. */
  readonly name: string;
  /** What it looks at, for people. */
  readonly needs: readonly ("weights" | "gradients")[];
  /** Whether pruned weights are zeroed for good, or kept aside dense so that they may return. */
  readonly weights: "zeroed" | "kept";
  /** State before the first pruning step, for weights of these types. */
  init(types: Named<Type>): CriterionState<HostTensor>;
  /** Numbers of the `t`-th update (from 1), computed in f64 and fed as rank-0 inputs. */
  scalars(t: number): Named<number>;
  /** One update of the state. */
  update(context: CriterionContext, state: CriterionState<Tensor>): CriterionState<Tensor>;
  /** Scores of all weights, from the updated state. */
  score(context: CriterionContext, state: CriterionState<Tensor>): Record<string, Tensor>;
}

/** Applies `f` to each value of a record. */
export function mapNamed<T, U>(record: Named<T>, f: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}
