/**
 * Sparsity as a function of the step, computed on the host in f64. With x = j / K at step j of the K of the window, from
 * `start` to `start + K - 1`, and the target s:
 *
 * | kind          | sparsity           | source                                                       |
 * | ------------- | ------------------ | ------------------------------------------------------------ |
 * | `one-shot`    | s, at `start`      |                                                              |
 * | `linear`      | s x                | lottery tickets, Chen et al. 2020, arXiv 2007.12223          |
 * | `cubic`       | s - s (1 - x)^3    | Zhu and Gupta 2017, arXiv 1710.01878, equation 1, from 0     |
 * | `exponential` | 1 - (1 - s)^x      | de Jorge et al. 2021, arXiv 2006.09081: density by a factor  |
 *
 * `every` makes it a stair: only every so many steps of the window prune, and its last, which reaches s exactly.
 *
 * @module
 */

/** Shapes of the way from dense to the target. */
export type ScheduleKind = "one-shot" | "linear" | "cubic" | "exponential";

/** When to prune, and how fast. */
export interface ScheduleOptions {
  /** Share of the prunable weights that is 0 at the end, in [0, 1). */
  readonly sparsity: number;
  /** First pruning step, from 1; 1. */
  readonly start?: number;
  /** Number of steps from the first pruning step to the last, both included: K. One-shot schedules have 1. */
  readonly steps: number;
  /** Prune at every so many steps of the window; 1. Its last step always prunes. */
  readonly every?: number;
  /** Way from 0 to the target; "cubic" by default. */
  readonly kind?: ScheduleKind;
}

/** When to prune, and to which sparsity. */
export interface SparsitySchedule {
  /** First step of the window. */
  readonly start: number;
  /** Last pruning step. */
  readonly end: number;
  /** Target at the end. */
  readonly sparsity: number;
  /** Sparsity to prune to at step `t` (from 1), or `undefined` when this step does not prune. */
  at(t: number): number | undefined;
}

/** A setting that cannot be. */
export class OptionError extends Error {
  /** Error class name. */
  override readonly name = "OptionError";
}

const shapes: Readonly<Record<ScheduleKind, (x: number, s: number) => number>> = {
  "one-shot": (_, s) => s,
  linear: (x, s) => s * x,
  // Zhu and Gupta 2017, "To prune, or not to prune", equation 1, from 0.
  cubic: (x, s) => s - s * (1 - x) ** 3,
  // The density falls by the same factor at every step (SNIP and FORCE, de Jorge et al. 2021).
  exponential: (x, s) => 1 - (1 - s) ** x,
};

/**
 * Makes a schedule. Step j of K, counted from 1, has x = j / K, so that the last step reaches the target exactly, for
 * every K >= 1.
 *
 * @throws {OptionError} when the sparsity is not in [0, 1) or a step count is not a positive integer.
 */
export function sparsitySchedule(options: ScheduleOptions): SparsitySchedule {
  const { sparsity, steps, start = 1, every = 1, kind = "cubic" } = options;
  if (!(sparsity >= 0 && sparsity < 1)) {
    throw new OptionError(`sparsity ${sparsity} is not in [0, 1): it is the share of weights to remove, such as 0.8`);
  }
  for (const [name, value] of Object.entries({ steps, start, every })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new OptionError(`schedule ${name} ${value} is not a positive integer`);
    }
  }
  if (!Object.hasOwn(shapes, kind)) {
    throw new OptionError(`schedule "${kind}" is not known; there are ${Object.keys(shapes).join(", ")}`);
  }
  const window = kind === "one-shot" ? 1 : steps;
  return {
    start,
    end: start + window - 1,
    sparsity,
    at(t: number): number | undefined {
      const j = t - start + 1;
      if (j < 1 || j > window || (j % every !== 0 && j !== window)) return undefined;
      // Rounding must not carry a step beyond the target.
      return j === window ? sparsity : Math.min(sparsity, Math.max(0, shapes[kind](j / window, sparsity)));
    },
  };
}

/** Weights to keep of `total` at a sparsity: N - round(s N). */
export function keptCount(total: number, sparsity: number): number {
  return total - Math.round(sparsity * total);
}
