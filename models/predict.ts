/**
 * Running a model over a whole split, from the state where it lies on the device.
 *
 * @module
 */
import type { Device, HostData, HostTensor, Placed, Program, Tensor, Type } from "../engine/mod.ts";
import { evaluationBatches } from "./data/batches.ts";
import type { Batch, Split } from "./data/split.ts";

/** Tensors of a batch, by name. */
export type BatchTensors = { readonly [name: string]: Tensor };

/** Outputs of a model by name, with the rows of the batch along their first axis. */
export type Outputs<T> = { readonly [name: string]: T };

/** What a model is, to be run. */
export interface PredictorOptions<S> {
  /** Where it runs. */
  readonly device: Device;
  /** Outputs of a batch. */
  readonly outputs: (state: S, batch: BatchTensors) => Outputs<Tensor>;
  /** Rows per batch; 100. Results depend on it by rounding only. */
  readonly batch?: number;
}

/** Takes the outputs of some rows of a split: element `i` along their first axis is row `rows[i]`; what follows is padding. */
export type TakeOutputs = (rows: Uint32Array, outputs: Outputs<HostTensor>) => void;

/** Batches between two readings: enough to keep a device busy, few enough that signals and timers get through. */
const batchesPerReading = 8;

/** A compiled forward pass. */
export type Compiled<S> = Program<S, BatchTensors, Outputs<Tensor>>;

/** A model that is run over splits. It keeps one program for each shape of batch; release it with `using`. */
export class Predictor<S> implements Disposable {
  readonly #options: PredictorOptions<S>;
  readonly #programs = new Map<string, Promise<Compiled<S>>>();

  /** Compiles nothing yet. */
  constructor(options: PredictorOptions<S>) {
    this.#options = options;
  }

  /**
   * Runs over every row of a split once. The last batch is padded and its padding does not count; nor do rows that the
   * split gave up on (`valid` is 0).
   *
   * @param state The state; it is read where it lies and does not change.
   * @param split The rows.
   * @param take Called with the outputs of every batch.
   * @param signal Stops between two batches.
   * @throws What `signal` was aborted with.
   */
  async run(state: Placed<S>, split: Split, take: TakeOutputs, signal?: AbortSignal): Promise<void> {
    const { batch: size = 100 } = this.#options;
    let waiting: { readonly program: Compiled<S>; readonly rows: Uint32Array; readonly valid?: HostData }[] = [];
    const read = async (): Promise<void> => {
      // Batches of one shape come one after another, so each program's metrics are in the order of its rows.
      for (const program of new Set(waiting.map(({ program }) => program))) {
        const results = await program.metrics();
        waiting.filter((one) => one.program === program).forEach(({ rows, valid }, i) => {
          const outputs = results[i]!.values as unknown as Outputs<HostTensor>;
          const counting = rows.filter((_, row) => valid?.[row] !== 0);
          if (counting.length === rows.length) take(rows, outputs);
          else if (counting.length > 0) {
            take(
              counting,
              pick(outputs, [...rows.keys()].filter((row) => valid?.[row] !== 0)),
            );
          }
        });
      }
      waiting = [];
    };
    try {
      for await (const { rows, batch } of evaluationBatches(split, Math.min(size, split.count))) {
        signal?.throwIfAborted();
        const program = await this.#programFor(state, batch);
        program.run(state, batch as never);
        waiting.push({ program, rows, valid: batch.valid?.data });
        if (waiting.length === Math.min(batchesPerReading, program.ring)) await read();
      }
      await read();
    } finally {
      // What a run that broke off left unread would be taken for the outputs of the next one. Its error is what counts.
      for (const { program } of waiting) await program.metrics().catch(() => {});
    }
  }

  #programFor(state: Placed<S>, batch: Batch): Promise<Compiled<S>> {
    const types = batchTypes(batch);
    const key = JSON.stringify(types);
    let program = this.#programs.get(key);
    if (!program) {
      const { device, outputs } = this.#options;
      program = compileForward(device, outputs, state, types);
      this.#programs.set(key, program);
    }
    return program;
  }

  /** Releases the programs. */
  [Symbol.dispose](): void {
    for (const program of this.#programs.values()) {
      program.then((program) => program[Symbol.dispose](), () => {}); // one that did not compile has nothing to release
    }
    this.#programs.clear();
  }
}

/** Some rows of the outputs. */
function pick(outputs: Outputs<HostTensor>, rows: ArrayLike<number>): Outputs<HostTensor> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, dtype, data }]) => {
      const width = data.length / shape[0]!;
      const some = data.slice(0, rows.length * width);
      Array.from(rows).forEach((row, i) => some.set(data.subarray(row * width, (row + 1) * width) as never, i * width));
      return [name, { shape: [rows.length, ...shape.slice(1)], dtype, data: some }];
    }),
  );
}

/** Types of a batch's tensors. */
export function batchTypes(batch: Batch): Record<string, Type> {
  return Object.fromEntries(Object.entries(batch).map(([name, { shape, dtype }]) => [name, { shape, dtype }]));
}

/** Compiles a forward pass over a placed state. */
export function compileForward<S>(
  device: Device,
  outputs: (state: S, batch: BatchTensors) => Outputs<Tensor>,
  state: Placed<S>,
  types: Readonly<Record<string, Type>>,
): Promise<Compiled<S>> {
  const step = (state: S, batch: BatchTensors) => ({ state, metrics: outputs(state, batch) });
  return device.compile<S, BatchTensors, Outputs<Tensor>>(step, { state: state.types, batch: types } as never);
}
