/**
 * The optimiser's half of a step, under masks: what moves, and what is held at 0 or at rest.
 *
 * @module
 */
import { partition, type Tensor, where } from "../engine/mod.ts";
import { sameShape } from "../engine/graph/node.ts";
import { type CriterionState, mapNamed, type Named } from "./criteria/criterion.ts";
import { applyMasks } from "./mask.ts";
import type { PruningSpec, PruningState, StepBatch } from "./state.ts";

/**
 * One step of the optimiser.
 *
 * @param grads gradients by parameter name.
 * @param masks bool, of prunable weights.
 * @param batch of which the optimiser's scalars are used.
 * @param free lets pruned weights grow until masks are chosen again; false.
 */
export type Descent<D> = (
  state: PruningState<Tensor>,
  grads: Named<Tensor>,
  masks: Named<Tensor>,
  batch: StepBatch<D, Tensor>,
  free?: boolean,
) => Pick<PruningState<Tensor>, "params" | "optimizer">;

/** The optimiser's half of the steps of a method. */
export function descentOf<D>({ optimizer, criterion, frozen = () => false }: PruningSpec<D>): Descent<D> {
  const keepsDense = criterion.weights === "kept", rests = keepsDense && criterion.learns !== "dense";
  return (state, grads, masks, { inputs }, free = false) => {
    const [moving] = partition(grads, (name) => !frozen(name));
    const flowing = rests ? applyMasks(moving, masks) : moving;
    const next = optimizer.update(flowing, state.optimizer, state.params, inputs.optimizer);
    if (rests) {
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
}

/** Statistics with 0 where their weight is pruned; those that are not of a weight's shape stay. */
export function applyToStatistics(statistics: CriterionState<Tensor>, masks: Named<Tensor>): CriterionState<Tensor> {
  return mapNamed(statistics, (named) => {
    const fits = (name: string) => masks[name] !== undefined && sameShape(named[name]!.shape, masks[name].shape);
    const [ofWeights, others] = partition(named, fits);
    return { ...applyMasks(ofWeights, masks), ...others };
  });
}
