/**
 * Reports of a run: what programs measured, matched with the steps that they were run for.
 *
 * @module
 */
import { firstNonFinite, type Program, type Tensor } from "../engine/mod.ts";
import type { SentinelCount } from "./sentinels.ts";
import type { PruningState, StepBatch, StepReport } from "./state.ts";

/** One logged step. */
export interface StepEvent {
  /** Step, from 1. */
  readonly step: number;
  /** Mean loss of the step's batch, before its update. */
  readonly loss: number;
  /** Share of prunable weights that are 0 after the step. */
  readonly sparsity: number;
  /** Prunable weights that are left. */
  readonly kept: number;
  /** Learning rate of the step. */
  readonly learningRate: number;
  /** Whether this step chose a new mask. */
  readonly pruned: boolean;
  /** Sentinel and temporary sentinel weights of each tensor, of steps at which a run looks for them. */
  readonly sentinels?: Readonly<Record<string, SentinelCount>>;
}

/** What is known of a step before its loss is. */
export type PlannedEvent = Omit<StepEvent, "loss">;

/** The loss became infinite or NaN. */
export class NonFiniteError extends Error {
  /** Error class name. */
  override readonly name = "NonFiniteError";

  /** Makes the error of a step. */
  constructor(readonly step: number, readonly loss: number, first?: string) {
    const where = first ? `; the first tensor that went bad is ${first}` : "; run again with checkFinite to see where";
    super(`the loss is ${loss} at step ${step}${where}. A lower learning rate is the usual remedy`);
  }
}

/** The program of a step function. */
export type StepProgram<D> = Program<PruningState<Tensor>, StepBatch<D, Tensor>, StepReport>;

interface Report {
  readonly event: StepEvent;
  readonly logged: boolean;
  readonly taps: Readonly<Record<string, unknown>>;
  readonly kept: number | undefined;
}

/** Collects what steps report, in the order of steps, whichever program ran them. */
export class Reports<D> {
  readonly #waiting = new Map<StepProgram<D>, { event: PlannedEvent; logged: boolean }[]>();
  /** What was last kept, where the sparsity asked for does not tell. */
  #kept: number | undefined;

  /**
   * Reports of steps on `prunable` weights go to `onReport`, those that are to be logged; `kept` are left to begin with,
   * where the sparsity asked for does not tell.
   */
  constructor(readonly prunable: number, readonly onReport?: (event: StepEvent) => void, kept?: number) {
    this.#kept = kept;
  }

  /** Notes that `program` ran a step. Steps without a loss (rewinding) are not logged: they only tell what is kept. */
  add(program: StepProgram<D>, event: PlannedEvent, logged: boolean): void {
    const waiting = this.#waiting.get(program);
    if (waiting) waiting.push({ event, logged });
    else this.#waiting.set(program, [{ event, logged }]);
  }

  /** Hands out all reports since the last call. @throws {NonFiniteError} at the first loss that is not finite. */
  async read(): Promise<void> {
    const reports: Report[] = [];
    for (const [program, waiting] of this.#waiting) {
      this.#waiting.delete(program);
      const metrics = await program.metrics();
      // The ring keeps the newest runs: match from the end.
      metrics.forEach(({ values, taps }, i) => {
        const { event, logged } = waiting[waiting.length - metrics.length + i]!;
        const { loss, kept } = values as { loss?: number; kept?: number };
        reports.push({ event: { ...event, loss: loss ?? 0 }, logged: logged && loss !== undefined, taps, kept });
      });
    }
    for (const { event, logged, taps, kept } of reports.sort((a, b) => a.event.step - b.event.step)) {
      if (!Number.isFinite(event.loss)) throw new NonFiniteError(event.step, event.loss, firstNonFinite(taps));
      this.#kept = kept ?? this.#kept;
      if (logged) this.onReport?.(this.actual(event));
    }
  }

  /** Where a criterion has a rule of its own, the sparsity is what came out last, not what was asked for. */
  actual<E extends { readonly kept: number; readonly sparsity: number }>(event: E): E {
    return this.#kept === undefined ? event : { ...event, kept: this.#kept, sparsity: 1 - this.#kept / this.prunable };
  }
}
