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
import { wanda } from "./criteria/wanda.ts";
import type { Scope } from "./scope.ts";
import type { SelectionSpec } from "./selection.ts";
import { OptionError, type ScheduleKind, type SparsitySchedule, sparsitySchedule } from "./schedule.ts";

/** A criterion and when it prunes. */
export interface Method extends SelectionSpec {
  /** Name on the command line and in records. */
  readonly name: string;
  /** How weights are ranked. */
  readonly criterion: Criterion;
  /** When and how far it prunes. */
  readonly schedule: SparsitySchedule;
  /** Lottery tickets: rounds of training, pruning and rewinding before the last training. */
  readonly lottery?: Lottery;
}

/** Rounds of a lottery ticket. Every round, and the training of the ticket after them, takes the steps of a whole run. */
export interface Lottery {
  /** Rounds; the sparsity rises by the same amount in each. */
  readonly rounds: number;
  /** Step of the first round whose parameters are gone back to; 0 for those that the run began with. */
  readonly rewindTo: number;
}

/** What methods are made from. */
export interface MethodOptions extends SelectionSpec {
  /** Share of the prunable weights to remove, in [0, 1). */
  readonly sparsity: number;
  /** Steps of the pruning window, K. One-shot methods use its first only. */
  readonly pruneSteps: number;
  /** First step of the window, from 1; 1. SEVENdyn's t_i, counted from 0, plus 1. */
  readonly start?: number;
  /** Prune at every so many steps of the window; 1, and 10 for PLATON, whose window it is. */
  readonly every?: number;
  /** The way from dense to the target, where the method's own is not wanted; not of lottery tickets. */
  readonly schedule?: ScheduleKind;
  /** Settings of the SEVEN criterion. */
  readonly seven?: SevenOptions;
  /** Lottery tickets: rounds, and the step to rewind to; 5 and 0. */
  readonly lottery?: Partial<Lottery>;
}

/** Makes a method for a sparsity and a window. */
export type MakeMethod = (options: MethodOptions) => Method;

function method(
  name: string,
  criterion: (options: MethodOptions) => Criterion,
  kind: ScheduleKind,
  extra: { readonly every?: number; readonly scope?: Scope } = {},
): MakeMethod {
  return (options) => {
    const { sparsity, pruneSteps, start = 1, schedule: way = kind } = options;
    const steps = way === "one-shot" ? 1 : pruneSteps;
    // A criterion that sums up over the steps between two prunings must have done so when the window ends.
    const every = Math.min(options.every ?? extra.every ?? 1, Math.max(1, steps));
    const schedule = sparsitySchedule({ sparsity, steps, start, every, kind: way });
    return { name, criterion: criterion({ ...options, every }), schedule, ...selected(options, extra.scope) };
  };
}

/** The selection of a method, where it is not the default. */
function selected({ scope, pattern, limits }: SelectionSpec, own?: Scope): SelectionSpec {
  const competing = scope ?? own;
  return { ...(competing ? { scope: competing } : {}), ...(pattern ? { pattern } : {}), ...(limits ? { limits } : {}) };
}

/**
 * SEVENpre, Algorithm 1: pruning from the first step on, for K steps along the cubic schedule, and training all the way.
 */
export const sevenPre: MakeMethod = method("seven-pre", ({ seven: options }) => seven(options), "cubic");

/** SEVENdyn, Algorithm 2: the same, in a window that opens after training has begun (`start`, a third of K if not given). */
export const sevenDyn: MakeMethod = (options): Method => {
  const start = options.start ?? Math.max(1, Math.round(options.pruneSteps / 3));
  return method("seven-dyn", ({ seven: settings }) => seven(settings), "cubic")({ ...options, start });
};

/**
 * Lottery tickets by iterative magnitude pruning with rewinding (Frankle and Carbin 2019, arXiv 1803.03635; rewinding:
 * Frankle et al. 2020, arXiv 1912.05671; on BERT: Chen et al. 2020, arXiv 2007.12223, where the same share of all
 * weights goes in each round). It costs as many runs as it has rounds, and one more.
 */
export const lotteryTicket: MakeMethod = (options): Method => {
  const { sparsity, lottery = {} } = options;
  const { rounds = 5, rewindTo = 0 } = lottery;
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new OptionError(`lottery rounds ${rounds} is not a positive integer`);
  }
  if (!Number.isInteger(rewindTo) || rewindTo < 0) throw new OptionError(`lottery rewindTo ${rewindTo} is not a step`);
  const schedule = sparsitySchedule({ sparsity, steps: rounds, kind: "linear" });
  return { name: "lottery", criterion: magnitude(), schedule, lottery: { rounds, rewindTo }, ...selected(options) };
};

/** All methods. */
export const methods: Readonly<Record<string, MakeMethod>> = {
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
  platon: method("platon", ({ every }) => platon(every ? { window: every } : {}), "cubic", { every: 10 }),
  lottery: lotteryTicket,
  movement: method("movement", () => movement(), "cubic", { scope: "tensor" }),
  wanda: method("wanda", wanda, "one-shot", { scope: "row" }),
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
