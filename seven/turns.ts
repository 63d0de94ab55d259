/**
 * What the turns of a run are made of: step functions by its options, and what each entry of the agenda is told.
 *
 * @module
 */
import { foldKey, keyFromSeed } from "../engine/mod.ts";
import type { Entry } from "./agenda.ts";
import { pruningSteps } from "./pruning.ts";
import type { RunOptions } from "./run_options.ts";
import type { PruningSteps, StepInputs } from "./state.ts";
import type { StatisticsOptions } from "./statistics.ts";

/** The step functions of a run; `statistics` are those by which it tells sentinel weights, where it looks for some. */
export function stepFunctions<D>(options: RunOptions<D>, statistics?: StatisticsOptions): PruningSteps<D> {
  const { method, accumulate = 1, sentinels: _, ...others } = options;
  return pruningSteps<D>({
    ...others,
    ...method,
    accumulates: accumulate > 1,
    rewinds: method.lottery !== undefined,
    ...(statistics ? { sentinels: statistics } : {}),
  });
}

/** What an entry takes beside its batch. */
export function inputsOf<D>(
  functions: PruningSteps<D>,
  { params, learningRate, seed }: Pick<RunOptions<D>, "params" | "learningRate" | "seed">,
  { step, t, progress, part }: Entry,
): StepInputs<number | Uint32Array> {
  const stepKey = foldKey(keyFromSeed(seed), step);
  const key = part ? foldKey(stepKey, part) : stepKey;
  return functions.inputs(params, { t, learningRate: learningRate(t - 1), key, progress });
}
