/**
 * Pruning methods by name: a criterion with the schedule and the scope that it is published with.
 *
 * @module
 */
import type { Criterion } from "./criteria/criterion.ts";
import { force } from "./criteria/force.ts";
import { grasp } from "./criteria/grasp.ts";
import { magnitude } from "./criteria/magnitude.ts";
import { movement, softMovement } from "./criteria/movement.ts";
import { platon } from "./criteria/platon.ts";
import { random } from "./criteria/random.ts";
import { seven, type SevenOptions } from "./criteria/seven.ts";
import { snip } from "./criteria/snip.ts";
import type { Scope } from "./pruning.ts";
import { OptionError, type ScheduleKind, type SparsitySchedule, sparsitySchedule } from "./schedule.ts";

/** A criterion and when it prunes. */
export interface Method {
  /** Name on the command line and in records. */
  readonly name: string;
  /** How weights are ranked. */
  readonly criterion: Criterion;
  /** When and how far it prunes. */
  readonly schedule: SparsitySchedule;
  /** Which weights compete; "global". */
  readonly scope?: Scope;
}

/** What methods are made from. */
export interface MethodOptions {
  /** Share of the prunable weights to remove, in [0, 1). */
  readonly sparsity: number;
  /** Steps of the pruning window, K. One-shot methods use its first only. */
  readonly pruneSteps: number;
  /** First step of the window, from 1; 1. SEVENdyn's t_i, counted from 0, plus 1. */
  readonly start?: number;
  /** Settings of the SEVEN criterion. */
  readonly seven?: SevenOptions;
}

type Make = (options: MethodOptions) => Method;

function method(
  name: string,
  criterion: (options: MethodOptions) => Criterion,
  kind: ScheduleKind,
  extra: { readonly every?: number; readonly scope?: Scope } = {},
): Make {
  return (options) => {
    const { sparsity, pruneSteps, start = 1 } = options;
    const { scope, ...rest } = extra;
    const schedule = sparsitySchedule({ sparsity, steps: kind === "one-shot" ? 1 : pruneSteps, start, kind, ...rest });
    return { name, criterion: criterion(options), schedule, ...(scope ? { scope } : {}) };
  };
}

/**
 * SEVENpre, Algorithm 1: pruning from the first step on, for K steps along the cubic schedule, and training all the way.
 */
export const sevenPre: Make = method("seven-pre", ({ seven: options }) => seven(options), "cubic");

/** SEVENdyn, Algorithm 2: the same, in a window that opens after training has begun (`start`, a third of K if not given). */
export const sevenDyn: Make = (options) => {
  const start = options.start ?? Math.max(1, Math.round(options.pruneSteps / 3));
  return method("seven-dyn", ({ seven: settings }) => seven(settings), "cubic")({ ...options, start });
};

/** All methods. */
export const methods: Readonly<Record<string, Make>> = {
  "seven-pre": sevenPre,
  "seven-dyn": sevenDyn,
  magnitude: method("magnitude", magnitude, "one-shot"),
  "gradual-magnitude": method("gradual-magnitude", magnitude, "cubic"),
  random: method("random", random, "one-shot"),
  "random-layerwise": method("random-layerwise", random, "one-shot", { scope: "tensor" }),
  snip: method("snip", snip, "one-shot"),
  "iterative-snip": method("iterative-snip", snip, "exponential"),
  grasp: method("grasp", () => grasp(), "one-shot"),
  force: method("force", force, "exponential"),
  platon: method("platon", () => platon(), "cubic", { every: 10 }),
  movement: method("movement", () => movement(), "cubic", { scope: "tensor" }),
  "soft-movement": method("soft-movement", () => softMovement(), "cubic"),
};

/**
 * The method of that name.
 *
 * @throws {OptionError} when there is none, or a setting cannot be.
 */
export function methodNamed(name: string, options: MethodOptions): Method {
  if (!Object.hasOwn(methods, name)) {
    throw new OptionError(`method "${name}" is not known; there are ${Object.keys(methods).join(", ")}`);
  }
  return methods[name]!(options);
}
