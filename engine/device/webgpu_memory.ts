/**
 * Device memory: one buffer per storage, counted against a budget.
 *
 * @module
 */
import type { Storage } from "./backend.ts";
import { formatBytes, OutOfMemoryError } from "./webgpu_errors.ts";

/** Budget of software adapters unless one is given: they do not say when memory is full. */
export const SOFTWARE_BUDGET: number = 8 * 2 ** 30;

/** A buffer. */
export class WebGpuStorage implements Storage {
  /** The buffer itself; as large as `bytes`. */
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  readonly label: string;
  #release: (() => void) | undefined;

  /** Wraps `buffer`; `release` is called once, at the first disposal. */
  constructor(buffer: GPUBuffer, bytes: number, label: string, release: () => void) {
    this.buffer = buffer;
    this.bytes = bytes;
    this.label = label;
    this.#release = release;
  }

  [Symbol.dispose](): void {
    this.#release?.();
    this.#release = undefined;
  }
}

/** What is handed out of a device's memory. */
export class WebGpuMemory {
  /** Bytes handed out. */
  used = 0;
  readonly #device: GPUDevice;
  readonly #budget: number;
  readonly #storages = new Set<WebGpuStorage>();

  /** Nothing handed out yet, of `budget` bytes. */
  constructor(device: GPUDevice, budget: number) {
    this.#device = device;
    this.#budget = budget;
  }

  /** A new buffer of zeros. @throws {OutOfMemoryError} when it is beyond the device's limit or the budget. */
  allocate(bytes: number, label: string): WebGpuStorage {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const most = this.#device.limits.maxBufferSize;
    if (size > most) {
      throw new OutOfMemoryError(
        `webgpu: "${label}" needs ${formatBytes(size)}, one buffer of this device holds at most ${
          formatBytes(most)
        }; ` +
          "split the tensor",
      );
    }
    if (this.used + size > this.#budget) {
      throw new OutOfMemoryError(`webgpu: "${label}" needs ${formatBytes(size)}; ${this.usage()}`);
    }
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.#device.createBuffer({ label, size, usage });
    this.used += size;
    const storage = new WebGpuStorage(buffer, size, label, () => {
      this.used -= size;
      this.#storages.delete(storage);
      buffer.destroy();
    });
    this.#storages.add(storage);
    return storage;
  }

  /** What is in use and what to do about it, for messages. */
  usage(): string {
    const budget = Number.isFinite(this.#budget) ? ` of a budget of ${formatBytes(this.#budget)}` : "";
    return `${formatBytes(this.used)} are in use${budget}. Use a smaller batch or checkpoint activations, release ` +
      "placed states and programs that are not needed, or raise `budgetBytes` if the machine has more memory";
  }

  /** Frees every storage. */
  close(): void {
    for (const storage of [...this.#storages]) storage[Symbol.dispose]();
  }
}
