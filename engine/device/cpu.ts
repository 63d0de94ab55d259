/**
 * The cpu device: kernels as generated JavaScript, their innermost loops and contractions as WebAssembly SIMD, storage
 * in one memory that several threads share.
 *
 * It is the default where there is no GPU, and the check of fusion, order and planning without one. `replay` runs to
 * the end before it returns; `idle` and `download` let a macrotask pass, so that timers and signals are not starved.
 * Results do not depend on the number of threads.
 *
 * @module
 */
import { instantiate, type Instantiated } from "../wasm/module.ts";
import { type Backend, type Copy, DeviceError, type Loaded, type Recording, type Storage } from "./backend.ts";
import { type Compiled, createCompiler, writeEntries } from "./cpu_code.ts";
import { createSolo, createTeam, type Task, type Team, threadsOfRuntime } from "./cpu_team.ts";
import { macrotask } from "./macrotask.ts";
import { ADDRESSABLE, createMemory, type Memory } from "./memory.ts";

/** The cpu executor. */
export interface CpuBackend extends Backend {
  /** Fills a storage with NaN bit patterns, for tests of memory planning. Does nothing unless opened with `poison`. */
  poison(storage: Storage): void;
  /** Bytes of the memory that are handed out: storages, working space and tables. */
  bytesInUse(): number;
  /** Threads that take part at present. Workers start with the first kernel worth sharing, and need a moment. */
  threadsRunning(): number;
}

/** How to open the cpu device. */
export interface CpuOptions {
  /** Most bytes that it may use; 4 GiB unless given. */
  readonly memoryBytes?: number;
  /** Threads to compute with; the number of processors unless given, 16 at most. */
  readonly threads?: number;
  /** Lets {@linkcode CpuBackend.poison} work. */
  readonly poison?: boolean;
}

/** Bits that `poison` writes: a quiet NaN. */
const NAN_BITS = 0x7fc00000;

interface CpuStorage extends Storage {
  readonly owner: object;
  readonly address: number;
  alive: boolean;
}

interface CpuLoaded extends Loaded {
  readonly compiled: readonly Compiled[];
}

interface CpuRecording extends Recording {
  readonly tasks: readonly Task[];
  readonly storages: ReadonlySet<CpuStorage>;
}

/**
 * Opens the cpu device.
 *
 * @throws {DeviceError} when the runtime has no WebAssembly SIMD.
 */
