/**
 * A workload compiled for one of our devices.
 *
 * @module
 */
import {
  type BatchLeaf,
  type Device,
  type HostTensor,
  hostTensor,
  openDevice,
  type Placed,
  type Program,
  type Tensor,
  type Tree,
  type Type,
} from "../../../engine/mod.ts";
import type { Contender } from "../race.ts";
import type { BenchDevice } from "../result.ts";

/** A device that is open for measuring, with a cheap way to wait for it. */
export interface OpenBench extends Disposable {
  readonly kind: BenchDevice;
  readonly device: Device;
  /** What {@linkcode OpenBench.sync} costs when nothing is left to do, milliseconds. */
  readonly waitMs: number;
  /** Waits until all work is done, by reading four bytes back. */
  sync(): Promise<void>;
}

/** A compiled workload. */
export interface Task extends Disposable {
  /** Gives the device one repetition. Does not wait. */
  step(): void;
  /** Numbers by which results are compared, after the first repetitions. */
  readonly check: readonly number[];
  /** Kernels, launches and memory of one repetition. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Opens a device. On webgpu, results are read as soon as they are mapped: an awaited map costs Deno a fixed 10 ms.
 *
 * @throws {DeviceError} when there is none.
 */
export async function openBench(kind: BenchDevice): Promise<OpenBench> {
  const device = await openDevice(kind, { webgpu: { blockingReadback: true } });
  const pebble = device.place({ pebble: hostTensor(new Float32Array(1)) });
  const sync = async (): Promise<void> => void await pebble.read("pebble");
  for (let i = 0; i < 3; i++) await sync();
  const start = performance.now();
  for (let i = 0; i < 5; i++) await sync();
  return {
    kind,
    device,
    waitMs: (performance.now() - start) / 5,
    sync,
    [Symbol.dispose]() {
      pebble[Symbol.dispose]();
      device[Symbol.dispose]();
    },
  };
}

/** A program with its state and batch, ready to run. */
export interface Compiled extends Disposable {
  readonly program: Program<unknown, unknown, unknown>;
  readonly state: Placed<unknown>;
  /** Runs one step on a batch, which has the shapes of the first. */
  run(batch: Tree<BatchLeaf>): void;
}

/**
 * Compiles a step over a state and batches like `batch`. Types are checked by the engine when it traces: workloads are
 * data here, so the compiler cannot know their trees.
 */
export async function compileStep(
  device: Device,
  step: (state: never, batch: never) => { readonly state: unknown; readonly metrics: unknown },
  state: Tree<HostTensor>,
  batchTypes: Tree<Type> = {},
): Promise<Compiled> {
  const placed = device.place(state as Record<string, HostTensor>);
  const types = { state: placed.types, batch: batchTypes };
  const program = await device.compile(step as never, types as never) as unknown as Program<unknown, unknown, unknown>;
  const leaves = placed as unknown as Placed<unknown>;
  return {
    program,
    state: leaves,
    run: (batch) => program.run(leaves, batch as never),
    [Symbol.dispose]() {
      program[Symbol.dispose]();
      placed[Symbol.dispose]();
    },
  };
}

/** Named tensors: what flat states are in a trace. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Kernels, launches and MiB of temporaries of a program. */
export function countsOf({ program }: Pick<Compiled, "program">): Record<string, number> {
  const { slotBytes, liveBytes, stateCopies } = program.plan;
  return {
    kernels: program.kernels,
    dispatches: program.dispatches,
    ...(stateCopies.length ? { "state copies": stateCopies.length } : {}),
    ...(liveBytes
      ? {
        "MiB of slots": slotBytes / 2 ** 20,
        "MiB live": liveBytes / 2 ** 20,
        "slots / live": slotBytes / liveBytes,
      }
      : {}),
  };
}

/** Our side of a race. */
export function contenderOf(bench: OpenBench, task: Task): Contender {
  return {
    name: `ours ${bench.kind}`,
    waitMs: bench.waitMs,
    async run(count) {
      const start = performance.now();
      for (let i = 0; i < count; i++) task.step();
      await bench.sync();
      return performance.now() - start;
    },
  };
}
