/**
 * What a run remembers of its gradients so that sentinel weights can be told under every method: averages of its own,
 * beside those that the criterion may have.
 *
 * They are updated at every training step, of pruned weights too, by the gradient of the sparse network with respect to
 * them. A pruned weight counts with the value that it had last, so that its sensitivity is that of what was given up.
 *
 * @module
 */
import { type HostTensor, type Tensor, type Type, where, zeros, zerosLike } from "../engine/mod.ts";
import { mapNamed, type Named } from "./criteria/criterion.ts";
import { keptCount, OptionError } from "./schedule.ts";
import { biasCorrections, type StatisticsOptions, updateStatistics } from "./statistics.ts";

/** Averages `m` and `v`, and the `weights` they belong to, by weight name; empty where nobody asks. */
export type SentinelState<T> = Named<Named<T>>;

/** Settings of the averages where none are given: of g itself, which alone tells noise of either sign. */
export const sentinelDefaults: StatisticsOptions = { alpha1: 0.8, alpha2: 0.8, moment: "signed" };

/** @throws {OptionError} when a decay is not in [0, 1). */
export function checkStatistics(options: StatisticsOptions): void {
  for (const name of ["alpha1", "alpha2"] as const) {
    const value = options[name];
    if (!(value >= 0 && value < 1)) throw new OptionError(`sentinels: ${name} ${value} is not in [0, 1); 0.8 is usual`);
  }
}

/** Nothing averaged yet. */
export function emptyStatistics(weights: Named<HostTensor>): SentinelState<HostTensor> {
  const nothing = (type: Type): HostTensor => zeros({ shape: type.shape, dtype: "f32" });
  return { m: mapNamed(weights, nothing), v: mapNamed(weights, nothing), weights: { ...weights } };
}

/**
 * One step.
 *
 * @param masks those under which the gradients were taken.
 */
export function observe(
  state: SentinelState<Tensor>,
  { weights, grads, masks }: { weights: Named<Tensor>; grads: Named<Tensor>; masks: Named<Tensor> },
  options: StatisticsOptions,
): SentinelState<Tensor> {
  const next = mapNamed(
    state.weights!,
    (_, name) => updateStatistics(grads[name]!, { m: state.m![name]!, v: state.v![name]! }, options),
  );
  return {
    m: mapNamed(next, ({ m }) => m),
    v: mapNamed(next, ({ v }) => v),
    weights: mapNamed(state.weights!, (last, name) => where(masks[name]!, weights[name]!, last)),
  };
}

/** Averages back at 0, as those of the optimiser when parameters are rewound. */
export function forgotten(state: SentinelState<Tensor>): SentinelState<Tensor> {
  if (!state.m) return state;
  return { ...state, m: mapNamed(state.m, zerosLike), v: mapNamed(state.v!, zerosLike) };
}

/** Inputs of a step: corrections after `t` steps, and how many weights are large at a sparsity. */
export function sentinelInputs(t: number, total: number, sparsity: number, options: StatisticsOptions): Named<number> {
  return { ...biasCorrections(t, options), keep: keptCount(total, sparsity) };
}