export function openCpu(options: CpuOptions = {}): CpuBackend {
  const { memory, wasm, team } = openMachine(options);
  const compiledOf = createCompiler(memory, wasm.kernels, team);
  const owner = {};
  let disposed = false;

  const check = (storage: Storage): CpuStorage => {
    const own = storage as CpuStorage;
    if (disposed || own.owner !== owner || !own.alive) {
      const state = disposed
        ? "the device was disposed"
        : own.owner !== owner
        ? "it is of another device"
        : "it was disposed";
      throw new DeviceError(`cpu: storage ${storage.label} cannot be used: ${state}`);
    }
    return own;
  };
  const range = (storage: Storage, byteOffset: number, bytes: number): Uint8Array => {
    const own = check(storage);
    if (byteOffset < 0 || bytes < 0 || byteOffset + bytes > own.bytes) {
      throw new DeviceError(
        `cpu: bytes ${byteOffset} to ${byteOffset + bytes} are outside storage ${own.label} of ${own.bytes} bytes`,
      );
    }
    return memory.view(own.address + byteOffset, bytes);
  };
  const usable = (recording: Recording): CpuRecording => {
    const own = recording as CpuRecording;
    own.storages.forEach(check);
    return own;
  };

  return {
    kind: "cpu",
    get description() {
      return `cpu, WebAssembly SIMD${wasm.fused ? " (relaxed multiply-add)" : ""}, ${team.description()}`;
    },
    limits: { bindings: 1024, bindingBytes: ADDRESSABLE, storageBytes: ADDRESSABLE },
    allocate(bytes, label) {
      if (disposed) throw new DeviceError(`cpu: cannot allocate ${label}: the device was disposed`);
      const address = memory.take(bytes, label);
      const storage: CpuStorage = {
        bytes,
        label,
        address,
        owner,
        alive: true,
        [Symbol.dispose]() {
          if (!storage.alive) return;
          storage.alive = false;
          if (!disposed) memory.give(address, bytes);
        },
      };
      return storage;
    },
    upload(storage, byteOffset, data) {
      range(storage, byteOffset, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
    async download(storage, byteOffset, bytes) {
      const copy = new Uint8Array(range(storage, byteOffset, bytes)).buffer;
      await macrotask();
      return copy;
    },
    load(kernels) {
      return new Promise((resolve) => {
        const compiled = kernels.map(compiledOf);
        const loaded: CpuLoaded = {
          kernels,
          compiled,
          sources: [...new Set(compiled.map((one) => one.source))],
          dispatches: kernels.length,
          [Symbol.dispose]() {},
        };
        resolve(loaded);
      });
    },
    bind(loaded, resolve) {
      const { compiled, kernels } = loaded as CpuLoaded;
      const storages = new Set<CpuStorage>();
      const bases = kernels.map((kernel) =>
        kernel.args.map((arg) => {
          const storage = check(resolve(arg.buffer));
          if (storage.bytes < 4 * arg.length) {
            const needs = `needs ${4 * arg.length} bytes, storage ${storage.label} has ${storage.bytes}`;
            throw new DeviceError(`cpu: kernel ${kernel.label} ${needs}`);
          }
          storages.add(storage);
          return storage.address / 4;
        })
      );
      const entries = writeEntries(memory, compiled, bases);
      const recording: CpuRecording = {
        loaded,
        tasks: compiled.map(({ run, parts }, i) => ({
          run,
          parts,
          bases: Int32Array.from(bases[i]!),
          entry: entries.at[i]!,
          alone: Infinity,
        })),
        storages,
        [Symbol.dispose]() {
          if (!disposed) entries.release();
        },
      };
      return recording;
    },
    replay(recording, copies = []) {
      for (const task of usable(recording).tasks) team.run(task, memory.heap);
      copies.forEach(copy);
    },
    ready: macrotask,
    idle: macrotask,
    async profile(recording) {
      const times = usable(recording).tasks.map((task) => {
        const start = performance.now();
        team.run(task, memory.heap);
        return performance.now() - start;
      });
      await macrotask();
      return times;
    },
    poison(storage) {
      const { address, bytes } = check(storage);
      if (options.poison) memory.heap.u32.fill(NAN_BITS, address / 4, (address + bytes) / 4);
    },
    bytesInUse: memory.inUse,
    threadsRunning: () => 1 + team.ready(),
    [Symbol.dispose]() {
      disposed = true;
      team.stop();
    },
  };

  function copy({ from, fromOffset, to, toOffset, bytes }: Copy): void {
    range(to, toOffset, bytes).set(range(from, fromOffset, bytes));
  }
}

interface Machine {
  readonly memory: Memory;
  readonly wasm: Instantiated;
  readonly team: Team;
}

/** Memory, instructions and threads; the memory is shared only if there are several threads. */
function openMachine(options: CpuOptions): Machine {
  const limit = Math.min(options.memoryBytes ?? ADDRESSABLE, ADDRESSABLE);
  const { threads, spawn } = threadsOfRuntime(options.threads);
  try {
    const memory = createMemory(limit, threads > 1);
    const wasm = instantiate(memory.wasm, threads > 1);
    const team = typeof spawn === "string" ? createSolo(spawn) : createTeam(threads, memory.wasm, wasm.module, spawn);
    return { memory, wasm, team };
  } catch (error) {
    throw new DeviceError("cpu: this runtime has no WebAssembly SIMD (Deno, Node 16 and browsers since 2021 have it)", {
      cause: error,
    });
  }
}
