/**
 * Judging a run while it goes on, on rows that it does not learn from and that results are not reported on.
 *
 * @module
 */
import type { Tensor } from "../../engine/mod.ts";
import { type HeldOut, holdOut, metricNamed, type Split, type Task } from "../../models/mod.ts";
import { sparseParams } from "../pruning.ts";
import type { Evaluation } from "../run.ts";
import type { PruningState } from "../state.ts";
import { type Bench, Judge } from "./judge.ts";
import type { Model } from "./model.ts";

/** What a model was worth after a step. */
export interface ValidationPoint {
  /** Training steps that were done. */
  readonly step: number;
  /** Share of prunable weights that were 0. */
  readonly sparsity: number;
  /** Metrics on the held-out rows. */
  readonly validation: Readonly<Record<string, number>>;
}

/** When to look, and when to have seen enough. */
export interface ValidationOptions {
  /** Steps between two looks. */
  readonly every: number;
  /** Looks without a better one after which the run ends; never where absent. */
  readonly patience?: number;
  /** The step at which pruning is done: what comes before it is not compared, being less sparse. */
  readonly from: number;
}

/** Splits a task's training rows where rows are to be held out. */
export function heldOutOf({ data }: Model, rows: number, seed: number): HeldOut {
  return data.holdOut?.(rows, seed) ?? holdOut(data.train, rows, seed);
}

/** Watches a run. Release it with `using`. */
export class Validation implements Disposable {
  readonly #model: Model;
  readonly #split: Split;
  readonly #judge: Judge<PruningState<Tensor>>;
  readonly #options: ValidationOptions;
  readonly #metric: string;
  readonly #sign: 1 | -1;
  readonly #points: ValidationPoint[];

  /**
   * Begins, or goes on.
   *
   * @param model The model and its data.
   * @param split The held-out rows.
   * @param task Its first metric decides.
   * @param options When to look.
   * @param bench Where to judge.
   * @param points What was seen before.
   */
  constructor(
    model: Model,
    split: Split,
    task: Task,
    options: ValidationOptions,
    bench: Bench,
    points: readonly ValidationPoint[] = [],
  ) {
    this.#model = model;
    this.#split = split;
    this.#options = options;
    this.#metric = task.metrics[0]!;
    // Exact match has no record of its own; like all that is not a loss, more of it is better.
    this.#sign = task.head === "span" || metricNamed(this.#metric).greaterIsBetter ? 1 : -1;
    this.#judge = new Judge<PruningState<Tensor>>(model.network, sparseParams, bench);
    this.#points = [...points];
  }

  /** What was seen so far. */
  get points(): readonly ValidationPoint[] {
    return this.#points;
  }

  /** The best of what was seen after pruning was done; the earlier of equals. */
  get best(): ValidationPoint | undefined {
    return this.#points.filter(({ step }) => step >= this.#options.from)
      .reduce<ValidationPoint | undefined>((best, one) => best && !this.#better(one, best) ? best : one, undefined);
  }

  /** Whether a step is one to look at. */
  isDue(step: number): boolean {
    return step % this.#options.every === 0;
  }

  /** Looks. Says what was seen, whether it is the best, and whether it has been long enough since one was. */
  async look({ step, state, sparsity }: Evaluation): Promise<{
    readonly point: ValidationPoint;
    readonly isBest: boolean;
    readonly enough: boolean;
  }> {
    const validation = await this.#judge.one(state, this.#model.data, this.#split);
    const point = { step, sparsity, validation };
    this.#points.push(point);
    const { best } = this, { patience, from } = this.#options;
    const since = this.#points.filter((one) => one.step >= from && best !== undefined && one.step > best.step).length;
    return { point, isBest: best === point, enough: patience !== undefined && since >= patience };
  }

  #better(one: ValidationPoint, other: ValidationPoint): boolean {
    return this.#sign * (one.validation[this.#metric]! - other.validation[this.#metric]!) > 0;
  }

  /** Releases the programs. */
  [Symbol.dispose](): void {
    this.#judge[Symbol.dispose]();
  }
}
