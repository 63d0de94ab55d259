/**
 * What an importance criterion is. All have one shape, so adding a method is adding a file.
 *
 * @module
 */
import type { HostTensor, Tensor, Type } from "../../engine/mod.ts";

/** Values by weight name. */
export type Named<T> = Readonly<Record<string, T>>;

/**
 * Streaming state of a criterion: by the name of the statistic, then by weight name. Statistics of a weight's shape are
 * set to 0 where it was pruned for good.
 */
export type CriterionState<T> = Readonly<Record<string, Named<T>>>;

/** What a criterion may look at in one step. Everything is lazy: what is not touched is not computed. */
export interface CriterionContext {
  /** The prunable weights: dense for criteria that keep them so, else 0 where pruned. See {@linkcode Criterion.looks}. */
  readonly weights: Named<Tensor>;
  /** Gradients of this step's loss at the sparse network, with respect to the masked weights; dense. */
  readonly grads: Named<Tensor>;
  /** Current masks, bool. */
  readonly masks: Named<Tensor>;
  /** Random key of this step, u32[2]. */
  readonly key: Tensor;
  /** Rank-0 f32 tensors with the values of {@linkcode Criterion.scalars}. */
  readonly scalars: Named<Tensor>;
  /**
   * Loss of this step's batch at other prunable weights, the rest of the model as it is.
   *
   * @param weights all prunable weights.
   * @param temperature what logits are divided by; 1.
   */
  loss(weights: Named<Tensor>, temperature?: number): Tensor;
  /**
   * Activations `[rows, in]` that a weight `[out, in]` multiplies in this step's loss, all rows of the batch.
   *
   * @throws {OptionError} when the weight is of no linear layer, or of several with different inputs.
   */
  inputOf(name: string): Tensor;
}

/** Where a step stands: what scalars of a criterion may depend on. */
export interface Progress {
  /** Number of the update of the statistics, from 1. */
  readonly update: number;
  /** Sparsity that this step prunes to, or the current one. */
  readonly sparsity: number;
  /** Sparsity at the end. */
  readonly target: number;
}

/** Scores weights: the greater, the more worth keeping. */
export interface Criterion {
  /** Its name on the command line and in records. */
  readonly name: string;
  /** What it looks at, for people. */
  readonly needs: readonly ("weights" | "gradients" | "activations" | "second order")[];
  /**
   * What happens to pruned weights: "zeroed" sets them to 0, moments and statistics too; "kept" keeps them aside dense,
   * and the model sees weight * mask.
   */
  readonly weights: "zeroed" | "kept";
  /** Whether a weight pruned once may come back when its score does. */
  readonly returns: boolean;
  /** Of kept weights: whether pruned ones go on learning from their dense gradient ("dense") or rest ("masked"). */
  readonly learns?: "dense" | "masked";
  /** Whether it sees the weights "before" this step's update, on which gradients were taken, or "after" it; "before". */
  readonly looks?: "before" | "after";
  /** State before the first pruning step, for weights of these types. */
  init(types: Named<Type>): CriterionState<HostTensor>;
  /** Numbers of a step, computed in f64 and fed as rank-0 inputs. */
  scalars(progress: Progress): Named<number>;
  /** One update of the state: at every step of the pruning window. */
  update(context: CriterionContext, state: CriterionState<Tensor>): CriterionState<Tensor>;
  /**
   * Takes in a micro-batch of a step of the window: all but the last, which {@linkcode Criterion.update} sees. Only
   * criteria need it that sum up something of their own over the rows; gradients are those of all micro-batches anyway.
   */
  gather?(context: CriterionContext, state: CriterionState<Tensor>): CriterionState<Tensor>;
  /** Scores of all weights, from the updated state. */
  score(context: CriterionContext, state: CriterionState<Tensor>): Record<string, Tensor>;
  /** Masks by a rule of its own, instead of keeping the greatest scores. The number kept is then what comes out. */
  masks?(context: CriterionContext, state: CriterionState<Tensor>): Record<string, Tensor>;
}

/** Applies `f` to each value of a record. */
export function mapNamed<T, U>(record: Named<T>, f: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}

/** What criteria without statistics have in common. */
export const stateless: Pick<Criterion, "init" | "scalars" | "update"> = {
  init: () => ({}),
  scalars: () => ({}),
  update: (_, state) => state,
};
