/**
 * Judging states of a model on the data of its task.
 *
 * @module
 */
import type { Device, Placed, Tensor } from "../../engine/mod.ts";
import { type BatchTensors, type Network, Predictor, type Split } from "../../models/mod.ts";
import { sparseParams } from "../pruning.ts";
import type { PruningState } from "../state.ts";
import type { Io } from "./io.ts";
import type { Model } from "./model.ts";

/** Metrics by name, of each evaluation split by its name. */
export type Metrics = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Where states are judged. */
export interface Bench {
  readonly device: Device;
  /** Rows per batch. */
  readonly evalBatch: number;
  readonly io: Io;
}

type Params = Readonly<Record<string, Tensor>>;

/**
 * Judges a model's own parameters on every evaluation split.
 *
 * @throws {Interrupted} when a signal stops it.
 */
export async function judgeParams({ network, data }: Model, bench: Bench): Promise<Metrics> {
  using params = bench.device.place(network.params) as Placed<Params>;
  using judge = new Judge<Params>(network, (params) => params, bench);
  return await judge.all(params, data);
}

/** Judges a pruned state on every evaluation split. */
export async function judgeState(
  { network, data }: Model,
  state: Placed<PruningState<Tensor>>,
  bench: Bench,
): Promise<Metrics> {
  using judge = new Judge<PruningState<Tensor>>(network, sparseParams, bench);
  return await judge.all(state, data);
}

/** Judges states of one kind, again and again: it compiles once. */
export class Judge<S> implements Disposable {
  readonly #predictor: Predictor<S>;
  readonly #io: Io;

  /**
   * Compiles nothing yet.
   *
   * @param network The model.
   * @param paramsOf Its parameters in a state.
   * @param bench Where it runs.
   */
  constructor(network: Network, paramsOf: (state: S) => Params, { device, evalBatch, io }: Bench) {
    const outputs = (state: S, batch: BatchTensors) => network.outputs(paramsOf(state), batch);
    this.#predictor = new Predictor<S>({ device, batch: evalBatch, outputs });
    this.#io = io;
  }

  /** Judges on one split. */
  async one(state: Placed<S>, data: Model["data"], split: Split): Promise<Readonly<Record<string, number>>> {
    const scorer = data.scorer(split);
    await this.#predictor.run(state, split, scorer.add, this.#io.signal);
    return scorer.values();
  }

  /** Judges on every evaluation split. */
  async all(state: Placed<S>, data: Model["data"]): Promise<Metrics> {
    const metrics: Record<string, Readonly<Record<string, number>>> = {};
    for (const [name, split] of Object.entries(data.evaluation)) metrics[name] = await this.one(state, data, split);
    return metrics;
  }

  /** Releases the programs. */
  [Symbol.dispose](): void {
    this.#predictor[Symbol.dispose]();
  }
}

/** The metric that results are compared by: the task's first, on its first evaluation split. */
export function primary(metrics: Metrics, metric: string): number {
  return Object.values(metrics)[0]![metric]!;
}
