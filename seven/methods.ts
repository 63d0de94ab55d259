/**
 * Pruning methods by name: a criterion with the schedule that it is used with.
 *
 * @module
 */
import type { Criterion } from "./criteria/criterion.ts";
import { magnitude } from "./criteria/magnitude.ts";
import { random } from "./criteria/random.ts";
import { seven, type SevenOptions } from "./criteria/seven.ts";
import { OptionError, type SparsitySchedule, sparsitySchedule } from "./schedule.ts";

/** A criterion and when it prunes. */
export interface Method {
  /** Name on the command line and in records. */
  readonly name: string;
  /** How weights are ranked. */
  readonly criterion: Criterion;
  /** When and how far it prunes. */
  readonly schedule: SparsitySchedule;
}

/** What methods are made from. */
export interface MethodOptions {
  /** Share of the prunable weights to remove, in [0, 1). */
  readonly sparsity: number;
  /** Pruning steps, K. One-shot methods use the first only. */
  readonly pruneSteps: number;
  /** Settings of the SEVEN criterion. */
  readonly seven?: SevenOptions;
}

/**
 * SEVENpre, Algorithm 1: pruning from the first step on, for K steps along the cubic schedule, and training all the way.
 */
export function sevenPre(options: MethodOptions): Method {
  const schedule = sparsitySchedule({ sparsity: options.sparsity, steps: options.pruneSteps, kind: "cubic" });
  return { name: "seven-pre", criterion: seven(options.seven), schedule };
}

/** Magnitude pruning in one shot at the first step, then fine-tuning under the mask. */
export function oneShotMagnitude({ sparsity }: MethodOptions): Method {
  return {
    name: "magnitude",
    criterion: magnitude(),
    schedule: sparsitySchedule({ sparsity, steps: 1, kind: "one-shot" }),
  };
}

/** Random pruning in one shot at the first step, then fine-tuning under the mask. */
export function oneShotRandom({ sparsity }: MethodOptions): Method {
  return { name: "random", criterion: random(), schedule: sparsitySchedule({ sparsity, steps: 1, kind: "one-shot" }) };
}

/** All methods. */
export const methods: Readonly<Record<string, (options: MethodOptions) => Method>> = {
  "seven-pre": sevenPre,
  magnitude: oneShotMagnitude,
  random: oneShotRandom,
};

/**
 * The method of that name.
 *
 * @throws {OptionError} when there is none.
 */
export function methodNamed(name: string, options: MethodOptions): Method {
  if (!Object.hasOwn(methods, name)) {
    throw new OptionError(`method "${name}" is not known; there are ${Object.keys(methods).join(", ")}`);
  }
  return methods[name]!(options);
}
