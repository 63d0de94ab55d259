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
import {
  constant,
  grad,
  type HostTensor,
  partition,
  sizeOf,
  type Tensor,
  type Type,
  zerosLike,
} from "../engine/mod.ts";
import {
  type CriterionContext,
  type CriterionState,
  mapNamed,
  type Named,
  type Progress,
} from "./criteria/criterion.ts";
import { addBatch, cleared, emptySums, type LossAndGradients, meanOf } from "./accumulation.ts";
import { applyToStatistics, descentOf } from "./descent.ts";
import { linearInputs } from "./linear_inputs.ts";
import { applyMasks, countMasks, nonZeroMasks, packMasks, unpackMasks } from "./mask.ts";
import { unstructured } from "./pattern.ts";
import { OptionError } from "./schedule.ts";
import { groupsOf, keptAt } from "./scope.ts";
import { selectionOf } from "./selection.ts";
import { checkStatistics, emptyStatistics, forgotten, observe } from "./sentinel_statistics.ts";
import { sentinelInputs, type SentinelState } from "./sentinel_statistics.ts";
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
  const { optimizer, criterion, frozen = () => false, keepsZeros = true } = spec;
  const { accumulates = false, rows = () => constant(1) } = spec;
  const keepsDense = criterion.weights === "kept";
  const { pattern = unstructured, limits = [] } = spec;
  if (criterion.masks && (pattern.kind !== "unstructured" || limits.length)) {
    throw new OptionError(`${criterion.name} keeps weights by a rule of its own: it takes no pattern and no limits`);
  }
  const counts = criterion.masks !== undefined || pattern.kind !== "unstructured";
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
  const descend = descentOf(spec);
  const settle = (statistics: CriterionState<Tensor>, masks: Masks): CriterionState<Tensor> =>
    criterion.returns ? statistics : applyToStatistics(statistics, masks);
  const choose = (context: CriterionContext, statistics: CriterionState<Tensor>, keep: Named<Tensor>): Masks => {
    if (criterion.masks) return criterion.masks(context, statistics);
    const rule = selectionOf(spec, context.weights);
    return rule.choose(criterion.score(context, statistics), keep, context.masks, !criterion.returns);
  };
  const startMasks = (params: Named<HostTensor>) => nonZeroMasks(partition(params, spec.prunable)[0], keepsZeros);
  const rules = memoize((params: Named<HostTensor>) => {
    const masks = startMasks(params);
    const rule = selectionOf(spec, mapNamed(masks, (_, name) => params[name]!));
    return { rule, left: groupsOf(masks, params, spec.scope ?? "global") };
  });
  const sizeIn = (params: Named<HostTensor>): number =>
    Object.values(partition(params, spec.prunable)[0]).reduce((sum, weight) => sum + sizeOf(weight), 0);
  const keepAt = (params: Named<HostTensor>, progress: Omit<Progress, "update">): Record<string, number> => {
    const { rule, left } = rules(params);
    return rule.keepAt(left, progress);
  };
  if (spec.sentinels) checkStatistics(spec.sentinels);
  /** The run's own statistics after a step, from the weights and the masks at which its gradients were taken. */
  const observed = ({ sentinels }: PruningState<Tensor>, context: CriterionContext): SentinelState<Tensor> =>
    spec.sentinels ? observe(sentinels, context, spec.sentinels) : sentinels;
  /** Where sparsity does not tell how many are kept, steps that choose masks do. */
  const reportOf = (masks: Masks): StepReport => counts ? { kept: countMasks(masks) } : {};

  return {
    init(params) {
      const types = mapNamed(params, ({ shape, dtype }): Type => ({ shape, dtype }));
      const [prunable] = partition(types, spec.prunable);
      if (!Object.keys(prunable).length) {
        const some = Object.keys(types).slice(0, 3).join(", ");
        throw new OptionError(`nothing is prunable among ${Object.keys(types).length} parameters, such as ${some}`);
      }
      rules(params);
      return {
        params,
        optimizer: optimizer.init(partition(types, (name) => !frozen(name))[0]),
        criterion: criterion.init(prunable),
        masks: startMasks(params),
        rewind: spec.rewinds ? params : {},
        teacher: spec.teacher ?? {},
        accumulated: accumulates ? emptySums(partition(types, (name) => !frozen(name) || name in prunable)[0]) : {},
        sentinels: spec.sentinels ? emptyStatistics(partition(params, spec.prunable)[0]) : {},
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
      const metrics = { loss, ...reportOf(masks) };
      const changed = { ...next, criterion: settle(statistics, masks), masks: packed };
      return finish(state, { ...changed, sentinels: observed(state, looking) }, metrics);
    },
    observe(state, batch) {
      const { loss, grads, masks, context } = begin(state, batch);
      const next = descend(state, grads, masks, batch, criterion.returns);
      const looking = criterion.looks === "after" ? { ...context, weights: prunableOf(next.params, state) } : context;
      const statistics = criterion.update(looking, state.criterion);
      const changed = { ...next, criterion: settle(statistics, masks), sentinels: observed(state, context) };
      return finish(state, changed, { loss });
    },
    train(state, batch) {
      const { loss, grads, masks, context } = begin(state, batch);
      const next = descend(state, grads, masks, batch);
      return finish(state, { ...next, sentinels: observed(state, context) }, { loss });
    },
    accumulate(state, batch) {
      if (!accumulates) throw new OptionError("this method was made for steps of one batch; set `accumulates`");
      return { state: { ...state, accumulated: begin(state, batch).sums() }, metrics: {} };
    },
    gather(state, batch) {
      if (!accumulates || !criterion.gather) throw new OptionError(`${criterion.name} takes in no micro-batches`);
      const { sums, context } = begin(state, batch);
      const statistics = criterion.gather(context, state.criterion);
      return { state: { ...state, accumulated: sums(), criterion: statistics }, metrics: {} };
    },
    snapshot: (state) => ({ state: { ...state, rewind: state.params }, metrics: {} }),
    rewind(state, batch) {
      const { context } = begin(state, batch);
      const masks = choose(context, state.criterion, batch.inputs.keep);
      const params = applyMasks(state.rewind, masks);
      const fresh = mapNamed(state.optimizer, (averages) => mapNamed(averages, zerosLike));
      const sentinels = forgotten(state.sentinels);
      const next = { ...state, params, optimizer: fresh, masks: packMasks(masks), sentinels };
      return { state: next, metrics: reportOf(masks) };
    },
    inputTypes: (params) => ({
      optimizer: mapNamed(optimizer.scalars(1, 1), () => scalarType("f32")),
      criterion: mapNamed(criterion.scalars({ update: 1, sparsity: 0, target: 0 }), () => scalarType("f32")),
      keep: mapNamed(keepAt(params, { sparsity: 0, target: 0 }), () => scalarType("u32")),
      key: { shape: [2], dtype: "u32" },
      ...(spec.sentinels
        ? { sentinels: { correction1: scalarType("f32"), correction2: scalarType("f32"), keep: scalarType("u32") } }
        : {}),
    }),
    inputs: (params, { t, learningRate, key, progress }) => ({
      optimizer: optimizer.scalars(t, learningRate),
      criterion: criterion.scalars(progress),
      keep: keepAt(params, progress),
      key,
      ...(spec.sentinels ? { sentinels: sentinelInputs(t, sizeIn(params), progress.target, spec.sentinels) } : {}),
    }),
    counts,
    check: (params, target) => rules(params).rule.check(target),
    kept: (params, sparsity) => keptAt(rules(params).left, sparsity),
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
