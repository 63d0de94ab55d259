/**
 * What pruning steps work on: their state, their inputs, and what a method is made of.
 *
 * @module
 */
import type { HostTensor, Optimizer, OptimizerState, Step, Tensor, Type } from "../engine/mod.ts";
import type { Accumulated } from "./accumulation.ts";
import type { Criterion, CriterionState, Named, Progress } from "./criteria/criterion.ts";
import type { SelectionSpec } from "./selection.ts";
import type { SentinelState } from "./sentinel_statistics.ts";
import type { StatisticsOptions } from "./statistics.ts";

/** Everything that changes while pruning. */
export interface PruningState<T> {
  /** All parameters, by checkpoint name. */
  readonly params: Named<T>;
  /** The optimiser's averages. */
  readonly optimizer: OptimizerState<T>;
  /** The criterion's statistics. */
  readonly criterion: CriterionState<T>;
  /** Packed masks of the prunable weights. */
  readonly masks: Named<T>;
  /** Parameters to go back to, for lottery tickets; empty otherwise. */
  readonly rewind: Named<T>;
  /** Parameters of the model to learn from, which no step touches; empty where there is none. */
  readonly teacher: Named<T>;
  /** Sums over the micro-batches of a step; empty where a step has one batch. */
  readonly accumulated: Accumulated<T>;
  /** Statistics by which sentinel weights are told under every method; empty where {@linkcode PruningSpec} asks for none. */
  readonly sentinels: SentinelState<T>;
}

/** What a step takes besides data: numbers that the host computes in f64. */
export interface StepInputs<T> {
  /** {@linkcode Optimizer.scalars} of this step. */
  readonly optimizer: Named<T>;
  /** {@linkcode Criterion.scalars} of this update. */
  readonly criterion: Named<T>;
  /**
   * Weights (or groups of a pattern) to keep, u32: of all (under "global"), or by name of each tensor, or of each of its
   * rows; and the bounds of tensors with limits.
   */
  readonly keep: Named<T>;
  /** Random key of this step, u32[2]. */
  readonly key: T;
  /** Corrections of the run's own statistics, f32, and how many weights are large, u32; absent where it keeps none. */
  readonly sentinels?: Named<T>;
}

/** Data and inputs of a step. */
export interface StepBatch<D, T> {
  /** What the loss takes. */
  readonly data: D;
  /** Numbers of this step. */
  readonly inputs: StepInputs<T>;
}

/** What every step reports. */
export interface StepReport {
  /** Weights kept, u32; of steps that choose masks, where {@linkcode PruningSteps.counts}. */
  readonly kept?: Tensor;
  /** Mean loss of the batch, before the update; none of steps that do not train. */
  readonly loss?: Tensor;
}

/** What a loss may use besides parameters and data. */
export interface LossContext {
  /** Random key of the step, u32[2], for dropout. */
  readonly key: Tensor;
  /** What logits are to be divided by: 1, unless a criterion asks for other (GraSP). */
  readonly temperature: number;
  /** Parameters of the teacher, usually the dense model, for `distillation`; empty where there is none. */
  readonly teacher: Named<Tensor>;
}

/** Mean loss of a batch, rank 0. */
export type Loss<D> = (params: Named<Tensor>, data: D, context: LossContext) => Tensor;

/** A pruning method over a model. */
export interface PruningSpec<D> extends SelectionSpec {
  /** Mean loss of a batch. */
  readonly loss: Loss<D>;
  /** Which parameters may be pruned. */
  readonly prunable: (name: string) => boolean;
  /** How weights move. */
  readonly optimizer: Optimizer;
  /** How weights are ranked. */
  readonly criterion: Criterion;
  /** Parameters that do not move; none. Weights among them may still be pruned, by their gradients. */
  readonly frozen?: (name: string) => boolean;
  /**
   * Whether zeros of the initial parameters count as pruned before: they stay 0, and the sparsity asked for includes
   * them; true. A sparse checkpoint is pruned further so.
   */
  readonly keepsZeros?: boolean;
  /** Whether the state holds parameters to rewind to; false. */
  readonly rewinds?: boolean;
  /** Parameters that the loss gets as {@linkcode LossContext.teacher}, unchanged at every step; none. */
  readonly teacher?: Named<HostTensor>;
  /** Whether steps may be made of several micro-batches, see {@linkcode PruningSteps.accumulate}; false. */
  readonly accumulates?: boolean;
  /** Averages by which sentinel weights are to be told, beside those of the criterion: 3 tensors per weight; none. */
  readonly sentinels?: StatisticsOptions;
  /**
   * Rows of a micro-batch that its mean loss is over, rank 0, so that steps of several weigh every row the same; by
   * default micro-batches weigh the same.
   */
  readonly rows?: (data: D) => Tensor;
}

/** Numbers of a step on the host. */
export interface StepNumbers {
  /** Step, from 1. */
  readonly t: number;
  /** Learning rate of the step. */
  readonly learningRate: number;
  /** Random key of the step: two words. */
  readonly key: Uint32Array;
  /** Where the criterion stands. */
  readonly progress: Progress;
}

/** A step over the pruning state. */
export type PruningStep<D> = Step<PruningState<Tensor>, StepBatch<D, Tensor>, StepReport>;

/** Step functions of a method, all over one state, and that state's beginning. */
export interface PruningSteps<D> {
  /**
   * State for these parameters: averages at 0, masks of all prunable weights that are not 0.
   *
   * @throws {OptionError} when nothing is prunable.
   */
  init(params: Named<HostTensor>): PruningState<HostTensor>;
  /** Chooses new masks, and trains. */
  readonly prune: PruningStep<D>;
  /** Updates the statistics, and trains under the masks. */
  readonly observe: PruningStep<D>;
  /** Trains under the masks. */
  readonly train: PruningStep<D>;
  /**
   * Adds the gradient of a micro-batch to those of the step: the step's turn takes its last micro-batch, and goes by
   * the mean over the rows of all of them. Scores come from that gradient too. The loss at other weights, which a
   * criterion evaluates by itself (GraSP), is of the last micro-batch.
   */
  readonly accumulate: PruningStep<D>;
  /** The same in the pruning window, for criteria that take in each micro-batch ({@linkcode Criterion.gather}). */
  readonly gather: PruningStep<D>;
  /** Remembers the parameters as those to rewind to. */
  readonly snapshot: PruningStep<D>;
  /** Chooses new masks by the trained weights, then goes back: remembered parameters, masked, and fresh moments. */
  readonly rewind: PruningStep<D>;
  /** Types of the inputs of all steps, for these initial parameters. */
  inputTypes(params: Named<HostTensor>): StepInputs<Type>;
  /** Values of the inputs of a step, for these initial parameters. */
  inputs(params: Named<HostTensor>, numbers: StepNumbers): StepInputs<number | Uint32Array>;
  /**
   * Whether steps report how many weights they keep, since the sparsity does not tell: of patterns, and of criteria with
   * a rule of their own.
   */
  readonly counts: boolean;
  /** Checks the sparsity at the end. @throws {OptionError} when the pattern or the limits cannot meet it. */
  check(params: Named<HostTensor>, target: number): void;
  /** Weights kept at a sparsity, for these initial parameters; about as many where {@linkcode counts}. */
  kept(params: Named<HostTensor>, sparsity: number): number;
}
