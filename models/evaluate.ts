/**
 * Judging a model by its outputs on a whole split.
 *
 * @module
 */
import { type Placed, scoped } from "../engine/mod.ts";
import type { Split } from "./data/split.ts";
import { Predictor, type PredictorOptions, type TakeOutputs } from "./predict.ts";

/** Scores outputs: sums over rows, not averages of batches, which would weigh the rows of a short last batch more. */
export interface Scorer {
  /** Takes the outputs of some rows. */
  readonly add: TakeOutputs;
  /** The metrics by name, once all rows are in. */
  values(): Readonly<Record<string, number>>;
}

/** What to evaluate, and on what. */
export interface EvaluateOptions<S> extends PredictorOptions<S> {
  /** State on that device. It is read where it lies, not copied, and does not change. */
  readonly state: Placed<S>;
  /** The rows. */
  readonly split: Split;
  /** How outputs are judged; a new one for every evaluation. */
  readonly scorer: Scorer;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
}

/**
 * Evaluates once. To evaluate again and again, keep a {@linkcode Predictor}: it compiles once.
 *
 * @typeParam S The state's tree of tensors.
 * @param options What to evaluate, and on what.
 * @returns The metrics by name.
 * @throws What `signal` was aborted with.
 */
export async function evaluate<S>(options: EvaluateOptions<S>): Promise<Readonly<Record<string, number>>> {
  const { state, split, scorer, signal } = options;
  await scoped(new Predictor<S>(options), (predictor) => predictor.run(state, split, scorer.add, signal));
  return scorer.values();
}
