/**
 * Optimisers and learning-rate schedules by name.
 *
 * @module
 */
import {
  adam,
  adamax,
  adamw,
  constantSchedule,
  cosineSchedule,
  linearSchedule,
  type Optimizer,
  type Schedule,
  type ScheduleOptions,
  sgd,
  withClipping,
} from "../../engine/mod.ts";

/** Names of the optimisers. */
export type OptimizerName = "adamw" | "adam" | "sgd" | "adamax";

/** Names of the learning-rate schedules. */
export type ScheduleName = "constant" | "linear" | "cosine";

const optimizers: Readonly<Record<OptimizerName, (options: { readonly weightDecay: number }) => Optimizer>> = {
  adamw,
  adam,
  sgd: (options) => sgd({ momentum: 0.9, ...options }),
  adamax,
};

const schedules: Readonly<Record<ScheduleName, (options: ScheduleOptions) => Schedule>> = {
  constant: constantSchedule,
  linear: linearSchedule,
  cosine: cosineSchedule,
};

/** All optimisers. */
export const optimizerNames: readonly OptimizerName[] = Object.keys(optimizers) as OptimizerName[];

/** All learning-rate schedules. */
export const scheduleNames: readonly ScheduleName[] = Object.keys(schedules) as ScheduleName[];

/** The optimiser of that name; momentum of sgd is 0.9. Gradients are clipped where a greatest norm is given. */
export function optimizerNamed(name: OptimizerName, weightDecay: number, clipNorm?: number): Optimizer {
  const optimizer = optimizers[name]({ weightDecay });
  return clipNorm === undefined ? optimizer : withClipping(optimizer, clipNorm);
}

/** The schedule of that name. */
export function scheduleNamed(name: ScheduleName, options: ScheduleOptions): Schedule {
  return schedules[name](options);
}
