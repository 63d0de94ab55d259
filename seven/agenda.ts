/**
 * The agenda of a run: which step function runs when, and what it is told. Pure and known in advance, so a run can be
 * planned, counted and resumed from it.
 *
 * @module
 */
import type { Progress } from "./criteria/criterion.ts";
import type { Method } from "./methods.ts";
import type { PruningSteps } from "./state.ts";
import { OptionError } from "./schedule.ts";

/** Which step function runs. */
export type Turn = Exclude<keyof PruningSteps<unknown>, "init" | "inputTypes" | "inputs" | "kept" | "counts" | "check">;

/** One entry of the agenda. */
export interface Entry {
  /** What runs. */
  readonly turn: Turn;
  /** Training step of the whole run, from 1; of turns that do not train, the step that they follow. */
  readonly step: number;
  /** Training step since the optimiser's moments were last fresh, from 1: what learning rates and corrections count. */
  readonly t: number;
  /** Where the criterion stands. */
  readonly progress: Progress;
  /** Of turns that only accumulate: which micro-batch of the step it is, from 1. */
  readonly part?: number;
}

/** Training steps of a run in all: lottery tickets take the steps of a run once for each round, and once more. */
export function trainingSteps(method: Method, steps: number): number {
  return steps * ((method.lottery?.rounds ?? 0) + 1);
}

/**
 * The agenda of a method.
 *
 * @param method what prunes.
 * @param steps training steps of a run (of each round, for lottery tickets).
 * @param accumulate micro-batches of a step: all but the last have turns of their own before the step's; 1.
 * @throws {OptionError} when the method does not fit into the steps.
 */
export function* agenda(method: Method, steps: number, accumulate = 1): Generator<Entry, void, void> {
  checkSteps(method, steps);
  if (!Number.isInteger(accumulate) || accumulate < 1) {
    throw new OptionError(`accumulate ${accumulate} is not a positive integer: it is the number of batches of a step`);
  }
  for (const entry of stepsOf(method, steps)) {
    const parts = trains(entry.turn) ? accumulate - 1 : 0;
    const turn = method.criterion.gather && entry.turn !== "train" ? "gather" : "accumulate";
    for (let part = 1; part <= parts; part++) yield { ...entry, turn, part };
    yield entry;
  }
}

/** Whether a turn is a step of the optimiser. */
export function trains(turn: Turn): boolean {
  return turn === "prune" || turn === "observe" || turn === "train";
}

/**
 * What is left of an agenda when `start` of its `total` training steps are done. Turns that follow the last of them are
 * still to come: a state is that right after its step.
 *
 * @throws {OptionError} when there are not so many steps.
 */
export function remaining(plan: readonly Entry[], start: number, total: number): readonly Entry[] {
  if (!Number.isInteger(start) || start < 0 || start > total) {
    throw new OptionError(`start ${start} is none of the ${total} steps of the run; give how many are done, from 0`);
  }
  const between = ({ turn, part }: Entry): boolean => !trains(turn) && !part;
  return plan.filter((entry) => entry.step > start || (start > 0 && entry.step === start && between(entry)));
}

/** The agenda for one batch per step. */
function* stepsOf(method: Method, steps: number): Generator<Entry, void, void> {
  const { schedule, lottery } = method;
  const target = schedule.sparsity;
  if (lottery) {
    let sparsity = 0;
    for (let round = 0; round <= lottery.rounds; round++) {
      for (let t = 1; t <= steps; t++) {
        const entry = { step: round * steps + t, t, progress: { update: 1, sparsity, target } };
        yield { turn: "train", ...entry };
        if (round === 0 && t === lottery.rewindTo) yield { turn: "snapshot", ...entry };
      }
      if (round === lottery.rounds) return;
      sparsity = schedule.at(round + 1)!;
      yield { turn: "rewind", step: (round + 1) * steps, t: steps, progress: { update: 1, sparsity, target } };
    }
    return;
  }
  let sparsity = 0, update = 0;
  for (let t = 1; t <= steps; t++) {
    const next = schedule.at(t);
    sparsity = next ?? sparsity;
    const turn = next !== undefined ? "prune" : t >= schedule.start && t < schedule.end ? "observe" : "train";
    if (turn !== "train") update++;
    yield { turn, step: t, t, progress: { update: Math.max(1, update), sparsity, target } };
  }
}

function checkSteps({ schedule, lottery }: Method, steps: number): void {
  if (!Number.isInteger(steps) || steps < 1) throw new OptionError(`steps ${steps} is not a positive integer`);
  if (lottery && lottery.rewindTo > steps) {
    throw new OptionError(
      `lottery rewindTo ${lottery.rewindTo} is after the ${steps} steps of a round; rewind to an earlier step`,
    );
  }
  if (!lottery && schedule.end > steps) {
    throw new OptionError(
      `pruning ends at step ${schedule.end}, after the ${steps} steps of the run; give more steps or fewer pruning steps`,
    );
  }
}
