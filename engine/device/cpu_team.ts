/**
 * The threads of the cpu device: the main one and its workers, which share kernels part by part.
 *
 * The main thread publishes a kernel, takes parts like everyone else, and goes on when all parts are done: a barrier
 * after each kernel, of about a microsecond while the workers are awake. Workers look for the next kernel for a moment
 * and then sleep. How a kernel is published is described in `cpu_worker.ts`.
 *
 * Workers start when there is first something to share, and boot on their own time: until one is ready, where none can
 * be, or while sharing does not pay (`sharing.ts`), the main thread does all. Results never depend on who does what.
 *
 * @module
 */
import type { Heap, Run } from "../js/code.ts";
import { DeviceError } from "./backend.ts";
import { type Spawn, type Spawned, spawnOfRuntime } from "./cpu_spawn.ts";
import { Sharing } from "./sharing.ts";
import type { Control } from "./cpu_worker.ts";

/** Most threads: four parts for each must fit the lower byte of a task. */
export const MOST_THREADS = 63;
/**
 * How long workers look for the next kernel before they sleep, in microseconds. On a crowded machine not at all: who looks
 * uses up a time that the scheduler would grant later, in the middle of a part.
 */
const SPIN_MICROSECONDS = 100;
/** How often the main thread looks whether the last parts are done before it sleeps, where it may; and when crowded. */
const SPINS = 2000, CROWDED_SPINS = 100;
/** Shortest time that is measured, in milliseconds: clocks of browsers go in steps of up to 0.02. */
const LEAST_MEASURED = 0.05;
/** Words 0, 32 and 64 begin cache lines (and pairs of them, which some processors fetch together). */
const at: Control = {
  task: 0,
  entry: 1,
  pages: 2,
  scratch: 3,
  scratchBytes: 4,
  stop: 5,
  spin: 6,
  done: 32,
  waiting: 33,
  asleep: 64,
  ready: 65,
  failed: 66,
};

/** A kernel ready to be shared. */
export interface Task {
  readonly run: Run;
  readonly bases: Int32Array;
  /** In how many parts it runs; 1 stays on the main thread. */
  readonly parts: number;
  /** Where its entry lies in the memory, in words. */
  readonly entry: number;
  /** Milliseconds that one undisturbed thread takes for it, as far as is known. */
  alone: number;
}

/** Threads over one memory. */
export interface Team {
  /** Threads, the main one included. */
  readonly threads: number;
  /** The number of threads in words, with the reason when it is not the one asked for. */
  description(): string;
  /** Workers that are running. */
  ready(): number;
  /** Starts the workers unless they were started before. */
  start(): void;
  /** Tells where working space lies: `bytes` for each thread from `address` on. */
  setScratch(address: number, bytes: number): void;
  /** Runs a kernel to its end. */
  run(task: Task, heap: Heap): void;
  /** Ends the workers. */
  stop(): void;
}

/** A team of the main thread alone. */
export function createSolo(reason = ""): Team {
  return {
    threads: 1,
    description: () => reason ? `1 thread (${reason})` : "1 thread",
    ready: () => 0,
    start() {},
    setScratch() {},
    run: ({ run, bases }, heap) => run(heap, bases, 0, 1),
    stop() {},
  };
}

