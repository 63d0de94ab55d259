/**
 * What a device must be able to do: hold storage, compile kernels, replay recordings. Everything else (tracing, fusion,
 * planning, state, metrics) is common to all devices and lies in `device.ts`.
 *
 * @module
 */
import type { Kernel } from "../compile/kernel.ts";

/** A piece of device memory. Released with `using` or by its owner. */
export interface Storage extends Disposable {
  /** Size in bytes, a multiple of 4. */
  readonly bytes: number;
  /** Name in errors and captures. */
  readonly label: string;
}

/** A copy between storages, done on the device after the kernels of a run. Offsets and sizes are multiples of 4. */
export interface Copy {
  /** Source. */
  readonly from: Storage;
  /** Byte to start at in the source. */
  readonly fromOffset: number;
  /** Destination. */
  readonly to: Storage;
  /** Byte to start at in the destination. */
  readonly toOffset: number;
  /** Length. */
  readonly bytes: number;
}

/** Compiled kernels, in order, not yet bound to storage. */
export interface Loaded extends Disposable {
  /** What was compiled. */
  readonly kernels: readonly Kernel[];
  /** Texts that were compiled (WGSL or JavaScript), distinct ones only, for goldens and debugging. */
  readonly sources: readonly string[];
  /** Kernel launches that one replay costs on this device. */
  readonly dispatches: number;
}

/** Loaded kernels bound to storage: replaying costs the host as little as possible. */
export interface Recording extends Disposable {
  /** What is bound. */
  readonly loaded: Loaded;
}

/** Limits that planning respects. */
export interface Limits {
  /** Buffers one kernel may bind. */
  readonly bindings: number;
  /** Largest bound range in bytes. */
  readonly bindingBytes: number;
  /** Largest storage in bytes. */
  readonly storageBytes: number;
}

/** The executor under a device. */
export interface Backend extends Disposable {
  /** Which executor. */
  readonly kind: "webgpu" | "cpu";
  /** One line for people: adapter name, driver, whether it is software. */
  readonly description: string;
  /** Limits that planning respects. */
  readonly limits: Limits;
  /** New storage filled with zeros. @throws {DeviceError} when there is not enough memory. */
  allocate(bytes: number, label: string): Storage;
  /** Writes host bytes; ordered before later work and after earlier work. Does not wait. */
  upload(storage: Storage, byteOffset: number, data: ArrayBufferView): void;
  /** Reads bytes back, after all work given before. */
  download(storage: Storage, byteOffset: number, bytes: number): Promise<ArrayBuffer>;
  /**
   * Compiles kernels, concurrently where the device can. `nameOf` gives the name of each `Argument.buffer`, for errors.
   *
   * @throws {DeviceError} with the numbered source on failure, or where an argument exceeds what can be bound.
   */
  load(kernels: readonly Kernel[], nameOf?: (buffer: number) => string): Promise<Loaded>;
  /** Binds loaded kernels: `resolve` gives the storage of each `Argument.buffer`. */
  bind(loaded: Loaded, resolve: (buffer: number) => Storage): Recording;
  /** Runs the kernels in order, then the copies. Never waits for the device. */
  replay(recording: Recording, copies?: readonly Copy[]): void;
  /**
   * Resolves when the device may be given another replay: a bounded number are under way at a time. Lets timers and
   * signals in, and costs next to nothing while the device keeps up.
   */
  ready(): Promise<void>;
  /** Resolves when all work given so far is done. */
  idle(): Promise<void>;
  /** Milliseconds of each kernel, in order, of one replay; `undefined` where the device cannot tell. */
  profile(recording: Recording): Promise<readonly number[] | undefined>;
}

/** The device failed: lost, out of memory, or a kernel that it refuses. The message says what to do. */
export class DeviceError extends Error {
  /** Error class name. */
  override readonly name: string = "DeviceError";
}
