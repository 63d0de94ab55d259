/**
 * Pruning while training, as pure step functions over one state. A method is a criterion and a schedule; the host picks
 * the step whose turn it is:
 *
 * - `prune` (the pruning steps of the window): gradient, statistics, score, new masks, optimiser step, masks applied;
 * - `observe` (the other steps of the window): gradient, statistics, optimiser step, masks applied;
 * - `train` (all others): gradient, optimiser step, masks applied.
 *
 * One gradient serves both halves of a step: the score first, the update after, as in Algorithms 1 and 2 of the paper.
 *
 * Criteria whose weights are "zeroed" and never return (SEVEN among them) have every pruned weight exactly 0 in the
 * parameters, in the optimiser's moments and in the statistics after every step; what was pruned ranks below everything,
 * so no tie, negative or NaN score brings it back. Criteria that keep weights dense give the model weight * mask, and
 * so does {@linkcode sparseParams} to whoever saves or judges it.
 *
 * @module
 */
import {
  grad,
  type HostTensor,
  keepTopK,
  keepTopKPerTensor,
  partition,
  sizeOf,
  type Tensor,
  type Type,
  where,
  zerosLike,
} from "../engine/mod.ts";
import { type CriterionContext, type CriterionState, mapNamed, type Named } from "./criteria/criterion.ts";
import { applyMasks, countKept, countMasks, nonZeroMasks, packMasks, unpackMasks } from "./mask.ts";
import { keptCount, OptionError } from "./schedule.ts";
import type { PruningSpec, PruningState, PruningSteps, StepBatch } from "./state.ts";

const prunableOf = <T>(record: Named<T>, { masks }: PruningState<Tensor>): Record<string, T> =>
  partition(record, (name) => name in masks)[0];

const scalarType = (dtype: Type["dtype"]): Type => ({ shape: [], dtype });

