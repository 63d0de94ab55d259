/**
 * Timing several contenders against each other, in turns: what slows the machine down for a while slows all of them.
 *
 * @module
 */

/** Something that can be timed. */
export interface Contender {
  /** Who it is. */
  readonly name: string;
  /** What waiting for the result costs at the end of a sample, however much was done; milliseconds. */
  readonly waitMs: number;
  /** Does the work `count` times, waits once, and tells the milliseconds that passed. */
  run(count: number): Promise<number>;
}

/** How long to measure. */
export interface RaceOptions {
  /** Milliseconds for each contender, roughly. */
  readonly budgetMs: number;
  /** Samples at least; 3. */
  readonly least?: number;
  /** Samples at most; 25. */
  readonly most?: number;
}

/** A sample is so many times longer than the wait at its end, which is then below 2 %. */
const WAIT_FACTOR = 50;
/** Shortest sample, milliseconds: far above the resolution of the clock. */
const SHORTEST = 4;
/** Repetitions in a sample at most: a queue of commands should not grow without bound. */
const MOST_REPETITIONS = 2000;

/** Repetitions and samples for a contender whose work takes `onceMs`. */
export function budgetOf(
  onceMs: number,
  waitMs: number,
  options: RaceOptions,
): { readonly repetitions: number; readonly samples: number } {
  const { budgetMs, least = 3, most = 25 } = options;
  const once = Math.max(onceMs, 1e-3);
  const floor = Math.max(SHORTEST, WAIT_FACTOR * waitMs);
  const repetitions = Math.min(MOST_REPETITIONS, Math.max(1, Math.ceil(floor / once)));
  const samples = Math.round(budgetMs / (repetitions * once));
  return { repetitions, samples: Math.max(least, Math.min(most, samples)) };
}

/** The work of one contender: what it took each time, in milliseconds. */
export type Timings = ReadonlyMap<Contender, readonly number[]>;

/**
 * Warms every contender up, then takes one sample of each in turn until all have as many as their budget allows. A
 * contender that fails is left out; `onFailure` hears why.
 */
export async function race(
  contenders: readonly Contender[],
  options: RaceOptions,
  onFailure: (contender: Contender, error: unknown) => void,
): Promise<Timings> {
  const timings = new Map<Contender, number[]>();
  const budgets = new Map<Contender, ReturnType<typeof budgetOf>>();
  const attempt = async (contender: Contender, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      budgets.delete(contender);
      timings.delete(contender);
      onFailure(contender, error);
    }
  };
  for (const contender of contenders) {
    await attempt(contender, async () => {
      const once = (await contender.run(1)) - contender.waitMs;
      // The first run after set-up may still be cold: ask once more where that is cheap.
      const warm = once < options.budgetMs / 4 ? (await contender.run(4) - contender.waitMs) / 4 : once;
      budgets.set(contender, budgetOf(warm, contender.waitMs, options));
      timings.set(contender, []);
    });
  }
  for (let round = 0; [...budgets.values()].some(({ samples }) => round < samples); round++) {
    for (const [contender, { repetitions, samples }] of [...budgets]) {
      if (round >= samples) continue;
      await attempt(contender, async () => {
        await contender.run(1); // not measured: it was stopped, and others had the caches
        timings.get(contender)!.push(await contender.run(repetitions) / repetitions);
      });
    }
  }
  return timings;
}
