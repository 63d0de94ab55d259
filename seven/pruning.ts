/**
 * Pruning while training, as pure step functions over one state. A method is a criterion and a schedule; the host picks
 * the step whose turn it is:
 *
 * - `prune` (steps of the window): gradient, statistics, score, exact top-k mask over all prunable weights, optimiser
 *   step, mask applied;
 * - `train` (all others): gradient, optimiser step, mask applied.
 *
 * One gradient serves both halves of a pruning step: the score first, the update after, as in Algorithms 1 and 2 of the
 * paper. Masks are permanent: what was pruned ranks below everything, so no tie, negative or NaN score brings it back.
 * After every step a pruned weight is exactly 0 in the parameters and in the optimiser's moments.
 *
 * @module
 */
import {
  grad,
  type HostTensor,
  keepTopK,
  type Optimizer,
  type OptimizerState,
  partition,
  type Step,
  type Tensor,
  type Type,
} from "../engine/mod.ts";
import type { Criterion, CriterionContext, CriterionState, Named } from "./criteria/criterion.ts";
import { mapNamed } from "./criteria/criterion.ts";
import { applyMasks, fullMasks, packMasks, unpackMasks } from "./mask.ts";
import { OptionError } from "./schedule.ts";

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
}

/** What a step takes besides data: numbers that the host computes in f64. */
export interface StepInputs<T> {
  /** {@linkcode Optimizer.scalars} of this step. */
  readonly optimizer: Named<T>;
  /** {@linkcode Criterion.scalars} of this update. */
  readonly criterion: Named<T>;
  /** Weights to keep, u32. */
  readonly keep: T;
  /** Random key of this step, u32[2]. */
  readonly key: T;
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
  /** Mean loss of the batch, before the update. */
  readonly loss: Tensor;
}

/** A pruning method over a model. */
export interface PruningSpec<D> {
  /** Mean loss of a batch; `key` drives dropout. */
  readonly loss: (params: Named<Tensor>, data: D, key: Tensor) => Tensor;
  /** Which parameters may be pruned. */
  readonly prunable: (name: string) => boolean;
  /** How weights move. */
  readonly optimizer: Optimizer;
  /** How weights are ranked. */
  readonly criterion: Criterion;
}

/** Step functions of a method, all over one state, and that state's beginning. */
export interface PruningSteps<D> {
  /** State for these parameters: averages at 0, masks full. @throws {OptionError} when nothing is prunable. */
  init(params: Named<HostTensor>): PruningState<HostTensor>;
  /** A step that prunes to `inputs.keep` weights. */
  readonly prune: Step<PruningState<Tensor>, StepBatch<D, Tensor>, StepReport>;
  /** A step that trains under the masks. */
  readonly train: Step<PruningState<Tensor>, StepBatch<D, Tensor>, StepReport>;
  /** Types of the inputs of both steps. */
  readonly inputTypes: StepInputs<Type>;
  /** Values of the inputs at step `t` (from 1); `update` counts the criterion's updates (from 1). */
  inputs(step: { t: number; update: number; learningRate: number; keep: number; key: Uint32Array }): StepInputs<
    number | Uint32Array
  >;
}

const scalarType = (dtype: Type["dtype"]): Type => ({ shape: [], dtype });

/**
 * Builds the step functions of a method.
 *
 * @example A loss of one's own, pruned by SEVEN.
 * ```ts
 * import { adamw, linear, mse, type Tensor } from "@sentinel/seven/engine";
 * import { pruningSteps, seven } from "@sentinel/seven";
 *
 * const steps = pruningSteps<{ x: Tensor; y: Tensor }>({
 *   loss: (params, { x, y }) => mse(linear(x, params.weight!), y),
 *   prunable: (name) => name === "weight",
 *   optimizer: adamw(),
 *   criterion: seven(),
 * });
 * ```
 */
export function pruningSteps<D>(spec: PruningSpec<D>): PruningSteps<D> {
  const { optimizer, criterion } = spec;
  type State = PruningState<Tensor>;
  type Batch = StepBatch<D, Tensor>;

  const differentiate = (state: State, { data, inputs }: Batch) => {
    const loss = spec.loss(state.params, data, inputs.key);
    return { loss, grads: grad(loss, state.params as Record<string, Tensor>) as Named<Tensor> };
  };
  const descend = (state: State, grads: Named<Tensor>, masks: Named<Tensor>, { inputs }: Batch) => {
    const next = optimizer.update(grads, state.optimizer, state.params, inputs.optimizer);
    return {
      params: applyMasks(next.params, masks),
      optimizer: mapNamed(next.state, (averages) => applyMasks(averages, masks)),
    };
  };
  const contextOf = (state: State, grads: () => Named<Tensor>, { inputs }: Batch): CriterionContext => {
    const weights = partition(state.params, (name) => name in state.masks)[0];
    return {
      weights,
      get grads() {
        return partition(grads(), (name) => name in state.masks)[0];
      },
      get masks() {
        return unpackMasks(state.masks, weights);
      },
      key: inputs.key,
      scalars: inputs.criterion,
    };
  };

  return {
    init(params) {
      const types = mapNamed(params, ({ shape, dtype }): Type => ({ shape, dtype }));
      const [prunable] = partition(types, spec.prunable);
      if (!Object.keys(prunable).length) {
        const some = Object.keys(types).slice(0, 3).join(", ");
        throw new OptionError(`nothing is prunable among ${Object.keys(types).length} parameters, such as ${some}`);
      }
      return {
        params,
        optimizer: optimizer.init(types),
        criterion: criterion.init(prunable),
        masks: fullMasks(prunable),
      };
    },
    prune(state, batch) {
      const { loss, grads } = differentiate(state, batch);
      const context = contextOf(state, () => grads, batch);
      const statistics = criterion.update(context, state.criterion);
      const masks = keepTopK(criterion.score(context, statistics), batch.inputs.keep, context.masks);
      const next = descend(state, grads, masks, batch);
      return {
        state: { ...next, criterion: maskStatistics(statistics, masks), masks: packMasks(masks) },
        metrics: { loss },
      };
    },
    train(state, batch) {
      const { loss, grads } = differentiate(state, batch);
      const next = descend(state, grads, unpackMasks(state.masks, state.params), batch);
      return { state: { ...next, criterion: state.criterion, masks: state.masks }, metrics: { loss } };
    },
    inputTypes: {
      optimizer: mapNamed(optimizer.scalars(1, 1), () => scalarType("f32")),
      criterion: mapNamed(criterion.scalars(1), () => scalarType("f32")),
      keep: scalarType("u32"),
      key: { shape: [2], dtype: "u32" },
    },
    inputs: ({ t, update, learningRate, keep, key }) => ({
      optimizer: optimizer.scalars(t, learningRate),
      criterion: criterion.scalars(update),
      keep,
      key,
    }),
  };
}

/** Statistics of pruned weights are 0, as their scores are in the released code: nothing of them is left. */
function maskStatistics(statistics: CriterionState<Tensor>, masks: Named<Tensor>): CriterionState<Tensor> {
  return mapNamed(statistics, (named) => applyMasks(named, masks));
}
