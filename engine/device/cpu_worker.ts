/**
 * What a worker of the cpu device does: sleeps until there is a kernel to share, takes parts of it, reports them done.
 *
 * Everything it needs to know lies in shared memory, so a worker never goes back to its event loop and no message is
 * sent after the one that starts it. The control block is a few words ({@linkcode Control}):
 *
 * - `task` holds a generation in its upper 24 bits and the parts not yet taken in the lower 8. Taking one is a compare
 *   and exchange, which fails when the main thread has moved on: a worker that was late can do no harm, and the main
 *   thread takes all parts itself when nobody else does. A part that was taken keeps its generation from ending.
 * - `entry` names the kernel: where its record lies, in how many parts it runs, how many arguments it has, and where
 *   they begin. All positions are in words of four bytes.
 * - a record is `[text, bytes of text, number of tables, addresses of tables...]`; the text is compiled when it is
 *   first met.
 *
 * @module
 */
import type { Heap, Run } from "../js/code.ts";
import type { WasmKernels } from "../wasm/module.ts";

/** Positions in the control block; those that different threads write at the same time are on cache lines apart. */
export interface Control {
  readonly task: number;
  readonly entry: number;
  /** Pages of the memory: views are remade when it changes. */
  readonly pages: number;
  /** Where working space begins, in words, and how many bytes of it each thread has. */
  readonly scratch: number;
  readonly scratchBytes: number;
  readonly stop: number;
  /** How long workers look for the next kernel before they sleep, in microseconds. */
  readonly spin: number;
  /** Parts that workers have finished. */
  readonly done: number;
  /** 1 while the main thread sleeps until parts are done. */
  readonly waiting: number;
  readonly ready: number;
  readonly asleep: number;
  /** 1 once a kernel has thrown on a worker. */
  readonly failed: number;
}

/** What a worker is given when it starts; everything in it can be cloned. */
export interface WorkerStart {
  readonly control: SharedArrayBuffer;
  readonly at: Control;
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  /** Number of the thread; 0 is the main one. */
  readonly thread: number;
}

/** Runs until told to stop. Its text is sent to workers: it must not refer to anything outside of itself. */
export function work({ control, at, memory, module, thread }: WorkerStart): void {
  const words = new Int32Array(control);
  const wasm = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as WasmKernels;
  const kernels = new Map<number, Run>();
  const heap = {} as Heap;
  const pause = (Atomics as unknown as { pause?: () => void }).pause ?? (() => {});
  let pages = 0;

  const compile = (record: number): Run => {
    const [text, bytes, tables] = heap.i32.subarray(record, record + 3) as unknown as [number, number, number];
    const copy = new Uint8Array(heap.i32.buffer, 4 * text, bytes).slice();
    const source = `"use strict";\n${new TextDecoder().decode(copy)}`;
    return new Function("wasm", "tables", source)(wasm, heap.i32.slice(record + 3, record + 3 + tables)) as Run;
  };
  const runPart = (part: number): void => {
    const current = Atomics.load(words, at.pages);
    if (current !== pages) {
      memory.grow(0); // makes `buffer` span what other threads have added
      heap.f32 = new Float32Array(memory.buffer);
      heap.i32 = new Int32Array(memory.buffer);
      heap.u32 = new Uint32Array(memory.buffer);
      pages = current;
    }
    heap.scratch = 4 * Atomics.load(words, at.scratch) + thread * Atomics.load(words, at.scratchBytes);
    const entry = Atomics.load(words, at.entry);
    const record = heap.i32[entry]!, parts = heap.i32[entry + 1]!, args = heap.i32[entry + 2]!;
    let run = kernels.get(record);
    if (!run) kernels.set(record, run = compile(record));
    run(heap, heap.i32.subarray(entry + 3, entry + 3 + args), part, parts);
  };
  const rest = (task: number): void => {
    const deadline = (): number => performance.now() + words[at.spin]! / 1000;
    let until = deadline();
    for (let turn = 1; Atomics.load(words, at.task) === task; turn++) {
      pause();
      if (turn % 64 || performance.now() < until) continue;
      Atomics.add(words, at.asleep, 1);
      Atomics.wait(words, at.task, task);
      Atomics.sub(words, at.asleep, 1);
      until = deadline();
    }
  };

  Atomics.add(words, at.ready, 1);
  while (!Atomics.load(words, at.stop)) {
    const task = Atomics.load(words, at.task), left = task & 255;
    if (left === 0) rest(task);
    else if (Atomics.compareExchange(words, at.task, task, task - 1) === task) {
      try {
        runPart(left - 1);
      } catch {
        Atomics.store(words, at.failed, 1);
      }
      Atomics.add(words, at.done, 1);
      if (Atomics.load(words, at.waiting)) Atomics.notify(words, at.done);
    }
  }
  Atomics.sub(words, at.ready, 1);
}