/** A team of `threads` over a shared memory, whose workers run `module`. */
export function createTeam(
  threads: number,
  memory: WebAssembly.Memory,
  module: WebAssembly.Module,
  spawn: Spawn,
): Team {
  const control = new SharedArrayBuffer(4 * 96);
  const words = new Int32Array(control);
  const pause = (Atomics as unknown as { pause?: () => void }).pause ?? (() => {});
  const sharing = new Sharing();
  words[at.spin] = SPIN_MICROSECONDS;
  let workers: Spawned[] | undefined;
  let refused = "";
  let maySleep = true;

  const takePart = (): number => {
    for (;;) {
      const task = Atomics.load(words, at.task), left = task & 255;
      if (left === 0 || Atomics.compareExchange(words, at.task, task, task - 1) === task) return left;
    }
  };
  const awaitParts = (count: number): void => {
    for (let turn = 0; Atomics.load(words, at.done) < count; turn++) {
      if (turn < (sharing.crowded ? CROWDED_SPINS : SPINS) || !maySleep) pause();
      else sleepUntilDone(count);
    }
  };
  // A worker that has lost its core gets it sooner when this thread gives one up.
  const sleepUntilDone = (count: number): void => {
    Atomics.store(words, at.waiting, 1);
    const done = Atomics.load(words, at.done);
    try {
      if (done < count) Atomics.wait(words, at.done, done, 1);
    } catch {
      maySleep = false; // the main thread of a browser must not
    }
    Atomics.store(words, at.waiting, 0);
  };

  return {
    threads,
    description: () => refused ? `1 thread (${refused})` : `${threads} threads`,
    ready: () => Atomics.load(words, at.ready),
    start() {
      if (workers) return;
      workers = [];
      const failed = (reason: string): void => {
        refused = `workers do not run: ${reason}`;
      };
      try {
        for (let thread = 1; thread < threads; thread++) {
          const start = { control, at, memory, module, thread };
          workers.push(spawn(start, failed));
        }
      } catch (error) {
        failed(error instanceof Error ? error.message : String(error));
      }
    },
    setScratch(address, bytes) {
      words[at.scratch] = address / 4;
      words[at.scratchBytes] = bytes;
    },
    run(task, heap) {
      const { run, bases, parts, entry } = task;
      if (parts === 1 || Atomics.load(words, at.ready) === 0) return run(heap, bases, 0, 1);
      const start = performance.now();
      if (!sharing.pays) {
        run(heap, bases, 0, 1);
        const time = performance.now() - start;
        if (time >= LEAST_MEASURED) task.alone = Math.min(task.alone, time);
        if (task.alone < Infinity) sharing.record(time, task.alone);
        return;
      }
      words[at.entry] = entry;
      words[at.pages] = heap.u32.byteLength / 65536;
      Atomics.store(words, at.done, 0);
      const generation = (Atomics.load(words, at.task) & ~255) + 256;
      Atomics.store(words, at.task, generation | parts);
      if (Atomics.load(words, at.asleep)) Atomics.notify(words, at.task, parts - 1);
      let others = parts, before = performance.now();
      for (let left = takePart(); left > 0; left = takePart()) {
        run(heap, bases, left - 1, parts);
        others--;
        const now = performance.now();
        if (now - before >= LEAST_MEASURED) task.alone = Math.min(task.alone, (now - before) * parts);
        before = now;
      }
      awaitParts(others);
      if (task.alone < Infinity) sharing.record(performance.now() - start, task.alone);
      words[at.spin] = sharing.crowded ? 0 : SPIN_MICROSECONDS;
      if (Atomics.load(words, at.failed)) {
        throw new DeviceError("cpu: a kernel failed on a worker; open the device with { threads: 1 } to see how");
      }
    },
    stop() {
      Atomics.store(words, at.stop, 1);
      Atomics.add(words, at.task, 256);
      Atomics.notify(words, at.task);
      workers?.forEach((worker) => worker.terminate());
    },
  };
}

/**
 * How to make workers for `threads`, or a sentence when only the main thread will run; none when one was asked for.
 *
 * @throws {DeviceError} when `threads` is no number of threads.
 */
export function threadsOfRuntime(threads?: number): { readonly threads: number; readonly spawn: Spawn | string } {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    throw new DeviceError(`cpu: threads is a whole number from 1 to ${MOST_THREADS}, got ${threads}`);
  }
  const { navigator } = globalThis as { navigator?: { readonly hardwareConcurrency?: number } };
  const wanted = threads ?? Math.min(16, navigator?.hardwareConcurrency ?? 1);
  const spawn = wanted > 1 ? spawnOfRuntime() : "";
  return { threads: typeof spawn === "string" ? 1 : wanted, spawn };
}
