/**
 * Where the time of a step goes.
 *
 * @module
 */
import { type KernelTime, scoped } from "../engine/mod.ts";
import { agenda, trains, type Turn } from "./agenda.ts";
import { Feed, typesOf } from "./batches.ts";
import { Programs } from "./programs.ts";
import type { RunOptions, RunResult } from "./run_options.ts";
import { inputsOf, stepFunctions } from "./turns.ts";
import { Watch } from "./watch.ts";

/** Time of the kernels of one step. */
export interface StepProfile {
  /** Which step it was. */
  readonly turn: Turn;
  /** Its kernels, in the order in which they run. */
  readonly kernels: readonly KernelTime[];
}

/** Milliseconds of a step that is not run again to be measured warm. */
const long = 1000;

/**
 * Does the step that a run ended with once more and times its kernels; the first time is only to warm up, unless the
 * step is a long one. Of a step of several micro-batches it is the turn that takes the last of them.
 *
 * The state is spoiled: read from it what is to be kept before.
 *
 * @param options Those of the run; the first of `batches` is taken.
 * @param result What the run left behind.
 * @returns The times, or nothing where the device has no clock for kernels, or no step was done.
 * @throws {DeviceError} when memory does not suffice: it takes what the run took.
 */
export async function profileStep<D>(
  options: RunOptions<D>,
  { state, steps }: Pick<RunResult, "state" | "steps">,
): Promise<StepProfile | undefined> {
  const { method, accumulate, sentinels } = options;
  const last = [...agenda(method, options.steps, accumulate)].findLast(({ turn, step }) =>
    trains(turn) && step === steps
  );
  if (!last) return undefined;
  const statistics = sentinels && new Watch<D>(sentinels).statistics;
  const functions = stepFunctions(options, statistics);
  const data = await new Feed<D>(options.batches, steps).take(steps + 1);
  const batch = { data, inputs: inputsOf(functions, options, last) };
  const programs = new Programs<D>({ ...options, functions, state });
  return await scoped(await programs.compileStep(functions[last.turn], typesOf(data)), async (program) => {
    const start = performance.now();
    const cold = await program.profile(state, batch as never);
    const kernels = cold && performance.now() - start < long ? await program.profile(state, batch as never) : cold;
    return kernels && { turn: last.turn, kernels };
  });
}
