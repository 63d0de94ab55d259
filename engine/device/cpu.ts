/**
 * The cpu device: kernels as generated JavaScript, contractions as WebAssembly SIMD, storage in one memory.
 *
 * It is the default where there is no GPU, and the check of fusion, order and planning without one. `replay` runs to
 * the end before it returns; `idle` and `download` let a macrotask pass, so that timers and signals are not starved.
 *
 * @module
 */
import type { Kernel } from "../compile/kernel.ts";
import { compile, type Run } from "../js/code.ts";
import { emitKernel } from "../js/emit.ts";
import { kernelKey } from "../js/key.ts";
import { instantiate } from "../wasm/module.ts";
import { type Backend, type Copy, DeviceError, type Loaded, type Recording, type Storage } from "./backend.ts";
import { ADDRESSABLE, createMemory } from "./memory.ts";

/** The cpu executor. */
export interface CpuBackend extends Backend {
  /** Fills a storage with NaN bit patterns, for tests of memory planning. Does nothing unless opened with `poison`. */
  poison(storage: Storage): void;
  /** Bytes of the memory that are handed out: storages, working space and tables. */
  bytesInUse(): number;
}

/** How to open the cpu device. */
export interface CpuOptions {
  /** Most bytes that it may use; 4 GiB unless given. */
  readonly memoryBytes?: number;
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

interface Compiled {
  readonly source: string;
  readonly run: Run;
}

interface CpuLoaded extends Loaded {
  readonly compiled: readonly Compiled[];
}

interface CpuRecording extends Recording {
  readonly runs: readonly Run[];
  readonly bases: readonly Int32Array[];
  readonly storages: ReadonlySet<CpuStorage>;
}

/** Lets timers, signals and messages in: a message to oneself, 0.06 ms where `setTimeout` takes 1 to 2. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/**
 * Opens the cpu device.
 *
 * @throws {DeviceError} when the runtime has no WebAssembly SIMD.
 */
export function openCpu(options: CpuOptions = {}): CpuBackend {
  const memory = createMemory(Math.min(options.memoryBytes ?? ADDRESSABLE, ADDRESSABLE));
  const wasm = openModule(memory.wasm);
  const owner = {};
  const cache = new Map<string, Compiled>();
  const tables = new Map<string, number>();
  let scratch = { address: 0, bytes: 0 };
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
  const range = (storage: Storage, byteOffset: number, bytes: number): Uint8Array<ArrayBuffer> => {
    const own = check(storage);
    if (byteOffset < 0 || bytes < 0 || byteOffset + bytes > own.bytes) {
      throw new DeviceError(
        `cpu: bytes ${byteOffset} to ${byteOffset + bytes} are outside storage ${own.label} of ${own.bytes} bytes`,
      );
    }
    return memory.view(own.address + byteOffset, bytes);
  };
  const tableAddress = (entries: Int32Array): number => {
    const key = entries.join();
    let address = tables.get(key);
    if (address === undefined) {
      address = memory.take(entries.byteLength, "offset table");
      new Int32Array(memory.wasm.buffer as ArrayBuffer, address, entries.length).set(entries);
      tables.set(key, address);
    }
    return address;
  };
  const compiledOf = (kernel: Kernel): Compiled => {
    const key = kernelKey(kernel);
    let compiled = cache.get(key);
    if (!compiled) {
      const emitted = emitKernel(kernel);
      if (emitted.scratchBytes > scratch.bytes) {
        const address = memory.take(emitted.scratchBytes, "working space");
        if (scratch.bytes) memory.give(scratch.address, scratch.bytes);
        scratch = { address, bytes: emitted.scratchBytes };
        memory.heap.scratch = address;
      }
      const run = compile(emitted.source, kernel.label, wasm.kernels, emitted.tables.map(tableAddress));
      cache.set(key, compiled = { source: emitted.source, run });
    }
    return compiled;
  };
  const usable = (recording: Recording): CpuRecording => {
    const own = recording as CpuRecording;
    own.storages.forEach(check);
    return own;
  };

  return {
    kind: "cpu",
    description: `cpu, WebAssembly SIMD${wasm.fused ? " (relaxed multiply-add)" : ""}, 1 thread`,
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
      const copy = range(storage, byteOffset, bytes).slice().buffer;
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
        Int32Array.from(kernel.args, (arg) => {
          const storage = check(resolve(arg.buffer));
          if (storage.bytes < 4 * arg.length) {
            throw new DeviceError(
              `cpu: kernel ${kernel.label} needs ${
                4 * arg.length
              } bytes, storage ${storage.label} has ${storage.bytes}`,
            );
          }
          storages.add(storage);
          return storage.address / 4;
        })
      );
      const recording: CpuRecording = {
        loaded,
        runs: compiled.map((one) => one.run),
        bases,
        storages,
        [Symbol.dispose]() {},
      };
      return recording;
    },
    replay(recording, copies = []) {
      const { runs, bases } = usable(recording);
      const { heap } = memory;
      for (let i = 0; i < runs.length; i++) runs[i]!(heap, bases[i]!, 0, 1);
      copies.forEach(copy);
    },
    idle: macrotask,
    async profile(recording) {
      const { runs, bases } = usable(recording);
      const times = runs.map((run, i) => {
        const start = performance.now();
        run(memory.heap, bases[i]!, 0, 1);
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
    [Symbol.dispose]() {
      disposed = true;
      cache.clear();
    },
  };

  function copy({ from, fromOffset, to, toOffset, bytes }: Copy): void {
    range(to, toOffset, bytes).set(range(from, fromOffset, bytes));
  }
}

function openModule(memory: WebAssembly.Memory): ReturnType<typeof instantiate> {
  try {
    return instantiate(memory);
  } catch (error) {
    throw new DeviceError("cpu: this runtime has no WebAssembly SIMD (Deno, Node 16 and browsers since 2021 have it)", {
      cause: error,
    });
  }
}
