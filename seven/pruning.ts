/**
 * Pruning while training, as pure step functions over one state. A method is a criterion and a schedule; the host picks
 * the step whose turn it is:
 *
 * - `prune` (the pruning steps of the window): gradient, statistics, score, new masks, optimiser step, masks applied;
 * - `observe` (the other steps of the window): gradient, statistics, optimiser step, masks applied;
 * - `train` (all others): gradient, optimiser step, masks applied.
 *
 * One gradient serves both halves of a step: the score first, the update after, as in Algorithms 1 and 2 of the paper.
 * It may be that of several micro-batches: `accumulate` takes all but the last.
 *
 * Criteria whose weights are "zeroed" and never return (SEVEN among them) have every pruned weight exactly 0 in the
 * parameters, in the optimiser's moments and in the statistics after every step; what was pruned ranks below everything,
 * so no tie, negative or NaN score brings it back. Criteria that keep weights dense give the model weight * mask, and
 * so does {@linkcode sparseParams} to whoever saves or judges it.
 *
 * @module
 */
import { constant, grad, type HostTensor, partition, type Tensor, type Type, where, zerosLike } from "../engine/mod.ts";
import { sameShape } from "../engine/graph/node.ts";
import { type CriterionContext, type CriterionState, mapNamed, type Named } from "./criteria/criterion.ts";
import { addBatch, cleared, emptySums, type LossAndGradients, meanOf } from "./accumulation.ts";
import { linearInputs } from "./linear_inputs.ts";
import { applyMasks, countMasks, nonZeroMasks, packMasks, unpackMasks } from "./mask.ts";
import { OptionError } from "./schedule.ts";
import { groupsOf, keepAt, keepBest, keptAt } from "./scope.ts";
import type { PruningSpec, PruningState, PruningSteps, StepBatch, StepReport } from "./state.ts";

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
  const { accumulates = false, rows = () => constant(1) } = spec;
  const keepsDense = criterion.weights === "kept";
  type Masks = Named<Tensor>;

  /** The forward and backward half: everything a step reads of the old state. */
  const begin = (state: PruningState<Tensor>, { data, inputs }: StepBatch<D, Tensor>) => {
    const { teacher } = state;
    const weights = prunableOf(state.params, state);
    const masks = unpackMasks(state.masks, weights);
    // Inner nodes: the gradient at weight * mask is dense, whatever the mask.
    const seen = keepsDense ? applyMasks(state.params, masks) : state.params;
    const lossAt = (params: Named<Tensor>, temperature = 1) =>
      spec.loss(params, data, { key: inputs.key, temperature, teacher });
    const batchLoss = lossAt(seen);
    const own: LossAndGradients = { loss: batchLoss, grads: grad(batchLoss, seen as Record<string, Tensor>) };
    const sums = () => addBatch(state.accumulated, own, rows(data));
    const { loss, grads } = accumulates ? meanOf(sums()) : own;
    const inputOf = linearInputs(batchLoss);
    const context: CriterionContext = {
      weights,
      grads: prunableOf(grads, state),
      masks,
      key: inputs.key,
      scalars: inputs.criterion,
      loss: (others, temperature) => lossAt({ ...seen, ...others }, temperature),
      inputOf: (name) => inputOf(seen[name]!, name),
    };
    return { loss, grads, masks, context, sums };
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
    return keepBest(scope, scores, keep, eligible);
  };
  const settle = (statistics: CriterionState<Tensor>, masks: Masks): CriterionState<Tensor> =>
    criterion.returns ? statistics : mapNamed(statistics, (named) => {
      const fits = (name: string) => masks[name] !== undefined && sameShape(named[name]!.shape, masks[name].shape);
      const [ofWeights, others] = partition(named, fits);
      return { ...applyMasks(ofWeights, masks), ...others };
    });
  const startMasks = (params: Named<HostTensor>) => nonZeroMasks(partition(params, spec.prunable)[0], keepsZeros);
  const groups = memoize((params: Named<HostTensor>) => groupsOf(startMasks(params), params, scope));

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
        teacher: spec.teacher ?? {},
        accumulated: accumulates ? emptySums(partition(types, (name) => !frozen(name) || name in prunable)[0]) : {},
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
      return finish(state, { ...next, criterion: settle(statistics, masks), masks: packed }, metrics);
    },
    observe(state, batch) {
      const { loss, grads, masks, context } = begin(state, batch);
      const next = descend(state, grads, masks, batch, criterion.returns);
      const looking = criterion.looks === "after" ? { ...context, weights: prunableOf(next.params, state) } : context;
      const statistics = criterion.update(looking, state.criterion);
      return finish(state, { ...next, criterion: settle(statistics, masks) }, { loss });
    },
    train(state, batch) {
      const { loss, grads, masks } = begin(state, batch);
      const next = descend(state, grads, masks, batch);
      return finish(state, next, { loss });
    },
    accumulate(state, batch) {
      if (!accumulates) throw new OptionError("this method was made for steps of one batch; set `accumulates`");
      return { state: { ...state, accumulated: begin(state, batch).sums() }, metrics: {} };
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
      keep: mapNamed(groups(params), () => scalarType("u32")),
      key: { shape: [2], dtype: "u32" },
    }),
    inputs: (params, { t, learningRate, key, progress }) => ({
      optimizer: optimizer.scalars(t, learningRate),
      criterion: criterion.scalars(progress),
      keep: keepAt(groups(params), progress.sparsity),
      key,
    }),
    kept: (params, sparsity) => keptAt(groups(params), sparsity),
  };
}

/** What a training step ends with: the sums over its micro-batches are used up. */
function finish(
  state: PruningState<Tensor>,
  next: Partial<PruningState<Tensor>>,
  metrics: StepReport,
): { state: PruningState<Tensor>; metrics: StepReport } {
  return { state: { ...state, ...next, accumulated: cleared(state.accumulated) }, metrics };
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
