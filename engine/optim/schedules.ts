/**
 * Learning rates over time, on the host in f64: equal to the `get_*_schedule_with_warmup` of Hugging Face transformers.
 *
 * @module
 */

/**
 * Learning rate of a step.
 *
 * @param completed how many steps were done before: 0 at the first. (Optimisers count steps from 1:
 *   `optimizer.scalars(step, schedule(step - 1))`.)
 */
export type Schedule = (completed: number) => number;

/** Options of the schedules. */
export interface ScheduleOptions {
  /** Rate at the end of the warm-up. */
  readonly learningRate: number;
  /** Steps over which the rate rises from 0; the first of them has rate 0, as in transformers. Default 0. */
  readonly warmup?: number;
  /** All steps, warm-up included. */
  readonly total: number;
}

function checked({ learningRate, warmup = 0, total }: ScheduleOptions): Required<ScheduleOptions> {
  if (!(learningRate >= 0 && warmup >= 0 && total >= 0)) {
    throw new RangeError(
      `schedule: learningRate ${learningRate}, warmup ${warmup}, total ${total}; none may be negative or missing`,
    );
  }
  return { learningRate, warmup, total };
}

/** The same rate at every step after the warm-up (`get_constant_schedule_with_warmup`). */
export function constantSchedule(options: Omit<ScheduleOptions, "total">): Schedule {
  const { learningRate, warmup } = checked({ ...options, total: 0 });
  return (completed) => learningRate * (completed < warmup ? completed / warmup : 1);
}

/** A straight line from the rate to 0 at `total` (`get_linear_schedule_with_warmup`). */
export function linearSchedule(options: ScheduleOptions): Schedule {
  const { learningRate, warmup, total } = checked(options);
  return (completed) =>
    learningRate *
    (completed < warmup
      ? completed / Math.max(1, warmup)
      : Math.max(0, (total - completed) / Math.max(1, total - warmup)));
}

/**
 * Half a cosine from the rate to 0 at `total` (`get_cosine_schedule_with_warmup`; Loshchilov and Hutter 2017, SGDR).
 *
 * @param options also `cycles`: how many full waves; 0.5. As in transformers, the rate goes on waving past `total`.
 */
export function cosineSchedule(options: ScheduleOptions & { readonly cycles?: number }): Schedule {
  const { learningRate, warmup, total } = checked(options);
  const { cycles = 0.5 } = options;
  return (completed) => {
    if (completed < warmup) return learningRate * completed / Math.max(1, warmup);
    const progress = (completed - warmup) / Math.max(1, total - warmup);
    return learningRate * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * progress)));
  };
}