/** Parameters as the model sees them: with 0 where pruned, whatever the state keeps aside. */
export function sparseParams(
  { params, masks }: Pick<PruningState<Tensor>, "params" | "masks">,
): Record<string, Tensor> {
  return applyMasks(params, unpackMasks(masks, params));
}

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
  const { optimizer, criterion, scope = "global", frozen = () => false, keepsZeros = true } = spec;
  const keepsDense = criterion.weights === "kept";
  type Masks = Named<Tensor>;

  /** The forward and backward half: everything a step reads of the old state. */
  const begin = (state: PruningState<Tensor>, { data, inputs }: StepBatch<D, Tensor>) => {
    const weights = prunableOf(state.params, state);
    const masks = unpackMasks(state.masks, weights);
    // Inner nodes: the gradient at weight * mask is dense, whatever the mask.
    const seen = keepsDense ? applyMasks(state.params, masks) : state.params;
    const lossAt = (params: Named<Tensor>, temperature = 1) =>
      spec.loss(params, data, { key: inputs.key, temperature });
    const loss = lossAt(seen);
    const grads = grad(loss, seen as Record<string, Tensor>) as Named<Tensor>;
    const context: CriterionContext = {
      weights,
      grads: prunableOf(grads, state),
      masks,
      key: inputs.key,
      scalars: inputs.criterion,
      loss: (others, temperature) => lossAt({ ...seen, ...others }, temperature),
    };
    return { loss, grads, masks, context };
  };
  /** The optimiser's half, under given masks; `free` lets pruned weights grow until masks are chosen again. */
  const descend = (
    state: PruningState<Tensor>,
    grads: Named<Tensor>,
    masks: Masks,
    { inputs }: StepBatch<D, Tensor>,
    free = false,
  ): Pick<PruningState<Tensor>, "params" | "optimizer"> => {
    const [moving] = partition(grads, (name) => !frozen(name));
    const flowing = keepsDense && criterion.learns !== "dense" ? applyMasks(moving, masks) : moving;
    const next = optimizer.update(flowing, state.optimizer, state.params, inputs.optimizer);
    if (keepsDense && criterion.learns !== "dense") {
      // Pruned weights rest: neither weight decay nor momentum moves them.
      const resting = mapNamed(
        next.params,
        (value, name) => masks[name] ? where(masks[name], value, state.params[name]!) : value,
      );
      return { params: resting, optimizer: next.state };
    }
    if (keepsDense || free) return { params: next.params, optimizer: next.state };
    const moments = criterion.returns ? next.state : mapNamed(next.state, (averages) => applyMasks(averages, masks));
    return { params: applyMasks(next.params, masks), optimizer: moments };
  };
  const choose = (context: CriterionContext, statistics: CriterionState<Tensor>, keep: Named<Tensor>): Masks => {
    if (criterion.masks) return criterion.masks(context, statistics);
    const scores = criterion.score(context, statistics);
    const eligible = criterion.returns ? undefined : context.masks;
    if (scope === "global") return keepTopK(scores, keep.all!, eligible);
    return keepTopKPerTensor(scores, keep, eligible);
  };
  const settle = (statistics: CriterionState<Tensor>, masks: Masks): CriterionState<Tensor> =>
    criterion.returns ? statistics : mapNamed(statistics, (named) => applyMasks(named, masks));
  const startMasks = (params: Named<HostTensor>) => nonZeroMasks(partition(params, spec.prunable)[0], keepsZeros);
  /** Sizes of what competes, and how much of it is left to begin with: never more can be kept. */
  const counts = memoize((params: Named<HostTensor>): Named<{ readonly size: number; readonly left: number }> => {
    const left = mapNamed(startMasks(params), (words, name) => ({
      size: sizeOf(params[name]!),
      left: countKept({ [name]: words }),
    }));
    if (scope === "tensor") return left;
    const total = (key: "size" | "left") => Object.values(left).reduce((sum, one) => sum + one[key], 0);
    return { all: { size: total("size"), left: total("left") } };
  });

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
        optimizer: optimizer.init(partition(types, (name) => !frozen(name))[0]),
        criterion: criterion.init(prunable),
        masks: startMasks(params),
        rewind: spec.rewinds ? params : {},
      };
    },
    prune(state, batch) {
      const { loss, grads, masks: before, context: looking } = begin(state, batch);
      const context = criterion.looks === "after"
        ? { ...looking, weights: prunableOf(descend(state, grads, before, batch).params, state) }
        : looking;
      const statistics = criterion.update(context, state.criterion);
      const masks = choose(context, statistics, batch.inputs.keep);
      const next = descend(state, grads, masks, batch);
      const packed = packMasks(masks);
      const metrics = criterion.masks ? { loss, kept: countMasks(masks) } : { loss };
      return { state: { ...state, ...next, criterion: settle(statistics, masks), masks: packed }, metrics };
    },
    observe(state, batch) {
      const { loss, grads, masks, context } = begin(state, batch);
      const next = descend(state, grads, masks, batch, criterion.returns);
      const looking = criterion.looks === "after" ? { ...context, weights: prunableOf(next.params, state) } : context;
      const statistics = criterion.update(looking, state.criterion);
      return { state: { ...state, ...next, criterion: settle(statistics, masks) }, metrics: { loss } };
    },
    train(state, batch) {
      const { loss, grads, masks } = begin(state, batch);
      const next = descend(state, grads, masks, batch);
      return { state: { ...state, ...next }, metrics: { loss } };
    },
    snapshot: (state) => ({ state: { ...state, rewind: state.params }, metrics: {} }),
    rewind(state, batch) {
      const { context } = begin(state, batch);
      const masks = choose(context, state.criterion, batch.inputs.keep);
      const params = applyMasks(state.rewind, masks);
      const fresh = mapNamed(state.optimizer, (averages) => mapNamed(averages, zerosLike));
      return { state: { ...state, params, optimizer: fresh, masks: packMasks(masks) }, metrics: {} };
    },
    inputTypes: (params) => ({
      optimizer: mapNamed(optimizer.scalars(1, 1), () => scalarType("f32")),
      criterion: mapNamed(criterion.scalars({ update: 1, sparsity: 0, target: 0 }), () => scalarType("f32")),
      keep: mapNamed(counts(params), () => scalarType("u32")),
      key: { shape: [2], dtype: "u32" },
    }),
    inputs: (params, { t, learningRate, key, progress }) => ({
      optimizer: optimizer.scalars(t, learningRate),
      criterion: criterion.scalars(progress),
      keep: mapNamed(counts(params), ({ size, left }) => Math.min(left, keptCount(size, progress.sparsity))),
      key,
    }),
  };
}

/** Remembers the last answer: the same initial parameters are asked about at every step. */
function memoize<A extends object, R>(f: (argument: A) => R): (argument: A) => R {
  const known = new WeakMap<A, R>();
  return (argument) => {
    let answer = known.get(argument);
    if (answer === undefined) known.set(argument, answer = f(argument));
    return answer;
  };
}
